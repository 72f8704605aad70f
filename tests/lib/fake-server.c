// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A server on a UNIX socket that answers each call with the bytes of standard input. Tests use it
 * for replies that iomapd never sends.
 *
 *	fake-server PATH [hold|close|each|endless] < REPLY
 *
 * hold (default): keeps the connection open after the reply; close: closes it; each: the first call
 * of a connection gets the first message (it ends in a NUL), the next one the next; endless: sends
 * the bytes again and again. Runs until it gets a signal.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char reply[32 << 20];

/* Answers the calls of a connection with a message each. */
static void serve_each(int c, size_t len)
{
	const char *p = reply;
	char call[65536];

	while (p < reply + len && recv(c, call, sizeof(call), 0) > 0) {
		size_t n = strnlen(p, (size_t)(reply + len - p)) + 1;

		send(c, p, n, MSG_NOSIGNAL);
		p += n;
	}
	close(c);
}

int main(int argc, char **argv)
{
	int endless = argc == 3 && !strcmp(argv[2], "endless");
	int each = argc == 3 && !strcmp(argv[2], "each");
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int closes = argc == 3 && !strcmp(argv[2], "close"), fd, c;
	char call[65536];
	size_t len;

	if (argc < 2 || argc > 3 || strlen(argv[1]) >= sizeof(addr.sun_path)) {
		fprintf(stderr, "Usage: fake-server PATH [hold|close|each|endless] < REPLY\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	len = fread(reply, 1, sizeof(reply), stdin);
	strcpy(addr.sun_path, argv[1]);
	unlink(argv[1]);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 8)) {
		fprintf(stderr, "fake-server: %s: %s\n", argv[1], strerror(errno));
		return 5;
	}
	for (;;) {
		c = accept(fd, NULL, NULL);
		if (c < 0)
			continue;
		if (each)
			serve_each(c, len);
		else if (recv(c, call, sizeof(call), 0) > 0)
			while (send(c, reply, len, MSG_NOSIGNAL) > 0 && endless)
				;
		if (closes)
			close(c);
	}
}
