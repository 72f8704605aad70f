// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for stock kernels that knows what it does: it uses io_mapping in the shapes that drivers
 * have, and counts each call by itself. A test compares these counts with those of iomap.
 *
 * /sys/kernel/debug/truth: write "NAME [TIMES]" to run a case, read the counts.
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/io-mapping.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

static unsigned long base, size = 1 << 20;
module_param(base, ulong, 0400);
MODULE_PARM_DESC(base, "bus address of a memory BAR");
module_param(size, ulong, 0400);
MODULE_PARM_DESC(size, "its bytes");

#ifndef __flatten
#define __flatten __attribute__((flatten))
#endif

/* Mappings as drivers have them: by a pointer, and inside another structure. */
struct card {
	u32 unused[3];
	struct io_mapping *window;
	struct io_mapping inner;
	u16 page[32];
};

/* The calls, by task and timer: each is counted on its own level, so no lock is needed. */
struct calls {
	u64 atomic_maps, atomic_unmaps, local_maps, sleepable_maps;
};

static struct card *card;
static struct calls by_task, by_timer;
static DEFINE_MUTEX(lock);
static struct hrtimer timer;
static u64 timer_left;
static u64 took_ns; /* the last write */

static __always_inline void mapped(struct calls *c)
{
	c->atomic_maps++;
}

static __always_inline void unmap(struct calls *c, void __iomem *p)
{
	c->atomic_unmaps++;
	io_mapping_unmap_atomic(p);
}

static unsigned long pages(void)
{
	return size >> PAGE_SHIFT;
}

/* One page, read. */
static noinline u32 one(struct card *d, unsigned long n)
{
	void __iomem *p = io_mapping_map_atomic_wc(d->window, (n % pages()) << PAGE_SHIFT);
	u32 value = readl(p);

	mapped(&by_task);
	unmap(&by_task, p);
	return value;
}

/* The offset comes from an array, the mapping from inside a structure. */
static noinline u32 looked_up(struct card *d, unsigned int n)
{
	void __iomem *p = io_mapping_map_atomic_wc(
		&d->inner, (unsigned long)d->page[n % ARRAY_SIZE(d->page)] << PAGE_SHIFT);
	u32 value = readl(p + 8);

	mapped(&by_task);
	unmap(&by_task, p);
	return value;
}

/* Two maps at once. */
static noinline void copy(struct card *d, unsigned long from, unsigned long to)
{
	void __iomem *a = io_mapping_map_atomic_wc(d->window, (from % pages()) << PAGE_SHIFT);
	void __iomem *b = io_mapping_map_atomic_wc(&d->inner, (to % pages()) << PAGE_SHIFT);

	mapped(&by_task);
	mapped(&by_task);
	writel(readl(a), b);
	unmap(&by_task, b);
	unmap(&by_task, a);
}

/* Several ways out, each with an unmap of its own. */
static noinline int ways_out(struct card *d, unsigned long n)
{
	void __iomem *p = io_mapping_map_atomic_wc(d->window, (n % pages()) << PAGE_SHIFT);

	mapped(&by_task);
	if (n % 3 == 0) {
		unmap(&by_task, p);
		return 0;
	}
	if (n % 3 == 1) {
		writel(n, p + 16);
		unmap(&by_task, p);
		return 1;
	}
	unmap(&by_task, p);
	return 2;
}

/* A run of pages, with a part of the first and of the last one. */
static noinline u32 run_of(struct card *d, unsigned long from, unsigned long bytes)
{
	u32 sum = 0;

	while (bytes) {
		unsigned long in = from & ~PAGE_MASK;
		unsigned long n = min(bytes, PAGE_SIZE - in);
		void __iomem *p = io_mapping_map_atomic_wc(d->window, from - in);

		mapped(&by_task);
		sum += readl(p + (in & ~3UL));
		unmap(&by_task, p);
		from += n;
		bytes -= n;
	}
	return sum;
}

static noinline u32 locally(struct card *d, unsigned long n)
{
	void __iomem *p = io_mapping_map_local_wc(d->window, (n % pages()) << PAGE_SHIFT);
	u32 value = readl(p);

	by_task.local_maps++;
	io_mapping_unmap_local(p);
	return value;
}

static noinline u32 sleepably(struct card *d, unsigned long n)
{
	void __iomem *p =
		io_mapping_map_wc(&d->inner, (n % (pages() / 2)) << PAGE_SHIFT, 2 * PAGE_SIZE);
	u32 value = readl(p + PAGE_SIZE);

	by_task.sleepable_maps++;
	io_mapping_unmap(p);
	return value;
}

static enum hrtimer_restart tick(struct hrtimer *t)
{
	void __iomem *p = io_mapping_map_atomic_wc(card->window, PAGE_SIZE);

	mapped(&by_timer);
	readl(p);
	unmap(&by_timer, p);
	if (!--timer_left)
		return HRTIMER_NORESTART;
	hrtimer_forward_now(t, ns_to_ktime(100 * NSEC_PER_USEC));
	return HRTIMER_RESTART;
}

/* ---- cases ---- */

