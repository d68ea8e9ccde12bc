#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"

static pthread_mutex_t output = PTHREAD_MUTEX_INITIALIZER;

const char *field_text(const command *c, const char *field)
{
	const json *value = json_get(c->fields, field);
	return value && value->type == JSON_STRING ? value->text : NULL;
}

bool field_true(const command *c, const char *field)
{
	const json *value = json_get(c->fields, field);
	return value && value->type == JSON_TRUE;
}

bool field_decimal(const json *object, const char *field, decimal *result)
{
	const json *value = json_get(object, field);
	*result = (decimal){0};
	return !value || (value->type == JSON_STRING && decimal_read(value->text, result));
}

bool field_octets(const json *object, const char *field, uint8_t **octets, size_t *len)
{
	const json *value = json_get(object, field);
	if (!value)
		return hex_read("", 0, octets, len);
	return value->type == JSON_STRING && hex_read(value->text, value->len, octets, len);
}

void reply_text(const command *c, const text *fields)
{
	pthread_mutex_lock(&output);
	printf("{\"id\":%s%s", c->id, fields->len ? "," : "");
	if (fields->len)
		fwrite(fields->data, 1, fields->len, stdout);
	fputs("}\n", stdout);
	if (fflush(stdout) != 0)
		_Exit(1); /* the runner reads no more */
	pthread_mutex_unlock(&output);
}

void reply(const command *c, const char *format, ...)
{
	char buffer[512];
	va_list arguments;
	va_start(arguments, format);
	int n = vsnprintf(buffer, sizeof buffer, format, arguments);
	va_end(arguments);
	text fields = {.data = buffer, .len = n < 0 ? 0 : (size_t)n < sizeof buffer ? (size_t)n : sizeof buffer - 1};
	reply_text(c, &fields);
}

void reply_error(const command *c, const char *kind, const char *message)
{
	text fields = {0};
	text_format(&fields, "\"error\":{\"kind\":\"%s\",\"message\":", kind);
	text_json(&fields, message);
	text_format(&fields, "}");
	reply_text(c, &fields);
	free(fields.data);
}

void reply_status(const command *c, ps_status status)
{
	const char *kind = "internal";
	switch (status) {
	case PS_ERR_INVALID: kind = "invalid"; break;
	case PS_ERR_CLOSED: kind = "closed"; break;
	case PS_ERR_CANCELLED: kind = "cancelled"; break;
	case PS_ERR_DECODER: kind = "decode"; break;
	case PS_ERR_INCOMPLETE: kind = "incomplete"; break;
	case PS_ERR_MALFORMED: kind = "malformed"; break;
	default: break;
	}
	reply_error(c, kind, ps_status_text(status));
}
