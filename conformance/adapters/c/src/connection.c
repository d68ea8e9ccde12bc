#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

enum { SERVICE_STACK = 256 * 1024 }; /* of the receiver and the sender; a tick runs on it too */

void ps_options_init(ps_options *options)
{
	*options = (ps_options){
		.packet_grace = 0.01,
		.max_handlers = 64,
		.max_payload = (size_t)16 << 20,
		.max_held = (size_t)64 << 20,
	};
}

void ps_tick_stderr(void *user, const uint8_t *octets, size_t len)
{
	(void)user;
	while (len > 0) {
		ssize_t n = write(STDERR_FILENO, octets, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* there is nowhere to report it */
		octets += n;
		len -= (size_t)n;
	}
}

/* destroy frees a connection that nothing refers to. */
static void destroy(ps_conn *conn)
{
	void (*release)(void *) = conn->options.release;
	void *user = conn->options.user;
	psi_discard_locked(conn);
	psi_table_free(&conn->pending);
	psi_table_free(&conn->in_flight);
	psi_wake_close_locked(&conn->recv_wake);
	psi_wake_close_locked(&conn->send_wake);
	free(conn->out);
	pthread_cond_destroy(&conn->work);
	pthread_cond_destroy(&conn->changed);
	pthread_mutex_destroy(&conn->mutex);
	free(conn);
	if (release)
		release(user);
}

void psi_leave_locked(ps_conn *conn)
{
	bool last = --conn->refs == 0;
	pthread_mutex_unlock(&conn->mutex);
	if (last)
		destroy(conn);
}

bool psi_start_locked(ps_conn *conn, void *(*run)(void *), size_t stack)
{
	pthread_attr_t attributes;
	if (pthread_attr_init(&attributes) != 0)
		return false;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	if (stack)
		pthread_attr_setstacksize(&attributes, stack);
	/* A thread inherits the mask: no handler of the program's signals runs in it, and a write to
	 * a pipe without a reader fails with EPIPE alone. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_t thread;
	bool started = pthread_create(&thread, &attributes, run, conn) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	if (started)
		conn->refs++;
	return started;
}

/* initialise makes what a connection needs before its threads. */
static bool initialise(ps_conn *conn)
{
	conn->recv_wake = conn->send_wake = (psi_wake){.fds = {-1, -1}};
	if (pthread_mutex_init(&conn->mutex, NULL) != 0)
		return false;
	if (pthread_cond_init(&conn->changed, NULL) == 0) {
		if (pthread_cond_init(&conn->work, NULL) == 0) {
			if (psi_wake_open(&conn->recv_wake) && psi_wake_open(&conn->send_wake))
				return true;
			psi_wake_close_locked(&conn->recv_wake);
			pthread_cond_destroy(&conn->work);
		}
		pthread_cond_destroy(&conn->changed);
	}
	pthread_mutex_destroy(&conn->mutex);
	return false;
}

static bool set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

ps_status ps_conn_open(int recv_fd, int send_fd, const ps_options *options, ps_conn **result)
{
	if (!(options->packet_grace >= 0 && options->packet_grace <= 3600) || options->max_handlers == 0)
		return PS_ERR_INVALID;
	ps_conn *conn = calloc(1, sizeof *conn);
	if (!conn)
		return PS_ERR_NO_MEMORY;
	conn->options = *options;
	if (!initialise(conn)) {
		free(conn);
		return PS_ERR_SYSTEM;
	}
	struct timespec now = {0};
	clock_gettime(CLOCK_REALTIME, &now);
	uint64_t seed = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	conn->pending.seed = conn->in_flight.seed = seed ^ (uint64_t)(uintptr_t)conn << 20;
	conn->recv_fd = conn->send_fd = -1;
	conn->users = conn->refs = 1;

	/* The threads wait for the mutex, so they find the descriptors, or an aborted connection
	 * whose descriptors are still the caller's. */
	pthread_mutex_lock(&conn->mutex);
	if (set_nonblocking(recv_fd) && set_nonblocking(send_fd) &&
	    psi_start_locked(conn, psi_receiver, SERVICE_STACK) && psi_start_locked(conn, psi_sender, SERVICE_STACK)) {
		conn->recv_fd = recv_fd;
		conn->send_fd = send_fd;
		pthread_mutex_unlock(&conn->mutex);
		*result = conn;
		return PS_OK;
	}
	conn->aborted = true;
	conn->options.release = NULL;
	psi_leave_locked(conn);
	return PS_ERR_SYSTEM;
}

ps_conn *ps_conn_ref(ps_conn *conn)
{
	pthread_mutex_lock(&conn->mutex);
	conn->users++;
	conn->refs++;
	pthread_mutex_unlock(&conn->mutex);
	return conn;
}

size_t psi_outgoing_locked(const ps_conn *conn)
{
	return conn->out_len + conn->writing;
}

void psi_relax_locked(ps_conn *conn)
{
	if (conn->paused)
		psi_wake_set_locked(&conn->recv_wake);
}

void psi_end_locked(ps_conn *conn, ps_end end)
{
	if (conn->ended)
		return;
	conn->ended = true;
	conn->end = end;
	conn->shut = true;
	psi_cancel_locked(conn);
	pthread_cond_broadcast(&conn->changed);
	pthread_cond_broadcast(&conn->work);
	psi_wake_set_locked(&conn->send_wake);
	psi_wake_set_locked(&conn->recv_wake);
}

void psi_abort_locked(ps_conn *conn, ps_end end)
{
	conn->aborted = true;
	psi_end_locked(conn, end);
	psi_discard_locked(conn);
	pthread_cond_broadcast(&conn->changed);
	pthread_cond_broadcast(&conn->work);
	psi_wake_set_locked(&conn->send_wake);
	psi_wake_set_locked(&conn->recv_wake);
}

void ps_conn_abort(ps_conn *conn)
{
	pthread_mutex_lock(&conn->mutex);
	psi_abort_locked(conn, PS_END_ABORTED);
	pthread_mutex_unlock(&conn->mutex);
}

void ps_conn_unref(ps_conn *conn)
{
	if (!conn)
		return;
	pthread_mutex_lock(&conn->mutex);
	if (--conn->users == 0)
		psi_abort_locked(conn, PS_END_ABORTED);
	psi_leave_locked(conn);
}

ps_status ps_conn_shutdown(ps_conn *conn, bool block)
{
	ps_status status = PS_OK;
	pthread_mutex_lock(&conn->mutex);
	conn->shut = true;
	pthread_cond_broadcast(&conn->changed);
	pthread_cond_broadcast(&conn->work);
	psi_wake_set_locked(&conn->send_wake);
	if (block && psi_handling(conn))
		status = PS_ERR_DEADLOCK;
	else
		while (block && (!conn->sent || conn->pending.count > 0))
			pthread_cond_wait(&conn->changed, &conn->mutex);
	pthread_mutex_unlock(&conn->mutex);
	return status;
}

ps_end ps_conn_join(ps_conn *conn)
{
	pthread_mutex_lock(&conn->mutex);
	while (!conn->ended)
		pthread_cond_wait(&conn->changed, &conn->mutex);
	ps_end end = conn->end;
	pthread_mutex_unlock(&conn->mutex);
	return end;
}
