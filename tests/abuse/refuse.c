// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a command with a seccomp filter that refuses a system call, as a container's profile does.
 * Usage: refuse bpf|perf_event_open COMMAND [ARG]…
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/lib/refuse.h"

int main(int argc, char **argv)
{
	long number;
	int err;

	if (argc < 3)
		return 2;
	number = !strcmp(argv[1], "bpf") ? SYS_bpf : SYS_perf_event_open;
	err = refuse_call(number, EPERM);
	if (!err)
		execvp(argv[2], argv + 2);
	fprintf(stderr, "refuse: %s\n", strerror(err ? -err : errno));
	return 125;
}
