// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Usage: ipi-load ROUNDS
 * Causes interrupts between CPUs that have nothing to do with io_mapping: threads run on all CPUs,
 * and one of them calls membarrier() and changes page protections.
 */
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_int running; /* threads that have reached their CPU */
static atomic_int done;

static void on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void *spin(void *arg)
{
	on_cpu((int)(long)arg);
	atomic_fetch_add(&running, 1);
	while (!atomic_load(&done))
		__builtin_ia32_pause();
	return NULL;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 100, cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_t thread;
	int bad = 0;

	if (page == MAP_FAILED ||
	    syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0)) {
		perror("ipi-load");
		return 1;
	}
	on_cpu(0);
	for (int i = 1; i < cpus; i++)
		bad |= pthread_create(&thread, NULL, spin, (void *)(long)i);
	/* A CPU gets an interrupt only once its thread runs. */
	while (!bad && atomic_load(&running) < cpus - 1)
		sched_yield();
	for (int i = 0; i < rounds && !bad; i++) {
		*page = 1;
		bad |= mprotect(page, 4096, PROT_READ);
		bad |= mprotect(page, 4096, PROT_READ | PROT_WRITE);
		bad |= (int)syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0);
	}
	atomic_store(&done, 1);
	return bad ? 1 : 0;
}
