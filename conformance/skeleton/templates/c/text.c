// Text that grows, and errors.

#include "internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *allocate(size_t size) {
	void *memory = malloc(size ? size : 1);
	if (!memory) {
		fputs("adapter: out of memory\n", stderr);
		abort();
	}
	return memory;
}

bool fail(struct error *e, enum kind kind, const char *format, ...) {
	va_list arguments;
	va_start(arguments, format);
	e->kind = kind;
	vsnprintf(e->message, sizeof e->message, format, arguments);
	va_end(arguments);
	return false;
}

struct octets octets_copy(const unsigned char *data, size_t length) {
	struct octets copy = {allocate(length), length};
	if (length > 0)
		memcpy(copy.data, data, length);
	return copy;
}

// Makes room for more bytes, and the zero byte behind them.
static void grow(struct text *t, size_t more) {
	if (t->length + more < t->room)
		return;
	t->room = 2 * (t->length + more) + 64;
	t->data = realloc(t->data, t->room);
	if (!t->data) {
		fputs("adapter: out of memory\n", stderr);
		abort();
	}
}

void text_add_bytes(struct text *t, const char *data, size_t length) {
	grow(t, length);
	memcpy(t->data + t->length, data, length);
	t->length += length;
	t->data[t->length] = 0;
}

void text_add(struct text *t, const char *format, ...) {
	va_list arguments, again;
	va_start(arguments, format);
	va_copy(again, arguments);
	int length = vsnprintf(NULL, 0, format, arguments);
	grow(t, (size_t)length);
	vsnprintf(t->data + t->length, (size_t)length + 1, format, again);
	t->length += (size_t)length;
	va_end(again);
	va_end(arguments);
}

void text_add_json(struct text *t, const char *string) {
	text_add_bytes(t, "\"", 1);
	for (const char *c = string; *c; c++) {
		if (*c == '"' || *c == '\\')
			text_add(t, "\\%c", *c);
		else if ((unsigned char)*c < ' ')
			text_add(t, "\\u%04x", (unsigned)*c);
		else
			text_add_bytes(t, c, 1);
	}
	text_add_bytes(t, "\"", 1);
}

void text_add_hex(struct text *t, const struct octets *octets) {
	static const char digits[] = "0123456789abcdef";
	grow(t, 2 * octets->length + 2);
	text_add_bytes(t, "\"", 1);
	for (size_t i = 0; i < octets->length; i++) {
		char pair[2] = {digits[octets->data[i] >> 4], digits[octets->data[i] & 15]};
		text_add_bytes(t, pair, 2);
	}
	text_add_bytes(t, "\"", 1);
}
