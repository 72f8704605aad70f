#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# iomapctl assert with the test driver, which follows the rules or breaks one of them. Each run
# loads all BPF programs, which takes seconds here, and fewer for fewer rules.
# Usage: tests/guest/assert.sh [quick]
. tests/guest/lib.sh

control=$driver/control
out=/tmp/out
reports=/tmp/reports	# a report in each format, for the readers on the host
[ ! -d /share ] || reports=/share
mkdir -p $reports

# asserts STATUS OPTION… -- COMMAND…: passes if iomapctl assert exits with STATUS. Its output is in
# $out.
asserts() {
	local want=$1 status
	shift

	timeout 120 iomapctl assert "$@" >$out 2>&1 </dev/null
	status=$?
	[ "$status" = "$want" ] && return 0
	echo "# exit status $status, not $want: $*"
	sed 's/^/# /' $out
	return 1
}

# drives STATUS OPTION… -- COMMAND…: the same; the commands go to the test driver, one by one.
drives() {
	local args=()

	while [ "$1" != -- ]; do
		args+=("$1")
		shift
	done
	shift
	# shellcheck disable=SC2016 # expanded by the inner shell
	asserts "${args[@]}" -- sh -c 'control=$1; shift; for command; do
		echo "$command" >"$control"; done' sh $control "$@"
}

# shown PATTERN…: passes if the last report has a matching line for each pattern, in this order.
shown() {
	local pattern from=1 line

	for pattern; do
		line=$(tail -n +$from $out | grep -nE -m 1 -- "$pattern" | cut -d: -f1)
		if [ -z "$line" ]; then
			echo "# there is no line '$pattern' below line $from:"
			sed 's/^/# /' $out
			return 1
		fi
		from=$((from + line))
	done
}

last() { same "$1" "$(tail -n 1 $out)" "$2"; }
reported() { jq -e "$1" $out >/dev/null || { sed 's/^/# /' $out; return 1; }; }

load_driver
# qxl draws the console through io_mapping: until it has finished, something is exercised.
still_cursor
event=$tracing/events/io_mapping/io_mapping_map
maps() { awk '/Hits:/ { print $2 }' $event/hist; }
echo "hist:keys=common_cpu" >$event/trigger || bail "no histogram of io_mapping_map"
wait_for 60 unchanged maps || bail "the console does not come to rest"
echo "!hist:keys=common_cpu" >$event/trigger
first_id=$(test_id)
site='^  mapped at +test_map_atomic\+0x[0-9a-f]+ \[test_io_mapping\]$'
created='^mapping .* do_create\+0x[0-9a-f]+ \[test_io_mapping\]'

# ---- the outcomes ----

is "rules that hold" drives 0 --json -- "run ops=20000 depth=4" "run kind=local ops=20000" \
	"run kind=sleepable ops=2000 cpus=0-1"
is "every rule except hold-time is checked" reported \
	'[.rules[] | select(.state == "checked")] | length == 9'
is "all maps were seen, and no event was lost" reported ".verdict == \"good\" and
	.coverage.maps.$backend.local == 20000 and .coverage.maps.$backend.sleepable == 2000 and
	(.coverage.mappings[] | select(.mapping_id == $first_id) | .maps.atomic) == 20000 and
	(.coverage.accounting | .seen >= 84000 and .seen == .counted and (.lost | add) == 0)"

is "a broken rule" drives 1 -- "break rule=offset-align n=3"
is "the report has the rule and the calls" shown '^VIOLATION: offset-align, 3 times$' \
	'^  offset 0x1080 is not a multiple of the page size$' "$site" \
	"^  mapping +$first_id, [0-9a-f:.]+ BAR 2, 16M at 0x[0-9a-f]+, $backend backend\$" \
	'^  stack +test_map_atomic\+' 'break_align\+0x[0-9a-f]+ \[test_io_mapping\]$' \
	'vfs_write\+0x[0-9a-f]+$'
last "the last line is the outcome" 'violations: 1 rule was broken, 3 times from 1 site'

is "nothing exercised" asserts 3 --rule leak -- sleep 0.1
is "nothing that a checked rule judges" drives 3 --rule unmap-order -- \
	"run kind=sleepable ops=10 cpus=0-1"
last "the report says so" 'nothing exercised: no map that a checked rule could judge'

if [ "${1:-}" = quick ]; then
	finish
fi

