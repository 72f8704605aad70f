# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
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
	awk '$5 ~ /^test_probe/ || $5 ~ /^do_create/ { print $1; exit }' \
		$debugfs/io_mapping/mappings
}

serving() { iomapctl list >/dev/null 2>&1; }

# Starts iomapd and waits until it answers, or takes the one that is left from the script before;
# its process id is in $daemon.
start_daemon() {
	daemon=$(cat /tmp/iomapd.pid 2>/dev/null) && return
	iomapd "$@" >/tmp/iomapd.log 2>&1 &
	daemon=$!
	# Its word costs less to wait for than its answer, on emulated CPUs that it needs itself.
	wait_for 300 grep -q '^iomapd: serving ' /tmp/iomapd.log
	serving || bail "iomapd does not answer: $(cat /tmp/iomapd.log)"
}

ended() { ! kill -0 "$daemon" 2>/dev/null; }

# What iomapd may do: all its sets of capabilities, and that it gets no new ones.
privileges() { awk '/^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs):/ { print $2 }' "/proc/$daemon/status" \
	| sort -u | tr '\n' ' '; }

# Ends iomapd, and what it leaves in the kernel: the next one begins anew.
stop_daemon() {
	rm -f /tmp/iomapd.pid
	kill "$daemon"
	wait "$daemon" 2>/dev/null || wait_for 30 ended
	iomapctl detach >/dev/null
}

# leave_daemon: as stop_daemon, unless there is a script to come that goes on with it; a start takes
# long here.
leave_daemon() {
	if [ "${keep_daemon:-}" ]; then
		echo "$daemon" >/tmp/iomapd.pid
	else
		stop_daemon
	fi
}

# json COMMAND FILTER: what jq's FILTER makes of the JSON of an iomapctl command.
json() {
	iomapctl "$1" --json | jq -r "$2"
}

# metrics: what iomapd --metrics :9751 says, in the older text format.
metrics() {
	exec 3<>/dev/tcp/127.0.0.1/9751 || return 1
	printf 'GET /metrics HTTP/1.0\r\nAccept: text/plain\r\n\r\n' >&3
	sed '1,/^\r$/d' <&3
	exec 3>&-
}

# books: passes if every event is accounted for and none was lost.
books() {
	json status '.accounting | "seen \(.seen) lost \(.lost | add)",
		(if .seen > 0 and .seen == .counted + (.lost | add) and (.lost | add) == 0
		 then "balanced" else "NOT balanced: \(.)" end)' >/tmp/books
	tail -n 1 /tmp/books | grep -qx balanced && return 0
	sed 's/^/# /' /tmp/books
	return 1
}
