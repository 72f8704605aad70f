#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# iomapd's counts equal those of the test driver, for each kind, mapping and call site.
# Usage: tests/guest/counts.sh PAIRS SLEEPABLE_PAIRS
. tests/guest/lib.sh

pairs=$1
sleepable_pairs=$2
kinds="atomic local sleepable"
echo "# backend $backend, $(uname -r), $(nproc) CPUs"

load_driver
id=$(test_id)
# select() filters for .mappings[]
mine="select(.mapping_id == $id)"
of_driver='select(.module == "test_io_mapping")'
start_daemon --metrics :9751 --hold-times all

# The test driver's mapping and those of qxl are older than iomapd.
same "older mappings are listed" \
	"$(json list '.mappings[] | "\(.mapping_id) \(.base) \(.size) \(.backend)"' | sort)" \
	"$(awk '!/^#/ { print $1, $2, $3, $4 }' $debugfs/io_mapping/mappings | sort)"
owner=$(awk -v id="$id" '$1 == id { sub(/\+.*/, "", $5); print $5 }' $debugfs/io_mapping/mappings)
same "an older mapping has its owner, module and BAR" "$(json list \
	".mappings[] | $mine | \"\(.owner | sub(\"[+].*\"; \"\")) \(.module) \(.bar)\"")" \
	"$owner test_io_mapping 2"

# Prints iomapd's counts for the test driver's first mapping, in the form of $driver/counts.
counted() {
	json list ".mappings[] | $mine |
		(.maps | to_entries[] | \"maps_\(.key) \(.value)\"),
		(.unmaps | to_entries[] | \"unmaps_\(.key) \(.value)\")" | sort
}

expected() {
	grep -E '^(maps|unmaps)_' $driver/counts | sort
}

for kind in $kinds; do
	n=$pairs
	cpus=0-3
	if [ $kind = sleepable ]; then
		n=$sleepable_pairs
		# Four emulated CPUs on two real ones would spend their time waiting for vmalloc's
		# lock.
		[ "$backend" = linear ] || cpus=0-1
	fi
	before=$(truth maps_$kind)
	start=$(date +%s)
	driver run kind=$kind ops="$n" pages=256 pattern=random cpus=$cpus
	echo "# $n $kind pairs in $(($(date +%s) - start)) s"
	same "$kind: the driver made $n maps" $(($(truth maps_$kind) - before)) "$n"
	same "$kind: each map was counted" "$(counted)" "$(expected)"
	same "$kind: at its call site" \
		"$(json stats "[.callers[] | $mine | select(.kind == \"$kind\") |
			\"\(.caller | sub(\"[+].*\"; \"\")) \(.maps)\"] | join(\" \")")" \
		"test_map_$kind $(truth maps_$kind)"
done

driver run kind=atomic ops=20000 depth=8 pattern=random pages=256
driver run kind=local ops=20000 depth=8 pattern=seq pages=256
driver run kind=sleepable ops=5000 depth=8 pattern=same cpus=0-1
same "nested maps, and several maps of one page" "$(counted)" "$(expected)"

driver run kind=atomic ops=50000 irq_us=1000
driver run kind=local ops=50000 irq_us=1000
driver run kind=sleepable ops=5000 irq_us=1000 cpus=0-1
same "maps in timer interrupts" "$(counted)" "$(expected)"

driver run kind=sleepable ops=1000 size=131072 pages=64 cpus=0-1
same "maps of 128 KiB" "$(counted)" "$(expected)"

driver hold n=100
same "held maps are live" "$(json list ".mappings[] | $mine | .live.sleepable")" 100
driver release
same "released maps are not live" "$(json list ".mappings[] | $mine | .live | add")" 0

metrics >/tmp/metrics
same "the metrics have the same maps" \
	"$(sed -n "s/^iomap_mapping_maps_total{mapping=\"$id\",kind=\"\(.*\)\"} /maps_\1 /p" \
		/tmp/metrics | sort)" \
	"$(expected | grep ^maps_)"
same "and no live map" \
	"$(grep "^iomap_mapping_live_maps{mapping=\"$id\"," /tmp/metrics | grep -c ' 0$')" 3

# New mappings have counts of their own. An id that is used again starts at 0.
driver create n=5
same "new mappings are listed" "$(json list '.mappings | length')" \
	"$(grep -vc '^#' $debugfs/io_mapping/mappings)"
driver run kind=atomic ops=6000 mapping=all
same "several mappings: their sum" \
	"$(json list "[.mappings[] | $of_driver | .maps.atomic] | add")" "$(truth maps_atomic)"
same "several mappings: the count of each" "$(json list "[.mappings[] | $of_driver |
	select(.mapping_id != $id) | .maps.atomic | tostring] | join(\" \")")" \
	"1000 1000 1000 1000 1000"
driver free n=5
same "freed mappings are not listed" "$(json list '.mappings | length')" \
	"$(grep -vc '^#' $debugfs/io_mapping/mappings)"
driver create n=1
same "an id that is used again starts at 0" \
	"$(json list '.mappings | max_by(.mapping_id) | "\(.maps.atomic) \(.unmaps.atomic)"')" "0 0"
driver free n=1

same "no map showed another page" "$(truth mismatches)" 0
same "failed maps are counted" "$(json list "[.mappings[] | $of_driver | .failed] | add")" \
	"$(awk '/^failed_/ { n += $2 } END { print n }' $driver/counts)"

# Each unmap has a hold time, and the sum of the buckets is the number of hold times. The screen's
# cursor may blink at the moment of reading, so try again.
timed() { [ "$(json stats ".backends.$backend | .hold_ns.$1.count == .unmaps.$1")" = true ]; }
for kind in $kinds; do
	is "$kind: a hold time for each unmap" wait_for 10 timed "$kind"
	same "$kind: p50 <= p99 <= max" "$(json stats ".backends.$backend.hold_ns.$kind |
		.p50 <= .p99 and .p99 <= .max and .max > 0")" true
done
same "the buckets of each histogram add up" \
	"$(json hist '[.hists[] | select(.count != ([.buckets[].count] | add))] | length')" 0

is "the accounting balances" balanced
leave_daemon
finish
