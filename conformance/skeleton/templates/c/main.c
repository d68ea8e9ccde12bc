// An adapter for packetspec: it reads commands, and carries them out on the implementation. The calls of the
// implementation are in implementation.c; everything else is complete.

#include "internal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int replies;

static void write_reply(const char *line, size_t length) {
	while (length > 0) {
		ssize_t n = write(replies, line, length);
		if (n < 0)
			return; // the runner has gone, so the commands end too
		line += n;
		length -= (size_t)n;
	}
}

int main(void) {
	signal(SIGPIPE, SIG_IGN); // a peer that no longer reads must not end the process
	replies = dup(STDOUT_FILENO);
	if (replies < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) { // what the implementation prints must not mix with the replies
		perror("adapter");
		return 1;
	}
	adapter_begin(write_reply);
	char *line = NULL;
	size_t room = 0;
	while (getline(&line, &room, stdin) >= 0)
		adapter_serve(line);
	_exit(0); // whatever still runs
}
