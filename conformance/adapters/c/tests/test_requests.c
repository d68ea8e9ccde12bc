#include <sys/socket.h>

#include "fixture.h"

static void requests_are_answered_in_both_directions(void)
{
	pair p;
	ps_answer answer;
	open_pair(&p);
	ps_query query = text_query(ECHO, "hello");
	CHECK(ps_conn_do(p.a, &query, &answer) == PS_OK);
	CHECK(answer.ok && answer.flags == 5);
	CHECK_OCTETS(answer.payload, answer.payload_len, "hello", (size_t)5);
	free(answer.payload);
	query.type = NESTED;
	CHECK(ps_conn_do(p.b, &query, &answer) == PS_OK);
	CHECK_OCTETS(answer.payload, answer.payload_len, "hello", (size_t)5);
	free(answer.payload);
	CHECK(ps_conn_shutdown(p.a, true) == PS_OK);
	CHECK(ps_conn_join(p.a) == PS_END_EOF);
	CHECK(ps_conn_join(p.b) == PS_END_EOF);
	CHECK(ps_conn_do(p.b, &query, &answer) == PS_ERR_CLOSED);
	close_pair(&p);
}

static void handlers_that_fail_are_answered_by_failures(void)
{
	pair p;
	ps_answer answer;
	open_pair(&p);
	ps_query query = text_query(RAISES, "");
	CHECK(ps_conn_do(p.a, &query, &answer) == PS_OK && !answer.ok);
	CHECK_OCTETS(answer.payload, answer.payload_len, "why", (size_t)3);
	free(answer.payload);
	query.type = INVALID;
	CHECK(ps_conn_do(p.a, &query, &answer) == PS_OK && !answer.ok);
	free(answer.payload);
	close_pair(&p);
}

static void values_out_of_range_are_refused(void)
{
	solo s;
	ps_call *call;
	ps_conn *none;
	open_solo(&s);
	CHECK(ps_call_start(s.conn, &(ps_query){.type = -1}, &call) == PS_ERR_INVALID);
	CHECK(ps_call_start(s.conn, &(ps_query){.flags = -1}, &call) == PS_ERR_INVALID);
	CHECK(ps_call_start(s.conn, &(ps_query){.flags = INT64_MAX}, &call) == PS_ERR_INVALID);
	ps_options options = options_for(&s.g);
	options.packet_grace = -1;
	CHECK(ps_conn_open(s.to, s.from, &options, &none) == PS_ERR_INVALID);
	options.packet_grace = 0;
	CHECK(ps_conn_open(-1, -1, &options, &none) == PS_ERR_SYSTEM);
	CHECK(ps_call_start(s.conn, &(ps_query){.channel = 7}, &call) == PS_OK);
	EXPECT(&s, "\x04\x01\x03\x07\x01"); /* none of the refused ones used a tag */
	ps_call_drop(call);
	close_solo(&s);
}

static void a_hundred_requests_wait_for_each_other(void)
{
	/* 64 handlers run at once; the others are answered when these have been let through. */
	enum { CALLS = 100 };
	pair p;
	ps_call *calls[CALLS];
	open_pair(&p);
	ps_query query = text_query(GATED, "");
	for (int i = 0; i < CALLS; i++)
		CHECK(ps_call_start(p.a, &query, &calls[i]) == PS_OK);
	await_arrivals(&p.g, 64);
	open_gate(&p.g);
	for (int i = 0; i < CALLS; i++) {
		ps_answer answer;
		CHECK(ps_call_wait(calls[i], &answer) == PS_OK && answer.ok);
		free(answer.payload);
	}
	close_pair(&p);
}

enum { REQUESTS = 50000 };

/* write_requests writes requests with different tags, then EOF. It blocks while the receiver pauses. */
static void *write_requests(void *arg)
{
	solo *s = arg;
	for (unsigned i = 0; i < REQUESTS; i++) {
		uint8_t tag[] = {(uint8_t)(0x80 | i >> 14), (uint8_t)(0x80 | (i >> 7 & 0x7f)), i & 0x7f};
		SEND(s, "\x05");
		send_octets(s, (const char *)tag, sizeof tag);
		SEND(s, "\x02\x01");
	}
	SEND(s, eof);
	return NULL;
}

static void too_much_held_pauses_the_receiver_and_everything_arrives(void)
{
	solo s;
	pthread_t writer;
	ps_options options = options_for(NULL);
	options.max_held = 4096;
	open_solo_with(&s, options);
	CHECK(pthread_create(&writer, NULL, write_requests, &s) == 0);
	size_t total = 0, expected = 4;
	for (size_t i = 0; i < REQUESTS; i++)
		expected += i < 128 ? 3 : i < 16384 ? 4 : 5; /* length, shortest tag, word */
	static char chunk[65536];
	for (ssize_t n; (n = read(s.from, chunk, sizeof chunk)) > 0;)
		total += (size_t)n;
	CHECK(total == expected);
	pthread_join(writer, NULL);
	CHECK(ps_conn_join(s.conn) == PS_END_EOF);
	close_solo(&s);
}

