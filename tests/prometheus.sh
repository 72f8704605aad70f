# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034 # the scripts that include this file use the variables
# Prometheus for tests. Include it after tests/tap.sh.

# start_prometheus PROGRAMS FOLDER TARGET: starts Prometheus with the rules of docs/prometheus. It
# scrapes TARGET each second and stores the values in FOLDER. PROGRAMS is the folder of prometheus
# and promtool. Its process id is in $prometheus, its address in $url.
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
	wait_for 120 grep -q 'Server is ready' "$2/prometheus.log" ||
		bail "Prometheus: $(cat "$2/prometheus.log")"
	url=http://$(sed -n 's/.*msg="Listening on" address=//p' "$2/prometheus.log")
}

# ask EXPRESSION: prints the reply of Prometheus' API. promtool would take seconds in the machine.
ask() {
	local server=${url#http://} encoded

	exec 4<>"/dev/tcp/${server%:*}/${server#*:}" || return 1
	encoded=$(jq -rn --arg text "$1" '$text | @uri')
	printf 'GET /api/v1/query?query=%s HTTP/1.0\r\n\r\n' "$encoded" >&4
	sed '1,/^\r$/d' <&4
	exec 4>&-
}

# query EXPRESSION: prints the values of its samples, one a line, or nothing for a wrong expression.
query() { ask "$1" | jq -r '.data.result[]?.value[1]'; }

# answers EXPRESSION VALUE: passes if the expression has one sample, which is VALUE.
answers() { [ "$(query "$1")" = "$2" ]; }
