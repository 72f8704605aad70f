# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Prometheus for tests: `. tests/prometheus.sh` after tests/tap.sh or what includes it.

# start_prometheus PROGRAMS FOLDER TARGET: asks TARGET each second, keeps that in FOLDER, and has the rules of
# docs/prometheus; serves at $url. PROGRAMS is the folder of prometheus and promtool. Its process id is in $prometheus.
start_prometheus() {
	mkdir -p "$2"
	cat >"$2/prometheus.yml" <<-CONFIG
		global:
		  scrape_interval: 1s
		  scrape_timeout: 1s
		  evaluation_interval: 1s
		rule_files: [$PWD/docs/prometheus/iomap.rules.yml]
		scrape_configs:
		  - job_name: iomap
		    static_configs:
		      - targets: ["$3"]
	CONFIG
	"$1/prometheus" --config.file="$2/prometheus.yml" --storage.tsdb.path="$2/data" \
		--web.listen-address=127.0.0.1:0 >"$2/prometheus.log" 2>&1 &
	prometheus=$!
	wait_for 120 grep -q 'Server is ready' "$2/prometheus.log" || bail "Prometheus: $(cat "$2/prometheus.log")"
	url=http://$(sed -n 's/.*msg="Listening on" address=//p' "$2/prometheus.log")
}

# ask EXPRESSION: what its API answers. promtool would take seconds for that in a virtual machine.
ask() {
	local server=${url#http://}

	exec 4<>"/dev/tcp/${server%:*}/${server#*:}" || return 1
	printf 'GET /api/v1/query?query=%s HTTP/1.0\r\n\r\n' "$(jq -rn --arg text "$1" '$text | @uri')" >&4
	sed '1,/^\r$/d' <&4
	exec 4>&-
}

# query EXPRESSION: the values of its samples now, one a line; nothing where Prometheus does not take it.
query() { ask "$1" | jq -r '.data.result[]?.value[1]'; }

# answers EXPRESSION VALUE: the one sample of the expression is VALUE.
answers() { [ "$(query "$1")" = "$2" ]; }
