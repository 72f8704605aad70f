#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# iomapd on the kernel of this machine, which lacks the patch series: it says so.
# Usage: tests/stock.sh FOLDER_OF_THE_PROGRAMS
. tests/tap.sh

bin=$1
if [ -d /sys/kernel/tracing/events/io_mapping ] || [ -d /sys/kernel/debug/io_mapping ]; then
	skip "iomapd on a kernel without the tracepoints" "this kernel has them"
	finish
fi
if [ "$(id -u)" != 0 ]; then
	skip "iomapd on a kernel without the tracepoints" "not root"
	finish
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
timeout 30 "$bin/iomapd" --socket "$dir/sock" >"$dir/out" 2>"$dir/err"
same "iomapd on a kernel without the tracepoints: exit status" $? 6
same "one line of error" "$(wc -l <"$dir/err")" 1
is "the error names io_mapping" grep -q 'io_mapping' "$dir/err"
is "no socket is left" test ! -e "$dir/sock"
sed 's/^/# /' "$dir/err"
finish
