// Tests of the protocol's side, with an implementation that does as little as possible.

#include "internal.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// An implementation whose peer answers each request with itself.

const char *const implementation_name = "fake", *const implementation_release = "1";
const char *const implementation_abilities[] = {"equal", "grace", 0};

bool implementation_encode(const struct packet *packet, struct octets *octets, struct error *e) {
	if (packet->tag == 99)
		return fail(e, UNSUPPORTED, "not \"that\"");
	*octets = octets_copy(packet->payload.data, packet->payload.length);
	return true;
}

bool implementation_decode(const struct octets *octets, struct packet *packet, size_t *consumed, struct error *e) {
	if (octets->length == 0)
		return fail(e, INCOMPLETE, "nothing");
	*packet = (struct packet){true, true, 5, 300, 7, 2, octets_copy((const unsigned char *)"hello", 5)};
	*consumed = 11;
	return true;
}

bool implementation_equal(const struct packet *a, const struct packet *b, bool *equal, struct error *e) {
	(void)e;
	*equal = a->tag == b->tag;
	return true;
}

bool implementation_text(const struct packet *packet, char **text, struct error *e) {
	(void)packet, (void)text;
	return fail(e, UNSUPPORTED, "no text");
}

struct connection {
	int recv, send;
	struct callbacks callbacks;
	bool ended;
};

