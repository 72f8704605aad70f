/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A seccomp filter, as a container's profile has it. */
#ifndef IOMAP_TESTS_LIB_REFUSE_H
#define IOMAP_TESTS_LIB_REFUSE_H

/* A system call of this process and its children fails now. Returns 0 or a negative errno. */
int refuse_call(long number, int error);

#endif
