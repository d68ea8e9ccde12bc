/* The adapter's parts: commands, replies, connections, the standard handler. */
#ifndef ADAPTER_SESSION_H
#define ADAPTER_SESSION_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../packetstream.h"
#include "json.h"
#include "text.h"

/* ---- fields.c: the values of a command, and replies ---- */

/* A command is one line of standard input. */
typedef struct command {
	json *fields;
	const char *id; /* the JSON number, as it came */
	const char *op;
} command;

const char *field_text(const command *c, const char *name);                  /* NULL if absent or no string */
bool field_true(const command *c, const char *name);                         /* false if absent */
bool field_decimal(const json *object, const char *name, decimal *result);   /* 0 if absent */
bool field_octets(const json *object, const char *name, uint8_t **octets, size_t *len); /* empty if absent */

void reply(const command *c, const char *format, ...) __attribute__((format(printf, 2, 3))); /* fields, without braces */
void reply_text(const command *c, const text *fields);
void reply_error(const command *c, const char *kind, const char *message);
void reply_status(const command *c, ps_status status); /* an error of the library */

/* ---- codec.c: the commands on packets ---- */

bool codec_command(const command *c); /* false if the command is none of them */

/* ---- commands.c ---- */

/* run_command carries out a command, whose fields become its own. It may return before. */
void run_command(command c);

/* ---- connection.c ---- */

/* use_sockets says whether to ask the runner for sockets in place of pipes. Set it first. */
extern bool use_sockets;

/* A seen is a request that the handler received. */
typedef struct seen {
	struct seen *next;
	uint64_t number;
	uint64_t type;
	uint64_t flags;
	uint8_t *payload;
	size_t payload_len;
} seen;

typedef struct name {
	struct name *next;
	char *text;
} name;

typedef struct named_call {
	struct named_call *next;
	char *name;
	ps_call *call;
} named_call;

typedef struct tick {
	struct tick *next;
	uint8_t *octets;
	size_t len;
} tick;

/* A connection is one that the runner has opened. */
typedef struct connection {
	struct connection *next;
	char *name;
	ps_conn *conn; /* the registry's reference; a job has its own */
	pthread_mutex_t mutex; /* guards what follows */
	pthread_cond_t gate;
	size_t refs; /* the registry, the library, each job */
	bool closed;
	name *released; /* gates */
	named_call *calls;
	seen *last_seen; /* by number, the highest first */
	tick *last_tick; /* the latest first */
} connection;

void open_connection(const command *c);

/* find_connection returns an open connection with a reference to it and to its conn, or NULL. */
connection *find_connection(const char *conn_name);

/* forget_connection ends a connection, and drops the references of the registry. */
void forget_connection(connection *conn);

/* drop_connection drops one reference. */
void drop_connection(connection *conn);

/* ---- handler.c ---- */

ps_handler standard_handler; /* user is the connection */
ps_decoder decode_reverse, decode_raise, decode_flags;

#endif
