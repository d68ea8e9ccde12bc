/* What the parts of the library share. A function whose name ends in _locked needs the mutex. */
#ifndef PACKETSTREAM_INTERNAL_H
#define PACKETSTREAM_INTERNAL_H

#include <pthread.h>

#include "../packetstream.h"

/* ---- header.c: the fields before the payload, octet by octet ---- */

typedef enum psi_stage { PSI_LENGTH, PSI_TAG, PSI_WORD, PSI_CHANNEL, PSI_TYPE, PSI_COMPLETE } psi_stage;

/* A psi_header reads one packet's header. Its zero value is ready for the first octet. */
typedef struct psi_header {
	psi_stage stage;
	uint64_t value; /* of the integer being read */
	uint64_t left;  /* how many octets of the body follow */
	ps_packet packet;
} psi_header;

/* psi_header_feed reads one octet, and returns false if the packet is malformed. */
bool psi_header_feed(psi_header *header, uint8_t octet);

/* The longest header that psi_header_write writes: five integers of at most ten octets. */
#define PSI_MAX_HEADER 50

/* psi_header_write writes a packet's header, and returns its length, 0 if it is not encodable. */
size_t psi_header_write(const ps_packet *packet, uint8_t octets[PSI_MAX_HEADER]);

/* psi_is_utf8 reports whether octets are UTF-8, without surrogates and overlong forms. */
bool psi_is_utf8(const uint8_t *octets, size_t len);

/* ---- table.c: a hash table by channel and tag ---- */

/* A psi_node is the first member of whatever a table holds. The table owns no node. */
typedef struct psi_node {
	struct psi_node *next;
	uint64_t channel;
	uint64_t tag;
} psi_node;

typedef struct psi_table {
	psi_node **buckets;
	size_t size; /* of buckets: a power of two, or 0 */
	size_t count;
	uint64_t seed;
} psi_table;

psi_node *psi_table_find(const psi_table *table, uint64_t channel, uint64_t tag);
bool psi_table_add(psi_table *table, psi_node *node); /* false without memory */
psi_node *psi_table_remove(psi_table *table, uint64_t channel, uint64_t tag);
psi_node *psi_table_take(psi_table *table); /* empties the table, and returns its nodes as a list */
void psi_table_free(psi_table *table);

/* ---- wake.c: a pipe that ends a poll ---- */

typedef struct psi_wake {
	int fds[2];   /* -1 once closed */
	bool written; /* an octet waits in the pipe */
} psi_wake;

bool psi_wake_open(psi_wake *wake);
void psi_wake_close_locked(psi_wake *wake);
void psi_wake_set_locked(psi_wake *wake);
void psi_wake_clear_locked(psi_wake *wake);

/* ---- connection.c ---- */

/* A psi_incoming is a request that the connection has accepted. */
typedef struct psi_incoming {
	psi_node node; /* in in_flight */
	struct psi_incoming *next;
	uint64_t type;
	uint64_t flags;
	uint8_t *payload;
	size_t payload_len;
	uint64_t number;
} psi_incoming;

struct ps_call {
	psi_node node; /* in pending, while waiting */
	ps_conn *conn;
	pthread_cond_t answered;
	bool waiting;
	bool dropped;
	bool cancelled;
	ps_answer answer;
	ps_decoder *decoder;
	void *decoder_user;
};

struct ps_conn {
	pthread_mutex_t mutex;   /* guards every field below but options */
	pthread_cond_t changed;  /* ended, sent, shut, pending or the held bytes changed */
	pthread_cond_t work;     /* a worker may have something to do */
	ps_options options;
	size_t users; /* references of the local user */
	size_t refs;  /* users, threads and calls */

	bool shut;    /* no new requests, in either direction */
	bool aborted; /* end everything without waiting */

	/* Receiving. The receiver alone uses and closes recv_fd. */
	int recv_fd;
	psi_wake recv_wake;
	bool paused;
	bool ended;
	ps_end end;

	/* Sending. The sender alone uses and closes send_fd. */
	int send_fd;
	psi_wake send_wake;
	uint8_t *out; /* packets that are queued, encoded */
	size_t out_len;
	size_t out_cap;
	size_t out_packets;
	size_t writing; /* how many bytes the sender has taken and not written */
	bool eof_taken; /* nothing more may be queued */
	bool sent;      /* the sender has ended */

	/* Requests of the local user. */
	psi_table pending;
	uint64_t last_tag;

	/* Requests of the peer: all in in_flight; those that wait for a handler in a queue, too. */
	psi_table in_flight;
	psi_incoming *first;
	psi_incoming *last;
	size_t queued;
	uint64_t accepted; /* how many requests so far */
	size_t held; /* bytes of the requests in flight */
	size_t workers;
	size_t busy; /* workers that run a handler */
};

/* psi_start starts a detached thread that owns one reference, which it drops by psi_leave. */
bool psi_start_locked(ps_conn *conn, void *(*run)(void *), size_t stack);
void psi_leave_locked(ps_conn *conn); /* unlocks */

/* psi_end_locked ends the peer's stream: cancels, shuts down. The first reason counts. */
void psi_end_locked(ps_conn *conn, ps_end end);

/* psi_abort_locked ends both streams without waiting. */
void psi_abort_locked(ps_conn *conn, ps_end end);

/* psi_outgoing_locked returns how many bytes wait to be sent. */
size_t psi_outgoing_locked(const ps_conn *conn);

/* psi_relax_locked wakes a receiver that has paused, to look again whether it must. */
void psi_relax_locked(ps_conn *conn);

/* ---- receiver.c, sender.c, responder.c, requester.c ---- */

void *psi_receiver(void *conn);
void *psi_sender(void *conn);

/*
 * psi_queue_locked queues a packet, or drops it if nothing more can be sent. It returns false,
 * and queues nothing, without memory.
 */
bool psi_queue_locked(ps_conn *conn, const ps_packet *packet);

/* psi_accept_locked handles the peer's request, which is not of wire type 0 on channel 0. */
void psi_accept_locked(ps_conn *conn, const ps_packet *packet, uint8_t *payload);

/* psi_discard_locked frees the requests that wait for a handler. */
void psi_discard_locked(ps_conn *conn);

/* psi_handling returns whether this thread runs a handler of the connection. */
bool psi_handling(const ps_conn *conn);

/* psi_answer_locked gives a response to its request; payload becomes the library's. */
void psi_answer_locked(ps_conn *conn, const ps_packet *packet, uint8_t *payload);

/* psi_cancel_locked cancels every pending request. */
void psi_cancel_locked(ps_conn *conn);

#endif
