#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# iomapctl assert over the test driver, which keeps the rules or breaks one of them. Each run loads
# all programs anew, which takes seconds here; those that check few rules are the quick ones.
# Usage: tests/guest/assert.sh [quick]
. tests/guest/lib.sh

control=$driver/control
out=/tmp/out
reports=/tmp/reports	# one in each format, for the readers on the host
[ ! -d /share ] || reports=/share
mkdir -p $reports

# asserts STATUS OPTION… -- COMMAND…: passes if iomapctl assert exits so; what it says is in $out.
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

# shown PATTERN…: passes if the last report has a line for each, in this order.
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

modprobe test_io_mapping || bail "the test driver does not load"
# The console is drawn through io_mapping, too; what blinks would be something exercised.
echo 0 >/sys/class/graphics/fbcon/cursor_blink
printf '\033[?25l' >/dev/tty0
# It is drawn by a worker; the driver is at rest when two looks are the same.
event=/sys/kernel/tracing/events/io_mapping/io_mapping_map
maps() { awk '/Hits:/ { print $2 }' $event/hist; }
at_rest() {
	before=$(maps)
	sleep 0.5
	[ "$(maps)" = "$before" ]
}
echo "hist:keys=common_cpu" >$event/trigger || bail "no histogram of io_mapping_map"
wait_for 60 at_rest || bail "the console does not come to rest"
echo "!hist:keys=common_cpu" >$event/trigger
first_id=$(test_id)

# ---- the outcomes ----

is "rules that hold" asserts 0 --json -- \
	sh -c "echo run ops=20000 depth=4 >$control; echo run kind=local ops=20000 >$control;
		echo run kind=sleepable ops=2000 cpus=0-1 >$control"
is "all but hold-time are checked" reported \
	'[.rules[] | select(.state == "checked")] | length == 9'
is "its maps were all seen, and nothing was lost" reported ".verdict == \"good\" and
	.coverage.maps.$backend.local == 20000 and .coverage.maps.$backend.sleepable == 2000 and
	(.coverage.mappings[] | select(.mapping_id == $first_id) | .maps.atomic) == 20000 and
	(.coverage.accounting | .seen >= 84000 and .seen == .counted and (.lost | add) == 0)"

is "a rule that is broken" asserts 1 -- sh -c "echo break rule=offset-align n=3 >$control"
is "it is named, with the calls that did it" shown '^VIOLATION: offset-align, 3 times$' \
	'^  offset 0x1080 is not a multiple of the page size$' \
	'^  mapped at +test_map_atomic\+0x[0-9a-f]+ \[test_io_mapping\]$' \
	"^  mapping +$first_id, [0-9a-f:.]+ BAR 2, 16M at 0x[0-9a-f]+, $backend backend\$" \
	'^  stack +test_map_atomic\+' 'break_align\+0x[0-9a-f]+ \[test_io_mapping\]$' \
	'vfs_write\+0x[0-9a-f]+$'
last "and is the outcome" 'violations: 1 rule was broken, 3 times from 1 site'

is "nothing exercised" asserts 3 --rule leak -- sleep 0.1
is "nothing that a checked rule judges" asserts 3 --rule unmap-order -- \
	sh -c "echo run kind=sleepable ops=10 cpus=0-1 >$control"
last "it says so" 'nothing exercised: no map that a checked rule could judge'

if [ "${1:-}" = quick ]; then
	finish
fi

is "a command that fails" asserts 7 --rule leak -- sh -c "echo run >$control; exit 9"
last "it says how" 'command failed: exit status 9; no rule was seen to be broken'
is "a command that fails, and a broken rule" asserts 1 --rule offset-align -- \
	sh -c "echo break rule=offset-align >$control; exit 9"
is "no such command" asserts 5 --rule leak -- /no/such
last "it is named" 'iomapctl: cannot run /no/such: No such file or directory'

# ---- options ----

is "a budget that holds" asserts 0 --rule hold-time --max-hold 1s -- sh -c \
	"echo run ops=100 >$control"
is "a budget that is broken" asserts 1 --rule hold-time --max-hold 500us -- \
	sh -c "echo break rule=hold-time hold_ns=2000000 >$control"
