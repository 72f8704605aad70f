#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hooks that are attached and do not fire: the gate does not pass, and status says it.
# Usage: tests/abuse/hooks.sh
. tests/guest/lib.sh

load_driver
still_cursor
out=/tmp/out
ftrace=/proc/sys/kernel/ftrace_enabled
kprobes=$debugfs/kprobes/enabled
breaks="echo mimic case=held-across-mutex n=5 >$driver/control"
holds="echo run ops=100 >$driver/control"

# asserts STATUS COMMAND: passes if the gate ends with the status. Its report is in $out.
asserts() {
	local status

	iomapctl assert --rule may-sleep-in-atomic -- sh -c "$2" >$out 2>&1
	status=$?
	[ $status = "$1" ] && return 0
	echo "# exit status $status, not $1"
	sed 's/^/# /' $out
	return 1
}

# shown PATTERN: passes if the report has a matching line.
shown() { grep -qE -- "$1" $out || { sed 's/^/# /' $out; return 1; }; }

# status_is STATUS: passes if iomapctl status ends with it. Its text is in $out.
status_is() {
	local status

	iomapctl status >$out
	status=$?
	[ $status = "$1" ] || { sed 's/^/# /' $out; return 1; }
}

is "hooks that fire: the broken rule is found" asserts 1 "$breaks"
is "the report says what shows might_sleep(), and how many other functions are probed" shown \
	'^may sleep +calls of might_sleep\(\), by __(cond_resched|might_sleep)\(\), and of [0-9]+ other'
is "hooks that fire: rules that hold pass" asserts 0 "$holds"

# off FILE NAME COMMAND: the gate with a switch that is 0 before the command, and from its middle.
off() {
	local lack="in doubt: may-sleep-in-atomic is not checked, .* do not fire: .*$2 is 0"

	is "$2: 0 during the command: inconclusive" asserts 4 "echo 0 >$1; $3"
	is "the report names it" shown "$lack"
	is "the coverage names it, too" shown 'may_sleep is missing: '
	is "$2: 0 before the command: inconclusive" asserts 4 "$3"
	is "the report names it" shown "$lack"
}

off $kprobes $kprobes "$holds"
is "kprobes off: the trampoline at __cond_resched() still finds the broken rule" asserts 1 "$breaks"
is "the doubt is named beside it" shown "in doubt: may-sleep-in-atomic is not checked"
# Rules that rest on tracepoints alone do not need kprobes.
iomapctl assert --rule unmap-order -- sh -c "$holds" >$out
same "kprobes off: a rule that rests on tracepoints" $? 0
echo 1 >$kprobes
is "kprobes on: the broken rule is found" asserts 1 "$breaks"

# CPUs that go offline while the gate goes round them
echo 0 >/sys/devices/system/cpu/cpu2/online
is "an offline CPU is no doubt" asserts 1 "$breaks"
is "a CPU that goes offline meanwhile is none" asserts 1 \
	"echo 0 >/sys/devices/system/cpu/cpu3/online; $breaks"
for cpu in 2 3; do
	echo 1 >/sys/devices/system/cpu/cpu$cpu/online
done

# iomapd has no capability. It checks the hooks when somebody asks.
start_daemon
is "iomapd: all hooks fire" status_is 0
is "status says what the rule sees" grep -qE '^may sleep +calls of might_sleep\(\)' $out
echo 0 >$kprobes
is "kprobes off: status is inconclusive" status_is 4
for hook in may_sleep broadcast purge; do
	is "kprobes off: status names $hook" \
		grep -qE "$hook is missing: .* do not fire: .*kprobes/enabled" $out
done
is "the rule is missing" grep -qE '^ *may-sleep-in-atomic +missing ' $out
is "tracepoints fire" grep -qE '^ *unmap-order +checked ' $out
echo 1 >$kprobes
is "kprobes on: status is good again" status_is 0
is "iomapd has no capability" test "$(privileges)" = "0000000000000000 1 "
driver run ops=100
is "iomapd: the accounting balances" balanced
stop_daemon

# Last, and not undone: the kernel warns about the next BPF trampoline for which ftrace was off.
off $ftrace "sysctl kernel.ftrace_enabled" "$breaks"
finish
