// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Uses functions with the names and the bodies of io_mapping's in many shapes, and prints each call
 * with its arguments: NAME ARG.... tests/debug/sites stops this program where the table of its
 * sites says, and compares the arguments that it finds there.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define noinline   __attribute__((noinline))
#define PAGE_SHIFT 12
#define PAGE_SIZE  (1UL << PAGE_SHIFT)
#define PAGES	   256

typedef uint64_t resource_size_t;

struct io_mapping {
	resource_size_t base;
	unsigned long size;
	unsigned long prot;
	char *iomem;
};

static volatile int preempt_count, pagefaults_off;

#define barrier() __asm__ __volatile__("" ::: "memory")

static inline void preempt_disable(void)
{
	preempt_count++;
	barrier();
}

static inline void preempt_enable(void)
{
	barrier();
	preempt_count--;
}

static inline void pagefault_disable(void)
{
	pagefaults_off++;
	barrier();
}

static inline void pagefault_enable(void)
{
	barrier();
	pagefaults_off--;
}

static char device[PAGES * PAGE_SIZE];

static inline struct io_mapping *io_mapping_init_wc(struct io_mapping *iomap, resource_size_t base,
						    unsigned long size)
{
	iomap->iomem = device + base;
	iomap->base = base;
	iomap->size = size;
	iomap->prot = 8;
	return iomap;
}

static inline void io_mapping_fini(struct io_mapping *mapping)
{
	mapping->iomem = NULL;
	barrier();
}

static inline struct io_mapping *io_mapping_create_wc(resource_size_t base, unsigned long size)
{
	struct io_mapping *iomap = malloc(sizeof(*iomap));

	if (!iomap)
		return NULL;
	if (!io_mapping_init_wc(iomap, base, size)) {
		free(iomap);
		return NULL;
	}
	return iomap;
}

static inline void io_mapping_free(struct io_mapping *iomap)
{
	io_mapping_fini(iomap);
	free(iomap);
}

static inline void *io_mapping_map_wc(struct io_mapping *mapping, unsigned long offset,
				      unsigned long size)
{
	(void)size;
	return mapping->iomem + offset;
}

static inline void *io_mapping_map_atomic_wc(struct io_mapping *mapping, unsigned long offset)
{
	preempt_disable();
	pagefault_disable();
	return io_mapping_map_wc(mapping, offset, PAGE_SIZE);
}

static inline void io_mapping_unmap_atomic(void *vaddr)
{
	(void)vaddr;
	pagefault_enable();
	preempt_enable();
}

static inline void *io_mapping_map_local_wc(struct io_mapping *mapping, unsigned long offset)
{
	return io_mapping_map_wc(mapping, offset, PAGE_SIZE);
}

/* ---- what was called; printed at the end ---- */

static struct call {
	const char *name;
	uint64_t arg[3];
} calls[4096];
static size_t nr_calls;

/* Out of line, so that it does not keep the arguments alive elsewhere. */
static noinline void called(const char *name, uint64_t a, uint64_t b, uint64_t c)
{
	if (nr_calls == sizeof(calls) / sizeof(calls[0]))
		abort();
	calls[nr_calls++] = (struct call){ name, { a, b, c } };
}

#define CALLED(name, ...)	 CALLED_(name, __VA_ARGS__, 0, 0, 0)
#define CALLED_(n, a, b, c, ...) called(n, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c))

/* ---- shapes ---- */

struct dev {
	unsigned long pad[5];
	struct io_mapping *map;
	struct io_mapping in; /* as i915 has it */
	uint32_t page[16];
	char *held;
};

static noinline int simple(struct dev *d, unsigned long offset)
{
	char *v = io_mapping_map_atomic_wc(d->map, offset);
	int r = v[4];

	io_mapping_unmap_atomic(v);
	CALLED("map-atomic", d->map, offset);
	CALLED("unmap-atomic", v);
	return r;
}

/* An offset from memory, in a function that is inlined itself. */
static inline char *wrapped(struct dev *d, unsigned int i)
{
	return io_mapping_map_atomic_wc(&d->in, (unsigned long)(d->page[i & 15] & 0xff)
							<< PAGE_SHIFT);
}

