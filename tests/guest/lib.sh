# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034 # the scripts that include this file use the variables
# Helpers of the scripts that run in the virtual machine: the test driver, whose counts are the
# truth for the tests, and iomapd.

. tests/tap.sh

debugfs=/sys/kernel/debug
tracing=/sys/kernel/tracing
driver=$debugfs/test_io_mapping
programs=$(dirname "$(command -v iomapd)")/tests/guest	# built from the .c files of this folder
backend=$(cat $debugfs/io_mapping/backend) || bail "this kernel lacks io_mapping/backend in debugfs"

# ---- the test driver ----

load_driver() { modprobe test_io_mapping || bail "the test driver does not load"; }

# driver COMMAND…: sends a command to the test driver and waits until it is done.
driver() {
	echo "$*" >$driver/control || echo "# the test driver refused: $*"
}

# truth NAME: prints a count of the test driver.
truth() {
	awk -v name="$1" '$1 == name { print $2 }' $driver/counts
}

# Prints the id of the test driver's first mapping.
test_id() {
	awk '$5 ~ /^test_probe/ || $5 ~ /^do_create/ { print $1; exit }' \
		$debugfs/io_mapping/mappings
}

# ---- iomapd ----

serving() { iomapctl list >/dev/null 2>&1; }

# start_daemon OPTION…: starts iomapd and waits until it answers, or uses the iomapd that the
# previous script left running. Its process id is in $daemon.
start_daemon() {
	daemon=$(cat /tmp/iomapd.pid 2>/dev/null) && return
	iomapd "$@" >/tmp/iomapd.log 2>&1 &
	daemon=$!
	# Reading the log leaves more of the emulated CPUs to iomapd than asking it.
	wait_for 300 grep -q '^iomapd: serving ' /tmp/iomapd.log
	serving || bail "iomapd does not answer: $(cat /tmp/iomapd.log)"
}

ended() { ! kill -0 "$daemon" 2>/dev/null; }

# Ends iomapd and removes its objects from the kernel, so that the next iomapd starts at zero.
stop_daemon() {
	rm -f /tmp/iomapd.pid
	kill "$daemon"
	wait "$daemon" 2>/dev/null || wait_for 30 ended
	iomapctl detach >/dev/null
}

# Ends iomapd, or leaves it to the next script if $keep_daemon is set: a start takes long here.
leave_daemon() {
	if [ "${keep_daemon:-}" ]; then
		echo "$daemon" >/tmp/iomapd.pid
	else
		stop_daemon
	fi
}

# Prints the different values of iomapd's capability sets and of its NoNewPrivs flag.
privileges() {
	awk '/^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs):/ { print $2 }' "/proc/$daemon/status" |
		sort -u | tr '\n' ' '
}

# json COMMAND FILTER: prints the result of jq's FILTER on the JSON of an iomapctl command.
json() {
	iomapctl "$1" --json | jq -r "$2"
}

# counted_at PREFIX [FIELD]: prints iomapd's count of maps at all call sites whose names begin with
# PREFIX, or the sum of another field.
counted_at() {
	json stats "[.callers[] | select(.caller | startswith(\"$1\")) | .${2:-maps}] | add // 0"
}

# Prints the metrics of iomapd --metrics :9751, in the older text format.
metrics() {
	exec 3<>/dev/tcp/127.0.0.1/9751 || return 1
	printf 'GET /metrics HTTP/1.0\r\nAccept: text/plain\r\n\r\n' >&3
	sed '1,/^\r$/d' <&3
	exec 3>&-
}

# Passes if every event was counted and none was lost.
balanced() {
	json status '.accounting | "seen \(.seen) lost \(.lost | add)",
		(if .seen > 0 and .seen == .counted + (.lost | add) and (.lost | add) == 0
		 then "balanced" else "NOT balanced: \(.)" end)' >/tmp/accounting
	tail -n 1 /tmp/accounting | grep -qx balanced && return 0
	sed 's/^/# /' /tmp/accounting
	return 1
}

# ---- the console, which qxl draws through io_mapping ----

# Stops the cursor from blinking.
still_cursor() {
	echo 0 >/sys/class/graphics/fbcon/cursor_blink
	printf '\033[?25l' >/dev/tty0
}

# unchanged COMMAND…: passes if the command prints the same twice, half a second apart. A worker
# draws the console: a count of maps that does not change shows that the worker has finished.
unchanged() {
	local before

	before=$("$@")
	sleep 0.5
	[ "$("$@")" = "$before" ]
}

# ---- other observers, time ----

# attached N: passes if bpftrace has at least N of its tracepoints attached.
attached() {
	[ "$(bpftool perf list 2>/dev/null | grep -c 'tracepoint *io_mapping_')" -ge "$1" ]
}
detached() { ! attached 1; }

# Stores the time in microseconds in $now. It starts no process.
now_us() { now=${EPOCHREALTIME/./}; }
