#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The metrics, read by promtool, a strict parser of OpenMetrics and Prometheus. Also the rules, the
# dashboard and the configuration in docs/prometheus.
# Usage: tests/cli/test-metrics.sh [FOLDER OF PROGRAMS]
# shellcheck disable=SC2317
# shellcheck source=tests/programs.sh
. tests/programs.sh
# shellcheck source=tests/prometheus.sh
. tests/prometheus.sh

programs=$(tests/vm/rootfs prometheus)/usr/bin || bail "there is no Prometheus"
promtool=$programs/promtool
docs=docs/prometheus

# metrics [OPTION]…: starts fake-iomapd and sets $address to the address of its metrics.
metrics() {
	fake --metrics 127.0.0.1:0 "$@"
	address=$(sed -n 's|.*serving http://\(.*\)/metrics$|\1|p' "$dir/fake.log")
}

get() { curl -sS --max-time 10 ${1:+-H "Accept: $1"} "http://$address/metrics"; }

linted() {
	get "$1" >"$dir/text" && "$promtool" check metrics <"$dir/text" >"$dir/out" \
		2>"$dir/err" &&
		[ ! -s "$dir/out" ] && [ ! -s "$dir/err" ]
}

# A strict parser finds the same samples in both formats.
parsed() {
	get application/openmetrics-text >"$dir/openmetrics"
	/usr/bin/python3 - "$dir/openmetrics" "$dir/text" >"$dir/out" 2>"$dir/err" <<-'PYTHON'
		import sys
		from prometheus_client.openmetrics import parser
		from prometheus_client.parser import text_string_to_metric_families as plain

		def samples(families):
		    # figures of the process change between two answers
		    return {(s.name, tuple(sorted(s.labels.items()))): s.value for f in families for
		    	s in f.samples
		            if not s.name.startswith('process_')}

		a = samples(parser.text_string_to_metric_families(open(sys.argv[1]).read()))
		b = samples(plain(open(sys.argv[2]).read()))
		assert len(a) > 300 and a == b, (len(a), len(b), set(a.items()) ^ set(b.items()))
	PYTHON
}

for scenario in ipi ipi-missing missing many empty lost; do
	metrics --scenario $scenario --at 10
	is "$scenario: promtool accepts the metrics" linted text/plain
	is "$scenario: promtool accepts what curl gets without an Accept header" linted ''
	[ $scenario != ipi ] || is "both formats have the same samples" parsed
	stop
done

metrics --scenario missing --at 10
is "without BPF statistics of the kernel there is no run time" test "$(get text/plain |
	grep -c iomapd_bpf_run)" = 0
stop

# ---- an address that comes later ----

# In a network of its own: serves the metrics at an address, and adds it after two looks at it.
later() {
	unshare -rn bash -c '
		ip link set lo up
		"$1" --socket "$2" --metrics 192.0.2.1:9751 2>"$3" &
		trap "kill $!; wait $!" EXIT
		for _ in {1..100}; do [ ! -S "$2" ] || break; sleep 0.1; done
		"$4" --socket "$2" status | grep ^metrics
		curl -sS --max-time 5 http://192.0.2.1:9751/metrics >"$3" 2>&1 &&
			echo "served too early"
		ip addr add 192.0.2.1/32 dev lo
		"$4" --socket "$2" status | grep ^metrics
		curl -sS --max-time 10 http://192.0.2.1:9751/metrics | grep -c ^iomapd_info' \
		- "$bin/tests/lib/fake-iomapd" "$dir/later.sock" "$dir/later.log" "$bin/iomapctl"
}
if unshare -rn ip link set lo up 2>/dev/null; then
	same "metrics are served when the machine gets the address, and the status says so" \
		"$(later)" "$(printf '%-14s%s\n' \
			metrics 'http://192.0.2.1:9751/metrics: this machine does not have the address yet' \
			metrics http://192.0.2.1:9751/metrics
		echo 1)"
else
	skip "an address that comes later" "no network namespaces, or no ip"
fi

# ---- Prometheus ----

metrics --scenario ipi --at 10 --since 1700000000500000000
start_prometheus "$programs" "$dir/prometheus" "$address"
servers="$servers $prometheus"
is "Prometheus scrapes fake-iomapd" wait_for 30 answers 'up' 1
same "Prometheus knows the unit of hold times" \
	"$(curl -sS "$url/api/v1/metadata?metric=iomap_hold_seconds" |
	jq -r '.data.iomap_hold_seconds[0] | "\(.type) \(.unit)"')" \
	"histogram seconds"

