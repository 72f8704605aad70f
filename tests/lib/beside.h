/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef IOMAP_TESTS_LIB_BESIDE_H
#define IOMAP_TESTS_LIB_BESIDE_H

/* The path of the program of that name in the folder of the running one; malloced. */
char *beside(const char *name);

#endif
