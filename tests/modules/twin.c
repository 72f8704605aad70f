// SPDX-License-Identifier: GPL-2.0-only
/* A second function with the name of one that may sleep: a kprobe by name is ambiguous. */
#include <linux/module.h>

static noinline __used void twin(void) asm("flush_work");
static noinline __used void twin(void)
{
	barrier();
}

static int __init twin_init(void)
{
	return 0;
}
module_init(twin_init);

static void __exit twin_exit(void)
{
}
module_exit(twin_exit);

MODULE_DESCRIPTION("A second flush_work()");
MODULE_LICENSE("GPL");
