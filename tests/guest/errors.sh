#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Each failure is explained in one sentence and has its own exit status.
. tests/guest/lib.sh

# says STATUS WORDS COMMAND…: passes if the command exits with STATUS and prints one line with WORDS
# on standard error.
says() {
	local want=$1 words=$2 status
	shift 2

	timeout 30 "$@" >/tmp/out 2>/tmp/err </dev/null
	status=$?
	sed 's/^/# /' /tmp/err
	[ "$status" = "$want" ] && [ "$(wc -l </tmp/err)" = 1 ] && grep -q -- "$words" /tmp/err
}

nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --)

is "iomapd without privilege" says 5 root "${nobody[@]}" iomapd --socket /tmp/x.sock
is "iomapctl without iomapd" says 5 iomapd iomapctl status
is "iomaptop without iomapd" says 5 iomapd iomaptop -b -n 1
is "iomapd with an unknown option" says 2 "" iomapd --no-such-option
is "iomapctl with an unknown command" says 2 "" iomapctl no-such-command

start_daemon
is "a second iomapd" says 5 "" iomapd
is "iomapctl without access to the socket" says 5 "" "${nobody[@]}" iomapctl status
is "the first iomapd still serves" serving
stop_daemon

mount -t tmpfs none /sys/kernel/btf
is "iomapd on a kernel without BTF" says 6 BTF iomapd
umount /sys/kernel/btf
start_daemon
is "iomapd serves again when BTF is back" serving
stop_daemon
finish
