#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Tests of tests/vm/judge with fake kernel logs. Prints TAP.
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# ok NAME STATUS: one test, which passes if the status is 0. A failure shows the last judgement.
ok() {
	is "$1" test "$2" = 0
	[ "$2" = 0 ] || sed 's/^/# /' "$work/said"
}

# judge VERDICT STATUS NAME: one test, which passes if judge exits with STATUS for $work/log.
judge() {
	rm -rf "$work/run"
	mkdir "$work/run"
	[ ! -e "$work/expect" ] || mv "$work/expect" "$work/run/expect"
	sed 's/$/\r/' "$work/log" >"$work/run/kernel.log"
	status=0
	tests/vm/judge "$work/run" NONCE "$1" 1.00 2>"$work/said" || status=$?
	[ "$status" -eq "$2" ]
	ok "$3 (status $status)" $?
}

# Makes a log of the lines from standard input, between both marks.
marked() {
	{
		echo '[    3.000000] iomap-vm: start of run NONCE'
		cat
		echo '[    4.000000] iomap-vm: end of run NONCE'
	} >"$work/log"
}

marked </dev/null
judge "exit 0" 0 "a clean log passes"
marked </dev/null
judge "exit 7" 7 "the command's status passes"
marked <<<'[    3.5] random: crng init done, WARNINGS are off'
judge "exit 0" 0 "words like those of a splat pass"

while IFS='|' read -r name line; do
	marked <<<"$line"
	judge "exit 0" 99 "found: $name"
	grep -qF -- "    | $line" "$work/said"
	ok "the excerpt shows it: $name" $?
done <<'E'
WARN_ON|[    3.1] WARNING: CPU: 1 PID: 77 at mm/highmem.c:622 kunmap_local_indexed+0x1a2/0x1b0
with the printing task|[    3.1][   T77] WARNING: CPU: 1 PID: 77 at mm/highmem.c:622 x+0x1/0x2
bad pointer|[    3.1] BUG: unable to handle page fault for address: f5c00000
BUG_ON|[    3.1] kernel BUG at lib/list_debug.c:29!
oops|[    3.1] Oops: Oops: 0002 [#1] PREEMPT SMP
atomic sleep|[    3.1] BUG: sleeping function called from invalid context at mm/vmalloc.c:2941
atomic schedule|[    3.1] BUG: scheduling while atomic: test/77/0x00000002
stall|[    3.1] rcu: INFO: rcu_preempt self-detected stall on CPU
expedited stall|[    3.1] rcu: INFO: rcu_sched detected expedited stalls on CPUs/tasks: { 1-... }
soft lockup|[    3.1] watchdog: BUG: soft lockup - CPU#1 stuck for 23s! [test:77]
hung task|[    3.1] INFO: task test:77 blocked for more than 120 seconds.
lockdep|[    3.1] WARNING: possible circular locking dependency detected
lockdep irq|[    3.1] INFO: inconsistent lock state
kasan|[    3.1] BUG: KASAN: slab-out-of-bounds in x+0x1/0x2
ubsan|[    3.1] UBSAN: array-index-out-of-bounds in mm/x.c:1:2
protection|[    3.1] general protection fault, maybe for address 0xdead: 0000 [#1] SMP
panic|[    3.1] Kernel panic - not syncing: Fatal exception
list|[    3.1] list_add corruption. next->prev should be prev
refcount|[    3.1] refcount_t: underflow; use-after-free.
page|[    3.1] BUG: Bad page state in process test  pfn:12345
trace alone|[    3.1] Call Trace:
E

echo '[    1.0] Linux version 6.12' >"$work/log"
judge "exit 0" 125 "a log without marks cannot be judged"
echo '[    1.0] iomap-vm: start of run NONCE' >"$work/log"
judge "exit 0" 125 "nor can one without the end mark"
printf '%s\n' 'iomap-vm: start of run OTHER' 'iomap-vm: end of run OTHER' >"$work/log"
judge "exit 0" 125 "nor can one with the marks of another run"
marked </dev/null
judge timeout 124 "the time limit has its own status"
marked </dev/null
judge died 125 "a machine that stopped early"
marked <<<'[    3.1] sysrq: Show Blocked State'
judge hang 125 "a machine that did not power off"
grep -q '| .*Show Blocked State' "$work/said"
ok "and the end of its log is shown" $?
marked <<<'[    3.1] Kernel panic - not syncing: x'
judge died 99 "a machine that stopped by a panic"
marked <<<'[    3.1] BUG: scheduling while atomic: x'
judge timeout 99 "a splat before the time limit"
marked </dev/null
judge "signal 15" 143 "a signal"

splat='[    3.1] WARNING: CPU: 1 PID: 77 at lib/test_io_mapping.c:1 f+0x1/0x2
[    3.1] Call Trace:
[    3.1]  <TASK>'
echo 'WARNING: .*test_io_mapping' >"$work/expect"
marked <<<"$splat"
judge "exit 0" 0 "an expected splat and its trace pass"
echo 'WARNING: .*test_io_mapping' >"$work/expect"
marked </dev/null
judge "exit 0" 99 "a missing expected splat fails"
echo 'WARNING: .*test_io_mapping' >"$work/expect"
marked <<<"$splat"$'\n[    3.2] BUG: Bad page state in process x'
judge "exit 0" 99 "an expected splat does not hide another"

export IOMAP_ALLOW_SPLATS=$work/allow
printf '# comment\n\nWARNING: .*test_io_mapping\t\tprovoked by this test\n' >"$work/allow"
marked <<<"$splat"
judge "exit 0" 0 "an entry of the allow list with a reason"
printf 'WARNING: .*test_io_mapping\n' >"$work/allow"
marked <<<"$splat"
judge "exit 0" 125 "an entry without a reason is an error"
unset IOMAP_ALLOW_SPLATS

# With a host thread for each CPU, QEMU may do this while the kernel patches its code.
stale='[    4.7] Oops: int3: 0000 [#1] PREEMPT SMP
[    4.7] EIP: sched_clock_cpu+0xd/0x3a0
[    4.7] Code: 83 ec 30 89 <f6> e8 2d 71 f8 ff'
marked <<<"$stale"
judge died 99 "a breakpoint that is not in the code"
grep -q 'threads single' "$work/said"
ok "is explained" $?
marked <<<"${stale/30 89 </30 cc <}"
judge died 99 "a breakpoint that is in the code"
! grep -q 'threads single' "$work/said"
ok "is not explained like that" $?

for _ in $(seq 2000); do
	echo '[    3.1] WARNING: CPU: 1 PID: 77 at x'
done | marked
judge "exit 0" 99 "a flood of splats"
[ "$(wc -l <"$work/said")" -lt 300 ]
ok "is shown in few lines" $?

finish
