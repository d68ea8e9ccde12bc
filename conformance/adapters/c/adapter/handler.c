#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"

enum { MAX_OCTETS = 64 << 20 }; /* that type 8 returns */

/* record notes a request in the order of arrival: handlers begin in any order. */
static void record(connection *conn, const ps_request *request)
{
	seen *entry = need(calloc(1, sizeof *entry));
	entry->number = request->number;
	entry->type = request->type;
	entry->flags = request->flags;
	entry->payload = need(malloc(request->payload_len + 1));
	entry->payload_len = request->payload_len;
	if (request->payload_len)
		memcpy(entry->payload, request->payload, request->payload_len);
	pthread_mutex_lock(&conn->mutex);
	seen **at = &conn->last_seen;
	while (*at && (*at)->number > entry->number)
		at = &(*at)->next;
	entry->next = *at;
	*at = entry;
	pthread_mutex_unlock(&conn->mutex);
}

static bool is_released(const connection *conn, const char *gate)
{
	for (const name *released = conn->released; released; released = released->next)
		if (strcmp(released->text, gate) == 0)
			return true;
	return false;
}

/* wait_at_gate reports false if the connection was closed instead. */
static bool wait_at_gate(connection *conn, const char *gate)
{
	pthread_mutex_lock(&conn->mutex);
	while (!conn->closed && !is_released(conn, gate))
		pthread_cond_wait(&conn->gate, &conn->mutex);
	bool closed = conn->closed;
	pthread_mutex_unlock(&conn->mutex);
	return !closed;
}

static bool nested(ps_conn *conn, const ps_request *request, ps_result *result)
{
	ps_query query = {.type = 2, .payload = request->payload, .payload_len = request->payload_len};
	ps_answer answer;
	if (ps_conn_do(conn, &query, &answer) != PS_OK)
		return false;
	*result = (ps_result){.form = PS_OCTETS, .data = answer.payload, .len = answer.payload_len};
	return true;
}

static bool many_octets(const char *digits, ps_result *result)
{
	decimal count;
	if (!decimal_read(digits, &count) || count.negative || count.magnitude > MAX_OCTETS)
		return false;
	*result = (ps_result){.form = PS_OCTETS, .len = (size_t)count.magnitude};
	result->data = need(malloc(result->len + 1));
	for (size_t i = 0; i < result->len; i++)
		result->data[i] = (uint8_t)(i % 251);
	return true;
}

static bool invalid_reply(const char *which, ps_result *result)
{
	if (strcmp(which, "negative") == 0)
		return ps_result_set(result, PS_FLAGS, -1, NULL, 0);
	if (strcmp(which, "int-str") == 0)
		return ps_result_set(result, PS_FLAGS | PS_TEXT, 5, "text", 4);
	if (strcmp(which, "float") == 0)
		return ps_result_set(result, 100, 0, NULL, 0); /* in C a form that the header does not list */
	if (strcmp(which, "list3") == 0)
		return ps_result_set(result, PS_FLAGS | PS_OCTETS | PS_TEXT, 1, "three", 5);
	return false;
}

static bool reversed(const uint8_t *octets, size_t len, uint8_t **result)
{
	uint8_t *copy = malloc(len + 1);
	if (!copy)
		return false;
	for (size_t i = 0; i < len; i++)
		copy[i] = octets[len - 1 - i];
	*result = copy;
	return true;
}

/* with_text runs the types whose payload is a text. */
static bool with_text(connection *conn, const ps_request *request, ps_result *result)
{
	char *payload = need(malloc(request->payload_len + 1));
	if (request->payload_len)
		memcpy(payload, request->payload, request->payload_len);
	payload[request->payload_len] = '\0';
	bool done;
	if (request->type == 6)
		done = wait_at_gate(conn, payload) && ps_result_set(result, PS_OCTETS, 0, payload, request->payload_len);
	else if (request->type == 8)
		done = many_octets(payload, result);
	else
		done = invalid_reply(payload, result);
	free(payload);
	return done;
}

bool standard_handler(void *user, ps_conn *conn, const ps_request *request, ps_result *result)
{
	record(user, request);
	const uint8_t *payload = request->payload;
	size_t len = request->payload_len;
	int64_t flags = request->flags > INT64_MAX ? -1 : (int64_t)request->flags;
	switch (request->type) {
	case 0:
		return true;
	case 1:
		return ps_result_set(result, PS_FLAGS, flags, NULL, 0);
	case 2:
		return ps_result_set(result, PS_OCTETS, 0, payload, len);
	case 3:
		return ps_result_set(result, PS_TEXT, 0, payload, len); /* the library fails if it is not UTF-8 */
	case 4:
		return ps_result_set(result, PS_FLAGS_AND_OCTETS, flags, payload, len);
	case 5:
		ps_result_set(result, PS_TEXT, 0, payload, len); /* the message */
		return false;
	case 6:
	case 8:
	case 10:
		return with_text(user, request, result);
	case 7:
		*result = (ps_result){.form = PS_FLAGS_AND_OCTETS, .flags = 0x11, .len = len};
		return reversed(payload, len, &result->data);
	case 9:
		return nested(conn, request, result);
	default:
		return false;
	}
}

bool decode_reverse(void *user, uint64_t flags, const uint8_t *payload, size_t len, uint8_t **value, size_t *value_len)
{
	(void)user, (void)flags;
	*value_len = len;
	return reversed(payload, len, value);
}

bool decode_raise(void *user, uint64_t flags, const uint8_t *payload, size_t len, uint8_t **value, size_t *value_len)
{
	(void)user, (void)flags, (void)payload, (void)len, (void)value, (void)value_len;
	return false;
}

bool decode_flags(void *user, uint64_t flags, const uint8_t *payload, size_t len, uint8_t **value, size_t *value_len)
{
	(void)user, (void)payload, (void)len;
	*value = malloc(24);
	if (!*value)
		return false;
	*value_len = (size_t)sprintf((char *)*value, "%" PRIu64, flags);
	return true;
}
