#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Prometheus scrapes iomapd while the test driver maps: the values are the test driver's counts,
# also after iomapd was killed. Then five hundred hostile clients use iomapd.
# Usage: tests/guest/metrics.sh, with prometheus and promtool in /share
. tests/guest/lib.sh
. tests/prometheus.sh

load_driver
id=$(test_id)
start_daemon --metrics :9751 --hold-times all
is "iomapd says where it serves them" grep -qx 'iomapd: serving http://127.0.0.1:9751/metrics' \
	/tmp/iomapd.log
same "no capability is left for all that follows" "$(privileges)" "0000000000000000 1 "
start=$SECONDS
start_prometheus /share /tmp/prometheus 127.0.0.1:9751
is "Prometheus gets an answer" wait_for 60 answers up 1
echo "# $((SECONDS - start)) s until the first answer"
same "no run time of BPF programs while the kernel does not measure it" \
	"$(metrics | grep -c iomapd_bpf_run)" 0
echo 1 >/proc/sys/kernel/bpf_stats_enabled

# came NAME EXPRESSION: passes if the expression soon has the value of the test driver's count NAME.
came() { wait_for 60 answers "$2" "$(truth "$1")"; }

of_id="mapping='$id'"
for kind in atomic local sleepable; do
	driver run kind=$kind ops=20000 pages=64 cpus=0-1
	is "$kind: as many maps as the driver made" \
		came maps_$kind "iomap_mapping_maps_total{$of_id,kind='$kind'}"
	is "$kind: as many hold times" came unmaps_$kind \
		"iomap_mapping_hold_seconds_count{$of_id,kind='$kind'}"
done
is "the module by the mapping" answers \
	"count(iomap_mapping_info{$of_id,module='test_io_mapping',bar='2'})" 1
is "a BPF program ran for each map" wait_for 60 answers \
	"iomapd_bpf_runs_total{program='iomap_map'} >= bool 60000" 1

# Other mappings get the same id: they add to its counters.
driver create n=3
driver run kind=atomic ops=3000 mapping=all
driver free n=3
driver create n=3
driver run kind=local ops=3000 mapping=all
driver free n=3
for kind in atomic local; do
	is "$kind: maps of all mappings of the driver, also of freed ones" came maps_$kind \
		"sum(iomap_mapping_maps_total{kind='$kind'}
			unless on (mapping) iomap_mapping_info{module!='test_io_mapping'})"
done

is "no sleep in an atomic section so far" answers \
	"iomap_violations_total{rule='sleep-in-atomic'}" 0
before=$(query 'count(ALERTS)')
driver break rule=sleep-in-atomic n=3
is "three sleeps in atomic sections" wait_for 60 answers \
	"iomap_violations_total{rule='sleep-in-atomic'}" 3
is "the alert" wait_for 60 answers \
	'count(ALERTS{alertname="IomapSleptWhileAtomic",alertstate="firing"})' 1
same "which did not fire before" "$before" ""

# ---- iomapd is killed, and the next one takes over

kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
driver run kind=atomic ops=5000
is "killed: Prometheus gets no answer" wait_for 60 answers up 0
start_daemon --metrics :9751 --hold-times all
is "killed: the next one answers" wait_for 60 answers up 1
for kind in atomic local sleepable; do
	is "killed: $kind: each map is counted" came maps_$kind \
		"sum(iomap_mapping_maps_total{kind='$kind'}
			unless on (mapping) iomap_mapping_info{module!='test_io_mapping'})"
done
is "killed: the cost of the BPF programs is still known" \
	answers "iomapd_bpf_runs_total{program='iomap_map'} > bool 65000" 1
is "killed: so are the violations" answers "iomap_violations_total{rule='sleep-in-atomic'}" 3
is "killed: the second start of iomapd" answers iomapd_starts_total 2
is "killed: the start of counting did not change" \
	answers 'changes(iomap_start_time_seconds[10m])' 0
is "killed: process_start_time_seconds changed" \
	answers 'changes(process_start_time_seconds{job="iomap"}[10m])' 1

# The number of counters, of counters that ever decreased, and the most values of one.
ask '{__name__=~"iomapd?_.*(_total|_bucket|_count|_sum)"}[10m]' | jq -r '.data.result |
	length, ([.[] | [.values[][1] | tonumber] | select(. != sort)] | length),
	(map(.values | length) | max)' >/tmp/series
mapfile -t series </tmp/series
echo "# ${series[0]} counters, up to ${series[2]} values of each"
is "there are many counters" test "${series[0]}" -gt 200
is "and many values" test "${series[2]}" -gt 20
same "no counter ever decreased" "${series[1]}" 0
metrics >/tmp/plain
echo "# $(query 'count({job="iomap",__name__=~"iomap.*|process.*"})') series," \
	"$(wc -c </tmp/plain) bytes"
same "promtool finds no mistake" "$(/share/promtool check metrics </tmp/plain 2>&1)" ""
is "the accounting balances" balanced

# ---- detach: the counters start at zero

iomapctl detach >/dev/null
wait "$daemon"
start_daemon --metrics :9751 --hold-times all
driver run kind=local ops=30
is "detached: the counters start at zero" wait_for 60 answers \
	"iomap_mapping_maps_total{$of_id,kind='local'}" 30
is "detached: the start of counting changed" \
	answers 'changes(iomap_start_time_seconds[10m])' 1
is "detached: iomapd started once" answers iomapd_starts_total 1
is "detached: Prometheus sees a reset of the counter" \
	answers "resets(iomap_mapping_maps_total{$of_id,kind='local'}[10m])" 1
kill "$prometheus"

# ---- five hundred hostile clients of the socket, and more clients of the metrics than allowed

# memory FIELD: prints a size of iomapd's memory, in KiB.
memory() { awk -v field="$1:" '$1 == field { print $2 }' "/proc/$daemon/status"; }
clients() { metrics | sed -n 's/^iomapd_clients //p'; }
alone() { [ "$(clients)" = 0 ]; }

echo "# memory of iomapd: $(memory VmRSS) KiB"
# Prints the maps from before the detach, which iomapd does not know.
uncounted() { echo $(($(truth maps_atomic) - $(counted_at test_map_atomic+))); }
before=$(uncounted)
while [ ! -e /tmp/over ]; do
	driver run kind=atomic ops=2000
done &
timeout 300 "$programs/clients" /run/iomapd/iomapd.sock 9751 20 >/tmp/clients
is "the well-behaved client gets each answer" grep -qx '20 of 20 answers' /tmp/clients
sed '$d' /tmp/clients
echo "# memory of iomapd: $(memory VmRSS) KiB, at most $(memory VmHWM) KiB"
is "iomapd never had 64 MiB of memory" test "$(memory VmHWM)" -lt 65536
is "iomapd has no clients when they have gone" wait_for 60 alone
touch /tmp/over
wait $!
same "each map was counted meanwhile" "$(uncounted)" "$before"
is "the accounting balances, too" balanced
stop_daemon
finish
