// A small reader of JSON.

#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 64 }; // levels; commands need three

struct reader {
	const char *start, *at;
	int depth;
	struct error *e;
};

static struct json *expected(struct reader *r, const char *what) {
	fail(r->e, INVALID, "expected %s at byte %td", what, r->at - r->start);
	return NULL;
}

static void space(struct reader *r) {
	r->at += strspn(r->at, " \t\r\n");
}

// Skips a word if it comes next.
static bool skip(struct reader *r, const char *word) {
	size_t length = strlen(word);
	if (strncmp(r->at, word, length) != 0)
		return false;
	r->at += length;
	return true;
}

static struct json *new_json(int type) {
	struct json *j = allocate(sizeof *j);
	*j = (struct json){.type = type};
	return j;
}

void json_free(struct json *j) {
	while (j) {
		struct json *next = j->next;
		json_free(j->first);
		free(j->name);
		free(j->text);
		free(j);
		j = next;
	}
}

static bool unit(struct reader *r, unsigned *code) {
	char digits[5] = {0};
	for (int i = 0; i < 4; i++) {
		if (!strchr("0123456789abcdefABCDEF", r->at[i]) || !r->at[i]) {
			expected(r, "four hex digits");
			return false;
		}
		digits[i] = r->at[i];
	}
	*code = (unsigned)strtoul(digits, NULL, 16);
	r->at += 4;
	return true;
}

static void add_utf8(struct text *t, unsigned code) {
	char octets[4];
	size_t n = 0;
	if (code < 0x80) {
		octets[n++] = (char)code;
	} else if (code < 0x800) {
		octets[n++] = (char)(0xc0 | code >> 6);
		octets[n++] = (char)(0x80 | (code & 0x3f));
	} else if (code < 0x10000) {
		octets[n++] = (char)(0xe0 | code >> 12);
		octets[n++] = (char)(0x80 | (code >> 6 & 0x3f));
		octets[n++] = (char)(0x80 | (code & 0x3f));
	} else {
		octets[n++] = (char)(0xf0 | code >> 18);
		octets[n++] = (char)(0x80 | (code >> 12 & 0x3f));
		octets[n++] = (char)(0x80 | (code >> 6 & 0x3f));
		octets[n++] = (char)(0x80 | (code & 0x3f));
	}
	text_add_bytes(t, octets, n);
}

// Reads what follows a backslash.
static bool escape(struct reader *r, struct text *t) {
	static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	const char *letter = *r->at ? strchr(letters, *r->at) : NULL;
	if (letter) {
		text_add_bytes(t, &meanings[letter - letters], 1);
		r->at++;
		return true;
	}
	unsigned code, low;
	if (!skip(r, "u")) {
		expected(r, "an escape");
		return false;
	}
	if (!unit(r, &code))
		return false;
	if (code == 0) { // the texts of C end with it, and no command has one
		expected(r, "a character other than 0");
		return false;
	}
	if (code >= 0xd800 && code < 0xdc00 && skip(r, "\\u")) {
		if (!unit(r, &low))
			return false;
		code = 0x10000 + ((code - 0xd800) << 10) + ((low - 0xdc00) & 0x3ff);
	}
	add_utf8(t, code);
	return true;
}

static char *string(struct reader *r) {
	struct text t = {0};
	text_add_bytes(&t, "", 0);
	for (r->at++; *r->at != '"';) {
		size_t plain = strcspn(r->at, "\"\\");
		text_add_bytes(&t, r->at, plain);
		r->at += plain;
		bool ok = *r->at != 0;
		if (!ok) {
			expected(r, "the end of a string");
		} else if (*r->at == '\\') {
			r->at++;
			ok = escape(r, &t);
		}
		if (!ok) {
			free(t.data);
			return NULL;
		}
	}
	r->at++;
	return t.data;
}

static struct json *value(struct reader *r);

