#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

enum { CHUNK = 32 * 1024 }; /* bytes a read; half of a Linux pipe */

/* A reader turns pieces of the stream into packets. */
typedef struct reader {
	psi_header header;
	uint8_t *payload;
	size_t len;
	size_t cap;
} reader;

/* dispatch handles one packet, whose payload becomes the library's. */
static void dispatch(ps_conn *conn, const ps_packet *packet, uint8_t *payload)
{
	if (conn->options.tick)
		conn->options.tick(conn->options.user, (const uint8_t *)"<", 1);
	pthread_mutex_lock(&conn->mutex);
	if (conn->ended) {
		free(payload);
	} else if (!packet->is_request) {
		psi_answer_locked(conn, packet, payload);
	} else if (packet->channel != 0 || packet->type != 0) {
		psi_accept_locked(conn, packet, payload);
	} else {
		/* A malformed EOF packet ends the stream in every state (MEO-4, MEO-5). */
		bool eof = packet->tag == 0 && packet->flags == 0 && packet->payload_len == 0;
		psi_end_locked(conn, eof ? PS_END_EOF : PS_END_MALFORMED);
		free(payload);
	}
	pthread_mutex_unlock(&conn->mutex);
}

/* collect adds octets to the payload, in a buffer that at most doubles what has come (BAD-4). */
static bool collect(reader *r, const uint8_t *octets, size_t len)
{
	size_t total = (size_t)r->header.left;
	if (r->cap - r->len < len) {
		size_t cap = r->len + len > total / 2 ? total : 2 * (r->len + len);
		uint8_t *larger = realloc(r->payload, cap);
		if (!larger)
			return false;
		r->payload = larger;
		r->cap = cap;
	}
	memcpy(r->payload + r->len, octets, len);
	r->len += len;
	return true;
}

/* feed reads octets of the stream. It returns false, with a reason, if the stream must end. */
static bool feed(ps_conn *conn, reader *r, const uint8_t *octets, size_t len, ps_end *why)
{
	while (len > 0) {
		if (r->header.stage != PSI_COMPLETE) {
			*why = PS_END_MALFORMED;
			if (!psi_header_feed(&r->header, *octets))
				return false;
			octets++;
			len--;
			if (r->header.stage != PSI_COMPLETE)
				continue;
			if (r->header.left > conn->options.max_payload)
				return false;
		}
		size_t missing = (size_t)r->header.left - r->len;
		size_t taken = len < missing ? len : missing;
		*why = PS_END_OVERLOAD;
		if (taken && !collect(r, octets, taken))
			return false;
		octets += taken;
		len -= taken;
		if (taken < missing)
			return true;
		ps_packet packet = r->header.packet;
		packet.payload = r->payload;
		packet.payload_len = r->len;
		uint8_t *payload = r->payload;
		*r = (reader){0};
		dispatch(conn, &packet, payload);
	}
	return true;
}

/*
 * may_read waits while the connection holds too much, and reports whether to read on. While local
 * requests are pending it must not pause, because both ends could then wait for each other:
 * 1. Handlers here wait for answers from the peer. 2. The answers follow requests that wait here
 * for a handler. 3. The receiver has paused, so the answers never arrive.
 */
static bool may_read(ps_conn *conn)
{
	bool open;
	pthread_mutex_lock(&conn->mutex);
	for (;;) {
		psi_wake_clear_locked(&conn->recv_wake);
		size_t held = conn->held + psi_outgoing_locked(conn), limit = conn->options.max_held;
		if (held / 4 > limit && conn->pending.count > 0)
			psi_end_locked(conn, PS_END_OVERLOAD);
		open = !conn->ended;
		conn->paused = open && held > limit && conn->pending.count == 0;
		if (!conn->paused)
			break;
		pthread_mutex_unlock(&conn->mutex);
		struct pollfd wait = {.fd = conn->recv_wake.fds[0], .events = POLLIN};
		poll(&wait, 1, -1);
		pthread_mutex_lock(&conn->mutex);
	}
	pthread_mutex_unlock(&conn->mutex);
	return open;
}

void *psi_receiver(void *arg)
{
	ps_conn *conn = arg;
	reader r = {0};
	uint8_t chunk[CHUNK];
	ps_end why = PS_END_CUT;
	pthread_mutex_lock(&conn->mutex);
	int fd = conn->recv_fd;
	bool open = !conn->aborted;
	pthread_mutex_unlock(&conn->mutex);
	while (open && may_read(conn)) {
		ssize_t n = read(fd, chunk, sizeof chunk);
		if (n > 0) {
			open = feed(conn, &r, chunk, (size_t)n, &why);
		} else if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
			why = PS_END_CUT;
			open = false;
		} else {
			struct pollfd wait[2] = {{.fd = fd, .events = POLLIN}, {.fd = conn->recv_wake.fds[0], .events = POLLIN}};
			poll(wait, 2, -1);
		}
	}
	free(r.payload);
	pthread_mutex_lock(&conn->mutex);
	psi_end_locked(conn, why); /* the first reason counts, such as EOF */
	if (fd >= 0)
		close(fd);
	psi_wake_close_locked(&conn->recv_wake);
	psi_leave_locked(conn);
	return NULL;
}
