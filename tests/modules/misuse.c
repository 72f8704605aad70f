// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls a function with a page mapped atomically, once, when it is loaded: insmod misuse.ko
 * what=NAME. It then refuses to stay loaded. The device is QEMU's ivshmem, which another driver may
 * use.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/io-mapping.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/semaphore.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <linux/ww_mutex.h>

static char *what = "";
module_param(what, charp, 0444);

static DEFINE_WW_CLASS(class);
static struct ww_mutex ww;
static DEFINE_SEMAPHORE(sem, 1);
static DECLARE_COMPLETION(done);

static void nothing(struct work_struct *work)
{
}
static DECLARE_WORK(work, nothing);

static void keep(void *p)
{
	/* The compiler must not remove an allocation that is freed at once. */
	OPTIMIZER_HIDE_VAR(p);
	kfree(p);
}

static void call_it(void)
{
	struct page *page;

	if (!strcmp(what, "usleep"))
		usleep_range(200, 400);
	else if (!strcmp(what, "msleep"))
		msleep(20);
	else if (!strcmp(what, "down-timeout") && !down_timeout(&sem, HZ))
		up(&sem);
	else if (!strcmp(what, "completion")) {
		complete(&done);
		if (wait_for_completion_killable(&done))
			pr_info("misuse: killed\n");
	} else if (!strcmp(what, "flush"))
		flush_work(&work);
	else if (!strcmp(what, "ww")) {
		ww_mutex_lock(&ww, NULL);
		ww_mutex_unlock(&ww);
	} else if (!strcmp(what, "kmalloc"))
		keep(kmalloc(64, GFP_KERNEL));
	else if (!strcmp(what, "kmalloc-atomic"))
		keep(kmalloc(64, GFP_ATOMIC));
	else if (!strcmp(what, "page")) {
		page = alloc_page(GFP_KERNEL);
		if (page)
			__free_page(page);
	}
}

static int __init misuse_init(void)
{
	struct pci_dev *pdev = pci_get_device(PCI_VENDOR_ID_REDHAT_QUMRANET, 0x1110, NULL);
	struct io_mapping *m;
	void __iomem *v;

	if (!pdev)
		return -ENODEV;
	ww_mutex_init(&ww, &class);
	m = io_mapping_create_wc(pci_resource_start(pdev, 2), pci_resource_len(pdev, 2));
	pci_dev_put(pdev);
	if (!m)
		return -ENOMEM;
	v = io_mapping_map_atomic_wc(m, 0);
	if (v) {
		call_it();
		io_mapping_unmap_atomic(v);
	}
	io_mapping_free(m);
	return -ECANCELED;
}
module_init(misuse_init);

MODULE_DESCRIPTION("Misuses of io_mapping, one at a time");
MODULE_LICENSE("GPL");
