#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

enum { HANDLER_STACK = 1024 * 1024 };

static _Thread_local const ps_conn *handling; /* the connection whose handler this thread runs */

bool psi_handling(const ps_conn *conn)
{
	return handling == conn;
}

bool ps_result_set(ps_result *result, unsigned form, int64_t flags, const void *data, size_t len)
{
	uint8_t *copy = NULL;
	if (len > 0) {
		copy = malloc(len);
		if (!copy)
			return false;
		memcpy(copy, data, len);
	}
	free(result->data);
	*result = (ps_result){.form = form, .flags = flags, .data = copy, .len = len};
	return true;
}

/* respond_locked queues a response. A connection that cannot hold it, and so would keep its peer
 * waiting forever, ends. */
static void respond_locked(ps_conn *conn, uint64_t channel, uint64_t tag, uint64_t flags, const void *payload, size_t len)
{
	ps_packet packet = {.channel = channel, .tag = tag, .flags = flags, .payload = payload, .payload_len = len};
	if (!psi_queue_locked(conn, &packet))
		psi_abort_locked(conn, PS_END_OVERLOAD);
}

/* answer_locked turns the outcome of a handler into a response. */
static void answer_locked(ps_conn *conn, const psi_incoming *request, bool raised, const ps_result *result)
{
	static const char invalid[] = "the handler returned an invalid result";
	bool has_flags = result->form & PS_FLAGS;
	bool has_data = result->form & (PS_OCTETS | PS_TEXT);
	bool valid = result->form <= PS_TEXT && (!has_flags || (result->flags >= 0 && result->flags <= PS_MAX_RESULT_FLAGS)) &&
	             (result->form != PS_TEXT || psi_is_utf8(result->data, result->len));
	uint64_t tag = request->node.tag;
	if (raised)
		respond_locked(conn, 0, tag, 0, result->data, result->len);
	else if (!valid)
		respond_locked(conn, 0, tag, 0, invalid, sizeof invalid - 1);
	else
		respond_locked(conn, 0, tag, (has_flags ? (uint64_t)result->flags << 1 : 0) | 1, has_data ? result->data : NULL,
		               has_data ? result->len : 0);
}

/* forget_locked ends a request: its tag is free, and its memory. */
static void forget_locked(ps_conn *conn, psi_incoming *request)
{
	psi_table_remove(&conn->in_flight, request->node.channel, request->node.tag);
	conn->held -= sizeof *request + request->payload_len;
	free(request->payload);
	free(request);
}

static psi_incoming *shift_locked(ps_conn *conn)
{
	psi_incoming *request = conn->first;
	conn->first = request->next;
	if (!conn->first)
		conn->last = NULL;
	conn->queued--;
	return request;
}

void psi_discard_locked(ps_conn *conn)
{
	while (conn->first)
		forget_locked(conn, shift_locked(conn));
}

/* handle runs the handler for one request, and answers it. */
static void handle(ps_conn *conn, psi_incoming *request)
{
	ps_request rq = {request->type, request->flags, request->payload, request->payload_len, request->number};
	ps_result result = {.form = PS_NOTHING};
	handling = conn;
	bool raised = !conn->options.handler(conn->options.user, conn, &rq, &result);
	handling = NULL;
	pthread_mutex_lock(&conn->mutex);
	answer_locked(conn, request, raised, &result);
	forget_locked(conn, request);
	psi_relax_locked(conn);
	psi_wake_set_locked(&conn->send_wake); /* the moment of EOF may have come */
	pthread_mutex_unlock(&conn->mutex);
	free(result.data);
}

/* work runs handlers until the connection is shut down and none is left to run. */
static void *work(void *arg)
{
	ps_conn *conn = arg;
	pthread_mutex_lock(&conn->mutex);
	while (!conn->aborted && !(conn->shut && !conn->first)) {
		/* A handler's answer may be far longer than its request, so none starts while too much
		 * waits to be sent. */
		if (!conn->first || psi_outgoing_locked(conn) > conn->options.max_held) {
			pthread_cond_wait(&conn->work, &conn->mutex);
			continue;
		}
		psi_incoming *request = shift_locked(conn);
		conn->busy++;
		pthread_mutex_unlock(&conn->mutex);
		handle(conn, request);
		pthread_mutex_lock(&conn->mutex);
		conn->busy--;
	}
	conn->workers--;
	psi_leave_locked(conn);
	return NULL;
}

/* enqueue_locked passes a request to a worker. It returns false if none can ever run it. */
static bool enqueue_locked(ps_conn *conn, psi_incoming *request)
{
	size_t free_workers = conn->workers - conn->busy;
	if (conn->queued < free_workers) {
		pthread_cond_signal(&conn->work);
	} else if (conn->workers < conn->options.max_handlers) {
		if (psi_start_locked(conn, work, HANDLER_STACK))
			conn->workers++;
		else if (conn->workers == 0)
			return false;
	}
	if (conn->last)
		conn->last->next = request;
	else
		conn->first = request;
	conn->last = request;
	conn->queued++;
	request->number = ++conn->accepted;
	conn->held += sizeof *request + request->payload_len;
	return true;
}

/* refuse_locked answers a request that no handler gets. */
static void refuse_locked(ps_conn *conn, const ps_packet *packet, uint8_t *payload, const char *why)
{
	respond_locked(conn, packet->channel, packet->tag, 0, why, strlen(why));
	free(payload);
}

void psi_accept_locked(ps_conn *conn, const ps_packet *packet, uint8_t *payload)
{
	char unknown[64];
	const char *why = NULL;
	if (conn->shut) {
		why = "the connection is shut down";
	} else if (packet->channel != 0) {
		snprintf(unknown, sizeof unknown, "channel %" PRIu64 " is not served", packet->channel);
		why = unknown;
	} else if (!conn->options.handler) {
		why = "there is no handler";
	} else if (psi_table_find(&conn->in_flight, 0, packet->tag)) {
		why = "a request with this tag is in flight";
	}
	if (why) {
		refuse_locked(conn, packet, payload, why);
		return;
	}
	psi_incoming *request = calloc(1, sizeof *request);
	if (!request) {
		refuse_locked(conn, packet, payload, "out of memory");
		return;
	}
	request->node.tag = packet->tag;
	request->type = packet->type - 1;
	request->flags = packet->flags;
	request->payload = payload;
	request->payload_len = packet->payload_len;
	if (!psi_table_add(&conn->in_flight, &request->node)) {
		free(request);
		refuse_locked(conn, packet, payload, "out of memory");
	} else if (!enqueue_locked(conn, request)) {
		psi_table_remove(&conn->in_flight, 0, packet->tag);
		free(request);
		refuse_locked(conn, packet, payload, "no thread can run the handler");
	}
}
