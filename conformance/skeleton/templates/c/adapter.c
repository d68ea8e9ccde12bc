// Commands and replies: the protocol's side of the adapter.

#include "internal.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void (*write_line)(const char *line, size_t length);
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER; // one whole line at a time

// The subjects that are open.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct subject **subjects;
static size_t subject_count;

void adapter_begin(void (*write)(const char *line, size_t length)) {
	write_line = write;
}

// Returns the subject that a command names, which the caller drops.
static struct subject *find(const struct json *c, bool forget, struct error *e) {
	const char *name = json_string(c, "conn");
	struct subject *found = NULL;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < subject_count && name; i++) {
		if (strcmp(subject_name(subjects[i]), name) != 0)
			continue;
		found = subjects[i];
		if (forget)
			subjects[i] = subjects[--subject_count]; // the caller has the table's reference
		else
			subject_hold(found);
		break;
	}
	pthread_mutex_unlock(&lock);
	if (!found)
		fail(e, INVALID, "no connection %s is open", name ? name : "without a name");
	return found;
}

static void keep(struct subject *s) {
	pthread_mutex_lock(&lock);
	subjects = realloc(subjects, (subject_count + 1) * sizeof *subjects);
	if (!subjects)
		abort();
	subjects[subject_count++] = s;
	pthread_mutex_unlock(&lock);
}

static bool read_packet(const struct json *c, const char *name, struct packet *p, struct error *e) {
	const struct json *j = json_field(c, name);
	*p = (struct packet){.is_request = json_true(j, "is_request"), .has_type = json_field(j, "rq_type") != NULL};
	if (!j)
		return fail(e, INVALID, "the field %s is missing", name);
	return json_integer(j, "channel", &p->channel, e) && json_integer(j, "tag", &p->tag, e) && json_integer(j, "flags", &p->flags, e) &&
		json_integer(j, "rq_type", &p->rq_type, e) && json_octets(j, "payload", &p->payload, e);
}

static void add_packet(struct text *out, const struct packet *p) {
	text_add(out, "{\"is_request\":%s,\"channel\":\"%llu\",\"tag\":\"%llu\",\"flags\":\"%llu\",", p->is_request ? "true" : "false",
		(unsigned long long)p->channel, (unsigned long long)p->tag, (unsigned long long)p->flags);
	if (p->is_request)
		text_add(out, "\"rq_type\":\"%llu\",", (unsigned long long)p->rq_type);
	text_add(out, "\"payload\":");
	text_add_hex(out, &p->payload);
	text_add(out, "}");
}

static bool hello(struct text *out) {
	text_add(out, ",\"version\":1,\"name\":");
	text_add_json(out, implementation_name);
	text_add(out, ",\"release\":");
	text_add_json(out, implementation_release);
	text_add(out, ",\"language\":\"C\",\"supports\":[");
	for (const char *const *ability = implementation_abilities; *ability; ability++) {
		text_add(out, ability == implementation_abilities ? "" : ",");
		text_add_json(out, *ability);
	}
	text_add(out, "]");
	return true;
}

static bool encode(const struct json *c, struct text *out, struct error *e) {
	struct packet p;
	struct octets octets;
	bool ok = read_packet(c, "packet", &p, e) && implementation_encode(&p, &octets, e);
	if (ok) {
		text_add(out, ",\"bytes\":");
		text_add_hex(out, &octets);
		free(octets.data);
	}
	free(p.payload.data);
	return ok;
}

static bool decode(const struct json *c, struct text *out, struct error *e) {
	struct octets octets;
	struct packet p;
	size_t consumed;
	if (!json_octets(c, "bytes", &octets, e))
		return false;
	bool ok = implementation_decode(&octets, &p, &consumed, e);
	if (ok) {
		text_add(out, ",\"consumed\":%zu,\"packet\":", consumed);
		add_packet(out, &p);
		free(p.payload.data);
	}
	free(octets.data);
	return ok;
}

