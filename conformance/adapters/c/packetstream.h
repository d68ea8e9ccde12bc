/*
 * packetstream.h - the packet stream protocol in C11 with POSIX threads.
 *
 * A connection carries requests and responses over two file descriptors: pipes, named pipes or
 * sockets. Both ends may request and respond at once. features/SPEC.md of packetspec specifies
 * the protocol; ids such as BID-3 name its requirements.
 *
 * A function that can fail returns a ps_status. Memory that a function hands to its caller comes
 * from malloc, and the caller frees it with free. Every function on a connection or a call may be
 * called by several threads at once, except where its comment excludes that.
 *
 * The library starts threads of its own, blocks all signals in them, and changes no disposition
 * of a signal. A peer that closes its end therefore raises no SIGPIPE in your program.
 */
#ifndef PACKETSTREAM_H
#define PACKETSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The largest flags of a packet: the word holds two more bits (ENC-2). */
#define PS_MAX_FLAGS ((UINT64_C(1) << 62) - 1)

/* The largest flags of a handler's result: the packet's flags hold the ok bit too (RSP-1). */
#define PS_MAX_RESULT_FLAGS ((INT64_C(1) << 61) - 1)

typedef enum ps_status {
	PS_OK = 0,
	PS_ERR_INVALID,    /* a value is out of its range */
	PS_ERR_CLOSED,     /* the connection is shut down, or the peer reads no more */
	PS_ERR_CANCELLED,  /* the peer's stream ended before the answer */
	PS_ERR_DECODER,    /* the response decoder failed */
	PS_ERR_INCOMPLETE, /* the octets stop inside a packet */
	PS_ERR_MALFORMED,  /* the octets are no packet, or one with an integer of 2^64 or more */
	PS_ERR_DEADLOCK,   /* a handler would wait for its own end */
	PS_ERR_NO_MEMORY,
	PS_ERR_SYSTEM      /* a call of the operating system failed; errno says why */
} ps_status;

/* ps_status_text returns a short English description of a status. It never returns NULL. */
const char *ps_status_text(ps_status status);

/* ---- packets ---- */

/*
 * A ps_packet holds the fields of one packet as they are on the wire: the type of a request is
 * one more than the requested type, and the flags of a response include the ok bit. The payload
 * belongs to whoever made the packet.
 */
typedef struct ps_packet {
	bool is_request;
	uint64_t channel;
	uint64_t tag;
	uint64_t flags;
	uint64_t type; /* of a request; ignored in a response */
	const uint8_t *payload;
	size_t payload_len;
} ps_packet;

/*
 * ps_packet_encode writes a packet into new memory. It returns PS_ERR_INVALID if the flags are
 * above PS_MAX_FLAGS.
 */
ps_status ps_packet_encode(const ps_packet *packet, uint8_t **octets, size_t *len);

/*
 * ps_packet_decode reads the first packet of the octets and stores how many octets it took. The
 * packet's payload points into the octets. It returns PS_ERR_INCOMPLETE if the octets stop too
 * soon, and PS_ERR_MALFORMED if no further octets can complete them.
 */
ps_status ps_packet_decode(const uint8_t *octets, size_t len, ps_packet *packet, size_t *consumed);

/* ps_packet_equal reports whether two packets are equal (EQ-1, EQ-2). */
bool ps_packet_equal(const ps_packet *a, const ps_packet *b);

/* ps_packet_text returns the diagnostic text of a packet (TXT-1), or NULL without memory. */
char *ps_packet_text(const ps_packet *packet);

/* ---- connections ---- */

typedef struct ps_conn ps_conn;

/* A ps_request is what a handler receives. It is valid until the handler returns. */
typedef struct ps_request {
	uint64_t type; /* the requested type, one less than on the wire */
	uint64_t flags;
	const uint8_t *payload;
	size_t payload_len;
	uint64_t number; /* counts the accepted requests from 1, in the order in which they arrived */
} ps_request;

/* The forms of a handler's result (HND-1 to HND-5). Any other is answered by a failure (HND-7). */
enum {
	PS_NOTHING = 0,
	PS_FLAGS = 1,
	PS_OCTETS = 2,
	PS_FLAGS_AND_OCTETS = PS_FLAGS | PS_OCTETS,
	PS_TEXT = 4 /* UTF-8; other octets are answered by a failure */
};

/*
 * A ps_result is what a handler returns. A handler gets one that says PS_NOTHING. The data comes
 * from malloc, and the library frees it; it may be NULL if len is 0. ps_result_set fills it.
 */
typedef struct ps_result {
	unsigned form;
	int64_t flags;
	uint8_t *data;
	size_t len;
} ps_result;

/*
 * ps_result_set stores a form, flags and a copy of the data, in place of what the result held. It
 * returns false without memory.
 */
bool ps_result_set(ps_result *result, unsigned form, int64_t flags, const void *data, size_t len);

/*
 * A ps_handler answers one request. It returns true with a result, or false to fail: then a
 * failure response goes out, whose payload is the result's data. Up to max_handlers of them run
 * at once, each in a thread of its own, and may use the connection, also to request and wait. A
 * blocking shutdown of its own connection returns PS_ERR_DEADLOCK.
 */
typedef bool ps_handler(void *user, ps_conn *conn, const ps_request *request, ps_result *result);

/*
 * A ps_tick is called at least once for each packet received or sent, with at least one octet,
 * by two threads of the library. Neither receives nor sends until it returns.
 */
typedef void ps_tick(void *user, const uint8_t *octets, size_t len);

