// One connection of the implementation, with the standard handler and what commands need beside it.

#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// A name in a list: of a gate that is released, or of a request with its call.
struct named {
	struct named *next;
	struct call *call;
	char name[];
};

struct subject {
	char *name;
	pthread_mutex_t lock; // guards what follows
	pthread_cond_t changed;
	int users;
	struct connection *connection; // null until it is open
	struct text seen, ticks;       // items of JSON, each after a comma
	struct named *calls, *released;
	bool closed;
};

const char *subject_name(const struct subject *s) {
	return s->name;
}

struct subject *subject_hold(struct subject *s) {
	pthread_mutex_lock(&s->lock);
	s->users++;
	pthread_mutex_unlock(&s->lock);
	return s;
}

void subject_drop(struct subject *s) {
	pthread_mutex_lock(&s->lock);
	int users = --s->users;
	pthread_mutex_unlock(&s->lock);
	if (users > 0)
		return;
	for (struct named *n = s->calls, *next; n; n = next) {
		next = n->next;
		implementation_forget(n->call);
		free(n);
	}
	for (struct named *n = s->released, *next; n; n = next) {
		next = n->next;
		free(n);
	}
	if (s->connection)
		implementation_free(s->connection);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	free(s->seen.data);
	free(s->ticks.data);
	free(s->name);
	free(s);
}

// Adds an item of JSON to a list.
static void add_item(struct text *list) {
	if (list->length > 0)
		text_add_bytes(list, ",", 1);
}

static void list_items(struct subject *s, const struct text *items, struct text *out) {
	pthread_mutex_lock(&s->lock);
	text_add(out, "[%s]", items->length > 0 ? items->data : "");
	pthread_mutex_unlock(&s->lock);
}

void subject_seen(struct subject *s, struct text *out) {
	list_items(s, &s->seen, out);
}

void subject_ticks(struct subject *s, struct text *out) {
	list_items(s, &s->ticks, out);
}

static void record_tick(void *context, const unsigned char *data, size_t length) {
	struct subject *s = context;
	struct octets octets = {(unsigned char *)data, length};
	pthread_mutex_lock(&s->lock);
	add_item(&s->ticks);
	text_add_hex(&s->ticks, &octets);
	pthread_mutex_unlock(&s->lock);
}

static void add_named(struct named **list, const char *name, struct call *call) {
	struct named *n = allocate(sizeof *n + strlen(name) + 1);
	*n = (struct named){*list, call};
	strcpy(n->name, name);
	*list = n;
}

static struct named **find_named(struct named **list, const char *name) {
	while (*list && strcmp((*list)->name, name) != 0)
		list = &(*list)->next;
	return list;
}

void subject_keep_call(struct subject *s, const char *name, struct call *call) {
	pthread_mutex_lock(&s->lock);
	add_named(&s->calls, name, call);
	pthread_mutex_unlock(&s->lock);
}

struct call *subject_take_call(struct subject *s, const char *name) {
	struct call *call = NULL;
	pthread_mutex_lock(&s->lock);
	struct named **at = find_named(&s->calls, name), *n = *at;
	if (n) {
		call = n->call;
		*at = n->next;
		free(n);
	}
	pthread_mutex_unlock(&s->lock);
	return call;
}