static void what_is_held_is_bounded_while_calls_are_pending(void)
{
	solo s;
	ps_call *call;
	ps_answer answer;
	ps_options options = options_for(NULL);
	options.max_held = 4096;
	open_solo_with(&s, options);
	ps_query query = text_query(ECHO, "");
	CHECK(ps_call_start(s.conn, &query, &call) == PS_OK);
	for (int i = 0; i < 400; i++) { /* each waits at the gate or in the queue */
		char request[] = {4, (char)(0x81 + i / 128), (char)(i % 128), 2, 4};
		send_octets(&s, request, sizeof request);
	}
	CHECK(ps_call_wait(call, &answer) == PS_ERR_CANCELLED);
	CHECK(ps_conn_join(s.conn) == PS_END_OVERLOAD);
	open_gate(&s.g);
	close_solo(&s);
}

static void a_payload_above_the_limit_is_malformed(void)
{
	solo s;
	ps_options options = options_for(NULL);
	options.max_payload = 4;
	open_solo_with(&s, options);
	SEND(&s, "\x07\x01\x02\x02" "four");
	EXPECT(&s, "\x06\x01\x04" "four");
	SEND(&s, "\x08\x01\x02\x02");
	CHECK(ps_conn_join(s.conn) == PS_END_MALFORMED);
	EXPECT(&s, eof);
	close_solo(&s);
}

static bool shout(void *user, uint64_t flags, const uint8_t *payload, size_t len, uint8_t **value, size_t *value_len)
{
	(void)user;
	if (len == 0)
		return false;
	*value = malloc(len + 1);
	CHECK(*value);
	memcpy(*value, payload, len);
	(*value)[len] = (uint8_t)('0' + flags);
	*value_len = len + 1;
	return true;
}

static void decoders_replace_the_payload_or_fail(void)
{
	pair p;
	ps_answer answer;
	open_pair(&p);
	ps_query query = text_query(ECHO, "hi");
	query.decoder = shout;
	CHECK(ps_conn_do(p.a, &query, &answer) == PS_OK);
	CHECK_OCTETS(answer.payload, answer.payload_len, "hi5", (size_t)3);
	free(answer.payload);
	query.payload_len = 0;
	CHECK(ps_conn_do(p.a, &query, &answer) == PS_ERR_DECODER);
	close_pair(&p);
}

static void a_socket_serves_both_streams(void)
{
	int fds[2];
	ps_conn *a, *b;
	ps_answer answer;
	gate g;
	gate_init(&g);
	ps_options options = options_for(&g);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	CHECK(ps_conn_open(fds[0], dup(fds[0]), &options, &a) == PS_OK);
	CHECK(ps_conn_open(fds[1], dup(fds[1]), &options, &b) == PS_OK);
	ps_query query = text_query(BIG, "");
	CHECK(ps_conn_do(a, &query, &answer) == PS_OK && answer.payload_len == 1 << 20);
	free(answer.payload);
	CHECK(ps_conn_shutdown(b, false) == PS_OK);
	CHECK(ps_conn_join(a) == PS_END_EOF && ps_conn_join(b) == PS_END_EOF);
	ps_conn_unref(a);
	ps_conn_unref(b);
	await_release(&g, 2);
}

static bool many_ticks(gate *g, int count)
{
	pthread_mutex_lock(&g->mutex);
	bool many = g->arrived >= count;
	pthread_mutex_unlock(&g->mutex);
	return many;
}

static void count_tick(void *user, const uint8_t *octets, size_t len)
{
	gate *g = user;
	CHECK(octets && len > 0);
	pthread_mutex_lock(&g->mutex);
	g->arrived++;
	pthread_mutex_unlock(&g->mutex);
}

static void ticks_count_packets(void)
{
	solo s;
	ps_options options = options_for(NULL);
	options.tick = count_tick;
	open_solo_with(&s, options);
	SEND(&s, "\x03\x01\x02\x02\x03\x02\x02\x02");
	EXPECT(&s, "\x02");
	SEND(&s, eof);
	CHECK(ps_conn_join(s.conn) == PS_END_EOF);
	CHECK(ps_conn_shutdown(s.conn, true) == PS_OK);
	CHECK(many_ticks(&s.g, 6)); /* two requests, two answers, two EOFs */
	close_solo(&s);
}

int main(void)
{
	alarm(120); /* a deadlock ends the program */
	RUN(requests_are_answered_in_both_directions);
	RUN(handlers_that_fail_are_answered_by_failures);
	RUN(values_out_of_range_are_refused);
	RUN(a_hundred_requests_wait_for_each_other);
	RUN(too_much_held_pauses_the_receiver_and_everything_arrives);
	RUN(what_is_held_is_bounded_while_calls_are_pending);
	RUN(a_payload_above_the_limit_is_malformed);
	RUN(decoders_replace_the_payload_or_fail);
	RUN(a_socket_serves_both_streams);
	RUN(ticks_count_packets);
	return 0;
}
