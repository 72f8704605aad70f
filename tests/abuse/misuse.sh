#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The gate finds calls that may sleep with a page mapped atomically: of functions that have no
# might_sleep(), of a function whose name a module has too, and of what full preemption leaves
# without a check.
# Usage: tests/abuse/misuse.sh FOLDER
#   FOLDER  of the modules, see tests/abuse/module
. tests/guest/lib.sh

modules=$1
out=/tmp/out
load_driver
still_cursor

# misuses NAME…: loads the module once for each misuse. It does not stay loaded.
misuses() {
	local what

	for what; do
		insmod "$modules/misuse.ko" what="$what" 2>&1 | grep -v 'Operation canceled'
	done
	true
}
export -f misuses
export modules

# asserts STATUS NAME…: passes if the gate ends with the status. Its report is in $out.
asserts() {
	local want=$1 status
	shift

	iomapctl assert --rule may-sleep-in-atomic --json -- bash -c 'misuses "$@"' bash "$@" \
		>$out 2>/tmp/err
	status=$?
	[ $status = "$want" ] && return 0
	echo "# exit status $status, not $want"
	sed 's/^/# /' /tmp/err $out
	return 1
}

# found PATTERN N: passes if N violations have a function on their stack that matches.
found() {
	same "$1: found" "$(jq -r --arg re "^($1)[+]" '[.violations[] |
		select(any(.stack[]; test($re))) | .count] | add // 0' $out)" "$2"
}

insmod "$modules/twin.ko" || bail "the module with a second flush_work() does not load"
same "there are two functions flush_work" "$(grep -c ' flush_work\b' /proc/kallsyms)" 2
is "misuses: the gate finds them" asserts 1 usleep down-timeout completion flush ww kmalloc page
jq -r '.coverage.may_sleep | "# might_sleep: \(.might_sleep), functions: \(.functions | length)"' \
	$out
jq -r '.violations[] | "# \(.count) \(.text)"' $out
found usleep_range_state 1
found down_timeout 1
found wait_for_completion_killable 1
found flush_work 1
found ww_mutex_lock 1
if jq -e '.coverage.may_sleep.might_sleep' $out >/dev/null; then
	found '.*kmalloc.*' 1
	found '.*alloc_pages.*' 1
else
	# On 32-bit x86, only a kprobe has a stack. Each site has its kind of map and call site.
	same "allocations: two are found" "$(jq '[.violations[] |
		select(.stack | length == 0) | .count] | add' $out)" 2
fi
same "each misuse is found once" "$(jq '[.violations[].count] | add' $out)" 7
is "an allocation that cannot sleep" asserts 0 kmalloc-atomic
is "functions are probed by their address: all hooks are there" \
	jq -e '[.coverage.hooks[] | select(.state != "attached")] == []' $out
rmmod twin
finish