/*
 * The options of a connection. ps_options_init sets the defaults; set a field afterwards.
 */
typedef struct ps_options {
	ps_handler *handler; /* NULL, the default: every request is refused */
	ps_tick *tick;       /* NULL, the default: none. ps_tick_stderr: to the standard error */
	void *user;          /* passed to handler, tick and release */

	/* release, if not NULL, is called once, when the library uses user no longer. */
	void (*release)(void *user);

	/* How long the sender waits for further packets before it flushes, in seconds: 0 to 3600. */
	double packet_grace; /* 0.01 */

	/* How many handlers run at once. Fewer than 64 break BID-3, fewer than 2 break HND-9. */
	size_t max_handlers; /* 64 */

	/* The longest payload that is received. A longer one is malformed (BAD-4). */
	size_t max_payload; /* 16 MiB */

	/*
	 * How many bytes the connection holds: requests that are not answered, and packets that are
	 * not sent. Above it ps_call_start waits, no further handler starts, and the receiver stops
	 * reading. While local requests are pending the receiver goes on, because their answers may
	 * follow; at four times as much it ends the stream with PS_END_OVERLOAD.
	 */
	size_t max_held; /* 64 MiB */
} ps_options;

/* ps_options_init sets every option to its default. */
void ps_options_init(ps_options *options);

/* ps_tick_stderr writes the octets to the standard error: a tick of "true" (TCK-3). */
ps_tick ps_tick_stderr;

/*
 * ps_conn_open starts a connection that receives from one descriptor and sends to another. For a
 * socket pass the socket and a dup of it. The connection owns both descriptors: it makes them
 * nonblocking, and closes each when its stream has ended. If it fails, the descriptors stay the
 * caller's, and release is not called. The caller gets one reference.
 */
ps_status ps_conn_open(int recv_fd, int send_fd, const ps_options *options, ps_conn **conn);

/* ps_conn_ref adds a reference and returns the connection. */
ps_conn *ps_conn_ref(ps_conn *conn);

/*
 * ps_conn_unref drops a reference. Dropping the last one aborts the connection. It never waits:
 * the memory is freed once the handlers that run have returned and every call is waited for or
 * dropped.
 */
void ps_conn_unref(ps_conn *conn);

/*
 * ps_conn_abort ends both streams at once, without EOF and without waiting for anything. Pending
 * calls are cancelled, and everybody who waits on the connection is woken.
 */
void ps_conn_abort(ps_conn *conn);

/*
 * ps_conn_shutdown ends the local stream: accepted requests are answered, EOF is sent, and new
 * local requests are refused. If block is true, it returns once EOF is sent and no local request
 * is pending. It may be called again, and then waits as the first call does.
 */
ps_status ps_conn_shutdown(ps_conn *conn, bool block);

/* How the peer's stream ended. */
typedef enum ps_end {
	PS_END_EOF,       /* by the EOF packet */
	PS_END_CUT,       /* without EOF, or inside a packet, or by an error of the descriptor */
	PS_END_MALFORMED, /* by octets that are no packet, or by a malformed EOF packet */
	PS_END_OVERLOAD,  /* the peer sent more than the connection may hold, or memory ran out */
	PS_END_ABORTED    /* by ps_conn_abort or the last ps_conn_unref */
} ps_end;

/* ps_conn_join waits for the end of the peer's stream, and returns how it ended. */
ps_end ps_conn_join(ps_conn *conn);

/* ---- requests ---- */

/* A ps_call is one local request, from its submission until ps_call_wait or ps_call_drop. */
typedef struct ps_call ps_call;

/*
 * A ps_decoder turns the flags and payload of an ok response into a value, which it stores in new
 * memory. It returns false to fail. The thread that waits for the answer calls it.
 */
typedef bool ps_decoder(void *user, uint64_t flags, const uint8_t *payload, size_t payload_len, uint8_t **value,
                        size_t *value_len);

/* A ps_query holds what to request. Set all to zero first; the payload stays the caller's. */
typedef struct ps_query {
	int64_t type;  /* 0 or more */
	int64_t flags; /* 0 to PS_MAX_FLAGS */
	uint64_t channel;
	const void *payload;
	size_t payload_len;
	ps_decoder *decoder; /* NULL: none */
	void *decoder_user;
} ps_query;

/* A ps_answer is the answer to a request. The payload belongs to the caller, who frees it. */
typedef struct ps_answer {
	bool ok;
	uint64_t flags; /* without the ok bit */
	uint8_t *payload;
	size_t payload_len;
} ps_answer;

/*
 * ps_call_start submits a request, and returns without waiting for the answer. It waits while
 * the connection holds too much to send. It returns PS_ERR_INVALID for a negative type or for
 * flags out of range, and PS_ERR_CLOSED after a shutdown; nothing is sent then.
 */
ps_status ps_call_start(ps_conn *conn, const ps_query *query, ps_call **call);

/*
 * ps_call_wait waits for the answer, stores it, and frees the call, whatever it returns. Call it
 * once. It returns PS_ERR_CANCELLED or PS_ERR_DECODER if there is no answer to store.
 */
ps_status ps_call_wait(ps_call *call, ps_answer *answer);

/*
 * ps_call_drop frees a call that nobody waits for. The request stays in flight, and its answer is
 * discarded.
 */
void ps_call_drop(ps_call *call);

/* ps_conn_do submits a request and waits for its answer. */
ps_status ps_conn_do(ps_conn *conn, const ps_query *query, ps_answer *answer);

#ifdef __cplusplus
}
#endif

#endif
