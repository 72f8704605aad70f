# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# What the scripts that run in the virtual machine share: the test driver, which is the ground
# truth, and the daemon under test.

. tests/tap.sh

debugfs=/sys/kernel/debug
driver=$debugfs/test_io_mapping
backend=$(cat $debugfs/io_mapping/backend) || bail "this kernel lacks io_mapping/backend in debugfs"

# driver COMMAND…: has the test driver do something, and waits for it.
driver() {
	echo "$*" >$driver/control || echo "# the test driver refused: $*"
}

# truth NAME: a count of the test driver.
truth() {
	awk -v name="$1" '$1 == name { print $2 }' $driver/counts
}

# The id of the test driver's first mapping.
test_id() {
	awk '$5 ~ /^test_probe/ || $5 ~ /^do_create/ { print $1; exit }' $debugfs/io_mapping/mappings
}

serving() { iomapctl status >/dev/null 2>&1; }

# Starts iomapd and waits until it answers; its process id is in $daemon.
start_daemon() {
	iomapd "$@" >/tmp/iomapd.log 2>&1 &
	daemon=$!
	wait_for 60 serving || bail "iomapd does not answer: $(cat /tmp/iomapd.log)"
}

stop_daemon() {
	kill "$daemon"
	wait "$daemon"
}

# json COMMAND FILTER: what jq's FILTER makes of the JSON of an iomapctl command.
json() {
	iomapctl "$1" --json | jq -r "$2"
}

# books: passes if every event is accounted for and none was lost.
books() {
	json status '.conservation | "seen \(.seen) lost \(.lost | add)",
		(if .seen > 0 and .seen == .counted + (.lost | add) and (.lost | add) == 0
		 then "balanced" else "NOT balanced: \(.)" end)' >/tmp/books
	tail -n 1 /tmp/books | grep -qx balanced && return 0
	sed 's/^/# /' /tmp/books
	return 1
}
