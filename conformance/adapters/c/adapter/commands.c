#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"

/* ---- requests ---- */

/* read_query reads what to request. The payload becomes the caller's. */
static bool read_query(const command *c, ps_query *query, uint8_t **payload)
{
	decimal type, flags, channel;
	const char *decoder = field_text(c, "decode");
	*query = (ps_query){0};
	*payload = NULL;
	if (!json_get(c->fields, "rq_type") || !field_decimal(c->fields, "rq_type", &type) ||
	    !field_decimal(c->fields, "flags", &flags) || !field_decimal(c->fields, "channel", &channel) ||
	    type.magnitude > INT64_MAX || flags.magnitude > INT64_MAX || channel.negative)
		return false;
	query->type = type.negative ? -(int64_t)type.magnitude : (int64_t)type.magnitude;
	query->flags = flags.negative ? -(int64_t)flags.magnitude : (int64_t)flags.magnitude;
	query->channel = channel.magnitude;
	if (decoder && strcmp(decoder, "reverse") == 0)
		query->decoder = decode_reverse;
	else if (decoder && strcmp(decoder, "flags") == 0)
		query->decoder = decode_flags;
	else if (decoder && strcmp(decoder, "raise") == 0)
		query->decoder = decode_raise;
	else if (decoder)
		return false;
	if (!field_octets(c->fields, "payload", payload, &query->payload_len))
		return false;
	query->payload = *payload;
	return true;
}

static void reply_answer(const command *c, ps_status status, ps_answer *answer)
{
	if (status != PS_OK) {
		reply_status(c, status);
		return;
	}
	text fields = {0};
	text_format(&fields, "\"ok\":%s,\"flags\":\"%" PRIu64 "\",\"payload\":", answer->ok ? "true" : "false", answer->flags);
	text_hex(&fields, answer->payload, answer->payload_len);
	reply_text(c, &fields);
	free(fields.data);
	free(answer->payload);
}

static void request(const command *c, connection *conn, bool wait)
{
	ps_query query;
	uint8_t *payload;
	ps_call *call;
	const char *call_name = field_text(c, "call");
	if (!read_query(c, &query, &payload) || (!wait && !call_name)) {
		reply_error(c, "invalid", "a value is missing, or is one that this implementation cannot request");
		free(payload);
		return;
	}
	ps_status status = ps_call_start(conn->conn, &query, &call);
	free(payload);
	if (status != PS_OK) {
		reply_status(c, status);
		return;
	}
	if (wait) {
		ps_answer answer;
		status = ps_call_wait(call, &answer);
		reply_answer(c, status, &answer);
		return;
	}
	named_call *entry = need(calloc(1, sizeof *entry));
	entry->name = copy_text(call_name);
	entry->call = call;
	pthread_mutex_lock(&conn->mutex);
	bool closed = conn->closed;
	if (!closed) {
		entry->next = conn->calls;
		conn->calls = entry;
	}
	pthread_mutex_unlock(&conn->mutex);
	if (closed) {
		ps_call_drop(call);
		free(entry->name);
		free(entry);
	}
	reply(c, "%s", "");
}

static void wait_for_call(const command *c, connection *conn)
{
	const char *call_name = field_text(c, "call");
	pthread_mutex_lock(&conn->mutex);
	named_call **at = &conn->calls;
	while (*at && (!call_name || strcmp((*at)->name, call_name) != 0))
		at = &(*at)->next;
	named_call *entry = *at;
	if (entry)
		*at = entry->next;
	pthread_mutex_unlock(&conn->mutex);
	if (!entry) {
		reply_error(c, "internal", "no such call");
		return;
	}
	ps_answer answer;
	ps_status status = ps_call_wait(entry->call, &answer);
	free(entry->name);
	free(entry);
	reply_answer(c, status, &answer);
}

/* ---- the other commands ---- */

static void release_gate(const command *c, connection *conn)
{
	const char *gate = field_text(c, "gate");
	name *entry = need(calloc(1, sizeof *entry));
	entry->text = copy_text(gate ? gate : "");
	pthread_mutex_lock(&conn->mutex);
	entry->next = conn->released;
	conn->released = entry;
	pthread_cond_broadcast(&conn->gate);
	pthread_mutex_unlock(&conn->mutex);
	reply(c, "%s", "");
}

