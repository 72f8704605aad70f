// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tells why the kernel would refuse to load and attach programs: a missing capability, a user
 * namespace, or a filter of system calls. Its own error would be EPERM for each.
 */
#include "daemon/collector/allowed.h"

#include <linux/capability.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>

static bool has_cap(const struct __user_cap_data_struct *data, unsigned int cap)
{
	return data[cap / 32].effective & (1U << (cap % 32));
}

/* In a user namespace, capabilities are no privilege over the kernel. */
static bool in_user_namespace(void)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/self/uid_map", "re");
	unsigned int inside, outside, n;

	return f && fscanf(f, "%u %u %u", &inside, &outside, &n) == 3 &&
	       (inside || outside || n != UINT32_MAX);
}

/* The kernel finds these arguments invalid; any other error is that of a filter. */
static bool bpf_is_filtered(void)
{
	return syscall(SYS_bpf, INT32_MAX, NULL, 0) && errno != EINVAL;
}

static bool probes_are_filtered(void)
{
	return syscall(SYS_perf_event_open, NULL, 0, -1, -1, ~0UL) && errno != EINVAL;
}

int allowed_to_load(struct errbuf *e)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

	if (syscall(SYS_capget, &head, data))
		return set_error(e, -errno, "cannot read the process's capabilities: %s",
				 strerror(errno));
	if (!has_cap(data, CAP_SYS_ADMIN) &&
	    (!has_cap(data, CAP_BPF) || !has_cap(data, CAP_PERFMON)))
		return set_error(e, -EPERM, "no privilege to load BPF programs; run it %s",
				 geteuid() ? "as root (or with CAP_BPF and CAP_PERFMON)"
					   : "with CAP_BPF and CAP_PERFMON, which root lacks here "
					     "(in a container?)");
	if (in_user_namespace())
		return set_error(e, -EPERM,
				 "no privilege to load BPF programs: root of a user namespace has "
				 "none; run it outside the (rootless) container");
	if (bpf_is_filtered())
		return set_error(e, -EPERM,
				 "a seccomp filter refuses bpf(2): allow it in the profile of the "
				 "container, or in SystemCallFilter= of the service");
	return 0;
}

const char *allowed_probe_error(int err)
{
	if (err != -EPERM && err != -EACCES)
		return strerror(-err);
	return probes_are_filtered()
		       ? "a seccomp filter refuses perf_event_open(2)"
		       : "no permission; kernel.perf_event_paranoid above 2 needs CAP_SYS_ADMIN";
}
