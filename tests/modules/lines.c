// SPDX-License-Identifier: GPL-2.0-only
/*
 * Breaks rules at marked lines when it is loaded, and refuses to stay loaded. tests/guest/lines.sh
 * compares the lines in a report with those of the marks. The device is QEMU's ivshmem, which
 * another driver may use.
 */
#include <linux/io-mapping.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>

static DEFINE_MUTEX(lock);

/* An inlined helper: its line, and the one that it is inlined into, are reported. */
static __always_inline void __iomem *take(struct io_mapping *m, unsigned long offset)
{
	return io_mapping_map_atomic_wc(m, offset); /* mark: map in take */
}

static noinline void inlined(struct io_mapping *m)
{
	void __iomem *v = take(m, 2 * PAGE_SIZE + 4); /* mark: take inlined */

	if (v)
		io_mapping_unmap_atomic(v);
}

static noinline void sleeps(struct io_mapping *m)
{
	void __iomem *v = io_mapping_map_atomic_wc(m, 0); /* mark: map in sleeps */

	if (v) {
		mutex_lock(&lock); /* mark: sleep */
		mutex_unlock(&lock);
		io_mapping_unmap_atomic(v);
	}
}

/* The same text at two lines of one function. */
static noinline void twice(struct io_mapping *m, unsigned long offset)
{
	void __iomem *v;

	v = io_mapping_map_atomic_wc(m, offset); /* mark: equal text */
	if (v)
		io_mapping_unmap_atomic(v);
	v = io_mapping_map_atomic_wc(m, offset); /* mark: equal text */
	if (v)
		io_mapping_unmap_atomic(v);
}

static noinline __attribute__((cold)) void complain(void)
{
	pr_info(KBUILD_MODNAME ": this is seldom\n");
}

/* gcc moves the seldom part out of the function, to seldom.cold. */
static noinline void seldom(struct io_mapping *m, unsigned long offset)
{
	void __iomem *v = io_mapping_map_atomic_wc(m, 0); /* mark: map in seldom */

	if (!v)
		return;
	if (offset & 8) {
		complain();
		mutex_lock(&lock); /* mark: cold */
		mutex_unlock(&lock);
		complain();
	}
	io_mapping_unmap_atomic(v);
}

static int __init lines_init(void)
{
	struct pci_dev *pdev = pci_get_device(PCI_VENDOR_ID_REDHAT_QUMRANET, 0x1110, NULL);
	struct io_mapping *m;
	unsigned long odd = PAGE_SIZE + 8;

	if (!pdev)
		return -ENODEV;
	m = io_mapping_create_wc(pci_resource_start(pdev, 2), pci_resource_len(pdev, 2));
	pci_dev_put(pdev);
	if (!m)
		return -ENOMEM;
	OPTIMIZER_HIDE_VAR(odd);
	inlined(m);
	sleeps(m);
	twice(m, odd);
	seldom(m, odd);
	io_mapping_free(m);
	return -ECANCELED;
}
module_init(lines_init);

MODULE_DESCRIPTION("Broken rules at known lines");
MODULE_LICENSE("GPL");