/* put_seen writes the requests from the first to the last; the list has the last first. */
static void put_seen(const command *c, connection *conn)
{
	text fields = {0};
	pthread_mutex_lock(&conn->mutex);
	size_t count = 0, i = 0;
	for (const seen *s = conn->last_seen; s; s = s->next)
		count++;
	const seen **list = need(calloc(count + 1, sizeof *list));
	for (const seen *s = conn->last_seen; s; s = s->next)
		list[count - ++i] = s;
	text_format(&fields, "\"calls\":[");
	for (i = 0; i < count; i++) {
		text_format(&fields, "%s{\"rq_type\":\"%" PRIu64 "\",\"flags\":\"%" PRIu64 "\",\"payload\":", i ? "," : "", list[i]->type, list[i]->flags);
		text_hex(&fields, list[i]->payload, list[i]->payload_len);
		text_format(&fields, "}");
	}
	text_format(&fields, "]");
	pthread_mutex_unlock(&conn->mutex);
	reply_text(c, &fields);
	free(fields.data);
	free(list);
}

static void put_ticks(const command *c, connection *conn)
{
	text fields = {0};
	text_format(&fields, "\"ticks\":[");
	pthread_mutex_lock(&conn->mutex);
	for (const tick *t = conn->last_tick; t; t = t->next) {
		text_hex(&fields, t->octets, t->len);
		if (t->next)
			text_format(&fields, ",");
	}
	pthread_mutex_unlock(&conn->mutex);
	text_format(&fields, "]");
	reply_text(c, &fields);
	free(fields.data);
}

static void join(const command *c, connection *conn)
{
	switch (ps_conn_join(conn->conn)) {
	case PS_END_EOF: reply(c, "\"ended\":\"eof\""); break;
	case PS_END_MALFORMED:
	case PS_END_OVERLOAD: reply(c, "\"ended\":\"malformed\""); break;
	default: reply(c, "\"ended\":\"cut\""); break;
	}
}

/* ---- jobs ---- */

/* A job is a command on a connection, some in a thread of their own. */
typedef struct job {
	command command;
	connection *conn;
} job;

static void finish(job *j)
{
	ps_conn_unref(j->conn->conn);
	drop_connection(j->conn);
	json_free(j->command.fields);
	free(j);
}

static void *run_job(void *arg)
{
	job *j = arg;
	const command *c = &j->command;
	if (strcmp(c->op, "request") == 0)
		request(c, j->conn, false);
	else if (strcmp(c->op, "do") == 0)
		request(c, j->conn, true);
	else if (strcmp(c->op, "wait") == 0)
		wait_for_call(c, j->conn);
	else if (strcmp(c->op, "join") == 0)
		join(c, j->conn);
	else if (strcmp(c->op, "shutdown") == 0) {
		ps_conn_shutdown(j->conn->conn, field_true(c, "block"));
		reply(c, "%s", "");
	} else if (strcmp(c->op, "release") == 0)
		release_gate(c, j->conn);
	else if (strcmp(c->op, "seen") == 0)
		put_seen(c, j->conn);
	else if (strcmp(c->op, "ticks") == 0)
		put_ticks(c, j->conn);
	else {
		forget_connection(j->conn);
		reply(c, "%s", "");
	}
	finish(j);
	return NULL;
}

static bool one_of(const char *op, const char *const *list)
{
	while (*list && strcmp(*list, op) != 0)
		list++;
	return *list;
}

static void start_job(job *j)
{
	pthread_attr_t attributes;
	pthread_t thread;
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, (size_t)256 * 1024);
	int failed = pthread_create(&thread, &attributes, run_job, j);
	pthread_attr_destroy(&attributes);
	if (failed) {
		reply_error(&j->command, "internal", strerror(failed));
		finish(j);
	}
}

void run_command(command c)
{
	static const char *const slow[] = {"request", "do", "wait", "join", "shutdown", NULL};
	static const char *const quick[] = {"release", "seen", "ticks", "close", NULL};
	connection *conn = NULL;
	if (codec_command(&c)) {
		/* done */
	} else if (strcmp(c.op, "hello") == 0) {
		reply(&c, "\"version\":1,\"name\":\"packetstream in C\",\"release\":\"1.0\",\"language\":\"C\",\"supports\":["
		          "\"equal\",\"string\",\"grace\",\"tick\",\"decode-response\",\"decode-flags\",\"invalid-reply\","
		          "\"negative\",\"channels\",\"end-reason\"%s]", use_sockets ? ",\"sockets\"" : "");
	} else if (strcmp(c.op, "open") == 0) {
		open_connection(&c);
	} else if (!one_of(c.op, slow) && !one_of(c.op, quick)) {
		reply_error(&c, "unsupported", "no such command");
	} else if (!(conn = find_connection(field_text(&c, "conn")))) {
		reply_error(&c, "internal", "no such connection");
	} else {
		job *j = need(calloc(1, sizeof *j));
		*j = (job){c, conn};
		if (one_of(c.op, slow))
			start_job(j);
		else
			run_job(j);
		return;
	}
	json_free(c.fields);
}
