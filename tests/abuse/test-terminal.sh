#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# iomaptop on a terminal, or in a pipe, that nobody reads: a signal ends it all the same.
# Usage: tests/abuse/test-terminal.sh [FOLDER OF PROGRAMS]
# The functions here are called through is().
# shellcheck disable=SC2317
# shellcheck source=tests/programs.sh
. tests/programs.sh
top=$bin/iomaptop

hung() {
	run 0 tests/abuse/hung-terminal "$1" "$top" -d 0.1 --socket "$sock" &&
		[ "$(cat "$dir/out")" = '0 echo' ]
}
fake
if head -c1 /proc/self/syscall >/dev/null 2>&1 && [ "$(uname -m)" = x86_64 ]; then
	for signal in HUP TERM; do
		is "a terminal that nobody reads: SIG$signal" hung $signal
	done
else
	skip 'a terminal that nobody reads' 'the kernel does not show system calls'
fi

mkfifo "$dir/pipe"
exec 3<>"$dir/pipe"
"$top" -b -d 0.1 --socket "$sock" >"$dir/pipe" 2>"$dir/err" &
pid=$!
servers="$servers $pid"
writes() { grep -q '^1 0x1 ' "/proc/$pid/syscall"; }
ended() { ! kill -0 "$pid" 2>/dev/null; }
is 'a pipe that nobody reads fills up' wait_for 60 writes
kill -TERM "$pid"
is 'a pipe that nobody reads: SIGTERM' wait_for 5 ended
stop
finish
