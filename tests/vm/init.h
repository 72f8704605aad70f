/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The system of the guest, made by init-root.c. On an error, these functions stop the machine. */
#ifndef IOMAP_TESTS_VM_INIT_H
#define IOMAP_TESTS_VM_INIT_H

#include <stdbool.h>

/* Prints an error on the console and stops the machine. The host gets no exit status. */
void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *format, ...);

/* Makes /dev. */
void make_devices(void);

/* Loads the modules of the initramfs in the order of their names. Our own kernel needs none. */
void load_modules(void);

/* Makes a writable root of the read-only image and a tmpfs, and mounts /proc, /sys and others. */
void make_root(void);

/* Sets loopback interface and host name, and switches off core files. */
void set_up_system(void);

/* Mounts this tree, the modules of the kernel and, if share, the folder of --share. */
void mount_host_folders(bool share);

#endif
