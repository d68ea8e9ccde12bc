#include "fixture.h"

static void a_handler_cannot_wait_for_itself(void)
{
	pair p;
	ps_answer answer;
	open_pair(&p);
	ps_query query = text_query(BLOCKING_SHUTDOWN, "");
	CHECK(ps_conn_do(p.a, &query, &answer) == PS_OK);
	CHECK(answer.ok && answer.flags == PS_ERR_DEADLOCK);
	free(answer.payload);
	CHECK(ps_conn_join(p.a) == PS_END_EOF); /* the shutdown stands */
	close_pair(&p);
}

static void the_end_of_the_stream_cancels_and_is_reported(void)
{
	static const struct {
		const char *octets;
		size_t len;
		ps_end end;
	} ends[] = {
		{"\x03\x00\x02\x00", 4, PS_END_EOF},
		{"\x05\x80\x00\x03\x00\x00", 6, PS_END_EOF}, /* overlong, channel 0 written */
		{"", 0, PS_END_CUT},
		{"\x05\x01", 2, PS_END_CUT},
		{"\x03\x01\x02\x00", 4, PS_END_MALFORMED},
		{"\x04\x00\x02\x00!", 5, PS_END_MALFORMED},
		{"\x00", 1, PS_END_MALFORMED},
	};
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		solo s;
		ps_call *call, *dropped;
		ps_answer answer;
		open_solo(&s);
		ps_query query = text_query(ECHO, "");
		CHECK(ps_call_start(s.conn, &query, &call) == PS_OK);
		CHECK(ps_call_start(s.conn, &query, &dropped) == PS_OK);
		ps_call_drop(dropped);
		EXPECT(&s, "\x03\x01\x16\x02\x03\x02\x16\x02");
		send_octets(&s, ends[i].octets, ends[i].len);
		close(s.to);
		s.to = dup(s.from);
		CHECK(ps_call_wait(call, &answer) == PS_ERR_CANCELLED);
		CHECK(ps_conn_join(s.conn) == ends[i].end);
		EXPECT(&s, eof);
		expect_end(&s);
		close_solo(&s);
	}
}

static void answers_come_before_eof_and_refusals_name_the_reason(void)
{
	solo s;
	open_solo(&s);
	SEND(&s, "\x04\x09\x03\x07\x01"); /* channel 7 */
	EXPECT(&s, "\x1a\x09\x01\x07" "channel 7 is not served");
	SEND(&s, "\x03\x01\x02\x04"); /* gated */
	await_arrivals(&s.g, 1);
	SEND(&s, "\x03\x01\x02\x02"); /* the same tag */
	EXPECT(&s, "\x26\x01\x00" "a request with this tag is in flight");
	CHECK(ps_conn_shutdown(s.conn, false) == PS_OK);
	SEND(&s, "\x03\x02\x02\x02");
	EXPECT(&s, "\x1d\x02\x00" "the connection is shut down");
	open_gate(&s.g);
	EXPECT(&s, "\x02\x01\x04");
	EXPECT(&s, eof);
	expect_end(&s);
	close_solo(&s);
}

static void a_blocking_shutdown_outlives_a_peer_that_reads_no_more(void)
{
	solo s;
	open_solo(&s);
	SEND(&s, "\x03\x01\x02\x04"); /* gated */
	await_arrivals(&s.g, 1);
	close(s.from); /* nothing is written, so a poll alone can find out */
	s.from = dup(s.to);
	CHECK(ps_conn_shutdown(s.conn, true) == PS_OK);
	open_gate(&s.g);
	close_solo(&s);
}

static void *join_in_thread(void *conn)
{
	ps_end *end = malloc(sizeof *end);
	CHECK(end);
	*end = ps_conn_join(conn);
	ps_conn_unref(conn);
	return end;
}

static void *shutdown_in_thread(void *conn)
{
	ps_conn_shutdown(conn, true);
	ps_conn_unref(conn);
	return NULL;
}

static void an_abort_wakes_everybody(void)
{
	solo s;
	pthread_t joiner, stopper;
	ps_call *call;
	ps_answer answer;
	void *end;
	open_solo(&s);
	SEND(&s, "\x03\x01\x02\x04"); /* gated: its handler goes on after the abort */
	await_arrivals(&s.g, 1);
	ps_query query = text_query(ECHO, "");
	CHECK(ps_call_start(s.conn, &query, &call) == PS_OK);
	CHECK(pthread_create(&joiner, NULL, join_in_thread, ps_conn_ref(s.conn)) == 0);
	CHECK(pthread_create(&stopper, NULL, shutdown_in_thread, ps_conn_ref(s.conn)) == 0);
	ps_conn_abort(s.conn);
	CHECK(ps_call_wait(call, &answer) == PS_ERR_CANCELLED);
	pthread_join(joiner, &end);
	CHECK(*(ps_end *)end == PS_END_ABORTED);
	free(end);
	pthread_join(stopper, NULL);
	open_gate(&s.g);
	close_solo(&s);
}

static void *fill(void *arg)
{
	/* More than a pipe and the queue hold: this thread waits in ps_call_start. */
	ps_conn *conn = arg;
	static const char payload[65536];
	ps_query query = {.type = ECHO, .payload = payload, .payload_len = sizeof payload};
	ps_call *call;
	while (ps_call_start(conn, &query, &call) == PS_OK)
		ps_call_drop(call);
	ps_conn_unref(conn);
	return NULL;
}

static void back_pressure_ends_with_the_connection(void)
{
	solo s;
	pthread_t filler;
	ps_options options = options_for(NULL);
	options.max_held = 1 << 20;
	open_solo_with(&s, options);
	CHECK(pthread_create(&filler, NULL, fill, ps_conn_ref(s.conn)) == 0);
	EXPECT(&s, "\x84\x80\x03\x01\x02\x02"); /* the first header */
	SEND(&s, eof);
	pthread_join(filler, NULL);
	CHECK(ps_conn_join(s.conn) == PS_END_EOF);
	close_solo(&s);
}

static void connections_end_at_any_moment(void)
{
	for (int i = 0; i < 300; i++) {
		pair p;
		ps_call *calls[3];
		ps_answer answer;
		open_pair(&p);
		ps_query query = text_query(NESTED, "x");
		int started = 0;
		while (started < 3 && ps_call_start(started % 2 ? p.b : p.a, &query, &calls[started]) == PS_OK)
			started++;
		if (i % 3 == 0)
			ps_conn_shutdown(p.b, false);
		if (i % 3 == 1)
			ps_conn_abort(p.b);
		for (int j = 0; j < started; j++)
			if (j == i % 4)
				ps_call_drop(calls[j]);
			else if (ps_call_wait(calls[j], &answer) == PS_OK)
				free(answer.payload);
		close_pair(&p);
	}
}

int main(void)
{
	alarm(120); /* a deadlock ends the program */
	RUN(a_handler_cannot_wait_for_itself);
	RUN(the_end_of_the_stream_cancels_and_is_reported);
	RUN(answers_come_before_eof_and_refusals_name_the_reason);
	RUN(a_blocking_shutdown_outlives_a_peer_that_reads_no_more);
	RUN(an_abort_wakes_everybody);
	RUN(back_pressure_ends_with_the_connection);
	RUN(connections_end_at_any_moment);
	return 0;
}
