// What the files of the adapter share. The implementation needs none of this.
#ifndef INTERNAL_H
#define INTERNAL_H

#include "adapter.h"

// Text that grows. Its data ends with a zero byte.
struct text {
	char *data;
	size_t length, room;
};

void text_add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_bytes(struct text *t, const char *data, size_t length);
void text_add_json(struct text *t, const char *string); // in quotes
void text_add_hex(struct text *t, const struct octets *octets);

// Returns memory, or ends the process.
void *allocate(size_t size);

// A value of JSON. Strings and numbers keep their text.
struct json {
	enum { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT } type;
	char *name; // of a field
	char *text;
	struct json *first, *next; // the first of an array or object, and the next of the same one
};

// Parses one value. Returns null, and says why, if the text is none.
struct json *json_parse(const char *text, struct error *e);
void json_free(struct json *j);
// Returns a field, unless it is absent or null.
const struct json *json_field(const struct json *object, const char *name);
// Returns the text of a field that is a string, or null.
const char *json_string(const struct json *object, const char *name);
bool json_true(const struct json *object, const char *name);
// Reads a protocol integer, a string; it is 0 if it is absent.
bool json_integer(const struct json *object, const char *name, uint64_t *value, struct error *e);
// Reads octets, a string of hex digits; there are none if it is absent.
bool json_octets(const struct json *object, const char *name, struct octets *octets, struct error *e);

// A connection that commands name, with the standard handler.
struct subject;

struct subject *subject_open(const struct json *command, struct error *e);
const char *subject_name(const struct subject *s);
struct connection *subject_connection(struct subject *s);
struct subject *subject_hold(struct subject *s); // one more user
void subject_drop(struct subject *s);            // one user less
void subject_seen(struct subject *s, struct text *out);
void subject_ticks(struct subject *s, struct text *out);
void subject_release(struct subject *s, const char *gate);
void subject_keep_call(struct subject *s, const char *name, struct call *call);
struct call *subject_take_call(struct subject *s, const char *name);
void subject_close(struct subject *s);

// Begins an adapter that writes each reply, one line, by a function.
void adapter_begin(void (*write)(const char *line, size_t length));
// Carries out the command of a line, now or in a thread of its own.
void adapter_serve(const char *line);

#endif
