#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs the example of docs/ci.md as a driver's project does: with a driver that follows the rules,
# with one that breaks a rule, and with a test that maps nothing. Prints TAP. Three boots.
. tests/tap.sh

doc=docs/ci.md
root=$PWD
project=$(mktemp -d)
trap 'rm -rf "$project"' EXIT
trap 'exit 1' INT TERM HUP
unset KERNEL PARAMETERS

# block N: prints the Nth code block of the document.
block() {
	awk -v want="$1" '/^```/ { inside = !inside; n += inside; next } inside && n == want' $doc
}

# job STATUS: runs the example, and passes if it exits with STATUS.
job() {
	local status=0

	(cd / && "$project/iomap-ci.sh") >"$project/out" 2>&1 </dev/null || status=$?
	[ "$status" = "$1" ] && return 0
	echo "# exit status $status, not $1"
	sed 's/^/# /' "$project/out"
	return 1
}

# driver_test COMMAND: makes a test that sends this command to the test driver.
driver_test() {
	printf '#!/bin/sh\necho "%s" >/sys/kernel/debug/test_io_mapping/control\n' "$1" \
		>"$project/driver-test"
}

junit() { xmllint --xpath "$1" "$project/iomap.xml" 2>/dev/null; }
valid() {
	xmllint --noout --nonet --schema tests/schema/junit.xsd "$project/iomap.xml" 2>/dev/null
}
said() { grep -qxF -- "$1" "$project/out" || { sed 's/^/# /' "$project/out"; return 1; }; }

ln -s "$root" "$project/iomap"
block 1 >"$project/iomap-ci.sh"
block 2 >"$project/driver-test"
chmod +x "$project/iomap-ci.sh" "$project/driver-test"
echo 'leak some_function -- a known leak, not in this test' >"$project/iomap-known"
is "the document has the example" grep -q 'iomapctl assert .* -- ./driver-test' \
	"$project/iomap-ci.sh"

is "a driver that follows the rules: the job passes" job 0
is "the report is JUnit" valid
same "no test failed" "$(junit 'string(//testsuite/@failures)')" 0
same "something was exercised" "$(junit \
	'count(//testcase[@name="something was exercised" and not(*)])')" 1

driver_test "break rule=offset-align n=2"
is "a driver that breaks a rule: the job fails" job 1
is "the last line is the outcome" \
	said 'iomapctl: violations: 1 rule was broken, 2 times from 1 site'
is "the report is JUnit" valid
same "one test failed" "$(junit 'string(//testsuite/@failures)')" 1
failure() { junit 'string(//testcase[@name="offset-align"]/failure)'; }
is "the failure has the call site" \
	grep -qE '^mapped at +test_map_atomic\+0x[0-9a-f]+ \[test_io_mapping\]$' <(failure)
is "and the driver's function on the stack" \
	grep -qE ' break_align\+0x[0-9a-f]+ \[test_io_mapping\]$' <(failure)

driver_test "create n=0"
is "a test that maps nothing: the job fails" job 3
finish
