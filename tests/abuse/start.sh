# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034 # the scripts that include this file use the variables
# Helpers of guest-*.sh that start iomapd in ways that fail, and look for what it leaves.
. tests/guest/lib.sh

pins=/sys/fs/bpf/iomap
sock=/run/iomapd/iomapd.sock
log=/tmp/iomapd.log
as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"; }

# Prints the number of iomap's programs in the kernel.
ours() {
	bpftool prog list -j | jq '[.[] | select((.name // "") | startswith("iomap_"))] | length'
}
none() { [ "$(ours)" = 0 ]; }
# Passes if nothing of iomapd is in the kernel, nor in the file system.
nothing_left() {
	wait_for 30 none && [ ! -e $pins ] && [ ! -e $sock ] && [ ! -e $sock.lock ]
}

# begin COMMAND…: runs a command that starts iomapd in the background.
begin() {
	"$@" >$log 2>&1 &
	daemon=$!
}
# The programs are in the kernel.
loaded() { [ "$(ours)" -gt 20 ]; }
serves() { grep -q '^iomapd: serving ' $log; }
# said WORDS: passes if iomapd has printed the words.
said() { grep -qF -- "$1" $log || { sed 's/^/# /' $log; return 1; }; }

alive() { kill -0 "$daemon" 2>/dev/null; }
not() { ! "$@"; }
# ends NAME SECONDS STATUS: one test: iomapd ends within SECONDS, with STATUS.
ends() {
	local status="still there"

	if wait_for "$2" not alive; then
		wait "$daemon"
		status=$?
	fi
	same "$1" "$status" "$3"
}

# fails NAME STATUS COMMAND…: the command ends with STATUS and leaves nothing.
fails() {
	local what=$1 want=$2
	shift 2

	begin "$@"
	ends "$what: exit status" 300 "$want"
	is "$what: nothing is left" nothing_left
}

# The output is in /tmp/detach.
detach() { iomapctl detach >/tmp/detach 2>&1; }
