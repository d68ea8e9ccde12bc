/* A small reader of JSON, enough for the adapter protocol. */
#ifndef ADAPTER_JSON_H
#define ADAPTER_JSON_H

#include <stddef.h>

typedef enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT } json_type;

/* A json is one value, with its siblings in an array or an object. */
typedef struct json {
	json_type type;
	char *key;  /* of a member of an object */
	char *text; /* of a string, decoded to UTF-8; of a number, its digits; ends in NUL */
	size_t len;
	struct json *first; /* of the items or members */
	struct json *next;
} json;

/* json_read returns the value that the text is, or NULL if it is not one JSON value. */
json *json_read(const char *text, size_t len);

/* json_get returns a member of an object, or NULL. */
const json *json_get(const json *object, const char *key);

void json_free(json *value);

#endif
