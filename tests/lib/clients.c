// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lib/clients.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/base/util.h"

static bool read_all(struct clients *m, int fd)
{
	char some[16384];
	ssize_t n;

	while ((n = recv(fd, some, sizeof(some), MSG_DONTWAIT)) > 0)
		m->answered += n;
	return n < 0 && errno == EAGAIN;
}

/* Writes the next piece of a text that repeats without end. */
static void write_on(struct clients *m, int i, const char *text, size_t len, size_t piece)
{
	size_t at = m->begun[i] % len;
	ssize_t n;

	if (piece > len - at)
		piece = len - at;
	n = send(m->fd[i], text + at, piece, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n > 0)
		m->begun[i] += n;
}

static void misbehave(struct clients *m, int i)
{
	static const char snapshot[] = "{\"method\":\"org.iomap.Monitor.Snapshot\"}";
	static const char events[] = "{\"method\":\"org.iomap.Monitor.Events\",\"more\":true}";

	switch (i % 6) {
	case 0: /* asks without end, and reads */
		write_on(m, i, m->calls, m->calls_len, m->calls_len);
		read_all(m, m->fd[i]);
		break;
	case 1: /* never reads */
		write_on(m, i, m->calls, m->calls_len, m->calls_len);
		break;
	case 2: /* calls of the maximum length */
		write_on(m, i, m->padded, sizeof(m->padded), sizeof(m->padded));
		read_all(m, m->fd[i]);
		break;
	case 3: /* all events, again and again */
		write_on(m, i, events, sizeof(events), sizeof(events));
		read_all(m, m->fd[i]);
		break;
	case 4: /* a byte at a time */
		write_on(m, i, snapshot, sizeof(snapshot), 1);
		read_all(m, m->fd[i]);
		break;
	case 5: /* half a message, then nothing */
		if (!m->begun[i])
			write_on(m, i, snapshot, sizeof(snapshot) / 2, sizeof(snapshot) / 2);
		break;
	}
}

/* Opens a new connection to the metrics, if that does not block. */
static void visit(struct clients *m, int i)
{
	static const char request[] = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), small = 1;
	size_t len = sizeof(request) - 1;

	if (fd < 0)
		return;
	if (i % 4 == 2)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	if (connect(fd, (const void *)&m->web, sizeof(m->web)) && errno != EINPROGRESS) {
		close(fd);
		return;
	}
	m->visitor[i] = fd;
	m->visits++;
	/* Nothing, half a request, or a whole one. */
	if (i % 4 == 1)
		len -= 4;
	if (i % 4)
		send(fd, request, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Continues with a connection to the metrics. When it ended, the next round opens a new one. */
static void stay(struct clients *m, int i)
{
	int fd = m->visitor[i];
	bool alive = true;
	char c;

	if (i % 4 == 3) /* reads the answer */
		alive = read_all(m, fd);
	else if (i % 4 == 1) /* a header without end */
		alive = send(fd, "A", 1, MSG_DONTWAIT | MSG_NOSIGNAL) > 0 || errno == EAGAIN;
	else /* sends nothing, or does not read */
		alive = recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) > 0 || errno == EAGAIN;
	if (alive)
		return;
	close(fd);
	m->visitor[i] = -1;
}

/* Makes a valid call of the maximum length, with as many values as possible. */
static void make_padded(struct clients *m)
{
	const char *head = "{\"method\":\"org.iomap.Monitor.List\",\"parameters\":{\"x\":[0";
	size_t n = strlen(head);

	memcpy(m->padded, head, n);
	for (; n < sizeof(m->padded) - 5; n += 2)
		memcpy(m->padded + n, ",1", 2);
	memset(m->padded + n, ' ', sizeof(m->padded) - n);
	memcpy(m->padded + sizeof(m->padded) - 4, "]}}", 4);
}

void clients_init(struct clients *m)
{
	static const char *const methods[] = { "Snapshot", "Stats", "Ipi", "Violations" };

	memset(m, 0, sizeof(*m));
	memset(m->fd, -1, sizeof(m->fd));
	memset(m->visitor, -1, sizeof(m->visitor));
	make_padded(m);
	for (size_t i = 0; i < 40; i++)
		m->calls_len +=
			sprintf(m->calls + m->calls_len, "{\"method\":\"org.iomap.Monitor.%s\"}",
				methods[i % ARRAY_SIZE(methods)]) +
			1;
}

void clients_round(struct clients *m)
{
	for (int i = 0; i < CLIENTS_CLIENTS; i++)
		misbehave(m, i);
	for (int i = 0; i < CLIENTS_VISITORS && m->web.sin_port; i++) {
		if (m->visitor[i] < 0)
			visit(m, i);
		else
			stay(m, i);
	}
}

void clients_leave(struct clients *m)
{
	for (int i = 0; i < CLIENTS_CLIENTS; i++) {
		if (m->fd[i] >= 0)
			close(m->fd[i]);
	}
	for (int i = 0; i < CLIENTS_VISITORS; i++) {
		if (m->visitor[i] >= 0)
			close(m->visitor[i]);
	}
}
