// TODO: call your implementation in this file. Nothing else has to change.
//
// Everything here is unsupported at first, and packetspec skips the scenarios that need it. Begin with
// implementation_encode, build, and run: packetspec test --run ENC-1 -- ./adapter

#include "adapter.h"

// TODO: how reports name your implementation.
const char *const implementation_name = "my implementation", *const implementation_release = "0.1";

// TODO: what your implementation has, of: equal, string, grace, tick, decode-response, decode-flags,
// channels, end-reason. Integers have 64 bits here, and no sign.
const char *const implementation_abilities[] = {0};

bool implementation_encode(const struct packet *packet, struct octets *octets, struct error *e) {
	(void)packet, (void)octets;
	return fail(e, UNSUPPORTED, "TODO: encode");
}

bool implementation_decode(const struct octets *octets, struct packet *packet, size_t *consumed, struct error *e) {
	(void)octets, (void)packet, (void)consumed;
	return fail(e, UNSUPPORTED, "TODO: decode");
}

bool implementation_equal(const struct packet *a, const struct packet *b, bool *equal, struct error *e) {
	(void)a, (void)b, (void)equal;
	return fail(e, UNSUPPORTED, "TODO: equal");
}

bool implementation_text(const struct packet *packet, char **text, struct error *e) {
	(void)packet, (void)text;
	return fail(e, UNSUPPORTED, "TODO: text");
}

// TODO: what your implementation needs for a connection, and for a request whose answer is awaited.
struct connection {
	int todo;
};

struct call {
	int todo;
};

bool implementation_open(int recv, int send, const struct callbacks *callbacks, const struct options *options, struct connection **c, struct error *e) {
	(void)recv, (void)send, (void)callbacks, (void)options, (void)c;
	return fail(e, UNSUPPORTED, "TODO: open");
}

bool implementation_request(struct connection *c, const struct request *request, struct call **call, struct error *e) {
	(void)c, (void)request, (void)call;
	return fail(e, UNSUPPORTED, "TODO: request");
}

bool implementation_wait(struct call *call, struct response *response, struct error *e) {
	(void)call, (void)response;
	return fail(e, UNSUPPORTED, "TODO: wait");
}

void implementation_forget(struct call *call) {
	(void)call;
}

bool implementation_shutdown(struct connection *c, bool block, struct error *e) {
	(void)c, (void)block;
	return fail(e, UNSUPPORTED, "TODO: shutdown");
}

bool implementation_join(struct connection *c, const char **ended, struct error *e) {
	(void)c, (void)ended;
	return fail(e, UNSUPPORTED, "TODO: join");
}

void implementation_close(struct connection *c) {
	(void)c;
}

void implementation_free(struct connection *c) {
	(void)c;
}
