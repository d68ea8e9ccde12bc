/*
 * The adapter reads commands from standard input, one JSON object a line. With the argument
 * --sockets, it asks the runner for connections over Unix-domain sockets in place of pipes.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"

int main(int argc, char **argv)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	use_sockets = argc == 2 && strcmp(argv[1], "--sockets") == 0;
	if (argc > 1 && !use_sockets) {
		fprintf(stderr, "usage: %s [--sockets]\n", argv[0]);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN); /* for standard output; the library needs no such thing */
	while ((len = getline(&line, &cap, stdin)) > 0) {
		command c = {.fields = json_read(line, (size_t)len), .id = "0"};
		const json *id = json_get(c.fields, "id");
		if (id && id->type == JSON_NUMBER)
			c.id = id->text;
		c.op = field_text(&c, "op");
		if (c.op) {
			run_command(c);
		} else {
			reply_error(&c, "invalid", "the line is no command");
			json_free(c.fields);
		}
		if (cap > 1 << 20) { /* a long line leaves nothing behind */
			free(line);
			line = NULL;
			cap = 0;
		}
	}
	free(line);
	return 0;
}
