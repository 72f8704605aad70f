#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A start of iomapd that a signal ends, or that fails late, leaves nothing in the kernel.
. tests/abuse/start.sh

# ---- signals during the start

# slowly: starts iomapd with a pause before each bpf(2). $iomapd is its process id.
slowly() {
	begin strace -f --seccomp-bpf -o /dev/null -e trace=bpf \
		-e inject=bpf:delay_enter="$1" iomapd
	wait_for 60 pgrep -x iomapd >/dev/null
	iomapd=$(pgrep -x iomapd)
}
some_loaded() { [ "$(ours)" -ge 3 ]; }
slowly 100000
wait_for 300 some_loaded || bail "iomapd does not load"
kill "$iomapd"
ends "SIGTERM while it loads" 60 0
is "SIGTERM while it loads: nothing is left" nothing_left
is "SIGTERM while it loads: it did not load all" test ! -s $log
slowly 100000
wait_for 300 some_loaded || bail "iomapd does not load"
kill -INT "$iomapd"
ends "SIGINT while it loads" 60 0
is "SIGINT while it loads: nothing is left" nothing_left
slowly 30000
wait_for 300 test -d $pins/new || bail "iomapd does not pin"
kill "$iomapd"
ends "SIGTERM while it pins" 120 0
is "SIGTERM while it pins: nothing is left" nothing_left
is "SIGTERM while it pins: it did not serve" not serves

# ---- a start that fails

touch /tmp/file
fails "the socket is a file" 5 iomapd --socket /tmp/file
is "the socket is a file: it says so" said "/tmp/file exists and is not a socket"
# inject CALL: starts iomapd with a system call that fails.
inject() { strace -f --seccomp-bpf -o /dev/null -e trace="$1" -e inject="$1:error=EPERM" iomapd; }
fails "bind() fails" 5 inject bind
fails "listen() fails" 5 inject listen
fails "the privileges cannot be dropped" 5 inject prctl

begin iomapd
is "iomapd serves" wait_for 300 serves
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
all=$(ours)
begin inject listen
ends "listen() fails, with pins of an earlier iomapd: exit status" 300 5
same "its programs stay" "$(ours)" "$all"
begin iomapd
is "the next iomapd serves" wait_for 300 serves
same "it goes on, and counts no start that failed" "$(json status .starts)" 2
finish
