/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two modules of this code differ in the name of a function only. A kernel that loads one after the
 * other may put both functions at one address. Such a module maps pages when it is loaded, the last
 * one at an offset that is not aligned, and refuses to stay loaded. The device is QEMU's ivshmem,
 * which another driver may use.
 */
#include <linux/io-mapping.h>
#include <linux/module.h>
#include <linux/pci.h>

static int maps = 1;
module_param(maps, int, 0444);

static noinline void RELOAD_FUNCTION(struct io_mapping *m, unsigned long offset)
{
	void __iomem *v = io_mapping_map_atomic_wc(m, offset);

	if (v)
		io_mapping_unmap_atomic(v);
}

static int __init reload_init(void)
{
	struct pci_dev *pdev = pci_get_device(PCI_VENDOR_ID_REDHAT_QUMRANET, 0x1110, NULL);
	struct io_mapping *m;
	int i;

	if (!pdev)
		return -ENODEV;
	m = io_mapping_create_wc(pci_resource_start(pdev, 2), pci_resource_len(pdev, 2));
	pci_dev_put(pdev);
	if (!m)
		return -ENOMEM;
	pr_info(KBUILD_MODNAME ": at %px\n", RELOAD_FUNCTION);
	for (i = 1; i <= maps; i++)
		RELOAD_FUNCTION(m, i == maps);
	io_mapping_free(m);
	return -ECANCELED;
}
module_init(reload_init);

MODULE_DESCRIPTION("Code that replaces other code at its address");
MODULE_LICENSE("GPL");