static bool equal(const struct json *c, struct text *out, struct error *e) {
	struct packet a, b = {0};
	bool equal, ok = read_packet(c, "a", &a, e) && read_packet(c, "b", &b, e) && implementation_equal(&a, &b, &equal, e);
	if (ok)
		text_add(out, ",\"equal\":%s", equal ? "true" : "false");
	free(a.payload.data);
	free(b.payload.data);
	return ok;
}

static bool text_form(const struct json *c, struct text *out, struct error *e) {
	struct packet p;
	char *text;
	bool ok = read_packet(c, "packet", &p, e) && implementation_text(&p, &text, e);
	if (ok) {
		text_add(out, ",\"string\":");
		text_add_json(out, text);
		free(text);
	}
	free(p.payload.data);
	return ok;
}

static bool decode_reverse(uint64_t flags, const struct octets *payload, struct octets *decoded, struct error *e) {
	(void)flags, (void)e;
	*decoded = (struct octets){allocate(payload->length), payload->length};
	for (size_t i = 0; i < payload->length; i++)
		decoded->data[i] = payload->data[payload->length - 1 - i];
	return true;
}

static bool decode_raise(uint64_t flags, const struct octets *payload, struct octets *decoded, struct error *e) {
	(void)flags, (void)payload, (void)decoded;
	return fail(e, DECODE, "the request asks for this failure");
}

static bool decode_flags(uint64_t flags, const struct octets *payload, struct octets *decoded, struct error *e) {
	char digits[32];
	(void)payload, (void)e;
	int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)flags);
	*decoded = octets_copy((unsigned char *)digits, (size_t)length);
	return true;
}

static bool submit(struct subject *s, const struct json *c, struct call **call, struct error *e) {
	struct request r = {0};
	const char *name = json_string(c, "decode");
	if (name) {
		r.decode = strcmp(name, "reverse") == 0 ? decode_reverse : strcmp(name, "raise") == 0 ? decode_raise : strcmp(name, "flags") == 0 ? decode_flags : NULL;
		if (!r.decode)
			return fail(e, INVALID, "there is no decoder %s", name);
	}
	bool ok = json_integer(c, "rq_type", &r.rq_type, e) && json_integer(c, "flags", &r.flags, e) && json_integer(c, "channel", &r.channel, e) &&
		json_octets(c, "payload", &r.payload, e) && implementation_request(subject_connection(s), &r, call, e);
	free(r.payload.data);
	return ok;
}

static bool answer_of(struct call *call, struct text *out, struct error *e) {
	struct response r;
	if (!implementation_wait(call, &r, e))
		return false;
	text_add(out, ",\"ok\":%s,\"flags\":\"%llu\",\"payload\":", r.ok ? "true" : "false", (unsigned long long)r.flags);
	text_add_hex(out, &r.payload);
	free(r.payload.data);
	return true;
}

// Carries out a command on a connection.
static bool on_connection(const char *op, const struct json *c, struct text *out, struct error *e) {
	bool closes = strcmp(op, "close") == 0, ok = true;
	struct subject *s = find(c, closes, e);
	struct call *call = NULL;
	const char *name = json_string(c, "call"), *gate = json_string(c, "gate"), *ended = NULL;
	if (!s)
		return false;
	if (closes) {
		subject_close(s);
	} else if (strcmp(op, "request") == 0) {
		ok = (name || fail(e, INVALID, "request needs call")) && submit(s, c, &call, e);
		if (ok)
			subject_keep_call(s, name, call);
	} else if (strcmp(op, "wait") == 0) {
		call = name ? subject_take_call(s, name) : NULL;
		ok = (call || fail(e, INVALID, "no such request was submitted")) && answer_of(call, out, e);
	} else if (strcmp(op, "do") == 0) {
		ok = submit(s, c, &call, e) && answer_of(call, out, e);
	} else if (strcmp(op, "release") == 0) {
		ok = gate || fail(e, INVALID, "release needs gate");
		if (ok)
			subject_release(s, gate);
	} else if (strcmp(op, "seen") == 0) {
		text_add(out, ",\"calls\":");
		subject_seen(s, out);
	} else if (strcmp(op, "ticks") == 0) {
		text_add(out, ",\"ticks\":");
		subject_ticks(s, out);
	} else if (strcmp(op, "shutdown") == 0) {
		ok = implementation_shutdown(subject_connection(s), json_true(c, "block"), e);
	} else { // join
		ok = implementation_join(subject_connection(s), &ended, e);
		if (ok && ended)
			text_add(out, ",\"ended\":\"%s\"", ended);
	}
	subject_drop(s);
	return ok;
}

