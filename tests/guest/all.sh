#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The tests of one backend of one kernel, as one TAP stream with a plan for each script. The rules
# come last: breaking them makes the kernel complain, and nothing before may do so.
# Usage: tests/guest/all.sh PAIRS [without-rules]
pairs=$1
status=0

no_complaint() {
	(
		. tests/tap.sh
		same "the kernel did not complain" \
			"$(dmesg | grep -E 'WARNING: |BUG: |Call Trace:' | head -n 5)" ""
		finish
	)
}

# 32-bit kernels have the JIT off by default. It is on for the counts, and off for the rules, as the
# kernel cannot walk a stack with compiled BPF code on it.
jit=$(cat /proc/sys/net/core/bpf_jit_enable)
echo 1 >/proc/sys/net/core/bpf_jit_enable || status=1
tests/guest/kunit.sh || status=1
keep_daemon=1 tests/guest/counts.sh "$pairs" "$pairs" || status=1
keep_daemon=${jit#0} tests/guest/qxl.sh || status=1
no_complaint || status=1
rmmod test_io_mapping
echo "$jit" >/proc/sys/net/core/bpf_jit_enable
[ "${2:-}" = without-rules ] || tests/guest/rules.sh || status=1
exit $status
