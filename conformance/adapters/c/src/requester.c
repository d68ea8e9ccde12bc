#include <stdlib.h>

#include "internal.h"

/* resolve_locked gives a call its answer, or cancels it, and wakes the thread that waits. */
static void resolve_locked(ps_call *call, bool cancelled, ps_answer answer)
{
	call->waiting = false;
	call->cancelled = cancelled;
	call->answer = answer;
	pthread_cond_signal(&call->answered);
}

/* release_locked frees a call, and drops its reference. It unlocks. */
static void release_locked(ps_call *call)
{
	ps_conn *conn = call->conn;
	pthread_cond_destroy(&call->answered);
	free(call);
	psi_leave_locked(conn);
}

/* finish_locked resolves a call that is pending no more. The caller holds a reference. */
static void finish_locked(ps_conn *conn, ps_call *call, bool cancelled, ps_answer answer)
{
	resolve_locked(call, cancelled, answer);
	if (call->dropped) {
		free(answer.payload);
		pthread_cond_destroy(&call->answered);
		free(call);
		conn->refs--;
	}
}

void psi_answer_locked(ps_conn *conn, const ps_packet *packet, uint8_t *payload)
{
	psi_node *node = psi_table_remove(&conn->pending, packet->channel, packet->tag);
	if (!node) {
		free(payload); /* ignored (RSP-5, RSP-6) */
		return;
	}
	ps_answer answer = {packet->flags & 1, packet->flags >> 1, payload, packet->payload_len};
	finish_locked(conn, (ps_call *)node, false, answer);
	if (conn->pending.count == 0)
		pthread_cond_broadcast(&conn->changed);
}

void psi_cancel_locked(ps_conn *conn)
{
	for (psi_node *node = psi_table_take(&conn->pending), *next; node; node = next) {
		next = node->next;
		finish_locked(conn, (ps_call *)node, true, (ps_answer){0});
	}
}

ps_status ps_call_start(ps_conn *conn, const ps_query *query, ps_call **result)
{
	if (query->type < 0 || query->flags < 0 || (uint64_t)query->flags > PS_MAX_FLAGS)
		return PS_ERR_INVALID;
	ps_call *call = calloc(1, sizeof *call);
	if (!call)
		return PS_ERR_NO_MEMORY;
	if (pthread_cond_init(&call->answered, NULL) != 0) {
		free(call);
		return PS_ERR_SYSTEM;
	}
	call->conn = conn;
	call->waiting = true;
	call->decoder = query->decoder;
	call->decoder_user = query->decoder_user;

	pthread_mutex_lock(&conn->mutex);
	conn->refs++;
	while (!conn->shut && !conn->sent && psi_outgoing_locked(conn) > conn->options.max_held)
		pthread_cond_wait(&conn->changed, &conn->mutex);
	if (conn->shut || conn->sent) {
		release_locked(call);
		return PS_ERR_CLOSED;
	}
	ps_packet packet = {
		.is_request = true,
		.channel = call->node.channel = query->channel,
		.tag = call->node.tag = conn->last_tag + 1,
		.flags = (uint64_t)query->flags,
		.type = (uint64_t)query->type + 1,
		.payload = query->payload,
		.payload_len = query->payload_len,
	};
	if (!psi_table_add(&conn->pending, &call->node)) {
		release_locked(call);
		return PS_ERR_NO_MEMORY;
	}
	if (!psi_queue_locked(conn, &packet)) {
		psi_table_remove(&conn->pending, packet.channel, packet.tag);
		release_locked(call);
		return PS_ERR_NO_MEMORY;
	}
	conn->last_tag++;
	psi_relax_locked(conn);
	pthread_mutex_unlock(&conn->mutex);
	*result = call;
	return PS_OK;
}

/* decode replaces the payload of an ok answer by what the decoder makes of it. */
static ps_status decode(ps_decoder *decoder, void *user, ps_answer *answer)
{
	uint8_t *value = NULL;
	size_t len = 0;
	bool decoded = decoder(user, answer->flags, answer->payload, answer->payload_len, &value, &len);
	free(answer->payload);
	if (!decoded)
		return PS_ERR_DECODER;
	answer->payload = value;
	answer->payload_len = len;
	return PS_OK;
}

ps_status ps_call_wait(ps_call *call, ps_answer *answer)
{
	ps_conn *conn = call->conn;
	pthread_mutex_lock(&conn->mutex);
	while (call->waiting)
		pthread_cond_wait(&call->answered, &conn->mutex);
	bool cancelled = call->cancelled;
	ps_answer got = call->answer;
	ps_decoder *decoder = call->decoder;
	void *user = call->decoder_user;
	release_locked(call);
	ps_status status = cancelled ? PS_ERR_CANCELLED : PS_OK;
	if (!cancelled && got.ok && decoder)
		status = decode(decoder, user, &got);
	if (status == PS_OK)
		*answer = got;
	return status;
}

void ps_call_drop(ps_call *call)
{
	pthread_mutex_t *mutex = &call->conn->mutex;
	pthread_mutex_lock(mutex);
	if (call->waiting) {
		call->dropped = true;
		pthread_mutex_unlock(mutex);
		return;
	}
	free(call->answer.payload);
	release_locked(call);
}

ps_status ps_conn_do(ps_conn *conn, const ps_query *query, ps_answer *answer)
{
	ps_call *call;
	ps_status status = ps_call_start(conn, query, &call);
	return status == PS_OK ? ps_call_wait(call, answer) : status;
}
