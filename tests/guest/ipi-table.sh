#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints rows of the table in docs/ipi.md: the cost of each kind of map on this kernel and backend.
# docs/ipi-table runs it.
. tests/guest/lib.sh

load_driver
still_cursor
start_daemon --hold-times all >&2
kernel=$(uname -r | sed 's/^[^-]*-//')

# row NAME KIND OPS SIZE: prints the cost of OPS maps, from the difference of two readings.
row() {
	iomapctl ipi --json >/tmp/a
	driver run kind="$2" ops="$3" size="$4" pages=16 cpus=1 >&2
	sleep 2	# for the purge
	iomapctl ipi --json >/tmp/b
	jq -nr --slurpfile a /tmp/a --slurpfile b /tmp/b --arg kernel "$kernel" \
		--arg backend "$backend" --arg name "$1" --arg kind "$2" --argjson n "$3" '
		def sum(f): [.callers[] | select(.kind == $kind and .module == "test_io_mapping")
			| f] | add // 0;
		def moved(f): ($b[0] | f) - ($a[0] | f);
		def avg(f): moved(.backends[] | f.count) as $c | if $c == 0 then "-" else
			moved(.backends[] | f.sum) / $c / 100 | round / 10 end;
		def per1000(f): moved(sum(f)) * 1000 / $n * 100 | round / 100;
		def ns(f): moved(sum(f)) / $n | round;
		[$kernel, $backend, $name, avg(.map_ns), avg(.unmap_ns),
		 per1000(.direct.broadcasts + .deferred.broadcasts),
		 per1000(.direct.ipis), per1000(.deferred.ipis),
		 ns(.direct.wait_ns + .deferred.wait_ns),
		 ns(.direct.stolen_ns + .deferred.stolen_ns)]
		| "| \(map(tostring) | join(" | ")) |"'
}

row "atomic, 4 KiB" atomic 20000 4096
# The linear backend does the same for all kinds.
[ "$backend" != linear ] || {
	stop_daemon
	exit
}
row "local, 4 KiB" local 20000 4096
row "sleepable, 4 KiB" sleepable 40000 4096
row "sleepable, 128 KiB" sleepable 4000 131072
stop_daemon
