/* SPDX-License-Identifier: GPL-2.0-only */
/* The records of rare events. */
#ifndef IOMAP_RING_BPF_H
#define IOMAP_RING_BPF_H

#include "maps.bpf.h"

/*
 * A record with the members that every event has, to be filled and submitted; NULL when the ring is
 * full. All of it is written, as memory of the ring is used again.
 */
static __always_inline struct iomap_event *ring_event(__u32 type, __u32 id)
{
	struct iomap_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e)
		return NULL;
	__builtin_memset(e, 0, sizeof(*e));
	e->time_ns = bpf_ktime_get_ns();
	e->tai_ns = bpf_ktime_get_tai_ns();
	e->id = id;
	e->type = type;
	e->pid = (__u32)bpf_get_current_pid_tgid();
	e->cpu = bpf_get_smp_processor_id();
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	return e;
}

#endif
