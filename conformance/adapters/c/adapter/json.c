#include "json.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

enum { MAX_DEPTH = 64 }; /* of nested values; the protocol needs 2 */

typedef struct input {
	const char *at;
	const char *end;
	int depth;
} input;

static void skip_space(input *in)
{
	while (in->at < in->end && (*in->at == ' ' || *in->at == '\t' || *in->at == '\n' || *in->at == '\r'))
		in->at++;
}

static bool take(input *in, char c)
{
	if (in->at == in->end || *in->at != c)
		return false;
	in->at++;
	return true;
}

static bool take_word(input *in, const char *word)
{
	size_t len = strlen(word);
	if ((size_t)(in->end - in->at) < len || memcmp(in->at, word, len) != 0)
		return false;
	in->at += len;
	return true;
}

static bool read_code_unit(input *in, uint32_t *unit)
{
	*unit = 0;
	for (int i = 0; i < 4; i++, in->at++) {
		if (in->at == in->end)
			return false;
		char c = *in->at;
		uint32_t digit;
		if (c >= '0' && c <= '9')
			digit = (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			digit = (uint32_t)(c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			digit = (uint32_t)(c - 'A' + 10);
		else
			return false;
		*unit = *unit << 4 | digit;
	}
	return true;
}

static void add_utf8(text *t, uint32_t point)
{
	char octets[4];
	size_t len = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
	for (size_t i = len; i-- > 1; point >>= 6)
		octets[i] = (char)(0x80 | (point & 0x3f));
	static const uint8_t first[] = {0, 0, 0xc0, 0xe0, 0xf0};
	octets[0] = (char)(first[len] | point);
	text_add(t, octets, len);
}

static bool read_escape(input *in, text *t)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	if (in->at == in->end)
		return false;
	char c = *in->at++;
	if (c == 'u') {
		uint32_t point, low;
		if (!read_code_unit(in, &point))
			return false;
		input ahead = *in;
		if (point >= 0xd800 && point < 0xdc00 && take_word(&ahead, "\\u") && read_code_unit(&ahead, &low) &&
		    low >= 0xdc00 && low < 0xe000) {
			point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
			*in = ahead;
		}
		add_utf8(t, point);
		return true;
	}
	const char *name = memchr(names, c, sizeof names - 1);
	if (!name)
		return false;
	text_add(t, values + (name - names), 1);
	return true;
}

/* read_string reads a string into new memory, which the caller frees, also if it is no string. */
static bool read_string(input *in, char **result, size_t *len)
{
	text t = {0};
	bool valid = take(in, '"');
	while (valid && in->at < in->end && *in->at != '"') {
		const char *start = in->at;
		while (in->at < in->end && *in->at != '"' && *in->at != '\\' && (unsigned char)*in->at >= 0x20)
			in->at++;
		text_add(&t, start, (size_t)(in->at - start));
		if (in->at < in->end && *in->at != '"')
			valid = take(in, '\\') && read_escape(in, &t);
	}
	*len = t.len;
	text_add(&t, "", 1);
	*result = t.data;
	return valid && take(in, '"');
}

static bool read_number(input *in, json *value)
{
	const char *start = in->at;
	while (in->at < in->end && *in->at && strchr("+-.0123456789eE", *in->at))
		in->at++;
	text t = {0};
	text_add(&t, start, (size_t)(in->at - start));
	text_add(&t, "", 1);
	value->type = JSON_NUMBER;
	value->text = t.data;
	value->len = t.len - 1;
	char *end;
	strtod(t.data, &end);
	return value->len > 0 && *end == '\0';
}

static bool read_value(input *in, json *value);

/* read_items reads what follows the first bracket of an array or an object. */
static bool read_items(input *in, json *value, char last)
{
	json **tail = &value->first;
	skip_space(in);
	if (take(in, last))
		return true;
	do {
		json *item = *tail = need(calloc(1, sizeof *item));
		tail = &item->next;
		size_t len;
		skip_space(in);
		if (value->type == JSON_OBJECT) {
			if (!read_string(in, &item->key, &len))
				return false;
			skip_space(in);
			if (!take(in, ':'))
				return false;
		}
		if (!read_value(in, item))
			return false;
		skip_space(in);
	} while (take(in, ','));
	return take(in, last);
}

static bool read_value(input *in, json *value)
{
	skip_space(in);
	if (in->at == in->end)
		return false;
	switch (*in->at) {
	case '"':
		value->type = JSON_STRING;
		return read_string(in, &value->text, &value->len);
	case '{':
	case '[': {
		value->type = *in->at == '{' ? JSON_OBJECT : JSON_ARRAY;
		char last = *in->at++ == '{' ? '}' : ']';
		if (in->depth == MAX_DEPTH)
			return false;
		in->depth++;
		bool read = read_items(in, value, last);
		in->depth--;
		return read;
	}
	case 't':
		value->type = JSON_TRUE;
		return take_word(in, "true");
	case 'f':
		value->type = JSON_FALSE;
		return take_word(in, "false");
	case 'n':
		value->type = JSON_NULL;
		return take_word(in, "null");
	default:
		return read_number(in, value);
	}
}

json *json_read(const char *source, size_t len)
{
	input in = {source, source + len, 0};
	json *value = need(calloc(1, sizeof *value));
	if (read_value(&in, value)) {
		skip_space(&in);
		if (in.at == in.end)
			return value;
	}
	json_free(value);
	return NULL;
}

const json *json_get(const json *object, const char *key)
{
	if (!object || object->type != JSON_OBJECT)
		return NULL;
	for (const json *member = object->first; member; member = member->next)
		if (strcmp(member->key, key) == 0)
			return member;
	return NULL;
}

void json_free(json *value)
{
	while (value) {
		json *next = value->next;
		json_free(value->first);
		free(value->key);
		free(value->text);
		free(value);
		value = next;
	}
}
