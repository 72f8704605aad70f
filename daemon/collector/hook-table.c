// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/collector/priv.h"

#define PROG(name) offsetof(struct iomap_bpf, progs.name)
#define TP(prog, on)                              \
	{                                         \
		PROG(prog), on, ATTACH_TRACEPOINT \
	}
#define RULE(rule) IOMAP_RULE(IOMAP_##rule)
#define FIGURE(f)  (1U << IPI_##f)

/* Rules that need the open sections of a task. */
#define SECTION_RULES                                                            \
	(RULE(SLEEP_IN_ATOMIC) | RULE(MAY_SLEEP_IN_ATOMIC) | RULE(UNMAP_ORDER) | \
	 RULE(UNMAP_KIND) | RULE(UNMAP_UNKNOWN) | RULE(LEAK) | RULE(HOLD_TIME))

#define ON_DEFERRED "deferred flushes are not charged to the unmaps that caused them"
#define ON_SENT	    "interrupts sent are not counted"

/*
 * Hooks of mappings come first: each mapping is either in debugfs or has a create event. The hook
 * at the end of an operation comes before the one at its begin, so that no operation stays open.
 */
/* clang-format off */
const struct hook hook_table[] = {
	{ .name = "io_mapping_create", .source = FOR_TRACEPOINTS, .misses = MISSES_EVENTS,
	  .rules = RULE(OFFSET_RANGE) | RULE(USE_AFTER_FREE) | RULE(LEAK),
	  .cost = "new mappings are not seen",
	  .programs = { TP(iomap_create, "io_mapping_create") } },
	{ .name = "io_mapping_free", .source = FOR_TRACEPOINTS, .misses = MISSES_EVENTS,
	  .rules = RULE(USE_AFTER_FREE) | RULE(LEAK),
	  .cost = "mappings are never shown as freed",
	  .programs = { TP(iomap_free, "io_mapping_free") } },
	{ .name = "debugfs", .need = NEED_FILE, .source = FOR_TRACEPOINTS,
	  .rules = RULE(OFFSET_RANGE),
	  .cost = "base, size and owner of mappings older than iomapd are not known",
	  .start = adopt_start },
	{ .name = "io_mapping_unmap", .source = FOR_TRACEPOINTS, .misses = MISSES_EVENTS,
	  .rules = SECTION_RULES,
	  .cost = "unmaps are not counted and hold times are not known",
	  .programs = { TP(iomap_unmap, "io_mapping_unmap") } },
	{ .name = "io_mapping_map", .source = FOR_TRACEPOINTS, .misses = MISSES_EVENTS,
	  .rules = IOMAP_RULE(IOMAP_RULE_MAX) - 1,
	  .cost = "maps are not counted",
	  .programs = { TP(iomap_map, "io_mapping_map"),
			{ PROG(iomap_module_load), "module_load", ATTACH_IF_ANY } } },

	/*
	 * In place of the above, on kernels without these tracepoints. There the API is inline: the
	 * unmaps of local and sleepable maps leave no code at all.
	 */
	{ .name = "modules", .source = FOR_SITES, .misses = MISSES_RULES,
	  .cost = "modules that are loaded later are not watched",
	  .programs = { { PROG(iomap_module_load), "module_load", ATTACH_IF_ANY },
			{ PROG(iomap_site_load), "module_load", ATTACH_IF_ANY },
			{ PROG(iomap_site_unload), "module_free", ATTACH_IF_ANY } } },
	{ .name = "site_init", .source = FOR_SITES, .misses = MISSES_SITES,
	  .rules = RULE(USE_AFTER_FREE),
	  .cost = "new mappings are seen at their first map",
	  .programs = { { PROG(iomap_site_init), NULL, ATTACH_ENTRY } },
	  .start = stock_attach },
	{ .name = "site_free", .source = FOR_SITES, .misses = MISSES_SITES,
	  .rules = RULE(USE_AFTER_FREE) | RULE(LEAK),
	  .cost = "mappings are never shown as freed",
	  .programs = { { PROG(iomap_site_free), NULL, ATTACH_ENTRY } },
	  .start = stock_attach },
	{ .name = "site_unmap", .source = FOR_SITES, .misses = MISSES_SITES,
	  .rules = SECTION_RULES,
	  .cost = "unmaps are not counted and hold times are not known",
	  .programs = { { PROG(iomap_site_unmap), NULL, ATTACH_ENTRY } },
	  .start = stock_attach },
	{ .name = "site_map", .source = FOR_SITES, .misses = MISSES_SITES,
	  .rules = IOMAP_RULE(IOMAP_RULE_MAX) - 1,
	  .cost = "maps are not counted",
	  .programs = { { PROG(iomap_site_map), NULL, ATTACH_ENTRY } },
	  .start = stock_attach },
	{ .name = "map_arguments", .need = NEED_FILE, .source = FOR_SITES,
	  .rules = RULE(OFFSET_RANGE) | RULE(OFFSET_ALIGN) | RULE(USE_AFTER_FREE) | RULE(LEAK),
	  .cost = "the mapping, offset or size of some maps is not known" },
	{ .name = "unmap_address", .need = NEED_FILE, .source = FOR_SITES,
	  .rules = RULE(UNMAP_ORDER),
	  .cost = "the address of some unmaps is not known, so they end the newest map" },
	{ .name = "half_maps", .need = NEED_FILE, .source = FOR_SITES,
	  .rules = RULE(LEAK),
	  .cost = "local and sleepable maps are counted as maps only: without unmaps, hold "
		  "times, live maps and leaks" },
	{ .name = "other_unmaps", .need = NEED_FILE, .source = FOR_SITES,
	  .rules = RULE(UNMAP_KIND) | RULE(UNMAP_UNKNOWN),
	  .cost = "unmaps of the wrong kind or address are not seen",
	  .start = stock_attach },

	{ .name = "sched_switch", .misses = MISSES_RULES,
	  .rules = SECTION_RULES,
	  .cost = "sleeping in atomic sections is not seen",
	  .programs = { TP(iomap_switch, "sched_switch") } },
	/*
	 * The kprobe on do_exit() runs before anything in it can sleep. The tracepoint catches
	 * exits for which the kprobe was skipped.
	 */
	{ .name = "exit", .misses = MISSES_RULES,
	  .rules = RULE(LEAK),
	  .cost = "maps that a task leaves behind are not seen",
	  .programs = { { PROG(iomap_do_exit), "do_exit", ATTACH_OPTIONAL },
			TP(iomap_exit, "sched_process_exit") } },
	{ .name = "may_sleep", .need = NEED_RULE, .misses = MISSES_RULES,
	  .rules = RULE(MAY_SLEEP_IN_ATOMIC),
	  .cost = "calls of functions that may sleep are not seen in atomic sections",
	  .programs = { { PROG(iomap_may_sleep), NULL, ATTACH_ENTRY },
			{ PROG(iomap_may_sleep_fentry), NULL, ATTACH_ENTRY } },
	  .start = may_sleep_attach },

	/* Interrupts between CPUs */
	{ .name = "io_mapping_unmap_done", .need = NEED_IPI, .source = FOR_TRACEPOINTS,
	  .misses = MISSES_IPI,
	  .figures = FIGURE(DIRECT), .ipi_bit = IOMAP_HAS_UNMAP_DONE,
	  .cost = "interrupts that unmaps send are counted as other",
	  .programs = { TP(iomap_unmap_done, "io_mapping_unmap_done") } },
	{ .name = "io_mapping_map_start", .need = NEED_IPI, .source = FOR_TRACEPOINTS,
	  .misses = MISSES_IPI,
	  .figures = FIGURE(DIRECT),
	  .cost = "interrupts that maps send are counted as other",
	  .programs = { TP(iomap_map_start, "io_mapping_map_start") } },
	{ .name = "purge_vmap_area_lazy", .need = NEED_IPI, .misses = MISSES_IPI,
	  .figures = FIGURE(DEFERRED), .cost = ON_DEFERRED,
	  .programs = { TP(iomap_ipi_purged, "purge_vmap_area_lazy") } },
	{ .name = "purge", .need = NEED_IPI, .misses = MISSES_IPI,
	  .figures = FIGURE(DEFERRED), .cost = ON_DEFERRED,
	  .programs = { { PROG(iomap_ipi_purge), "__purge_vmap_area_lazy", ATTACH_ENTRY } } },
	{ .name = "free_vmap_area_noflush", .need = NEED_IPI, .misses = MISSES_IPI,
	  .figures = FIGURE(DEFERRED), .cost = ON_DEFERRED,
	  .programs = { TP(iomap_ipi_range, "free_vmap_area_noflush") } },
	{ .name = "reserve_flush", .need = NEED_RESERVE, .misses = MISSES_IPI,
	  .figures = FIGURE(DEFERRED),
	  .cost = "flushes of the ioremap backend's reserve are not charged to any unmap",
	  .programs = { { PROG(iomap_ipi_reserve_done), "reserve_flush", ATTACH_RETURN },
			{ PROG(iomap_ipi_reserve), "reserve_flush", ATTACH_ENTRY } } },
	{ .name = "broadcast", .need = NEED_IPI, .misses = MISSES_IPI,
	  .figures = FIGURE(WAIT) | FIGURE(STOLEN),
	  .cost = "broadcasts are not counted, and how long they take is not known",
	  .programs = {
		{ PROG(iomap_ipi_broadcast_done), "smp_call_function_many_cond", ATTACH_RETURN },
		{ PROG(iomap_ipi_broadcast), "smp_call_function_many_cond", ATTACH_ENTRY } } },
	{ .name = "csd_function", .need = NEED_IPI, .misses = MISSES_IPI,
	  .figures = FIGURE(STOLEN),
	  .cost = "the time that interrupted CPUs lose is not known",
	  .programs = { TP(iomap_ipi_func_done, "csd_function_exit"),
			TP(iomap_ipi_func, "csd_function_entry") } },
	{ .name = "csd_queue_cpu", .need = NEED_IPI, .misses = MISSES_CALLS,
	  .figures = FIGURE(CALLS) | FIGURE(STOLEN), .ipi_bit = IOMAP_HAS_CSD_QUEUE,
	  .cost = "functions queued for other CPUs are not counted, nor the time these CPUs lose",
	  .programs = { TP(iomap_ipi_queue, "csd_queue_cpu") } },
	{ .name = "irq_vectors", .need = NEED_IPI, .misses = MISSES_IPI,
	  .figures = FIGURE(RECEIVED), .cost = "interrupts received are not counted",
	  .programs = { TP(iomap_ipi_got_call, "call_function_entry"),
			TP(iomap_ipi_got_call, "call_function_single_entry"),
			TP(iomap_ipi_got_resched, "reschedule_entry"),
			TP(iomap_ipi_got_irq_work, "irq_work_entry") } },
	{ .name = "ipi_send_cpumask", .need = NEED_IPI, .misses = MISSES_SENDS,
	  .figures = FIGURE(IPIS), .cost = ON_SENT,
	  .programs = { TP(iomap_ipi_send_cpumask, "ipi_send_cpumask") } },
	{ .name = "ipi_send_cpu", .need = NEED_IPI, .misses = MISSES_SENDS,
	  .figures = FIGURE(IPIS), .cost = ON_SENT,
	  .programs = { TP(iomap_ipi_send_cpu, "ipi_send_cpu") } },

	{ .name = "preempt_count", .need = NEED_FILE,
	  .figures = FIGURE(DIRECT) | FIGURE(DEFERRED),
	  .cost = "interrupts that maps and unmaps cause are counted as other" },
	{ .name = "kallsyms", .need = NEED_FILE,
	  .cost = "call sites and owners are shown as addresses" },
};
/* clang-format on */

_Static_assert(ARRAY_SIZE(hook_table) <= HOOKS_MAX, "HOOKS_MAX");
_Static_assert(ARRAY_SIZE(hook_table) <= IOMAP_PERSISTENT_HOOKS, "IOMAP_PERSISTENT_HOOKS");

const int hooks_nr = ARRAY_SIZE(hook_table);
