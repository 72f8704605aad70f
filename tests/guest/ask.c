// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Usage: ask PID N
 * Asks iomapd for N snapshots on one connection. Prints the bytes of a snapshot, and iomapd's CPU
 * time for each in nanoseconds. With N 0, prints iomapd's CPU time so far.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static const char call[] = "{\"method\":\"org.iomap.Monitor.Snapshot\"}";

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int64_t cpu_ns(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t))
		die("ask: CPU time");
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Calls once and reads the reply up to its NUL. Returns the number of bytes. */
static size_t ask(int fd)
{
	static char buf[1 << 16];
	size_t bytes = 0;
	ssize_t n;

	if (write(fd, call, sizeof(call)) != sizeof(call))
		die("ask: write");
	do {
		n = read(fd, buf, sizeof(buf));
		if (n <= 0)
			die("ask: read");
		bytes += n;
	} while (buf[n - 1]);
	return bytes;
}

int main(int argc, char **argv)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX, .sun_path = "/run/iomapd/iomapd.sock" };
	int rounds = argc == 3 ? atoi(argv[2]) : -1;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	size_t bytes = 0;
	clockid_t clock;
	int64_t start;

	if (rounds < 0) {
		fprintf(stderr, "Usage: ask PID N\n");
		return 2;
	}
	if (clock_getcpuclockid(atoi(argv[1]), &clock)) {
		fprintf(stderr, "ask: there is no process %s\n", argv[1]);
		return 1;
	}
	if (!rounds) {
		printf("%lld\n", (long long)cpu_ns(clock));
		return 0;
	}
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		die("ask: connect");
	/* iomapd looks up names for the first snapshot and keeps them. */
	ask(fd);
	start = cpu_ns(clock);
	for (int i = 0; i < rounds; i++)
		bytes = ask(fd);
	printf("%zu %lld\n", bytes, (long long)(cpu_ns(clock) - start) / rounds);
	close(fd);
	return 0;
}
