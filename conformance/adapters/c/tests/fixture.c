#include "fixture.h"

void gate_init(gate *g)
{
	memset(g, 0, sizeof *g);
	pthread_mutex_init(&g->mutex, NULL);
	pthread_cond_init(&g->changed, NULL);
}

static void arrive_and_wait(gate *g)
{
	pthread_mutex_lock(&g->mutex);
	g->arrived++;
	pthread_cond_broadcast(&g->changed);
	while (!g->open)
		pthread_cond_wait(&g->changed, &g->mutex);
	pthread_mutex_unlock(&g->mutex);
}

void await_arrivals(gate *g, int count)
{
	pthread_mutex_lock(&g->mutex);
	while (g->arrived < count)
		pthread_cond_wait(&g->changed, &g->mutex);
	pthread_mutex_unlock(&g->mutex);
}

void open_gate(gate *g)
{
	pthread_mutex_lock(&g->mutex);
	g->open = true;
	pthread_cond_broadcast(&g->changed);
	pthread_mutex_unlock(&g->mutex);
}

static void gate_release(void *user)
{
	gate *g = user;
	pthread_mutex_lock(&g->mutex);
	g->released++;
	pthread_cond_broadcast(&g->changed);
	pthread_mutex_unlock(&g->mutex);
}

void await_release(gate *g, int count)
{
	pthread_mutex_lock(&g->mutex);
	while (g->released < count)
		pthread_cond_wait(&g->changed, &g->mutex);
	pthread_mutex_unlock(&g->mutex);
}

static bool handler(void *user, ps_conn *conn, const ps_request *rq, ps_result *result)
{
	ps_query query = {.type = ECHO, .payload = rq->payload, .payload_len = rq->payload_len};
	ps_answer answer;
	switch (rq->type) {
	case ECHO:
		return ps_result_set(result, PS_FLAGS_AND_OCTETS, (int64_t)rq->flags, rq->payload, rq->payload_len);
	case NESTED:
		if (ps_conn_do(conn, &query, &answer) != PS_OK)
			return false;
		*result = (ps_result){.form = PS_OCTETS, .data = answer.payload, .len = answer.payload_len};
		return true;
	case GATED:
		arrive_and_wait(user);
		return true;
	case BLOCKING_SHUTDOWN:
		return ps_result_set(result, PS_FLAGS, ps_conn_shutdown(conn, true), NULL, 0);
	case INVALID:
		return ps_result_set(result, PS_FLAGS | PS_TEXT, 1, "x", 1);
	case RAISES:
		ps_result_set(result, PS_TEXT, 0, "why", 3);
		return false;
	case BIG:
		result->form = PS_OCTETS;
		result->len = 1 << 20;
		result->data = calloc(1, result->len);
		return result->data;
	default:
		return true;
	}
}

ps_options options_for(gate *g)
{
	ps_options options;
	ps_options_init(&options);
	options.packet_grace = 0;
	options.handler = handler;
	options.user = g;
	options.release = gate_release;
	return options;
}

void open_pair(pair *p)
{
	int ab[2], ba[2];
	gate_init(&p->g);
	ps_options options = options_for(&p->g);
	CHECK(pipe(ab) == 0 && pipe(ba) == 0);
	CHECK(ps_conn_open(ba[0], ab[1], &options, &p->a) == PS_OK);
	CHECK(ps_conn_open(ab[0], ba[1], &options, &p->b) == PS_OK);
}

void close_pair(pair *p)
{
	ps_conn_unref(p->a);
	ps_conn_unref(p->b);
	await_release(&p->g, 2);
}

void open_solo_with(solo *s, ps_options options)
{
	int in[2], out[2];
	gate_init(&s->g);
	options.user = &s->g;
	CHECK(pipe(in) == 0 && pipe(out) == 0);
	CHECK(ps_conn_open(in[0], out[1], &options, &s->conn) == PS_OK);
	s->to = in[1];
	s->from = out[0];
}

void open_solo(solo *s)
{
	open_solo_with(s, options_for(NULL));
}

void send_octets(solo *s, const char *octets, size_t len)
{
	CHECK(write(s->to, octets, len) == (ssize_t)len);
}

void expect_octets(solo *s, const char *octets, size_t len)
{
	char got[64];
	size_t have = 0;
	while (have < len) {
		ssize_t n = read(s->from, got + have, len - have);
		CHECK(n > 0);
		have += (size_t)n;
	}
	CHECK_OCTETS(got, have, octets, len);
}

void expect_end(solo *s)
{
	char octet;
	CHECK(read(s->from, &octet, 1) == 0);
}

void close_solo(solo *s)
{
	ps_conn_unref(s->conn);
	await_release(&s->g, 1);
	close(s->to);
	close(s->from);
}

const char eof[5] = "\x03\x00\x02\x00";

ps_query text_query(int64_t type, const char *payload)
{
	return (ps_query){.type = type, .flags = 5, .payload = payload, .payload_len = strlen(payload)};
}
