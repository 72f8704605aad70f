#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Kernels that lack a hook, imitated by hiding it: iomapd names the missing hook, and figures that
# do not need it stay right.
. tests/guest/lib.sh

load_driver

# found: stores rule, kind and count of each violation in $violations, and the functions on their
# stacks in $frames.
found() {
	iomapctl events --json | jq -c '.event.violation | select(.)' >/tmp/violations
	frames=$(jq -rs '[.[].stack[] | sub("[+].*"; "")] | join(" ")' /tmp/violations)
	violations=$(jq -rs 'map("\(.rule) \(.kind) \(.count)") | sort | join("; ")' \
		/tmp/violations)
}

# breaks RULE N: the driver breaks the rule in a task that is younger than iomapd.
breaks() {
	sh -c "echo 'break rule=$1 kind=atomic n=$2' >$driver/control"
}

# rule NAME: prints the state of a rule as iomapctl status shows it.
rule() {
	iomapctl status | sed -n "s/^ *$1  *//p" | head -n 1
}

# missing FIGURE: prints why iomapctl ipi does not know a figure.
missing() {
	json ipi ".missing.$1"
}

# like STRING PATTERN: passes if the glob pattern matches.
# shellcheck disable=SC2053 # a pattern
like() { [[ $1 == $2 ]] || { echo "# $1"; return 1; }; }

# ---- no might_sleep() to probe: a kernel without DEBUG_ATOMIC_SLEEP.
# ---- No symbols of the preempt counts: a kernel without KALLSYMS_ALL.

hide=' (__+might_sleep|__might_resched|pcpu_hot|__preempt_count)$'
grep -vE "$hide" /proc/kallsyms >/tmp/kallsyms
mount --bind /tmp/kallsyms /proc/kallsyms || bail "kallsyms cannot be hidden"
start_daemon
breaks may-sleep-in-atomic 3
found
same "no might_sleep: one violation for each call of mutex_lock" "$violations" \
	"may-sleep-in-atomic atomic 3"
is "no might_sleep: mutex_lock is on the stack" like "$frames" "*mutex_lock*"
driver run kind=atomic ops=2000 depth=3 irq_us=700 softirq_us=900
driver run kind=sleepable ops=200 sleep_us=200
seq 1 300 >/dev/tty0
found
same "no might_sleep: nothing else is reported" "$violations" "may-sleep-in-atomic atomic 3"
# Where the kernel preempts, it may skip kprobes, and then the line has more text.
is "no might_sleep: the rule is checked" like "$(rule may-sleep-in-atomic)" \
	"checked  3 violations*"
is "no might_sleep: the accounting balances" balanced
for figure in direct deferred; do
	is "no preempt counts: $figure is missing" like "$(missing $figure)" \
		"*CONFIG_KALLSYMS_ALL*"
done
same "no preempt counts: and has no figure" \
	"$(json ipi '[.backends[] | .direct, .deferred] | unique | tostring')" "[null]"
is "no preempt counts: other figures are known" test "$(json ipi .total.ipis)" -gt 0
stop_daemon
umount /proc/kallsyms

# ---- no kprobes

folders=(/sys/bus/event_source/devices /sys/kernel/tracing /sys/kernel/debug/tracing)
hidden=$(mktemp -d)
for folder in "${folders[@]}"; do
	[ ! -d "$folder" ] || mount --bind "$hidden" "$folder" || bail "$folder cannot be hidden"
done
start_daemon
breaks may-sleep-in-atomic 3
breaks unmap-order 2
[ "$backend" != linear ] || breaks leak 1
found
leak=
[ "$backend" != linear ] || leak="leak atomic 1; "
same "no kprobes: rules that need none are checked" "$violations" "${leak}unmap-order atomic 2"
iomapctl status >/tmp/status
same "no kprobes: status is inconclusive" $? 4
lack="calls of functions that may sleep .* no kprobes (CONFIG_KPROBES)"
is "no kprobes: status names the missing hook" grep -q "may_sleep is missing: $lack" /tmp/status
is "no kprobes: and the rule" like "$(rule may-sleep-in-atomic)" \
	"missing  calls of functions *"
for figure in wait stolen; do
	is "no kprobes: $figure is missing" like "$(missing $figure)" \
		"*smp_call_function_many_cond*"
done
is "no kprobes: deferred is missing" like "$(missing deferred)" "*__purge_vmap_area_lazy*"
same "no kprobes: and has no figure" \
	"$(json ipi '[.other, .total.wait_ns, .total.stolen_ns] | tostring')" "[null,null,null]"
is "no kprobes: status names these hooks, too" grep -q "broadcast is missing: " /tmp/status
is "no kprobes: iomaptop shows them as missing" \
	grep -q "missing\|not known" <(iomaptop -b -n 1 -v ipis)
same "no kprobes: direct interrupts are known" "$(json ipi \
	'[.backends[] | .direct.ipis | type] | unique | tostring')" '["number"]'
same "no kprobes: iomaptop names the rule, too" \
	"$(iomaptop -b -n 1 -v violations |
		grep -c 'missing: may-sleep-in-atomic\|may-sleep-in-atomic *missing')" 1
is "no kprobes: the accounting balances" balanced
stop_daemon
maps="echo run ops=1000 >$driver/control"
iomapctl assert -- sh -c "$maps" >/tmp/assert
same "no kprobes: assert is inconclusive" $? 4
is "no kprobes: assert says why" grep -q \
	"^in doubt: may-sleep-in-atomic is not checked, or not completely: .* no kprobes" \
	/tmp/assert
iomapctl assert --rule unmap-order -- sh -c "$maps" >/tmp/assert
same "no kprobes: assert passes with a rule that needs none" $? 0
for folder in "${folders[@]}"; do
	umount "$folder" 2>/dev/null
done
finish
