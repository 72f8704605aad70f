#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Kernels that lack a hook, made by hiding it: the gap is named, and what does not need it stays
# right.
. tests/guest/lib.sh

modprobe test_io_mapping || bail "the test driver does not load"

# found: rule, kind and count of each place, and the functions on their stacks in $frames.
found() {
	iomapctl events --json >/tmp/events
	frames=$(jq -rs \
		'[.[].event.violation | select(.) | .stack[] | sub("[+].*"; "")] | join(" ")' \
		/tmp/events)
	told=$(jq -rs \
		'[.[].event.violation | select(.) | "\(.rule) \(.kind) \(.count)"] | sort | join("; ")' /tmp/events)
}

# breaks RULE N: the driver breaks it, in a task that is younger than iomapd.
breaks() {
	sh -c "echo 'break rule=$1 kind=atomic n=$2' >$driver/control"
}

# rule NAME FIELD: what status says of a rule.
rule() {
	iomapctl status | sed -n "s/^ *$1  *//p" | head -n 1
}

# ---- no might_sleep() to hook: a kernel without DEBUG_ATOMIC_SLEEP

# gap FIGURE: what `iomapctl ipi` says of a figure of interrupts between CPUs.
gap() {
	json ipi ".missing.$1"
}

# ---- nor any word of where the preempt counts are: a kernel without KALLSYMS_ALL

grep -vE ' (__+might_sleep|__might_resched|pcpu_hot|__preempt_count)$' /proc/kallsyms >/tmp/kallsyms
mount --bind /tmp/kallsyms /proc/kallsyms || bail "kallsyms cannot be hidden"
start_daemon
breaks may-sleep-in-atomic 3
found
same "no might_sleep: a mutex is told of once a call" "$told" "may-sleep-in-atomic atomic 3"
is "no might_sleep: where it was locked" test "${frames#*mutex_lock}" != "$frames"
driver run kind=atomic ops=2000 depth=3 irq_us=700 softirq_us=900
driver run kind=sleepable ops=200 sleep_us=200
seq 1 300 >/dev/tty0
found
same "no might_sleep: nothing else is told of" "$told" "may-sleep-in-atomic atomic 3"
# On a kernel that preempts, some of the kprobes may have been passed by, of which it tells then.
is "no might_sleep: the rule is checked" eval \
	'[[ $(rule may-sleep-in-atomic) == "checked  3 violations"* ]]'
is "no might_sleep: the books balance" books
is "no preempt counts: direct and deferred have a gap" \
	eval '[[ $(gap direct) == *CONFIG_KALLSYMS_ALL* && $(gap deferred) == *CONFIG_KALLSYMS_ALL* ]]'
same "no preempt counts: and no figure" "$(json ipi \
	'[.backends[] | .direct, .deferred] | unique | tostring')" "[null]"
is "no preempt counts: the rest is known" test "$(json ipi .total.ipis)" -gt 0
stop_daemon
umount /proc/kallsyms

# ---- no kprobes

hidden=$(mktemp -d)
for folder in /sys/bus/event_source/devices /sys/kernel/tracing /sys/kernel/debug/tracing; do
	[ ! -d $folder ] || mount --bind "$hidden" $folder || bail "$folder cannot be hidden"
done
start_daemon
breaks may-sleep-in-atomic 3
breaks unmap-order 2
[ "$backend" != linear ] || breaks leak 1
found
leak=
[ "$backend" != linear ] || leak="leak atomic 1; "
same "no kprobes: what needs none is found" "$told" "${leak}unmap-order atomic 2"
is "no kprobes: status names the gap" eval 'iomapctl status >/tmp/status; [ $? = 4 ] &&
	grep -q "may_sleep is missing: calls of functions that may sleep .* no kprobes (CONFIG_KPROBES)" /tmp/status'
is "no kprobes: and the rule" eval \
	'[[ $(rule may-sleep-in-atomic) == "missing  calls of functions "* ]]'
is "no kprobes: what interrupts cost has gaps" eval \
	'[[ $(gap wait) == *smp_call_function_many_cond* &&
	$(gap deferred) == *__purge_vmap_area_lazy* && $(gap stolen) == *smp_call_function_many_cond* ]]'
same "no kprobes: and no figure" "$(json ipi \
	'[.other, .total.wait_ns, .total.stolen_ns] | tostring')" "[null,null,null]"
is "no kprobes: status names those hooks, too" grep -q "broadcast is missing: " /tmp/status
is "no kprobes: and so does iomaptop" eval 'iomaptop -b -n 1 -v ipis | grep -q "missing\|not known"'
same "no kprobes: direct ones are known" "$(json ipi \
	'[.backends[] | .direct.ipis | type] | unique | tostring')" '["number"]'
same "no kprobes: iomaptop names the rule, too" \
	"$(iomaptop -b -n 1 -v violations | grep -c \
	'missing: may-sleep-in-atomic\|may-sleep-in-atomic *missing')" 1
is "no kprobes: the books balance" books
stop_daemon
is "no kprobes: assert does not pass" eval \
	'iomapctl assert -- sh -c "echo run ops=1000 >$driver/control" >/tmp/assert
	[ $? = 4 ] && grep -q "^in doubt: may-sleep-in-atomic is not checked, or not completely: .* no kprobes" /tmp/assert'
is "no kprobes: but for the rules that need none" eval \
	'iomapctl assert --rule unmap-order -- sh -c "echo run ops=1000 >$driver/control" >/tmp/assert'
for folder in /sys/bus/event_source/devices /sys/kernel/tracing /sys/kernel/debug/tracing; do
	umount $folder 2>/dev/null
done
finish