static const char *const on_connections[] = {"close", "request", "wait", "do", "release", "seen", "ticks", "shutdown", "join", 0};
static const char *const may_wait[] = {"open", "close", "request", "wait", "do", "shutdown", "join", 0};

static bool is_in(const char *const *list, const char *op) {
	while (*list && strcmp(*list, op) != 0)
		list++;
	return *list != NULL;
}

static bool execute(const char *op, const struct json *c, struct text *out, struct error *e) {
	if (strcmp(op, "hello") == 0)
		return hello(out);
	if (strcmp(op, "encode") == 0)
		return encode(c, out, e);
	if (strcmp(op, "decode") == 0)
		return decode(c, out, e);
	if (strcmp(op, "equal") == 0)
		return equal(c, out, e);
	if (strcmp(op, "string") == 0)
		return text_form(c, out, e);
	if (strcmp(op, "open") == 0) {
		struct subject *s = subject_open(c, e);
		if (s)
			keep(s);
		return s != NULL;
	}
	if (is_in(on_connections, op))
		return on_connection(op, c, out, e);
	return fail(e, UNSUPPORTED, "there is no command %s", op);
}

static void reply(const struct json *c, bool ok, const struct text *fields, const struct error *e) {
	static const char *const kinds[] = {
		[UNSUPPORTED] = "unsupported", [INVALID] = "invalid",       [CLOSED] = "closed",       [CANCELLED] = "cancelled",
		[DECODE] = "decode",           [INCOMPLETE] = "incomplete", [MALFORMED] = "malformed", [INTERNAL] = "internal",
	};
	const struct json *id = json_field(c, "id");
	struct text line = {0};
	text_add(&line, "{\"id\":%s", id && id->type == JSON_NUMBER ? id->text : "0");
	if (ok) {
		if (fields->length > 0)
			text_add_bytes(&line, fields->data, fields->length);
	} else {
		text_add(&line, ",\"error\":{\"kind\":\"%s\",\"message\":", kinds[e->kind]);
		text_add_json(&line, e->message);
		text_add(&line, "}");
	}
	text_add(&line, "}\n");
	pthread_mutex_lock(&writing);
	write_line(line.data, line.length);
	pthread_mutex_unlock(&writing);
	free(line.data);
}

// Carries out a command, replies, and frees the command.
static void *answer(void *command) {
	struct json *c = command;
	struct text fields = {0};
	struct error e = {INTERNAL, "no reason was given"};
	const char *op = json_string(c, "op");
	bool ok = op ? execute(op, c, &fields, &e) : fail(&e, INVALID, "the command has no op");
	reply(c, ok, &fields, &e);
	free(fields.data);
	json_free(c);
	return NULL;
}

void adapter_serve(const char *line) {
	struct error e = {0};
	struct json *c = json_parse(line, &e);
	if (!c) {
		reply(NULL, false, NULL, &e);
		return;
	}
	const char *op = json_string(c, "op");
	if (!op || !is_in(may_wait, op)) {
		answer(c);
		return;
	}
	pthread_t thread;
	if (pthread_create(&thread, NULL, answer, c) != 0) {
		fail(&e, INTERNAL, "no thread could be made");
		reply(c, false, NULL, &e);
		json_free(c);
		return;
	}
	pthread_detach(thread);
}
