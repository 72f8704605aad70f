// SPDX-License-Identifier: GPL-2.0-or-later
/* The cost of the BPF programs and maps. */
#include <inttypes.h>
#include <string.h>
#include <bpf/bpf.h>

#include "daemon/collector/priv.h"

/* The kernel measures the run time of BPF programs. */
static bool statistics_enabled(const struct collector *c)
{
	_cleanup_free_ char *path = collector_path(c, "/proc/sys/kernel/bpf_stats_enabled");
	_cleanup_fclose_ FILE *f = path ? fopen(path, "re") : NULL;
	int on;

	return f && fscanf(f, "%d", &on) == 1 && on;
}

static int add_programs(const struct collector *c, struct cost *cost)
{
	struct bpf_program *prog = NULL;

	while ((prog = bpf_object__next_program(c->skel->obj, prog))) {
		struct cost_program *p = &cost->programs[cost->nr_programs];
		struct bpf_prog_info info = {};
		int fd = collector_prog_fd(c, prog);
		__u32 len = sizeof(info);

		if (fd < 0)
			continue; /* not needed on this kernel */
		if (cost->nr_programs == COST_PROGRAMS_MAX)
			return -ENOSPC;
		if (bpf_obj_get_info_by_fd(fd, &info, &len))
			return -errno;
		*p = (struct cost_program){ bpf_program__name(prog), info.run_time_ns,
					    info.run_cnt };
		cost->nr_programs++;
	}
	return 0;
}

/* The memory of a map on all CPUs; 0 if the kernel does not report it. */
static uint64_t memory_of(int fd)
{
	_cleanup_fclose_ FILE *f = NULL;
	char line[128];
	uint64_t v;

	snprintf(line, sizeof(line), "/proc/self/fdinfo/%d", fd);
	f = fopen(line, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "memlock: %" SCNu64, &v) == 1)
			return v;
	}
	return 0;
}

int collector_cost(const struct collector *c, struct cost *cost)
{
	struct bpf_map *map = NULL;

	cost->nr_programs = 0;
	cost->map_bytes = 0;
	while ((map = bpf_object__next_map(c->skel->obj, map))) {
		if (bpf_map__fd(map) >= 0)
			cost->map_bytes += memory_of(bpf_map__fd(map));
	}
	return statistics_enabled(c) ? add_programs(c, cost) : 0;
}
