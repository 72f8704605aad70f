#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Reports of iomapctl assert, checked with programs that read such formats, and its command line.
# Usage: tests/cli/test-assert.sh [FOLDER OF PROGRAMS]
# The functions here are called through is().
# shellcheck disable=SC2317,SC2181
# shellcheck source=tests/programs.sh
. tests/programs.sh
# shellcheck source=tests/readers.sh
. tests/readers.sh

fake_report=$bin/tests/cli/fake-report
iomapctl=$bin/iomapctl

# ---- fake runs, in each format ----

for run in $("$fake_report"); do
	for format in text tap junit sarif github json; do
		"$fake_report" "$run" $format >"$dir/$run.$format" ||
			bail "fake-report $run $format"
	done
done

for run in $("$fake_report"); do
	readers_agree "$run"
done
jq 'del(.runs[0].results[0].locations[0].physicalLocation)' "$dir/violations.sarif" \
	>"$dir/placeless.sarif"
github_refuses() { ! github_takes "$1" && grep -q 'without a physical location' "$dir/out"; }
is 'SARIF without a line: GitHub would refuse it, and the test sees that' github_refuses placeless

rules='["sleep-in-atomic","may-sleep-in-atomic","unmap-order","unmap-kind",
	"unmap-unknown","offset-range","offset-align",
	"use-after-free","leak","hold-time"]'
is 'all rules are in the JSON, in their order' json_agrees good "(.rules | keys_unsorted) == $rules"
is 'JSON: the coverage' json_agrees good '
	.coverage.maps.linear == {atomic: 1000, local: 0, sleepable: 5} and
		.coverage.mappings[0].device == "0000:00:02.0" and
	.coverage.hooks[0].state == "attached" and .coverage.accounting.seen == 2010 and
	.doubts == []'
is 'JSON: a violation' json_agrees violations '
	.violations[0] | .rule == "sleep-in-atomic" and .count == 9 and
		.stack[2] == "msleep+0x2e" and .offset == null'
is 'JSON: the stack of a map' json_agrees violations '
	.violations[1].map_stack[2] == "vfs_write+0xf1"'

# The readers refuse a wrong report.
refuses() { ! "$@"; }
sed 's/ tests="[0-9]*"//' "$dir/good.junit" >"$dir/bad.junit"
is 'the JUnit schema refuses a report without the number of tests' refuses valid_junit "$dir/bad.junit"
sed 's/"level":"error"/"level":"fatal"/' "$dir/violations.sarif" >"$dir/bad.sarif"
is 'the SARIF schema refuses an unknown level' refuses valid_sarif "$dir/bad.sarif"
sed '$d; /^ok 2/d' "$dir/good.tap" >"$dir/bad.tap"
is 'the TAP reader refuses a missing test' refuses tap_reads bad
sed 's/%25/%/' "$dir/hostile.github" >"$dir/bad.github"
is 'an annotation with an unescaped % is refused' refuses github_agrees bad

# ---- the command line ----

usage() {
	sentence=$1
	shift
	run 2 "$iomapctl" assert "$@" && err_has "$sentence" && [ ! -s "$dir/out" ] &&
		[ ! -e "$dir/ran" ]
}

is 'no command' usage 'assert needs a command to run, after --' --rule leak
is 'an unknown rule' usage "--rule takes one of sleep-in-atomic, may-sleep-in-atomic, " --rule sleep \
	-- touch "$dir/ran"
is 'hold-time without a budget' usage '--rule hold-time needs a budget, --max-hold' --rule \
	hold-time -- touch "$dir/ran"
is 'a budget without a unit' usage "such as 50us or 1.5ms, not '50'" --max-hold 50 -- touch \
	"$dir/ran"
is 'an unknown format' usage '--format takes one of text, tap, junit, sarif, github, json' --format \
	xml -- touch "$dir/ran"
is 'two formats' usage "--json does not go with --format 'tap'" --json --format tap -- touch \
	"$dir/ran"
