#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The gate finds calls that may sleep with a page mapped atomically: of functions that have no
# might_sleep(), of a function whose name a module has too, and of what full preemption leaves
# without a check.
# Usage: tests/abuse/misuse.sh FOLDER
#   FOLDER  of the modules, see tests/modules
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

# gate STATUS COMMAND…: passes if the gate ends with the status. Its report is in $out.
gate() {
	local want=$1 status
	shift

	iomapctl assert --rule may-sleep-in-atomic --json -- "$@" >$out 2>/tmp/err
	status=$?
	[ $status = "$want" ] && return 0
	echo "# exit status $status, not $want"
	sed 's/^/# /' /tmp/err $out
	return 1
}

# asserts STATUS NAME…: gate, for misuses.
asserts() {
	local want=$1
	shift

	gate "$want" bash -c 'misuses "$@"' bash "$@"
}

# might_sleep: prints the function by which the gate saw calls of might_sleep(), or null.
might_sleep() { jq -r .coverage.may_sleep.might_sleep $out; }

# found PATTERN N: passes if N violations have a function on their stack that matches.
found() {
	same "$1: found" "$(jq -r --arg re "^($1)[+]" '[.violations[] |
		select(any(.stack[]; test($re))) | .count] | add // 0' $out)" "$2"
}

insmod "$modules/twin.ko" || bail "the module with a second flush_work() does not load"
same "there are two functions flush_work" "$(grep -c ' flush_work\b' /proc/kallsyms)" 2
list=(down-timeout completion flush ww kmalloc page)
# The kernel complains about a sleep, and resets a count that the unmap decrements. A preemptible
# kernel does not survive that. Only the longer of the two sleeps always switches to another task.
uname -v | grep -q PREEMPT || list+=(usleep msleep)
is "misuses: the gate finds them" asserts 1 "${list[@]}"
jq -r '.coverage.may_sleep | "# might_sleep: \(.might_sleep), functions: \(.functions | length)"' \
	$out
jq -r '.violations[] | "# \(.count) \(.text)"' $out
if [ ${#list[@]} != 6 ]; then
	found usleep_range_state 1
	found msleep 1
fi
found down_timeout 1
found wait_for_completion_killable 1
found flush_work 1
found ww_mutex_lock 1
found '.*kmalloc.*' 1
found '.*alloc_pages.*' 1
same "no BPF program is the offender" "$(jq -r '.violations[].text' $out | grep -c bpf)" 0
same "each misuse is found once" "$(jq '[.violations[].count] | add' $out)" ${#list[@]}
is "an allocation that cannot sleep" asserts 0 kmalloc-atomic
is "functions are probed by their address: all hooks are there" \
	jq -e '[.coverage.hooks[] | select(.state != "attached")] == []' $out

# Without addresses the kernel looks for the name, and refuses one that is there twice.
restrict=$(cat /proc/sys/kernel/kptr_restrict)
echo 2 >/proc/sys/kernel/kptr_restrict
is "hidden addresses: the outcome is in doubt" asserts 4 kmalloc-atomic
is "hidden addresses: the function is named" jq -e '.rules["may-sleep-in-atomic"].reason |
	test("cannot be probed: flush_work [(]there are several of this name[)]$")' $out
rmmod twin
is "hidden addresses: calls of functions that call each other are found" \
	asserts 1 flush completion down-timeout
same "hidden addresses: each is found once" "$(jq '[.violations[].count] | add' $out)" 3
echo "$restrict" >/proc/sys/kernel/kptr_restrict

# With PREEMPT_DYNAMIC, this file switches might_sleep() on and off while the kernel runs.
model=$debugfs/sched/preempt
if [ -e $model ]; then
	is "preempt=full" grep -q '(full)' $model
	is "preempt=full: an allocation that may sleep is found" asserts 1 kmalloc
	same "preempt=full: __cond_resched() is not called" "$(might_sleep)" null
	echo voluntary >$model
	is "preempt=voluntary: it is found" asserts 1 kmalloc
	same "preempt=voluntary: by __cond_resched()" "$(might_sleep)" __cond_resched
	is "preempt=full during the command: the outcome is in doubt" \
		gate 4 bash -c 'echo full >"$1"; misuses kmalloc' bash $model
	is "preempt=full during the command: the reason is named" \
		jq -e '.rules["may-sleep-in-atomic"].reason | test("sched/preempt")' $out
fi

# Allocations, as where might_sleep() calls nothing. They are seen by tracepoints: here all probes
# are silent. This comes last: the kernel warns about a BPF trampoline after ftrace was off.
echo 0 >/proc/sys/kernel/ftrace_enabled
is "no might_sleep(): allocations are seen" asserts 1 kmalloc kmalloc-atomic page
same "no might_sleep(): those that may sleep" "$(jq '[.violations[].count] | add' $out)" 2
is "no might_sleep(): an allocation that cannot sleep leaves the outcome in doubt" \
	asserts 4 kmalloc-atomic
finish