// Reads the values of an array, or the fields of an object, after its opening character.
static bool items(struct reader *r, struct json *of, const char *close) {
	struct json **end = &of->first;
	space(r);
	if (skip(r, close))
		return true;
	do {
		char *name = NULL;
		space(r);
		if (of->type == JSON_OBJECT) {
			if (*r->at != '"')
				return expected(r, "the name of a field");
			if (!(name = string(r)))
				return false;
			space(r);
			if (!skip(r, ":")) {
				free(name);
				return expected(r, "a colon");
			}
		}
		if (!(*end = value(r))) {
			free(name);
			return false;
		}
		(*end)->name = name;
		end = &(*end)->next;
		space(r);
	} while (skip(r, ","));
	return skip(r, close) || expected(r, "a comma or the end of the list");
}

static struct json *value(struct reader *r) {
	struct json *j;
	space(r);
	if (*r->at == '{' || *r->at == '[') {
		if (r->depth == DEEPEST)
			return expected(r, "fewer levels");
		j = new_json(*r->at == '{' ? JSON_OBJECT : JSON_ARRAY);
		const char *close = *r->at++ == '{' ? "}" : "]";
		r->depth++;
		bool ok = items(r, j, close);
		r->depth--;
		if (!ok) {
			json_free(j);
			return NULL;
		}
		return j;
	}
	if (*r->at == '"') {
		char *text = string(r);
		if (!text)
			return NULL;
		j = new_json(JSON_STRING);
		j->text = text;
		return j;
	}
	size_t digits = strspn(r->at, "-+.eE0123456789");
	if (digits > 0) {
		struct text t = {0};
		text_add_bytes(&t, r->at, digits);
		r->at += digits;
		j = new_json(JSON_NUMBER);
		j->text = t.data;
		return j;
	}
	if (skip(r, "null"))
		return new_json(JSON_NULL);
	if (skip(r, "true"))
		return new_json(JSON_TRUE);
	if (skip(r, "false"))
		return new_json(JSON_FALSE);
	return expected(r, "a value");
}

struct json *json_parse(const char *text, struct error *e) {
	struct reader r = {text, text, 0, e};
	struct json *j = value(&r);
	if (!j)
		return NULL;
	space(&r);
	if (*r.at) {
		json_free(j);
		return expected(&r, "the end of the line");
	}
	return j;
}

const struct json *json_field(const struct json *object, const char *name) {
	if (!object || object->type != JSON_OBJECT)
		return NULL;
	for (const struct json *j = object->first; j; j = j->next)
		if (strcmp(j->name, name) == 0)
			return j->type == JSON_NULL ? NULL : j;
	return NULL;
}

const char *json_string(const struct json *object, const char *name) {
	const struct json *j = json_field(object, name);
	return j && j->type == JSON_STRING ? j->text : NULL;
}

bool json_true(const struct json *object, const char *name) {
	const struct json *j = json_field(object, name);
	return j && j->type == JSON_TRUE;
}

bool json_integer(const struct json *object, const char *name, uint64_t *value, struct error *e) {
	*value = 0;
	if (!json_field(object, name))
		return true;
	const char *digits = json_string(object, name);
	if (!digits || !*digits || digits[strspn(digits, "0123456789")])
		return fail(e, INVALID, "the field %s is not an integer of 0 or more", name);
	errno = 0;
	*value = strtoull(digits, NULL, 10);
	return errno == 0 || fail(e, INVALID, "the field %s has more than 64 bits", name);
}

bool json_octets(const struct json *object, const char *name, struct octets *octets, struct error *e) {
	*octets = (struct octets){0};
	if (!json_field(object, name))
		return true;
	const char *digits = json_string(object, name);
	size_t length = digits ? strlen(digits) : 1;
	if (length % 2)
		return fail(e, INVALID, "the field %s is not hex", name);
	*octets = (struct octets){allocate(length / 2), length / 2};
	for (size_t i = 0; i < length; i++) {
		char c = digits[i];
		int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
		if (digit < 0) {
			free(octets->data);
			*octets = (struct octets){0};
			return fail(e, INVALID, "the field %s is not hex", name);
		}
		octets->data[i / 2] = (unsigned char)(i % 2 ? octets->data[i / 2] | digit : digit << 4);
	}
	return true;
}