is "a command that fails" asserts 7 --rule leak -- sh -c "echo run >$control; exit 9"
last "the report has its status" 'command failed: exit status 9; no rule was seen to be broken'
is "a command that fails, and a broken rule" asserts 1 --rule offset-align -- \
	sh -c "echo break rule=offset-align >$control; exit 9"
is "a command that does not exist" asserts 5 --rule leak -- /no/such
last "the error names it" 'iomapctl: cannot run /no/such: No such file or directory'

# ---- options ----

is "a budget that holds" drives 0 --rule hold-time --max-hold 1s -- "run ops=100"
is "a budget that is exceeded" drives 1 --rule hold-time --max-hold 500us -- \
	"break rule=hold-time hold_ns=2000000"
is "the report has the time" shown '^VIOLATION: hold-time, 1 time$' \
	'^  held +[0-9.]+ms, the budget is 500us$' '^ +break_hold_time\+'

is "a rule that is not checked" drives 0 --rule leak -- "break rule=offset-align"

printf 'offset-align test_map_atomic [test_io_*] -- on purpose\n' >/tmp/known
is "a suppressed violation" drives 0 --rule offset-align --suppress /tmp/known -- \
	"break rule=offset-align"
is "the report has the reason" shown 'on purpose'
is "another violation is not suppressed" drives 1 --rule offset-align --suppress /tmp/known -- \
	"break rule=offset-align" "break rule=offset-align kind=local n=2"
is "it is the only violation" shown '^suppressed: offset-align, 1 time$' \
	'^VIOLATION: offset-align, 2 times$' '^  mapped at +test_map_local\+' \
	'^violations: 1 rule was broken, 2 times from 1 site'

printf 'offset-align break_align -- on purpose\n' >/tmp/known
is "nor is the same call from another function" drives 1 --rule offset-align \
	--suppress /tmp/known -- "break rule=offset-align" "mimic case=page-size-mask-not"
is "each has its own stack" shown '^suppressed: offset-align, 1 time$' \
	'^VIOLATION: offset-align, 4 times$' '^ +page_size_mask_not\+' \
	'^violations: 1 rule was broken, 4 times from 1 site'
is "--map-stacks" drives 1 --rule unmap-order --map-stacks -- "break rule=unmap-order"
is "the report has the stack of the map" shown '^VIOLATION: unmap-order' \
	"^  map's stack +test_map_atomic\\+" '^ +break_order\+'

# ---- iomapd at the same time ----

start_daemon
is "beside iomapd, rules that hold" drives 0 --rule offset-align -- "run ops=500"
is "beside iomapd, a broken rule" drives 1 --rule offset-align -- "break rule=offset-align"
same "iomapd counted these maps, too" "$(json list \
	"[.mappings[] | select(.mapping_id == $first_id) | .maps.atomic] | add")" 501
stop_daemon

# ---- a driver that the command loads and unloads ----

rmmod test_io_mapping
is "a driver that is unloaded before the report" asserts 1 --rule offset-align -- sh -c \
	"modprobe test_io_mapping; echo break rule=offset-align >$control; rmmod test_io_mapping"
is "its calls have names" shown "$created" '^VIOLATION: offset-align' "$site" \
	'^ +break_align\+0x[0-9a-f]+ \[test_io_mapping\]$'
is "a driver that leaks when it frees" asserts 1 --rule leak -- \
	sh -c "modprobe test_io_mapping; echo create >$control; echo hold mapping=1 n=3 >$control;
		echo free >$control; rmmod test_io_mapping"
is "the report has the leak" shown "$created" '^VIOLATION: leak, 3 times$' \
	'^  mapped at +test_map_sleepable\+0x[0-9a-f]+ \[test_io_mapping\]$' \
	'^  stack +io_mapping_(unregister|free)\+' \
	'^ +control_write\+0x[0-9a-f]+ \[test_io_mapping\]$'
is "assert does not keep the driver loaded" test ! -d /sys/module/test_io_mapping
load_driver

# ---- real runs in each format, for the readers on the host ----

for format in tap junit sarif github json; do
	options=(--rule offset-align --rule offset-range --format "$format"
		--fallback-file driver.c)
	is "$format: rules that hold" drives 0 "${options[@]}" --output $reports/good.$format -- \
		"run ops=100"
	is "$format: a broken rule" drives 1 "${options[@]}" --output $reports/broken.$format -- \
		"break rule=offset-align"
	is "$format: the report names the call site" grep -q test_map_atomic \
		$reports/broken.$format
done
finish
