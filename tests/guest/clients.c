// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Usage: clients SOCKET PORT REQUESTS
 * Five hundred hostile clients use iomapd's socket, and others fill all metrics connections on
 * PORT. Meanwhile a well-behaved client asks REQUESTS times for the status. Prints how many answers
 * it got. Exit status 1: an answer was bad or missing.
 */
#include "tests/lib/clients.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static bool stop;

static void *misbehave(void *arg)
{
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		clients_round(arg);
	return NULL;
}

static int connect_to(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	if (fd >= 0 && connect(fd, (const void *)&un, sizeof(un))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Asks for the status. Returns false if there is no good answer. */
static bool ask(int fd)
{
	static const char status[] = "{\"method\":\"org.iomap.Monitor.Status\"}";
	static char answer[65536];
	size_t got = 0;
	ssize_t n;

	if (send(fd, status, sizeof(status), MSG_NOSIGNAL) != sizeof(status))
		return false;
	do {
		n = recv(fd, answer + got, sizeof(answer) - got, 0);
		got += n > 0 ? n : 0;
	} while (n > 0 && answer[got - 1]);
	return n > 0 && strstr(answer, "\"accounting\"");
}

int main(int argc, char **argv)
{
	struct rlimit files = { 4096, 4096 };
	static struct clients clients;
	int asks, good = 0, fd;
	pthread_t hostile;

	if (argc != 4) {
		fprintf(stderr, "Usage: clients SOCKET PORT REQUESTS\n");
		return 2;
	}
	setrlimit(RLIMIT_NOFILE, &files);
	asks = atoi(argv[3]);
	clients_init(&clients);
	clients.web = (struct sockaddr_in){ .sin_family = AF_INET,
					    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
					    .sin_port = htons(atoi(argv[2])) };
	fd = connect_to(argv[1]);
	for (int i = 0; i < CLIENTS_CLIENTS; i++)
		clients.fd[i] = connect_to(argv[1]);
	if (fd < 0 || clients.fd[CLIENTS_CLIENTS - 1] < 0 ||
	    pthread_create(&hostile, NULL, misbehave, &clients)) {
		fprintf(stderr, "clients: cannot begin\n");
		return 2;
	}
	for (int i = 0; i < asks; i++)
		good += ask(fd);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(hostile, NULL);
	clients_leave(&clients);
	printf("# the clients read %llu KiB, and made %llu connections to the metrics\n",
	       (unsigned long long)clients.answered / 1024, (unsigned long long)clients.visits);
	printf("%d of %d answers\n", good, asks);
	return good != asks;
}