printf '# known\nleak f\n' >"$dir/known"
is 'a suppression without a reason' usage \
	"$dir/known:2: the line needs a reason: RULE SYMBOL -- reason" \
	--suppress "$dir/known" -- touch "$dir/ran"

cannot() {
	sentence=$1
	shift
	run 5 "$iomapctl" assert "$@" && err_is "iomapctl: $sentence" && [ ! -s "$dir/out" ] &&
		[ ! -e "$dir/ran" ]
}
is 'a missing file of suppressions' cannot "cannot read $dir/none: No such file or directory" \
	--suppress "$dir/none" -- touch "$dir/ran"
is 'a missing folder for the output' cannot "cannot write $dir/none/x: No such file or directory" \
	--output "$dir/none/x" -- touch "$dir/ran"

# Without privilege, iomapctl loads nothing, runs nothing, and leaves and loses no file.
echo old >"$dir/report"
as_nobody() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --inh-caps=-all --bounding-set=-all "$@"
	else
		"$@"
	fi
}
not_root() {
	as_nobody "$iomapctl" assert --output "$dir/report" -- touch "$dir/ran" >"$dir/out" \
		2>"$dir/err"
	[ $? = 5 ] && err_has 'no privilege to load BPF programs; run it ' &&
		[ ! -e "$dir/ran" ] &&
		[ "$(cat "$dir/report")" = old ] && [ "$(ls "$dir"/report*)" = "$dir/report" ]
}
is 'not root' not_root

lacks() {
	run 6 "$iomapctl" assert --output "$dir/report" -- touch "$dir/ran" &&
		err_has 'has no io_mapping tracepoints' &&
		[ "$(wc -l <"$dir/err")" = 1 ] && [ ! -e "$dir/ran" ] &&
			[ "$(cat "$dir/report")" = old ] &&
		[ "$(ls "$dir"/report*)" = "$dir/report" ]
}
if [ "$(id -u)" != 0 ]; then
	skip 'a kernel without the tracepoints' 'not root'
elif [ -d /sys/kernel/tracing/events/io_mapping ] || [ -d /sys/kernel/debug/io_mapping ]; then
	skip 'a kernel without the tracepoints' 'this kernel has them'
else
	is 'a kernel without the tracepoints' lacks
fi

# ---- whole runs over fake figures ----

# ran STATUS RUN WORD…: iomapctl assert WORD… over the figures of that fake run.
ran() {
	status_wanted=$1
	FAKE_RUN=$2
	export FAKE_RUN
	shift 2
	run "$status_wanted" "$bin/tests/cli/iomapctl-fake" assert "$@"
}

last_is() { [ "$(tail -1 "$dir/out")" = "$1" ] || { echo "# want: $1"; return 1; }; }

is 'a good run' ran 0 good -- true
is 'all rules but hold-time are on' err_is \
	'collector: rules_off 0xfffffe00 max_hold_ns 0 map_stacks 0'
is 'a good run, with output of the command' ran 0 good -- echo hello
is 'the outcome is the last line' last_is 'good: the rules held over 1005 maps'
is 'the output of the command comes before the report' [ "$(sed -n 1p "$dir/out")" = hello ]
is 'violations' ran 1 violations -- true
is 'violations, and the command fails' ran 1 violations -- false
is 'violations of rules that are not checked' ran 0 violations --rule unmap-order --rule offset-align -- \
	true
is '--rule: the other rules are off' err_is 'collector: rules_off 0xffffffbb max_hold_ns 0 map_stacks 0'
is '--max-hold adds the rule hold-time' ran 1 violations --rule unmap-order --max-hold 50us \
	--map-stacks -- true
is '--max-hold: the collector gets the budget' err_is \
	'collector: rules_off 0xfffffdfb max_hold_ns 50000 map_stacks 1'
