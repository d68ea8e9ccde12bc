/* Text and memory of the adapter. Without memory the process ends, and the runner restarts it. */
#ifndef ADAPTER_TEXT_H
#define ADAPTER_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *need(void *memory); /* ends the process if memory is NULL */
char *copy_text(const char *text);

/* A text grows as it is appended to. Its zero value is empty. */
typedef struct text {
	char *data;
	size_t len;
	size_t cap;
} text;

void text_add(text *t, const char *data, size_t len);
void text_format(text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_json(text *t, const char *string); /* as a JSON string, in quotes */
void text_hex(text *t, const uint8_t *octets, size_t len); /* as a JSON string */

/* hex_read reads hex digits into new memory. It returns false for any other text. */
bool hex_read(const char *hex, size_t len, uint8_t **octets, size_t *octets_len);

/* A decimal is an integer as the adapter protocol writes it. */
typedef struct decimal {
	bool negative;
	uint64_t magnitude;
} decimal;

/* decimal_read returns false if the text is no integer, or one of more than 64 bits. */
bool decimal_read(const char *digits, decimal *result);

#endif
