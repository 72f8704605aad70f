// SPDX-License-Identifier: GPL-2.0-or-later
/* Access to files below the root, to the maps and to the programs. */
#include <bpf/bpf.h>

#include "daemon/collector/priv.h"

char *collector_path(const struct collector *c, const char *path)
{
	char *p;

	return asprintf(&p, "%s%s", c->opts.root ? c->opts.root : "", path) < 0 ? NULL : p;
}

bool collector_has(const struct collector *c, const char *path)
{
	_cleanup_free_ char *p = collector_path(c, path);

	return p && !access(p, F_OK);
}

/* CLOCK_TAI less CLOCK_REALTIME, which is a whole number of seconds. */
static uint64_t tai_offset_ns(void)
{
	uint64_t real, tai;

	/* If the clock was set between the readings, or they took long, read again. */
	do {
		real = clock_ns(CLOCK_REALTIME);
		tai = clock_ns(CLOCK_TAI);
	} while (clock_ns(CLOCK_REALTIME) - real > NSEC_PER_SEC / 4);
	return (tai - real + NSEC_PER_SEC / 2) / NSEC_PER_SEC * NSEC_PER_SEC;
}

uint64_t collector_unix_ns(uint64_t tai_ns)
{
	return tai_ns - tai_offset_ns();
}

int collector_each_value(struct collector *c, struct model *m, int fd, uint32_t first,
			 uint32_t last, size_t size, collector_each_fn fn)
{
	uint32_t per_call = CHUNK_BYTES / (size + sizeof(uint32_t)), prev = first - 1, n;
	_cleanup_free_ void *large = NULL;
	void *values = c->chunk;
	uint32_t *keys;
	int err;

	if (!per_call) {
		per_call = 1;
		values = large = malloc(size + sizeof(uint32_t));
		if (!large)
			return -ENOMEM;
	}
	keys = (void *)((char *)values + per_call * size);
	for (uint32_t key = first; key <= last; key += n, prev = key - 1) {
		n = last - key + 1 < per_call ? last - key + 1 : per_call;
		err = bpf_map_lookup_batch(fd, key ? &prev : NULL, &prev, keys, values, &n, NULL);
		if (err && errno != ENOENT)
			return -errno;
		if (!n)
			return -EIO;
		for (uint32_t i = 0; i < n; i++) {
			err = fn(c, m, keys[i], (char *)values + i * size);
			if (err)
				return err;
		}
	}
	return 0;
}

int collector_prog_fd(const struct collector *c, const struct bpf_program *prog)
{
	struct bpf_program *p = NULL;
	size_t i = 0;

	if (!c->takeover.taken_over)
		return bpf_program__fd(prog);
	while ((p = bpf_object__next_program(c->skel->obj, p)) && p != prog)
		i++;
	return p && i < ARRAY_SIZE(c->takeover.progs) ? c->takeover.progs[i] : -ENOENT;
}

int collector_add_misses(const struct collector *c, const struct bpf_program *prog, uint64_t *sum)
{
	int fd = collector_prog_fd(c, prog);
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	if (fd < 0)
		return 0; /* not needed on this kernel */
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return -errno;
	*sum += info.recursion_misses;
	return 0;
}