is '--max-hold: only hold-time was broken' last_is 'violations: 1 rule was broken, 9 times from 1 site'
is 'the command fails' ran 7 good -- sh -c 'exit 3'
is 'the command fails: the exit status is in the outcome' last_is 'command failed: exit status 3; no rule was seen to be broken'
is 'the command is killed' ran 7 good -- sh -c 'kill -9 $$'
is 'inconclusive' ran 4 inconclusive -- true
is 'a missing rule that is not selected' ran 4 inconclusive --rule leak -- true
is 'nothing exercised' ran 3 nothing -- true
is 'nothing exercised for the selected rule' ran 3 partly --rule sleep-in-atomic -- true
is 'a missing command' ran 5 good --output "$dir/report" -- "$dir/no-such-command"
is 'a missing command: the message' err_has "iomapctl: cannot run $dir/no-such-command: No such file or directory"
is 'a missing command: the old report stays' [ "$(cat "$dir/report")" = old ]

printf 'sleep-in-atomic msleep -- known\n' >"$dir/known"
is 'suppressed' ran 0 suppressed --suppress "$dir/known" -- true
is 'not suppressed' ran 1 suppressed -- true

is 'a report in a file' ran 1 violations --format junit --output "$dir/report" -- echo hello
is 'a report in a file: the outcome on standard error' err_has \
	'iomapctl: violations: 6 rules were broken, 21 times from 6 sites'
is 'a report in a file: only the command writes to standard output' [ "$(cat "$dir/out")" = hello ]
is 'a report in a file: it is valid' valid_junit "$dir/report"
is 'a report in a file: no other file is left' [ "$(ls "$dir"/report*)" = "$dir/report" ]
is '--json' ran 1 violations --json -- true
status_in_json() { [ "$(jq .exit_status "$dir/out")" = "$1" ]; }
is '--json: the exit status is in the report' status_in_json 1
for format in text tap junit sarif github json; do
	is "--format $format" ran 0 good --format $format -- true
done

# ---- the report and the output of the command ----

fake=$bin/tests/cli/iomapctl-fake
# Each of these prints a part of a line, which a report on the same stream would continue.
mixed() { FAKE_RUN=$1 "$fake" assert --format "$2" --fallback-file driver.c -- sh -c \
	'printf "TAP version 13\n1..1\nnot ok 1 - mine\n{ <x>"' >"$dir/$1.$2" 2>"$dir/err"; }
for format in tap junit sarif json; do
	mixed violations $format
	is "$format: the command's output is on standard error" err_has 'not ok 1 - mine'
done
is 'TAP beside a test that prints TAP: prove' prove_agrees violations
is 'JUnit beside the output of a command' junit_agrees violations
is 'SARIF beside the output of a command' valid_sarif "$dir/violations.sarif"
is 'SARIF and JSON beside the output of a command' sarif_agrees violations
FAKE_RUN=good "$fake" assert --format tap --output "$dir/report" -- echo mine \
	>"$dir/out" 2>"$dir/err"
is 'with --output, the output of the command stays where it is' [ "$(cat "$dir/out")" = mine ]

# Text and annotations share the stream: they begin on a new line.
first_report_line() { FAKE_RUN=violations "$fake" assert --format "$1" -- sh -c "$2" 2>/dev/null |
	grep -nE "$3" | cut -d: -f1; }
same 'text: no newline after the output' "$(first_report_line text 'printf x' '^command ')" 2
same 'annotations: no newline after the output' \
	"$(first_report_line github 'printf x' '^::notice title=iomapctl assert::')" 2
same 'annotations: no output' \
	"$(first_report_line github true '^::notice title=iomapctl assert::')" 2
FAKE_RUN=good "$fake" assert -- printf x >"$dir/out" 2>/dev/null
is 'text in a file: no newline after the output' [ "$(sed -n '2s/ .*//p' "$dir/out")" = command ]
FAKE_RUN=good "$fake" assert -- echo x >"$dir/out" 2>/dev/null
is 'text in a file: no blank line' [ "$(sed -n '2s/ .*//p' "$dir/out")" = command ]
FAKE_RUN=good "$fake" assert --format json --output /dev/stdout -- echo x 2>/dev/null |
	jq -e '.exit_status == 0' >"$dir/out" 2>"$dir/err"
is '--output /dev/stdout is standard output' [ "$(cat "$dir/out")" = true ]

# ---- --output ----

