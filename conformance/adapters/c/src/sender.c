#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

enum { KEPT = 64 * 1024 }; /* bytes of the queue's buffer that stay allocated between packets */

/* reserve makes room for more octets in the queue. */
static bool reserve(ps_conn *conn, size_t more)
{
	if (conn->out_cap - conn->out_len >= more)
		return true;
	if (more > SIZE_MAX / 4 || conn->out_len > SIZE_MAX / 4)
		return false;
	size_t cap = 2 * conn->out_len > conn->out_len + more ? 2 * conn->out_len : conn->out_len + more;
	uint8_t *larger = realloc(conn->out, cap);
	if (!larger)
		return false;
	conn->out = larger;
	conn->out_cap = cap;
	return true;
}

bool psi_queue_locked(ps_conn *conn, const ps_packet *packet)
{
	uint8_t header[PSI_MAX_HEADER];
	size_t len = psi_header_write(packet, header);
	if (conn->eof_taken || conn->sent || conn->aborted)
		return true;
	if (packet->payload_len > SIZE_MAX / 4 || !reserve(conn, len + packet->payload_len))
		return false;
	memcpy(conn->out + conn->out_len, header, len);
	conn->out_len += len;
	if (packet->payload_len)
		memcpy(conn->out + conn->out_len, packet->payload, packet->payload_len);
	conn->out_len += packet->payload_len;
	conn->out_packets++;
	psi_wake_set_locked(&conn->send_wake);
	return true;
}

/* A batch is what the sender has taken from the queue. */
typedef struct batch {
	uint8_t *octets;
	size_t len;
	size_t cap;
	size_t packets;
	bool last; /* EOF is in it */
} batch;

/* last_locked reports whether EOF may follow what is queued: no answer is due any more. */
static bool last_locked(const ps_conn *conn)
{
	return conn->shut && conn->in_flight.count == 0;
}

static int64_t milliseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * await_locked waits for packets, or for the moment of EOF. It reports false if nothing can be
 * sent any more. It polls the stream too: a peer that closes its receiving end must not keep a
 * blocking shutdown waiting for a handler's answer (SHD-11).
 */
static bool await_locked(ps_conn *conn, int fd)
{
	while (!conn->aborted && conn->out_len == 0 && !last_locked(conn)) {
		psi_wake_clear_locked(&conn->send_wake);
		pthread_mutex_unlock(&conn->mutex);
		struct pollfd wait[2] = {{.fd = conn->send_wake.fds[0], .events = POLLIN}, {.fd = fd, .events = 0}};
		int n = poll(wait, 2, -1);
		pthread_mutex_lock(&conn->mutex);
		if (n > 0 && wait[1].revents)
			return false;
	}
	return !conn->aborted;
}

/* pause_locked gathers packets for the packet_grace. A shutdown cuts it short (GRC-2). */
static void pause_locked(ps_conn *conn)
{
	/* Rounded up, because poll counts in milliseconds and milliseconds rounds down. */
	int64_t end = milliseconds() + (int64_t)(conn->options.packet_grace * 1000 + 1);
	while (!conn->shut) {
		psi_wake_clear_locked(&conn->send_wake);
		pthread_mutex_unlock(&conn->mutex);
		int64_t left = end - milliseconds();
		struct pollfd wait = {.fd = conn->send_wake.fds[0], .events = POLLIN};
		if (left > 0)
			poll(&wait, 1, (int)left);
		pthread_mutex_lock(&conn->mutex);
		if (left <= 0)
			return;
	}
}

/* take_locked moves the queue into the batch, with EOF if its moment has come. */
static bool take_locked(ps_conn *conn, batch *b)
{
	static const ps_packet eof = {.is_request = true};
	b->last = last_locked(conn);
	if (b->last && !psi_queue_locked(conn, &eof))
		return false;
	conn->eof_taken = b->last;
	uint8_t *octets = b->octets;
	size_t cap = b->cap;
	b->octets = conn->out;
	b->len = conn->out_len;
	b->cap = conn->out_cap;
	b->packets = conn->out_packets;
	conn->out = octets;
	conn->out_cap = cap;
	conn->out_len = conn->out_packets = 0;
	conn->writing = b->len;
	return true;
}

/* write_batch writes the batch, and reports false if the peer reads no more or on an abort. */
static bool write_batch(ps_conn *conn, int fd, const batch *b)
{
	for (size_t i = 0; i < b->packets && conn->options.tick; i++)
		conn->options.tick(conn->options.user, (const uint8_t *)">", 1);
	for (size_t done = 0; done < b->len;) {
		ssize_t n = write(fd, b->octets + done, b->len - done);
		if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
			return false;
		pthread_mutex_lock(&conn->mutex);
		bool open = !conn->aborted;
		if (n > 0) {
			done += (size_t)n;
			conn->writing = b->len - done;
			psi_relax_locked(conn);
			pthread_cond_broadcast(&conn->changed);
			pthread_cond_broadcast(&conn->work);
		} else {
			psi_wake_clear_locked(&conn->send_wake);
		}
		pthread_mutex_unlock(&conn->mutex);
		if (!open)
			return false;
		if (n <= 0) {
			struct pollfd wait[2] = {{.fd = fd, .events = POLLOUT}, {.fd = conn->send_wake.fds[0], .events = POLLIN}};
			poll(wait, 2, -1);
		}
	}
	return true;
}

void *psi_sender(void *arg)
{
	ps_conn *conn = arg;
	batch b = {0};
	pthread_mutex_lock(&conn->mutex);
	int fd = conn->send_fd;
	bool open = !conn->aborted;
	while (open && await_locked(conn, fd)) {
		if (conn->options.packet_grace > 0)
			pause_locked(conn);
		if (conn->aborted || !take_locked(conn, &b))
			break;
		pthread_mutex_unlock(&conn->mutex);
		open = write_batch(conn, fd, &b) && !b.last;
		if (b.cap > KEPT) {
			free(b.octets);
			b.octets = NULL;
			b.cap = 0;
		}
		pthread_mutex_lock(&conn->mutex);
	}
	free(b.octets);
	free(conn->out);
	conn->out = NULL;
	conn->out_len = conn->out_cap = conn->out_packets = conn->writing = 0;
	conn->sent = true;
	if (fd >= 0) {
		shutdown(fd, SHUT_WR); /* for a socket, which is open for reading too */
		close(fd);
	}
	psi_wake_close_locked(&conn->send_wake);
	psi_relax_locked(conn);
	pthread_cond_broadcast(&conn->changed);
	pthread_cond_broadcast(&conn->work);
	psi_leave_locked(conn);
	return NULL;
}
