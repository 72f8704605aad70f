# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# TAP for scripts: `. tests/tap.sh` from the top of the tree, then is, same, skip, and finish last.

tests=0
failed=0

# is NAME COMMAND…: one test; it passes if COMMAND does.
is() {
	name=$1
	shift
	tests=$((tests + 1))
	if "$@"; then
		echo "ok $tests - $name"
	else
		failed=$((failed + 1))
		echo "not ok $tests - $name"
	fi
	return 0
}

# equal GOT WANT: for is; says what differs.
equal() {
	[ "$1" = "$2" ] && return 0
	echo "# got  $1"
	echo "# want $2"
	return 1
}

# same NAME GOT WANT: one test; it passes if the two are equal.
same() {
	is "$1" equal "$2" "$3"
}

# skip NAME REASON: a test that cannot run here.
skip() {
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP $2"
}

# The plan, and the exit status.
finish() {
	echo "1..$tests"
	[ "$failed" = 0 ]
	exit
}

# bail REASON: nothing more can be tested.
bail() {
	echo "Bail out! $*"
	exit 1
}

# wait_for SECONDS COMMAND…: tries COMMAND until it succeeds, ever less often; fails after SECONDS.
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