mkdir "$dir/there"
echo secret >"$dir/secret"
chmod 600 "$dir/secret"
ln -s "$dir/secret" "$dir/there/link"
is 'a link is not followed' cannot \
	"cannot write $dir/there/link: it is a symbolic link, and links are not followed: name the file itself" \
	--output "$dir/there/link" -- touch "$dir/ran"
is 'a link is not followed: the file is as before' [ "$(cat "$dir/secret"; stat -c %a "$dir/secret")" = \
	"$(printf 'secret\n600')" ]
is 'a file of mode 600' ran 0 good --output "$dir/secret" -- true
is 'a file of mode 600 keeps it' [ "$(stat -c %a "$dir/secret")" = 600 ]
is 'a file of mode 600 has the report' grep -q '^good: ' "$dir/secret"
bind_mounted() {
	# shellcheck disable=SC2016
	unshare -m sh -c 'mount --bind "$1/secret" "$1/report" && shift && FAKE_RUN=good "$@"' sh \
		"$dir" "$fake" assert --format json --output "$dir/report" -- true 2>"$dir/err" &&
		[ "$(jq .exit_status "$dir/secret")" = 0 ]
}
read_only() {
	# shellcheck disable=SC2016
	unshare -m sh -c 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && "$@"' \
		sh "$dir/there" "$fake" assert --output "$dir/there/x" -- touch "$dir/ran" \
		2>"$dir/err"
	[ $? = 5 ] && err_is "iomapctl: cannot write $dir/there/x: Read-only file system" &&
		[ ! -e "$dir/ran" ]
}
if unshare -m true 2>/dev/null; then
	is 'a mounted file' bind_mounted
	is 'a folder that is read-only: said before the command runs' read_only
else
	skip 'mounts' 'needs root'
fi

# ---- signals ----

ignored() {
	FAKE_RUN=$2 env --ignore-signal=CHLD --ignore-signal=PIPE --block-signal=CHLD \
		--block-signal=TERM "$fake" assert -- true >"$dir/out" 2>"$dir/err"
	[ $? = "$1" ]
}
is 'SIGCHLD is ignored on entry: a good run' ignored 0 good
is 'SIGCHLD is ignored on entry: violations' ignored 1 violations

# A process that is killed by KILL ends its command, and leaves no file.
ended() { ! kill -0 "$1" 2>/dev/null; }
killed() {
	rm -rf "$dir/there" "$dir/pid"
	mkdir "$dir/there"
	# shellcheck disable=SC2016
	FAKE_RUN=good "$fake" assert --output "$dir/there/report" -- sh -c \
		'echo $$ >"$0.new"; mv "$0.new" "$0"; exec sleep 600' "$dir/pid" >"$dir/out" 2>"$dir/err" &
	pid=$!
	servers="$servers $pid"
	wait_for 20 test -s "$dir/pid" || return 1
	kill -KILL $pid
	wait $pid
	servers="$servers $(cat "$dir/pid")"
	wait_for 20 ended "$(cat "$dir/pid")" && [ -z "$(ls -A "$dir/there")" ]
}
is 'killed: the command ends, no file is left' killed

# ---- output that cannot be written ----

# A report that cannot be written is an error, unless the outcome is bad already.
to_full() {
	FAKE_RUN=$2 "$bin/tests/cli/iomapctl-fake" assert -- true >/dev/full 2>"$dir/err"
	[ $? = "$1" ] && err_has 'cannot write the output: No space left on device'
}
is 'the output is full' to_full 5 good
is 'the output is full, and there are violations' to_full 1 violations
to_nobody() {
	{
		FAKE_RUN=$2 "$bin/tests/cli/iomapctl-fake" assert -- sleep 0.3 2>"$dir/err"
		echo $? >"$dir/status"
	} | true
	[ "$(cat "$dir/status")" = "$1" ]
}
is 'the reader closes the pipe' to_nobody 5 good
is 'the reader closes the pipe: no message' [ "$(grep -c iomapctl: "$dir/err")" = 0 ]
is 'the reader closes the pipe, and there are violations' to_nobody 1 violations

finish
