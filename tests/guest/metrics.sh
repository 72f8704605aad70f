#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A Prometheus asks iomapd while the test driver works: its answers are the test driver's own
# counts, also when iomapd was killed meanwhile. Then iomapd with five hundred hostile clients.
# Usage: tests/guest/metrics.sh, with prometheus and promtool in /share
. tests/guest/lib.sh
. tests/prometheus.sh

programs=$(dirname "$(command -v iomapd)")/tests/guest

modprobe test_io_mapping || bail "the test driver does not load"
id=$(test_id)
start_daemon --metrics :9751 --hold-times all
is "it says where it serves them" grep -qx 'iomapd: serving http://127.0.0.1:9751/metrics' \
	/tmp/iomapd.log
same "no capability is left: all that comes needs none" "$(privileges)" "0000000000000000 1 "
start=$SECONDS
start_prometheus /share /tmp/prometheus 127.0.0.1:9751
is "Prometheus gets an answer" wait_for 60 answers up 1
echo "# $((SECONDS - start)) s until the first answer"
is "no run time of BPF programs while the kernel takes none" test "$(metrics |
	grep -c iomapd_bpf_run)" = 0
echo 1 >/proc/sys/kernel/bpf_stats_enabled

# came NAME EXPRESSION: Prometheus soon has what the test driver counts under the name.
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

# The id goes to other mappings; what it counted stays, and is added to.
driver create n=3
driver run kind=atomic ops=3000 mapping=all
driver free n=3
driver create n=3
driver run kind=local ops=3000 mapping=all
driver free n=3
for kind in atomic local; do
	is "$kind: of all mappings of the driver, those that are gone included" came maps_$kind \
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
same "which was not there before" "$before" ""

# ---- iomapd is killed, and another one goes on

kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
driver run kind=atomic ops=5000
is "without iomapd there is no answer" wait_for 60 answers up 0
start_daemon --metrics :9751 --hold-times all
is "killed: the next one answers" wait_for 60 answers up 1
for kind in atomic local sleepable; do
	is "killed: $kind: each map is counted" came maps_$kind \
		"sum(iomap_mapping_maps_total{kind='$kind'}
			unless on (mapping) iomap_mapping_info{module!='test_io_mapping'})"
done
is "killed: what the BPF programs cost is still known" \
	answers "iomapd_bpf_runs_total{program='iomap_map'} > bool 65000" 1
is "killed: the violations are" answers "iomap_violations_total{rule='sleep-in-atomic'}" 3
is "killed: the second start of iomapd" answers iomapd_starts_total 2
is "killed: counting began when it did" answers 'changes(iomap_start_time_seconds[10m])' 0
is "killed: process_start_time_seconds tells of the new one" \
	answers 'changes(process_start_time_seconds{job="iomap"}[10m])' 1

# All that Prometheus has of what only grows, oldest first.
ask '{__name__=~"iomapd?_.*(_total|_bucket|_count|_sum)"}[10m]' |
	jq -r '.data.result | length, ([.[] | [.values[][1] | tonumber] | select(. != sort)] | length), (map(.values | length) | max)' \
		>/tmp/series
mapfile -t series </tmp/series
echo "# ${series[0]} counters, asked up to ${series[2]} times"
is "there are many counters" test "${series[0]}" -gt 200
is "each was asked for often" test "${series[2]}" -gt 20
same "none ever went back" "${series[1]}" 0
metrics >/tmp/plain
echo "# $(query 'count({job="iomap",__name__=~"iomap.*|process.*"})') series, $(wc -c \
	</tmp/plain) bytes"
is "promtool finds nothing wrong" test -z "$(/share/promtool check metrics </tmp/plain 2>&1)"
is "the books balance" books

# ---- what is counted is removed, and begins anew

iomapctl detach >/dev/null
wait "$daemon"
start_daemon --metrics :9751 --hold-times all
driver run kind=local ops=30
is "detached: the counters begin anew" wait_for 60 answers \
	"iomap_mapping_maps_total{$of_id,kind='local'}" 30
is "detached: this is told" answers 'changes(iomap_start_time_seconds[10m])' 1
is "detached: so is the first start" answers iomapd_starts_total 1
is "detached: Prometheus takes it for a counter that began anew" \
	answers "resets(iomap_mapping_maps_total{$of_id,kind='local'}[10m])" 1
kill "$prometheus"

# ---- five hundred hostile clients of the socket, and more of the metrics than it takes

# memory FIELD: of iomapd, in KiB.
memory() { awk -v field="$1:" '$1 == field { print $2 }' "/proc/$daemon/status"; }
clients() { metrics | sed -n 's/^iomapd_clients //p'; }
alone() { [ "$(clients)" = 0 ]; }

echo "# memory of iomapd: $(memory VmRSS) KiB"
counted() { json stats \
	'[.callers[] | select(.caller | startswith("test_map_atomic+")) | .maps] | add // 0'; }
missing=$(($(truth maps_atomic) - $(counted)))
while [ ! -e /tmp/over ]; do
	driver run kind=atomic ops=2000
done &
timeout 300 "$programs/clients" /run/iomapd/iomapd.sock 9751 20 >/tmp/clients
is "each answer comes to who behaves" grep -qx '20 of 20 answers' /tmp/clients
sed '$d' /tmp/clients
echo "# memory of iomapd: $(memory VmRSS) KiB, at most $(memory VmHWM) KiB"
is "the memory of iomapd was less than 64 MiB all the time" test "$(memory VmHWM)" -lt 65536
is "when they are gone, it has no clients" wait_for 60 alone
touch /tmp/over
wait $!
same "each map was counted meanwhile" $(($(truth maps_atomic) - $(counted))) "$missing"
is "and the books balance" books
stop_daemon
finish
