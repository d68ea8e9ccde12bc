/* The fixture of the tests: two connections face to face, or one that faces the test's own octets. */
#ifndef TESTS_FIXTURE_H
#define TESTS_FIXTURE_H

#include <pthread.h>
#include <unistd.h>

#include "../packetstream.h"
#include "test.h"

/* A gate lets threads wait for each other. */
typedef struct gate {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	int arrived;
	bool open;
	int released; /* how often the library has let go of the user pointer */
} gate;

void gate_init(gate *g);
void await_arrivals(gate *g, int count);
void open_gate(gate *g);
void await_release(gate *g, int count);

/* What the fixture's handler does, by type. */
enum { NOTHING, ECHO, NESTED, GATED, BLOCKING_SHUTDOWN, INVALID, RAISES, BIG };

ps_options options_for(gate *g); /* with that handler, and no grace */
ps_query text_query(int64_t type, const char *payload); /* with flags 5 */

/* A pair is two connections over two pipes. */
typedef struct pair {
	gate g;
	ps_conn *a, *b;
} pair;

void open_pair(pair *p);
void close_pair(pair *p);

/* A solo is one connection whose peer is the test. */
typedef struct solo {
	gate g;
	ps_conn *conn;
	int to, from;
} solo;

void open_solo(solo *s);
void open_solo_with(solo *s, ps_options options);
void close_solo(solo *s);

#define SEND(solo, octets) send_octets(solo, octets, sizeof octets - 1)
#define EXPECT(solo, octets) expect_octets(solo, octets, sizeof octets - 1)

void send_octets(solo *s, const char *octets, size_t len);
void expect_octets(solo *s, const char *octets, size_t len);
void expect_end(solo *s);

extern const char eof[5]; /* the EOF packet, and a NUL */

#endif
