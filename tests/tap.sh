# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# shellcheck disable=SC2034 # the scripts that include this file use the variables
# TAP for scripts. Include it from the top of the tree, use is, same and skip, and end with finish.

tests=0
failed=0

# Prints more about a test that failed. A script may define its own.
on_failure() { :; }

# is NAME COMMAND…: one test, which passes if the command succeeds.
is() {
	name=$1
	shift
	tests=$((tests + 1))
	if "$@"; then
		echo "ok $tests - $name"
	else
		failed=$((failed + 1))
		echo "not ok $tests - $name"
		on_failure
	fi
	return 0
}

# equal GOT WANT: succeeds if the two are equal, else prints both.
equal() {
	[ "$1" = "$2" ] && return 0
	echo "# got  $1"
	echo "# want $2"
	return 1
}

# same NAME GOT WANT: one test, which passes if the two are equal.
same() {
	is "$1" equal "$2" "$3"
}

# skip NAME REASON: a test that cannot run here.
skip() {
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP $2"
}

# Prints the plan and exits: 0 if no test failed.
finish() {
	echo "1..$tests"
	[ "$failed" = 0 ]
	exit
}

# bail REASON: ends the script, because no further test is possible.
bail() {
	echo "Bail out! $*"
	exit 1
}

# wait_for SECONDS COMMAND…: runs the command until it succeeds, with growing pauses. Fails after
# SECONDS.
wait_for() {
	deadline=$(($(date +%s) + $1))
	pause=50
	shift
	until "$@"; do
		[ "$(date +%s)" -lt "$deadline" ] || return 1
		sleep "$(printf '0.%03d' $pause)"
		[ $pause -ge 400 ] || pause=$((pause * 2))
	done
}