static void do_all(unsigned long n)
{
	one(card, n);
	looked_up(card, n);
	copy(card, n, n + 1);
	ways_out(card, n);
	run_of(card, n * 100 % (size / 2), 2 * PAGE_SIZE + 100);
	locally(card, n);
	sleepably(card, n);
}

/* Atomic maps of the task, interrupted by those of a timer. */
static void do_timer(unsigned long n)
{
	one(card, n);
	copy(card, n, n);
}

/* Takes a mutex with a page mapped. */
static noinline void lock_mapped(struct card *d, unsigned long n)
{
	void __iomem *p = io_mapping_map_atomic_wc(d->window, (n % pages()) << PAGE_SHIFT);

	mapped(&by_task);
	mutex_lock(&lock);
	writel(n, p);
	mutex_unlock(&lock);
	unmap(&by_task, p);
}

static void do_sleep(unsigned long n)
{
	lock_mapped(card, n);
}

/* Nothing but a pair, for its cost. */
static noinline void pair(struct card *d, unsigned long n)
{
	void __iomem *p = io_mapping_map_atomic_wc(d->window, (n & 15) << PAGE_SHIFT);

	mapped(&by_task);
	d->unused[0] = n;
	unmap(&by_task, p);
}

static void do_pair(unsigned long n)
{
	pair(card, n);
}

/* Maps a page behind the region, and does not touch it. */
static noinline void map_past(struct card *d, unsigned long offset)
{
	void __iomem *p = io_mapping_map_atomic_wc(d->window, offset);

	mapped(&by_task);
	d->unused[0] = offset;
	unmap(&by_task, p);
}

static void do_past_end(unsigned long n)
{
	map_past(card, size + (n << PAGE_SHIFT));
}

static const struct {
	const char *name;
	void (*fn)(unsigned long n);
} cases[] = {
	{ "all", do_all },	     { "timer", do_timer }, { "sleep", do_sleep },
	{ "past-end", do_past_end }, { "pair", do_pair },
};

static DEFINE_MUTEX(control);

static ssize_t truth_write(struct file *file, const char __user *user, size_t len, loff_t *pos)
{
	unsigned long times = 1;
	u64 start;
	char text[40] = {}, name[20];
	size_t i;

	if (len >= sizeof(text) || copy_from_user(text, user, len) ||
	    sscanf(text, "%19s %lu", name, &times) < 1)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(cases) && strcmp(cases[i].name, name); i++)
		;
	if (i == ARRAY_SIZE(cases))
		return -EINVAL;
	mutex_lock(&control);
	if (cases[i].fn == do_timer) {
		timer_left = times;
		hrtimer_start(&timer, ns_to_ktime(100 * NSEC_PER_USEC), HRTIMER_MODE_REL_PINNED);
	}
	start = ktime_get_ns();
	for (unsigned long n = 0; n < times; n++)
		cases[i].fn(n);
	took_ns = ktime_get_ns() - start;
	while (cases[i].fn == do_timer && hrtimer_active(&timer))
		msleep(1);
	mutex_unlock(&control);
	return len;
}

static int truth_show(struct seq_file *s, void *unused)
{
	seq_printf(s,
		   "atomic_maps %llu\natomic_unmaps %llu\nlocal_maps %llu\nsleepable_maps %llu\n"
		   "took_ns %llu\n",
		   by_task.atomic_maps + by_timer.atomic_maps,
		   by_task.atomic_unmaps + by_timer.atomic_unmaps, by_task.local_maps,
		   by_task.sleepable_maps, took_ns);
	return 0;
}

static int truth_open(struct inode *inode, struct file *file)
{
	return single_open(file, truth_show, NULL);
}

static const struct file_operations truth_fops = {
	.owner = THIS_MODULE,
	.open = truth_open,
	.read = seq_read,
	.write = truth_write,
	.llseek = seq_lseek,
	.release = single_release,
};

static struct dentry *file;

/*
 * Not in the sections of init and exit, which probes do not reach. The compiler would not inline
 * the API into code that runs only once.
 */
static noinline __flatten int set_up(struct card *d)
{
	d->window = io_mapping_create_wc(base, size);
	if (!d->window)
		return -ENOMEM;
	if (io_mapping_init_wc(&d->inner, base, size))
		return 0;
	io_mapping_free(d->window);
	return -ENOMEM;
}

static noinline __flatten void tear_down(struct card *d)
{
	io_mapping_fini(&d->inner);
	io_mapping_free(d->window);
}

static int __init truth_init(void)
{
	int err;

	if (!base || size < 16 * PAGE_SIZE)
		return -EINVAL;
	card = kzalloc(sizeof(*card), GFP_KERNEL);
	if (!card)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(card->page); i++)
		card->page[i] = i * 7 % pages();
	err = set_up(card);
	if (err) {
		kfree(card);
		return err;
	}
	hrtimer_init(&timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED);
	timer.function = tick;
	file = debugfs_create_file("truth", 0600, NULL, NULL, &truth_fops);
	return 0;
}

static void __exit truth_exit(void)
{
	debugfs_remove(file);
	hrtimer_cancel(&timer);
	tear_down(card);
	kfree(card);
}

module_init(truth_init);
module_exit(truth_exit);
MODULE_DESCRIPTION("A user of io_mapping that counts its calls");
MODULE_LICENSE("GPL");