struct call {
	uint64_t rq_type, flags;
	struct octets payload;
	decoder *decode;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct connection *latest;
static struct options latest_options;
static int freed;

bool implementation_open(int recv, int send, const struct callbacks *callbacks, const struct options *options, struct connection **c, struct error *e) {
	(void)e;
	*c = allocate(sizeof **c);
	**c = (struct connection){recv, send, *callbacks, false};
	latest = *c;
	latest_options = *options;
	return true;
}

bool implementation_request(struct connection *c, const struct request *request, struct call **call, struct error *e) {
	(void)c, (void)e;
	*call = allocate(sizeof **call);
	**call = (struct call){request->rq_type, request->flags, octets_copy(request->payload.data, request->payload.length), request->decode};
	return true;
}

bool implementation_wait(struct call *call, struct response *response, struct error *e) {
	*response = (struct response){true, call->flags, call->payload};
	bool ok = call->rq_type != 99 || fail(e, CANCELLED, "the peer's stream has ended");
	if (ok && call->decode) {
		ok = call->decode(call->flags, &call->payload, &response->payload, e);
		free(call->payload.data);
	} else if (!ok) {
		free(call->payload.data);
	}
	free(call);
	return ok;
}

void implementation_forget(struct call *call) {
	free(call->payload.data);
	free(call);
}

bool implementation_shutdown(struct connection *c, bool block, struct error *e) {
	(void)block, (void)e;
	pthread_mutex_lock(&lock);
	c->ended = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	return true;
}

bool implementation_join(struct connection *c, const char **ended, struct error *e) {
	(void)e;
	pthread_mutex_lock(&lock);
	while (!c->ended)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	*ended = "eof";
	return true;
}

void implementation_close(struct connection *c) {
	close(c->recv);
	close(c->send);
}

void implementation_free(struct connection *c) {
	free(c);
	pthread_mutex_lock(&lock);
	freed++;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

// The runner's side.

static char *replies[200];
static int ids, failures;

static void receive(const char *line, size_t length) {
	(void)length;
	struct error e;
	struct json *reply = json_parse(line, &e);
	const struct json *id = json_field(reply, "id");
	pthread_mutex_lock(&lock);
	replies[atoi(id->text)] = strdup(line);
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	json_free(reply);
}

// Sends a command, whose fields are JSON without the braces, and returns its id.
static int send_command(const char *op, const char *fields) {
	struct text line = {0};
	text_add(&line, "{\"id\":%d,\"op\":\"%s\"%s%s}", ++ids, op, *fields ? "," : "", fields);
	adapter_serve(line.data);
	free(line.data);
	return ids;
}

// Requires that the reply to a command contains a text.
static void expect_reply(int id, const char *what, const char *want) {
	pthread_mutex_lock(&lock);
	while (!replies[id])
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	if (!strstr(replies[id], want)) {
		printf("FAIL  %s: got %s      expected %s\n", what, replies[id], want);
		failures++;
	}
}

static void expect(const char *op, const char *fields, const char *want) {
	expect_reply(send_command(op, fields), op, want);
}

static void check(const char *what, bool ok) {
	if (!ok) {
		printf("FAIL  %s\n", what);
		failures++;
	}
}

static void open_connection(const char *more) {
	char folder[] = "/tmp/adapter-XXXXXX", paths[2][64], fields[512];
	if (!mkdtemp(folder))
		abort();
	int ends[2];
	for (int i = 0; i < 2; i++) {
		snprintf(paths[i], sizeof paths[i], "%s/%d", folder, i);
		if (mkfifo(paths[i], 0600) != 0)
			abort();
		ends[i] = open(paths[i], O_RDWR); // as the runner's ends
	}
	snprintf(fields, sizeof fields, "\"conn\":\"c\",\"recv\":\"%s\",\"send\":\"%s\",\"handler\":true%s", paths[0], paths[1], more);
	expect("open", fields, "}");
	for (int i = 0; i < 2; i++) {
		close(ends[i]);
		unlink(paths[i]);
	}
	rmdir(folder);
}

// Closes the connection, and waits until it is freed: the adapter and the implementation have let it go.
static void close_connection(void) {
	struct callbacks callbacks = latest->callbacks;
	int before = freed;
	expect("close", "\"conn\":\"c\"", "}");
	callbacks.done(callbacks.context);
	pthread_mutex_lock(&lock);
	while (freed == before)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

static void test_json(void) {
	struct error e;
	struct json *j = json_parse(" {\"a\" : [1, -2.5e3, null, true, {}], \"b\":\"\\u00e9\\ud83d\\ude00\\n\\/\"}\r\n", &e);
	check("an object is read", j && strcmp(json_string(j, "b"), "é😀\n/") == 0 && json_field(j, "a")->first->type == JSON_NUMBER);
	json_free(j);
	static const char *const bad[] = {"", "{", "{\"a\"}", "{\"a\":}", "[1,]", "{} x", "\"a", "\"\\x\"", "tru", "\"\\u12\"", "\"\\u0000\"", 0};
	for (const char *const *text = bad; *text; text++)
		check(*text, !json_parse(*text, &e));
	char deep[101];
	memset(deep, '[', 100);
	deep[100] = 0;
	check("deep nesting is refused", !json_parse(deep, &e));
}

static void test_codec(void) {
	expect("hello", "\"version\":1", ",\"version\":1,\"name\":\"fake\",\"release\":\"1\",\"language\":\"C\",\"supports\":[\"equal\",\"grace\"]}");
	expect("decode", "\"bytes\":\"0A\"",
		",\"consumed\":11,\"packet\":{\"is_request\":true,\"channel\":\"5\",\"tag\":\"300\",\"flags\":\"7\",\"rq_type\":\"2\",\"payload\":\"68656c6c6f\"}}");
	expect("decode", "\"bytes\":\"\"", "\"kind\":\"incomplete\"");
	expect("decode", "\"bytes\":\"0\"", "\"kind\":\"invalid\"");
	expect("decode", "\"bytes\":\"0x\"", "\"kind\":\"invalid\"");
	expect("encode", "\"packet\":{\"is_request\":false,\"tag\":\"1\",\"payload\":\"6869\"}", ",\"bytes\":\"6869\"}");
	expect("encode", "\"packet\":{\"is_request\":false,\"tag\":\"99\"}", "{\"kind\":\"unsupported\",\"message\":\"not \\\"that\\\"\"}");
	expect("encode", "\"packet\":{\"is_request\":false,\"tag\":\"18446744073709551616\"}", "\"kind\":\"invalid\"");
	expect("encode", "\"packet\":{\"is_request\":false,\"tag\":\"-1\"}", "\"kind\":\"invalid\"");
	expect("equal", "\"a\":{\"tag\":\"1\"},\"b\":{\"tag\":\"1\"}", ",\"equal\":true}");
	expect("string", "\"packet\":{\"tag\":\"1\"}", "\"kind\":\"unsupported\"");
	expect("nosuch", "", "\"kind\":\"unsupported\"");
	expect("join", "\"conn\":\"c\"", "\"kind\":\"invalid\"");
}

static void test_requests(void) {
	open_connection("");
	expect("request", "\"conn\":\"c\",\"call\":\"a\",\"rq_type\":\"2\",\"flags\":\"7\",\"payload\":\"6869\"", "}");
	expect("wait", "\"conn\":\"c\",\"call\":\"a\"", ",\"ok\":true,\"flags\":\"7\",\"payload\":\"6869\"}");
	expect("do", "\"conn\":\"c\",\"rq_type\":\"2\"", ",\"ok\":true,\"flags\":\"0\",\"payload\":\"\"}");
	expect("do", "\"conn\":\"c\",\"rq_type\":\"2\",\"payload\":\"6869\",\"decode\":\"reverse\"", "\"payload\":\"6968\"");
	expect("do", "\"conn\":\"c\",\"rq_type\":\"2\",\"flags\":\"7\",\"decode\":\"flags\"", "\"payload\":\"37\"");
	expect("do", "\"conn\":\"c\",\"rq_type\":\"2\",\"decode\":\"raise\"", "\"kind\":\"decode\"");
	expect("do", "\"conn\":\"c\",\"rq_type\":\"99\"", "\"kind\":\"cancelled\"");
	expect("wait", "\"conn\":\"c\",\"call\":\"b\"", "\"kind\":\"invalid\"");
	expect("request", "\"conn\":\"c\",\"call\":\"left\",\"rq_type\":\"2\"", "}"); // freed with the connection
	int joins[] = {send_command("join", "\"conn\":\"c\""), send_command("join", "\"conn\":\"c\"")};
	expect("shutdown", "\"conn\":\"c\",\"block\":true", "}"); // the joins delay no other command
	expect_reply(joins[0], "join", ",\"ended\":\"eof\"}");
	expect_reply(joins[1], "join", ",\"ended\":\"eof\"}");
	close_connection();
	expect("do", "\"conn\":\"c\",\"rq_type\":\"2\"", "\"kind\":\"invalid\"");
}

// Calls the standard handler, and compares its result; a form of -1 stands for a failure.
static void handles(uint64_t rq_type, const char *payload, int form, uint64_t flags, const char *want) {
	struct octets octets = {(unsigned char *)payload, strlen(payload)};
	struct result r;
	struct error e;
	bool ok = latest->callbacks.handle(latest->callbacks.context, rq_type, 7, &octets, &r, &e);
	char what[64];
	snprintf(what, sizeof what, "the standard handler, type %d, payload %.20s", (int)rq_type, payload);
	check(what, ok == (form >= 0));
	if (!ok)
		return;
	check(what, (int)r.form == form && r.flags == flags && r.payload.length == strlen(want) && (!*want || memcmp(r.payload.data, want, strlen(want)) == 0));
	free(r.payload.data);
}

static void test_handler(void) {
	open_connection(",\"tick\":\"record\",\"grace\":0.05");
	check("the grace is passed on", latest_options.has_grace && latest_options.grace == 0.05);
	handles(0, "x", FORM_NONE, 0, "");
	handles(1, "x", FORM_FLAGS, 7, "");
	handles(2, "\xff", FORM_BYTES, 0, "\xff");
	handles(3, "é", FORM_TEXT, 0, "é");
	handles(4, "x", FORM_BOTH, 7, "x");
	handles(7, "ab", FORM_BOTH, 0x11, "ba");
	handles(8, "0", FORM_BYTES, 0, "");
	handles(9, "hi", FORM_BYTES, 0, "hi");
	static const struct { uint64_t rq_type; const char *payload; } bad[] = {
		{5, "no"}, {11, ""}, {3, "\xff"}, {3, "\xed\xa0\x80"}, {3, "\xc0\x80"}, {3, "\xc3"}, {8, "x"}, {8, "-1"}, {8, ""}};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		handles(bad[i].rq_type, bad[i].payload, -1, 0, "");
	expect("seen", "\"conn\":\"c\"", "{\"rq_type\":\"2\",\"flags\":\"7\",\"payload\":\"ff\"}");
	latest->callbacks.tick(latest->callbacks.context, (const unsigned char *)"\0\1", 2);
	expect("ticks", "\"conn\":\"c\"", ",\"ticks\":[\"0001\"]}");
	close_connection();
}

static void *hold_at(void *gate) {
	handles(6, gate, FORM_BYTES, 0, gate);
	return NULL;
}

static void test_gates(void) {
	open_connection("");
	expect("release", "\"conn\":\"c\",\"gate\":\"early\"", "}");
	hold_at("early");
	hold_at("early"); // it stays open
	pthread_t held[3];
	char *const gates[] = {"g", "g", "never"};
	for (int i = 0; i < 3; i++)
		pthread_create(&held[i], NULL, hold_at, gates[i]);
	expect("release", "\"conn\":\"c\",\"gate\":\"g\"", "}");
	pthread_join(held[0], NULL);
	pthread_join(held[1], NULL);
	expect("close", "\"conn\":\"c\"", "}"); // lets the third go
	struct callbacks callbacks = latest->callbacks;
	pthread_join(held[2], NULL);
	callbacks.done(callbacks.context);
}

int main(void) {
	adapter_begin(receive);
	test_json();
	test_codec();
	test_requests();
	test_handler();
	test_gates();
	printf("%d failures\n", failures);
	return failures > 0;
}
