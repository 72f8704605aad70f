#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is tested on each backend of each kernel, one after the other, as one TAP stream with a plan
# for each: first what leaves the kernel without a word of complaint, then the rules, which are
# broken.
# Usage: tests/guest/all.sh PAIRS [without-rules]
pairs=$1
status=0

# The rules come with splats that the machine expects, which nothing before them may cause.
unharmed() {
	(
		. tests/tap.sh
		same "the kernel did not complain" "$(dmesg |
		grep -E 'WARNING: |BUG: |Call Trace:' | head -n 5)" ""
		finish
	)
}

jit=$(cat /proc/sys/net/core/bpf_jit_enable)
# Off by default on 32-bit, where the rules are tested with the interpreter: the kernel cannot walk
# a stack that compiled BPF code is on.
echo 1 >/proc/sys/net/core/bpf_jit_enable || status=1
tests/guest/kunit.sh || status=1
keep_daemon=1 tests/guest/counts.sh "$pairs" "$pairs" || status=1
keep_daemon=${jit#0} tests/guest/qxl.sh || status=1
unharmed || status=1
rmmod test_io_mapping
echo "$jit" >/proc/sys/net/core/bpf_jit_enable
[ "${2:-}" = without-rules ] || tests/guest/rules.sh || status=1
exit $status
