#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *need(void *memory)
{
	if (!memory) {
		fputs("adapter: out of memory\n", stderr);
		_Exit(1);
	}
	return memory;
}

char *copy_text(const char *source)
{
	size_t len = strlen(source) + 1;
	return memcpy(need(malloc(len)), source, len);
}

/* room makes room for more characters, and returns where they go. */
static char *room(text *t, size_t more)
{
	if (t->cap - t->len < more) {
		t->cap = 2 * t->cap > t->len + more ? 2 * t->cap : t->len + more;
		t->data = need(realloc(t->data, t->cap));
	}
	return t->data + t->len;
}

void text_add(text *t, const char *data, size_t len)
{
	if (len)
		memcpy(room(t, len), data, len);
	t->len += len;
}

void text_format(text *t, const char *format, ...)
{
	char short_text[256];
	va_list arguments;
	va_start(arguments, format);
	int n = vsnprintf(short_text, sizeof short_text, format, arguments);
	va_end(arguments);
	size_t len = n < 0 ? 0 : (size_t)n < sizeof short_text ? (size_t)n : sizeof short_text - 1;
	text_add(t, short_text, len);
}

void text_json(text *t, const char *string)
{
	text_add(t, "\"", 1);
	for (; *string; string++) {
		unsigned char c = (unsigned char)*string;
		if (c == '"' || c == '\\')
			text_format(t, "\\%c", c);
		else if (c < 0x20)
			text_format(t, "\\u%04x", c);
		else
			text_add(t, string, 1);
	}
	text_add(t, "\"", 1);
}

void text_hex(text *t, const uint8_t *octets, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	char *to = room(t, 2 * len + 2);
	t->len += 2 * len + 2;
	*to++ = '"';
	for (size_t i = 0; i < len; i++) {
		*to++ = digits[octets[i] >> 4];
		*to++ = digits[octets[i] & 15];
	}
	*to = '"';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool hex_read(const char *hex, size_t len, uint8_t **octets, size_t *octets_len)
{
	if (len % 2)
		return false;
	uint8_t *result = need(malloc(len / 2 + 1));
	for (size_t i = 0; i < len / 2; i++) {
		int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);
		if (high < 0 || low < 0) {
			free(result);
			return false;
		}
		result[i] = (uint8_t)(high << 4 | low);
	}
	*octets = result;
	*octets_len = len / 2;
	return true;
}

bool decimal_read(const char *digits, decimal *result)
{
	*result = (decimal){.negative = *digits == '-'};
	if (result->negative)
		digits++;
	if (!*digits)
		return false;
	for (; *digits; digits++) {
		if (*digits < '0' || *digits > '9')
			return false;
		uint64_t digit = (uint64_t)(*digits - '0');
		if (result->magnitude > (UINT64_MAX - digit) / 10)
			return false;
		result->magnitude = result->magnitude * 10 + digit;
	}
	return true;
}
