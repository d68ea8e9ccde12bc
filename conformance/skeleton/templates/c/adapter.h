// What the adapter and the implementation pass to each other. implementation.c holds your side.
#ifndef ADAPTER_H
#define ADAPTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The kinds of errors in replies; the adapter guide says when each is right.
enum kind {
	UNSUPPORTED, // the implementation cannot do this, or the adapter does not call it yet
	INVALID,     // the implementation refuses a value, such as a channel
	CLOSED,      // the connection is shut down
	CANCELLED,   // the peer's stream ended before the answer
	DECODE,      // the response decoder failed
	INCOMPLETE,  // the octets are the beginning of a packet, and stop too soon
	MALFORMED,   // the octets are refused for any other reason
	INTERNAL,    // anything else
};

// The reply that a command failed.
struct error {
	enum kind kind;
	char message[256];
};

// Sets an error with a formatted message, and returns false.
bool fail(struct error *e, enum kind kind, const char *format, ...) __attribute__((format(printf, 3, 4)));

// Octets in memory of malloc, which the receiver frees. The data of no octets may be null.
struct octets {
	unsigned char *data;
	size_t length;
};

// Returns a copy of octets.
struct octets octets_copy(const unsigned char *data, size_t length);

// A packet with the values on the wire. A response has no type.
struct packet {
	bool is_request, has_type;
	uint64_t channel, tag, flags, rq_type;
	struct octets payload;
};

// The decoded payload of a response. Returns false with an error of the kind DECODE if it fails.
typedef bool decoder(uint64_t flags, const struct octets *payload, struct octets *decoded, struct error *e);

// A request of the local user. Its type is one less than on the wire. The decoder may be null.
struct request {
	uint64_t rq_type, flags, channel;
	struct octets payload; // the caller frees it after the call
	decoder *decode;
};

// The peer's answer. Its flags are without the ok bit.
struct response {
	bool ok;
	uint64_t flags;
	struct octets payload;
};

// The form of a handler's result.
enum form { FORM_NONE, FORM_FLAGS, FORM_BYTES, FORM_TEXT, FORM_BOTH };

// What a handler returns. The payload holds the octets, or the text in UTF-8.
struct result {
	enum form form;
	uint64_t flags;
	struct octets payload;
};

// What the implementation calls. Copy it: it is valid during the call of implementation_open alone.
struct callbacks {
	void *context;
	// The request handler, or null for none. It gets the type (one less than on the wire), the flags and the
	// payload of a request, and returns false for a failure of the request. It may wait, so each call needs a
	// thread of its own.
	bool (*handle)(void *context, uint64_t rq_type, uint64_t flags, const struct octets *payload, struct result *result, struct error *e);
	// Gets each tick. Null: ticks are not recorded.
	void (*tick)(void *context, const unsigned char *data, size_t length);
	// To be called once, when the implementation will call neither of the others any more.
	void (*done)(void *context);
};

// How a connection is opened.
struct options {
	bool has_grace; // false: the implementation's default
	double grace;   // in seconds
	bool tick_stderr; // ticks go to the standard error
	const char *name; // may be null; valid during the call
};

// A connection and a submitted request of the implementation, which defines both.
struct connection;
struct call;

// The implementation. Functions that can fail return false, and set the error then. Several threads call them
// at once; those of a connection may block, except implementation_close.

extern const char *const implementation_name, *const implementation_release;
extern const char *const implementation_abilities[]; // ends with null

// The octets of a packet: INVALID for a value that the implementation refuses.
bool implementation_encode(const struct packet *packet, struct octets *octets, struct error *e);
// The first packet, and how many octets it took: INCOMPLETE or MALFORMED.
bool implementation_decode(const struct octets *octets, struct packet *packet, size_t *consumed, struct error *e);
// Whether two packets are equal: the ability equal.
bool implementation_equal(const struct packet *a, const struct packet *b, bool *equal, struct error *e);
// The text form of a packet, in memory of malloc: the ability string.
bool implementation_text(const struct packet *packet, char **text, struct error *e);

// Starts a connection over two descriptors, which it owns unless this fails.
bool implementation_open(int recv, int send, const struct callbacks *callbacks, const struct options *options, struct connection **c, struct error *e);
// Submits a request, without waiting for its answer: CLOSED or INVALID if it is refused.
bool implementation_request(struct connection *c, const struct request *request, struct call **call, struct error *e);
// Waits for the answer, and frees the call: CANCELLED if the peer's stream ends first, DECODE if the decoder fails.
bool implementation_wait(struct call *call, struct response *response, struct error *e);
// Frees a call that nobody will wait for.
void implementation_forget(struct call *call);
// Returns when the implementation's call returns.
bool implementation_shutdown(struct connection *c, bool block, struct error *e);
// Waits for the end of the peer's stream: "eof", "cut" or "malformed", or null if unknown.
bool implementation_join(struct connection *c, const char **ended, struct error *e);
// Abandons the connection in any state, without waiting: calls that wait end soon.
void implementation_close(struct connection *c);
// Frees a connection that is closed, and that no other call uses.
void implementation_free(struct connection *c);

#endif
