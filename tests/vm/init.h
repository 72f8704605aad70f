/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What init.c has done by init-root.c. Nothing here returns an error: it ends the machine. */
#ifndef IOMAP_TESTS_VM_INIT_H
#define IOMAP_TESTS_VM_INIT_H

#include <stdbool.h>

/* Says what went wrong and stops the machine; the host sees an end without an exit status. */
void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *format, ...);

/* Makes /dev. */
void make_devices(void);

/* What a kernel that is not ours needs before it finds the root: in the order of the names. */
void load_modules(void);

/* A writable root: the read-only image under a tmpfs, and what programs expect to be mounted. */
void make_root(void);

/* The loopback interface, the machine's name, no core files. */
void set_up_system(void);

/* The project's tree, the kernel's modules and, if asked for, the folder to exchange files. */
void mount_host_folders(bool share);

#endif
