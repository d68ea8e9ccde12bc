#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "session.h"

bool use_sockets;
static pthread_mutex_t registry = PTHREAD_MUTEX_INITIALIZER;
static connection *connections; /* open ones; guarded by registry */

void drop_connection(connection *conn)
{
	pthread_mutex_lock(&conn->mutex);
	bool last = --conn->refs == 0;
	pthread_mutex_unlock(&conn->mutex);
	if (!last)
		return;
	for (name *n = conn->released, *next; n; n = next) {
		next = n->next;
		free(n->text);
		free(n);
	}
	for (seen *s = conn->last_seen, *next; s; s = next) {
		next = s->next;
		free(s->payload);
		free(s);
	}
	for (tick *t = conn->last_tick, *next; t; t = next) {
		next = t->next;
		free(t->octets);
		free(t);
	}
	pthread_cond_destroy(&conn->gate);
	pthread_mutex_destroy(&conn->mutex);
	free(conn->name);
	free(conn);
}

static void release_user(void *user)
{
	drop_connection(user);
}

connection *find_connection(const char *conn_name)
{
	pthread_mutex_lock(&registry);
	connection *conn = connections;
	while (conn && (!conn_name || strcmp(conn->name, conn_name) != 0))
		conn = conn->next;
	if (conn) {
		pthread_mutex_lock(&conn->mutex);
		conn->refs++;
		pthread_mutex_unlock(&conn->mutex);
		ps_conn_ref(conn->conn);
	}
	pthread_mutex_unlock(&registry);
	return conn;
}

static void record_tick(void *user, const uint8_t *octets, size_t len)
{
	connection *conn = user;
	tick *entry = need(calloc(1, sizeof *entry));
	entry->octets = need(malloc(len));
	memcpy(entry->octets, octets, len);
	entry->len = len;
	pthread_mutex_lock(&conn->mutex);
	entry->next = conn->last_tick;
	conn->last_tick = entry;
	pthread_mutex_unlock(&conn->mutex);
}

/* open_pipe opens one end of a named pipe. */
static int open_pipe(const char *path, int flags)
{
	int fd;
	do
		fd = path ? open(path, flags | O_CLOEXEC) : -1;
	while (fd < 0 && path && errno == EINTR);
	return fd;
}

/* connect_socket connects to a socket, for both directions. */
static int connect_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* open_streams opens what the command names. It returns false, with errno, if it cannot. */
static bool open_streams(const command *c, int *recv_fd, int *send_fd)
{
	const char *socket_path = field_text(c, "socket");
	*recv_fd = socket_path ? connect_socket(socket_path) : open_pipe(field_text(c, "recv"), O_RDONLY);
	if (*recv_fd < 0)
		return false;
	*send_fd = socket_path ? dup(*recv_fd) : open_pipe(field_text(c, "send"), O_WRONLY);
	if (*send_fd >= 0)
		return true;
	close(*recv_fd);
	return false;
}

void open_connection(const command *c)
{
	ps_options options;
	ps_options_init(&options);
	const char *tick_kind = field_text(c, "tick"), *conn_name = field_text(c, "conn");
	const json *grace = json_get(c->fields, "grace");
	if (grace && grace->type == JSON_NUMBER)
		options.packet_grace = strtod(grace->text, NULL);
	if (field_true(c, "handler"))
		options.handler = standard_handler;
	if (tick_kind && strcmp(tick_kind, "record") == 0)
		options.tick = record_tick;
	else if (tick_kind && strcmp(tick_kind, "stderr") == 0)
		options.tick = ps_tick_stderr;
	int recv_fd, send_fd;
	if (!conn_name || !open_streams(c, &recv_fd, &send_fd)) {
		reply_error(c, "internal", conn_name ? strerror(errno) : "the connection has no name");
		return;
	}
	connection *conn = need(calloc(1, sizeof *conn));
	pthread_mutex_init(&conn->mutex, NULL);
	pthread_cond_init(&conn->gate, NULL);
	conn->name = copy_text(conn_name);
	conn->refs = 2; /* the registry, the library */
	options.user = conn;
	options.release = release_user;
	ps_status status = ps_conn_open(recv_fd, send_fd, &options, &conn->conn);
	if (status != PS_OK) {
		reply_status(c, status);
		close(recv_fd);
		close(send_fd);
		drop_connection(conn);
		drop_connection(conn);
		return;
	}
	pthread_mutex_lock(&registry);
	conn->next = connections;
	connections = conn;
	pthread_mutex_unlock(&registry);
	reply(c, "%s", "");
}

void forget_connection(connection *conn)
{
	pthread_mutex_lock(&registry);
	connection **at = &connections;
	while (*at && *at != conn)
		at = &(*at)->next;
	bool found = *at;
	if (found)
		*at = conn->next;
	pthread_mutex_unlock(&registry);
	if (!found)
		return; /* another command closed it */
	pthread_mutex_lock(&conn->mutex);
	conn->closed = true;
	named_call *calls = conn->calls;
	conn->calls = NULL;
	pthread_cond_broadcast(&conn->gate);
	pthread_mutex_unlock(&conn->mutex);
	for (named_call *next; calls; calls = next) {
		next = calls->next;
		ps_call_drop(calls->call);
		free(calls->name);
		free(calls);
	}
	ps_conn_abort(conn->conn);
	ps_conn_unref(conn->conn);
	drop_connection(conn);
}
