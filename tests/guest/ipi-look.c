// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Usage: ipi-look SOCKET FILE
 * Reads the counts of interrupts between CPUs from the kernel, iomapd, and the kernel again, until
 * both readings of the kernel are the same: no interrupt was sent in between. Writes iomapd's reply
 * to FILE.reply, and CAL RES IWI SENDS CALLS PURGES of the kernel to FILE.kernel.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define TRACING "/sys/kernel/tracing/events/"
#define TRIES	3000

struct kernel {
	unsigned long long cal, res, iwi, sends, calls, purges;
};

static char text[1 << 20];

static const char *slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	size_t n = 0;

	if (f) {
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	text[n] = '\0';
	return text;
}

/* Returns the sum of the numbers in the line that begins with the name. */
static unsigned long long line_sum(const char *all, const char *name)
{
	const char *p = strstr(all, name);
	unsigned long long sum = 0, v;
	int n = 0;

	for (p = p ? p + strlen(name) : ""; sscanf(p, "%llu%n", &v, &n) == 1; p += n)
		sum += v;
	return sum;
}

static void read_kernel(struct kernel *k)
{
	const char *p = slurp("/proc/interrupts");

	k->cal = line_sum(p, "CAL:");
	k->res = line_sum(p, "RES:");
	k->iwi = line_sum(p, "IWI:");
	k->sends = line_sum(slurp(TRACING "ipi/ipi_send_cpu/hist"), "Hits:");
	k->sends += line_sum(slurp(TRACING "ipi/ipi_send_cpumask/hist"), "Hits:");
	k->calls = line_sum(slurp(TRACING "csd/csd_queue_cpu/hist"), "Hits:");
	k->purges = line_sum(slurp(TRACING "vmalloc/purge_vmap_area_lazy/hist"), "Hits:");
}

/* Asks iomapd. The reply, without its NUL, is in text. Returns its length, or 0. */
static size_t ask(int fd)
{
	static const char call[] = "{\"method\":\"org.iomap.Monitor.Ipi\"}";
	size_t n = 0;
	ssize_t r;

	if (write(fd, call, sizeof(call)) != (ssize_t)sizeof(call))
		return 0;
	do {
		r = read(fd, text + n, sizeof(text) - n);
		if (r <= 0)
			return 0;
		n += (size_t)r;
	} while (text[n - 1]);
	return n - 1;
}

static int put(const char *base, const char *suffix, const char *data, size_t n)
{
	char path[256];
	FILE *f;
	int bad;

	snprintf(path, sizeof(path), "%s.%s", base, suffix);
	f = fopen(path, "w");
	bad = !f || fwrite(data, 1, n, f) != n;
	return (f && fclose(f)) || bad;
}

int main(int argc, char **argv)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct kernel before, after;
	char line[128], *reply;
	size_t n, len;

	if (argc != 3)
		return 2;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", argv[1]);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		perror(argv[1]);
		return 1;
	}
	for (int i = 0; i < TRIES; i++) {
		read_kernel(&before);
		n = ask(fd);
		if (!n)
			return 1;
		reply = malloc(n);
		memcpy(reply, text, n);
		read_kernel(&after);
		if (!memcmp(&before, &after, sizeof(before))) {
			len = (size_t)snprintf(line, sizeof(line),
					       "%llu %llu %llu %llu %llu %llu\n", after.cal,
					       after.res, after.iwi, after.sends, after.calls,
					       after.purges);
			printf("# quiet at look %d\n", i + 1);
			return put(argv[2], "kernel", line, len) || put(argv[2], "reply", reply, n);
		}
		free(reply);
		usleep(1000);
	}
	fprintf(stderr, "ipi-look: there was no quiet moment\n");
	return 1;
}
