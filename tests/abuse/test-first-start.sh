#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A first start that fails: each missing thing has its own sentence, from iomapd and from iomapctl
# assert, whose command does not run. tests/abuse/guest-first-start.sh has the cases that need the
# patched kernel.
# Usage: tests/abuse/test-first-start.sh [FOLDER OF PROGRAMS]
# The functions here are called through is().
# shellcheck disable=SC2317
# shellcheck source=tests/programs.sh
. tests/programs.sh

# says STATUS WORDS COMMAND…: the command exits with STATUS and prints one line with WORDS on
# standard error.
says() {
	local want=$1 words=$2
	shift 2

	run "$want" "$@" && [ "$(wc -l <"$dir/err")" = 1 ] && err_has "$words"
}

# start WHAT STATUS WORDS [WRAPPER…]: both programs say the words.
start() {
	local what=$1 want=$2 words=$3
	shift 3

	is "$what: iomapd" says "$want" "iomapd: $words" "$@" "$bin/iomapd" --socket "$sock"
	is "$what: no socket is left" test ! -e "$sock"
	touch "$dir/ran"
	is "$what: iomapctl assert" says "$want" "iomapctl: $words" "$@" "$bin/iomapctl" assert \
		-- rm "$dir/ran"
	is "$what: the command did not run" test -e "$dir/ran"
}

chmod 755 "$dir"
none="no privilege to load BPF programs"
if [ "$(id -u)" != 0 ]; then
	start "a user" 5 "$none; run it as root (or with CAP_BPF and CAP_PERFMON)"
	finish
fi
start "a user" 5 "$none; run it as root (or with CAP_BPF and CAP_PERFMON)" \
	setpriv --reuid=65534 --regid=65534 --clear-groups --
start "root of a container" 5 "$none; run it with CAP_BPF and CAP_PERFMON, which root lacks here" \
	setpriv --bounding-set=-all --inh-caps=-all --
start "root of a user namespace" 5 "$none: root of a user namespace has none" unshare -Ur
start "a seccomp filter" 5 "a seccomp filter refuses bpf(2)" "$bin/tests/abuse/refuse" bpf
start "no BTF" 6 "this kernel ($(uname -r)) has no BTF at /sys/kernel/btf/vmlinux" \
	unshare -m sh -c 'mount -t tmpfs none /sys/kernel/btf && exec "$0" "$@"'
if [ ! -d /sys/kernel/tracing/events/io_mapping ]; then
	start "no tracepoints" 6 "this kernel ($(uname -r)) has no io_mapping tracepoints"
fi
is "iomaptop without iomapd" says 5 "iomaptop: no iomapd at $sock: start iomapd as root" \
	"$bin/iomaptop" -b -n 1 --socket "$sock"
is "iomapctl without iomapd" says 5 "iomapctl: no iomapd at $sock: start iomapd as root" \
	"$bin/iomapctl" --socket "$sock" status
finish
