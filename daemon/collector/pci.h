/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the PCI device and its base address register (BAR) of a bus address. */
#ifndef IOMAP_DAEMON_COLLECTOR_PCI_H
#define IOMAP_DAEMON_COLLECTOR_PCI_H

#include <stdint.h>

struct pci_bar {
	char device[32]; /* as 0000:00:02.0 */
	int bar;	 /* 0 to 5, 6 for the expansion ROM */
};

/*
 * Looks the address up in devices, which has a folder per device (/sys/bus/pci/devices).
 * Returns 0, -ENOENT when no memory BAR holds it, or another negative errno; *ret is untouched
 * then.
 */
int pci_find(const char *devices, uint64_t addr, struct pci_bar *ret);

#endif