is "it says how long" shown '^VIOLATION: hold-time, 1 time$' \
	'^  held +[0-9.]+ms, the budget is 500us$' \
	'^ +break_hold_time\+'

is "what is not asked for is not found" asserts 0 --rule leak -- \
	sh -c "echo break rule=offset-align >$control"

printf 'offset-align test_map_atomic [test_io_*] -- on purpose\n' >/tmp/known
is "a violation that is suppressed" asserts 0 --rule offset-align --suppress /tmp/known -- \
	sh -c "echo break rule=offset-align >$control"
is "the reason is shown" shown 'on purpose'
is "another one is not" asserts 1 --rule offset-align --suppress /tmp/known -- \
	sh -c "echo break rule=offset-align >$control; echo break rule=offset-align kind=local n=2 >$control"
is "it is the only violation" shown '^suppressed: offset-align, 1 time$' \
	'^VIOLATION: offset-align, 2 times$' '^  mapped at +test_map_local\+' \
	'^violations: 1 rule was broken, 2 times from 1 site'

printf 'offset-align break_align -- on purpose\n' >/tmp/known
is "nor is one by the same call, from another function" asserts 1 --rule offset-align \
	--suppress /tmp/known -- \
	sh -c "echo break rule=offset-align >$control; echo mimic case=page-size-mask-not >$control"
is "each has its own stack" shown '^suppressed: offset-align, 1 time$' \
	'^VIOLATION: offset-align, 4 times$' '^ +page_size_mask_not\+' \
	'^violations: 1 rule was broken, 4 times from 1 site'
is "--map-stacks" asserts 1 --rule unmap-order --map-stacks -- \
	sh -c "echo break rule=unmap-order >$control"
is "shows where the map came from" shown '^VIOLATION: unmap-order' \
	"^  map's stack +test_map_atomic\\+" \
	'^ +break_order\+'

# ---- the daemon ----

start_daemon
is "beside iomapd, rules that hold" asserts 0 --rule offset-align -- sh -c \
	"echo run ops=500 >$control"
is "beside iomapd, a broken rule" asserts 1 --rule offset-align -- \
	sh -c "echo break rule=offset-align >$control"
is "iomapd saw it, too" test "$(json list \
	"[.mappings[] | select(.mapping_id == $first_id) | .maps.atomic] | add")" = 501
stop_daemon

# ---- a driver that comes and goes with the command ----

rmmod test_io_mapping
is "a driver that is gone before the report" asserts 1 --rule offset-align -- \
	sh -c "modprobe test_io_mapping; echo break rule=offset-align >$control; rmmod test_io_mapping"
is "its calls are named" shown '^mapping .* do_create\+0x[0-9a-f]+ \[test_io_mapping\]' \
	'^VIOLATION: offset-align' \
	'^  mapped at +test_map_atomic\+0x[0-9a-f]+ \[test_io_mapping\]$' \
	'^ +break_align\+0x[0-9a-f]+ \[test_io_mapping\]$'
is "a driver that leaks when it frees" asserts 1 --rule leak -- \
	sh -c "modprobe test_io_mapping; echo create >$control; echo hold mapping=1 n=3 >$control;
		echo free >$control; rmmod test_io_mapping"
is "the leak is named" shown '^mapping .* do_create\+0x[0-9a-f]+ \[test_io_mapping\]' \
	'^VIOLATION: leak, 3 times$' \
	'^  mapped at +test_map_sleepable\+0x[0-9a-f]+ \[test_io_mapping\]$' \
	'^  stack +io_mapping_(unregister|free)\+' \
	'^ +control_write\+0x[0-9a-f]+ \[test_io_mapping\]$'
is "the driver is not held back" test ! -d /sys/module/test_io_mapping
modprobe test_io_mapping

# ---- real runs in each format, for the host to read ----

for format in tap junit sarif github json; do
	is "$format: rules that hold" asserts 0 --rule offset-align --rule offset-range --format \
		$format \
		--output $reports/good.$format -- sh -c "echo run ops=100 >$control"
	is "$format: a broken rule" asserts 1 --rule offset-align --rule offset-range --format \
		$format \
		--output $reports/broken.$format -- sh -c "echo break rule=offset-align >$control"
	is "$format: the report is there" grep -q test_map_atomic $reports/broken.$format
done
finish
