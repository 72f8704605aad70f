# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Runs programs and the servers that they talk to. Prints TAP.
# Usage: . tests/programs.sh, from the top of the tree, with the folder of the programs in $1
# (build/x86_64).

. tests/tap.sh

bin=$(cd "${1:-build/x86_64}" && pwd) || exit 2
dir=$(mktemp -d)
sock=$dir/sock
servers=
LC_ALL=C.UTF-8
export LC_ALL
# ncurses does not free its memory; the unit tests look for leaks in our code.
export ASAN_OPTIONS=detect_leaks=0
unset IOMAPD_SOCKET NO_COLOR COLUMNS LINES

# Ends the servers of this script and removes its files.
cleanup() {
	for pid in $servers; do
		kill -KILL "$pid" 2>/dev/null
	done
	for socket in "$dir"/tmux*; do
		[ -S "$socket" ] && tmux -S "$socket" kill-server 2>/dev/null
	done
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

# The output of run().
on_failure() {
	for f in "$dir/out" "$dir/err"; do
		[ -s "$f" ] && head -40 "$f" | sed "s/^/# ${f##*/}: /"
	done
}

# The file of a socket exists before the server listens, so ask the kernel.
listening() { grep -q "00010000 .* $sock\$" /proc/net/unix; }

# fake [OPTION]…: starts fake-iomapd on $sock, waits until it listens, and sets $server to its pid.
fake() {
	rm -f "$sock"
	"$bin/tests/lib/fake-iomapd" --socket "$sock" "$@" >"$dir/fake.log" 2>&1 &
	server=$!
	servers="$servers $server"
	wait_for 10 listening || bail "fake-iomapd does not start: $(cat "$dir/fake.log")"
}

# replay REPLY [hold|close|each]: starts a server that answers REPLY (printf format, \0 for NUL).
replay() {
	rm -f "$sock"
	# shellcheck disable=SC2059
	printf "$1" >"$dir/reply"
	"$bin/tests/lib/fake-server" "$sock" "${2:-hold}" <"$dir/reply" &
	server=$!
	servers="$servers $server"
	wait_for 10 listening || bail "fake-server does not start"
}

# serve FILE [hold|close|each]: the same with the bytes of a file.
serve() {
	rm -f "$sock"
	"$bin/tests/lib/fake-server" "$sock" "${2:-hold}" <"$1" &
	server=$!
	servers="$servers $server"
	wait_for 10 listening || bail "fake-server does not start"
}

stop() {
	kill -KILL "$server" 2>/dev/null
	wait "$server" 2>/dev/null || true
}

# run STATUS COMMAND…: runs COMMAND with its output in $dir/out and $dir/err, and checks its exit
# status.
run() {
	want=$1
	shift
	timeout 30 "$@" >"$dir/out" 2>"$dir/err" </dev/null
	status=$?
	[ "$status" = "$want" ] && return 0
	echo "# exit status $status, not $want: $*"
	return 1
}

# The output has no character that controls a terminal or deceives its reader.
harmless() { ! LC_ALL=C grep -qaP \
	'[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]|\xe2\x81[\xa6-\xa9]|\xef\xbf[\xbe\xbf]' \
	"$dir/out" "$dir/err"; }
out_has() { grep -qF -- "$1" "$dir/out"; }
err_is() { [ "$(cat "$dir/err")" = "$1" ] || { echo "# want: $1"; return 1; }; }
err_has() { grep -qF -- "$1" "$dir/err"; }
