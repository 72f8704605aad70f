#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is tested on each backend of each kernel, one after the other, as one TAP stream with a plan for each.
# Usage: tests/guest/all.sh PAIRS
pairs=$1
status=0
# Off by default on 32-bit, where the other tests run with the interpreter.
echo 1 >/proc/sys/net/core/bpf_jit_enable || status=1
tests/guest/kunit.sh || status=1
tests/guest/counts.sh "$pairs" "$pairs" || status=1
tests/guest/qxl.sh || status=1
exit $status
