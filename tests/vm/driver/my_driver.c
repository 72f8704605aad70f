// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver of the examples in docs/ci.md. Its test writes a number of pages to the parameter
 * draw, or an offset to the parameter wrong. The device is QEMU's ivshmem, which another driver may
 * use.
 */
#include <linux/io-mapping.h>
#include <linux/module.h>
#include <linux/pci.h>

static struct io_mapping *mapping;

static void draw_page(unsigned long offset)
{
	void __iomem *v = io_mapping_map_atomic_wc(mapping, offset);

	if (!v)
		return;
	writel(0, v);
	io_mapping_unmap_atomic(v);
}

static int draw(const char *arg, const struct kernel_param *kp)
{
	unsigned int i, pages;
	int err = kstrtouint(arg, 0, &pages);

	for (i = 0; !err && i < pages; i++)
		draw_page(0);
	return err;
}

static int wrong(const char *arg, const struct kernel_param *kp)
{
	unsigned int offset;
	int err = kstrtouint(arg, 0, &offset);

	if (!err)
		draw_page(offset);
	return err;
}

static const struct kernel_param_ops draw_ops = { .set = draw };
module_param_cb(draw, &draw_ops, NULL, 0200);
static const struct kernel_param_ops wrong_ops = { .set = wrong };
module_param_cb(wrong, &wrong_ops, NULL, 0200);

static int __init my_driver_init(void)
{
	struct pci_dev *pdev = pci_get_device(PCI_VENDOR_ID_REDHAT_QUMRANET, 0x1110, NULL);

	if (!pdev)
		return -ENODEV;
	mapping = io_mapping_create_wc(pci_resource_start(pdev, 2), pci_resource_len(pdev, 2));
	pci_dev_put(pdev);
	return mapping ? 0 : -ENOMEM;
}
module_init(my_driver_init);

static void __exit my_driver_exit(void)
{
	io_mapping_free(mapping);
}
module_exit(my_driver_exit);

MODULE_DESCRIPTION("Maps pages for the examples of docs/ci.md");
MODULE_LICENSE("GPL");