static noinline int branches(struct dev *d, unsigned int i)
{
	char *v;
	int r;

	if (i & 1) {
		v = wrapped(d, i);
		r = v[8];
		io_mapping_unmap_atomic(v);
		CALLED("map-atomic", &d->in, (uint64_t)(d->page[i & 15] & 0xff) << PAGE_SHIFT);
		CALLED("unmap-atomic", v);
	} else {
		v = io_mapping_map_atomic_wc(d->map, 0);
		r = v[16];
		io_mapping_unmap_atomic(v);
		CALLED("map-atomic", d->map, 0);
		CALLED("unmap-atomic", v);
	}
	return r;
}

static noinline int nested(struct dev *d, unsigned int i)
{
	char *a = wrapped(d, i), *b = wrapped(d, i + 1);
	int r = a[0] + b[0];

	io_mapping_unmap_atomic(b);
	io_mapping_unmap_atomic(a);
	CALLED("map-atomic", &d->in, (uint64_t)(d->page[i & 15] & 0xff) << PAGE_SHIFT);
	CALLED("map-atomic", &d->in, (uint64_t)(d->page[(i + 1) & 15] & 0xff) << PAGE_SHIFT);
	CALLED("unmap-atomic", b);
	CALLED("unmap-atomic", a);
	return r;
}

/* A read over several pages, as of i915's pread. */
static noinline int loop(struct dev *d, unsigned long from, unsigned long bytes)
{
	int r = 0;

	while (bytes) {
		unsigned long page = from & ~(PAGE_SIZE - 1), in = from & (PAGE_SIZE - 1);
		unsigned long n = bytes < PAGE_SIZE - in ? bytes : PAGE_SIZE - in;
		char *v = io_mapping_map_atomic_wc(d->map, page);

		r += v[in];
		io_mapping_unmap_atomic(v);
		CALLED("map-atomic", d->map, page);
		CALLED("unmap-atomic", v);
		from += n;
		bytes -= n;
	}
	return r;
}

static noinline int local(struct dev *d, unsigned int i)
{
	unsigned long offset = (unsigned long)(i % PAGES) << PAGE_SHIFT;
	char *v = io_mapping_map_local_wc(d->map, offset);
	int r = v[12];

	CALLED("map-local", d->map, offset);
	return r;
}

static noinline void hold(struct dev *d, unsigned int i)
{
	unsigned long offset = (unsigned long)(i & 31) * 2 * PAGE_SIZE;
	unsigned long size = (i & 3) * PAGE_SIZE + PAGE_SIZE;

	d->held = io_mapping_map_wc(&d->in, offset, size);
	CALLED("map-sleepable", &d->in, offset, size);
}

static noinline int set_up(struct dev *d, unsigned long size)
{
	d->map = io_mapping_create_wc(0, size);
	if (!d->map)
		return -1;
	CALLED("init", d->map, 0, size);
	if (!io_mapping_init_wc(&d->in, PAGE_SIZE, size - PAGE_SIZE))
		return -1;
	CALLED("init", &d->in, PAGE_SIZE, size - PAGE_SIZE);
	return 0;
}

static noinline void tear_down(struct dev *d)
{
	uint64_t map = (uint64_t)d->map;

	io_mapping_fini(&d->in);
	io_mapping_free(d->map);
	CALLED("fini", &d->in);
	CALLED("free", map);
}

int main(void)
{
	/* The compiler must not know these. */
	volatile unsigned long size = sizeof(device);
	struct dev *volatile hidden = calloc(1, sizeof(*hidden));
	struct dev *d = hidden;
	int sum = 0;

	if (!d)
		return 1;
	for (size_t i = 0; i < sizeof(device); i++)
		device[i] = (char)(i * 7);
	for (unsigned int i = 0; i < 16; i++)
		d->page[i] = (i * 37 + 5) % (PAGES / 2);
	if (set_up(d, size))
		return 1;
	for (unsigned int i = 0; i < 40; i++) {
		sum += simple(d, (unsigned long)i << PAGE_SHIFT);
		sum += branches(d, i);
		sum += nested(d, i);
		sum += loop(d, i * 1000, i * 300);
		sum += local(d, i * 3);
		hold(d, i);
		sum += *d->held;
	}
	tear_down(d);
	for (size_t i = 0; i < nr_calls; i++)
		printf("%s %lu %lu %lu\n", calls[i].name, (unsigned long)calls[i].arg[0],
		       (unsigned long)calls[i].arg[1], (unsigned long)calls[i].arg[2]);
	free(d);
	return sum == 12345;
}