json() { "$bin/iomapctl" --socket "$sock" "$1" --json | jq -r "$2"; }
for kind in atomic local sleepable; do
	same "$kind: maps" "$(query "iomap_maps_total{backend='linear',kind='$kind'}")" \
		"$(json stats ".backends.linear.maps.$kind")"
	same "$kind: failures" "$(query \
		"iomap_map_failures_total{backend='linear',kind='$kind'}")" \
		"$(json stats ".backends.linear.failed.$kind")"
	same "$kind: live maps" "$(query "iomap_live_maps{backend='linear',kind='$kind'}")" \
		"$(json stats ".backends.linear.live.$kind")"
	same "$kind: hold times, to the microsecond" \
		"$(query "round(1e6 * iomap_hold_seconds_sum{backend='linear',kind='$kind'})")" \
		"$(json stats ".backends.linear.hold_ns.$kind.sum / 1000 | round")"
	same "$kind: all hold times are in a bucket" "$(query \
		"iomap_hold_seconds_bucket{backend='linear',kind='$kind',le='+Inf'}")" \
		"$(json stats ".backends.linear.hold_ns.$kind.count")"
	# A bucket of the metrics ends there, and so does one of iomapd.
	same "$kind: hold times below 2048 ns" \
		"$(query "iomap_hold_seconds_bucket{backend='linear',kind='$kind', \
			le='0.000002047'}")" \
		"$(json hist \
		"[.hists[] | select(.kind == \"$kind\") | .buckets[] | select(.lt_ns <= 2048) | .count] | add // 0")"
done
same "a mapping by its device" \
	"$(query 'sum by (device, module) (iomap_mapping_maps_total * on (mapping) group_left (device, module)
		iomap_mapping_info{device="0000:00:02.0"})')" \
	"$(json list '.mappings[] | select(.mapping_id == 1) | .maps | add')"
same "IPIs of purges" "$(query 'iomap_ipis_total{class="purge"}')" "$(json ipi \
	.accounting.purges.ipis)"
same "deferred IPIs" "$(query 'iomap_deferred_ipis_total{backend="ioremap"}')" \
	"$(json ipi .backends.ioremap.deferred.ipis)"
same "wait time of IPIs, to the microsecond" "$(query \
	'round(1e6 * iomap_ipi_wait_seconds_total{class="other"})')" \
	"$(json ipi '.accounting.other.wait_ns / 1000')"
same "BPF run time" "$(query 'iomapd_bpf_run_seconds_total{program="iomap_unmap"}')" 0.234
same "when counting began" "$(query 'iomap_start_time_seconds * 10')" 17000000005
same "how often iomapd started since then" "$(query iomapd_starts_total)" 2
is "memory of the process" test "$(query 'process_resident_memory_bytes{job="iomap"}')" -gt 1000000

# ---- docs/prometheus ----

promtool_says() { "$promtool" "$@" >"$dir/out" 2>&1; }
is "promtool accepts the configuration" promtool_says check config $docs/prometheus.yml
is "promtool accepts the rules" promtool_says check rules $docs/iomap.rules.yml
is "the rules pass their test" promtool_says test rules $docs/iomap.rules.test.yml

# Prints the blocks of YAML in docs/fleet.md that are in no file.
elsewhere() {
	/usr/bin/python3 - docs/fleet.md $docs/*.yml <<-'PYTHON'
		import re, sys
		files = [open(f).read() for f in sys.argv[2:]]
		blocks = re.findall(r'^```yaml\n(.*?)^```', open(sys.argv[1]).read(), re.M | re.S)
		assert blocks
		print(*[b for b in blocks if not any(b in f for f in files)])
	PYTHON
}
same "each block of docs/fleet.md is in a file" "$(elsewhere)" ""

exported() { get application/openmetrics-text | sed -n 's/^\([a-z_]*\)[{ ].*/\1/p' | sort -u; }
exported >"$dir/exported"

# Prints the expressions of the dashboard, one per line, with the variables replaced.
expressions() {
	jq -r '.panels[].targets[].expr' $docs/grafana-iomap.json |
		sed 's/\$__rate_interval/10s/g; s/\$__range/10s/g; s/\$job/.*/g; s/\$instance/.*/g'
}

# Prints the names in the rules and the dashboard that are not exported.
unknown() {
	{ expressions; sed '/annotations:/,/^$/d; s/^ *#.*//' $docs/iomap.rules.yml; } |
		grep -oE '\b(iomapd?|process)_[a-z_]+' | sort -u | comm -23 - "$dir/exported"
}

# Prints the expressions of the dashboard that have no result.
without_answer() {
	expressions | while read -r expression; do
		[ -n "$(query "$expression")" ] || echo "$expression"
	done
}

families() { get text/plain | sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' | sort; }
same "the man page has the exported families" \
	"$(grep -oE '\b(iomapd?|process)_[a-z_]+' docs/man/iomapd.8 | sort -u | paste -sd' ')" \
	"$(families | paste -sd' ')"
same "the rules and the dashboard use exported names only" "$(unknown)" ""
is "Prometheus has two samples of ten seconds" wait_for 30 answers \
	'min(count_over_time(iomap_mappings[10s])) > bool 1' 1
same "each expression of the dashboard has a result" "$(without_answer)" ""

kill "$prometheus"
stop
finish