// Releases a gate, which stays open.
void subject_release(struct subject *s, const char *gate) {
	pthread_mutex_lock(&s->lock);
	if (!*find_named(&s->released, gate))
		add_named(&s->released, gate, NULL);
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

// Waits until a gate is released, or the connection is closed.
static void hold(struct subject *s, const char *gate) {
	pthread_mutex_lock(&s->lock);
	while (!s->closed && !*find_named(&s->released, gate))
		pthread_cond_wait(&s->changed, &s->lock);
	pthread_mutex_unlock(&s->lock);
}

// Returns the connection. A handler may ask for it before it is open.
struct connection *subject_connection(struct subject *s) {
	pthread_mutex_lock(&s->lock);
	while (!s->connection)
		pthread_cond_wait(&s->changed, &s->lock);
	struct connection *c = s->connection;
	pthread_mutex_unlock(&s->lock);
	return c;
}

void subject_close(struct subject *s) {
	pthread_mutex_lock(&s->lock);
	s->closed = true;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	implementation_close(subject_connection(s));
}

static bool is_utf8(const struct octets *o) {
	for (size_t i = 0; i < o->length;) {
		unsigned char first = o->data[i++];
		int more = first < 0x80 ? 0 : first >= 0xc2 && first < 0xe0 ? 1 : first >= 0xe0 && first < 0xf0 ? 2 : first >= 0xf0 && first < 0xf5 ? 3 : -1;
		if (more < 0 || o->length - i < (size_t)more)
			return false;
		for (int k = 0; k < more; k++, i++) {
			unsigned char next = o->data[i];
			unsigned char least = k == 0 && first == 0xe0 ? 0xa0 : k == 0 && first == 0xf0 ? 0x90 : 0x80;
			unsigned char most = k == 0 && first == 0xed ? 0x9f : k == 0 && first == 0xf4 ? 0x8f : 0xbf;
			if (next < least || next > most)
				return false;
		}
	}
	return true;
}

// The result of type 8: as many octets as the text says.
static bool large(const char *digits, struct octets *octets, struct error *e) {
	enum { MOST = 64 << 20 };
	char *end;
	errno = 0;
	unsigned long size = strtoul(digits, &end, 10);
	if (errno || end == digits || *end || digits[0] < '0' || digits[0] > '9' || size > MOST)
		return fail(e, INTERNAL, "the payload is not a size from 0 to %d", MOST);
	*octets = (struct octets){allocate(size), size};
	for (size_t i = 0; i < size; i++)
		octets->data[i] = (unsigned char)(i % 251);
	return true;
}

static bool ask_back(struct subject *s, const struct octets *payload, struct octets *answer, struct error *e) {
	struct request request = {.rq_type = 2, .payload = *payload};
	struct call *call;
	struct response response;
	if (!implementation_request(subject_connection(s), &request, &call, e) || !implementation_wait(call, &response, e))
		return false;
	*answer = response.payload;
	return true;
}

// The standard handler.
static bool handle(void *context, uint64_t rq_type, uint64_t flags, const struct octets *payload, struct result *result, struct error *e) {
	struct subject *s = context;
	pthread_mutex_lock(&s->lock);
	add_item(&s->seen);
	text_add(&s->seen, "{\"rq_type\":\"%llu\",\"flags\":\"%llu\",\"payload\":", (unsigned long long)rq_type, (unsigned long long)flags);
	text_add_hex(&s->seen, payload);
	text_add(&s->seen, "}");
	pthread_mutex_unlock(&s->lock);
	char *text = allocate(payload->length + 1);
	if (payload->length > 0)
		memcpy(text, payload->data, payload->length);
	text[payload->length] = 0;
	bool ok = true;
	*result = (struct result){0};
	switch (rq_type) {
	case 0:
		break;
	case 1:
		*result = (struct result){.form = FORM_FLAGS, .flags = flags};
		break;
	case 6:
		hold(s, text);
		// falls through
	case 2:
		*result = (struct result){FORM_BYTES, 0, octets_copy(payload->data, payload->length)};
		break;
	case 3:
		ok = is_utf8(payload) || fail(e, INTERNAL, "the payload is not UTF-8");
		if (ok)
			*result = (struct result){FORM_TEXT, 0, octets_copy(payload->data, payload->length)};
		break;
	case 4:
		*result = (struct result){FORM_BOTH, flags, octets_copy(payload->data, payload->length)};
		break;
	case 7:
		*result = (struct result){FORM_BOTH, 0x11, {allocate(payload->length), payload->length}};
		for (size_t i = 0; i < payload->length; i++)
			result->payload.data[i] = payload->data[payload->length - 1 - i];
		break;
	case 8:
		result->form = FORM_BYTES;
		ok = large(text, &result->payload, e);
		break;
	case 9:
		result->form = FORM_BYTES;
		ok = ask_back(s, payload, &result->payload, e);
		break;
	default: // 5, and every other type
		ok = fail(e, INTERNAL, "%s", text);
	}
	free(text);
	return ok;
}

static void done(void *context) {
	subject_drop(context);
}

struct subject *subject_open(const struct json *command, struct error *e) {
	const char *conn = json_string(command, "conn"), *recv_path = json_string(command, "recv"), *send_path = json_string(command, "send");
	const char *tick = json_string(command, "tick");
	if (!conn || !recv_path || !send_path) {
		fail(e, INVALID, "open needs conn, recv and send");
		return NULL;
	}
	struct subject *s = allocate(sizeof *s);
	*s = (struct subject){.name = allocate(strlen(conn) + 1), .users = 2}; // the table of subjects, and the implementation
	strcpy(s->name, conn);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
	struct options options = {.tick_stderr = tick && strcmp(tick, "stderr") == 0, .name = json_string(command, "name")};
	const struct json *grace = json_field(command, "grace");
	if (grace && grace->type == JSON_NUMBER) {
		options.has_grace = true;
		options.grace = strtod(grace->text, NULL);
	}
	struct callbacks callbacks = {
		s, json_true(command, "handler") ? handle : NULL, tick && strcmp(tick, "record") == 0 ? record_tick : NULL, done};
	int recv = open(recv_path, O_RDONLY | O_CLOEXEC);
	int send = recv < 0 ? -1 : open(send_path, O_WRONLY | O_CLOEXEC);
	struct connection *c = NULL;
	bool ok = send >= 0 || fail(e, INTERNAL, "open the pipes: %s", strerror(errno));
	if (ok && implementation_open(recv, send, &callbacks, &options, &c, e)) {
		pthread_mutex_lock(&s->lock);
		s->connection = c;
		pthread_cond_broadcast(&s->changed);
		pthread_mutex_unlock(&s->lock);
		return s;
	}
	if (recv >= 0)
		close(recv);
	if (send >= 0)
		close(send);
	s->users = 1;
	subject_drop(s);
	return NULL;
}
