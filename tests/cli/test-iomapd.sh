#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# iomapd's command line: its output, and one sentence for each error.
# Usage: tests/cli/test-iomapd.sh FOLDER_OF_THE_PROGRAMS
. tests/tap.sh

bin=$1
dir=$(mktemp -d)
chmod 755 "$dir"
fake=
trap '[ -z "$fake" ] || kill "$fake"; rm -rf "$dir"' EXIT

# says STATUS SENTENCE COMMAND…: COMMAND exits with STATUS, prints only SENTENCE to standard error
# and nothing to standard output.
says() {
	local want=$1 sentence=$2 status
	shift 2
	timeout 30 "$@" >"$dir/out" 2>"$dir/err" </dev/null
	status=$?
	sed 's/^/# /' "$dir/err"
	[ "$status" = "$want" ] && [ ! -s "$dir/out" ] &&
		[ "$(cat "$dir/err")" = "iomapd: $sentence" ]
}

# shows WORDS OPTION: iomapd exits with 0, prints WORDS to standard output and no error.
shows() {
	"$bin/iomapd" "$2" >"$dir/out" 2>"$dir/err" && [ ! -s "$dir/err" ] &&
		grep -q -- "$1" "$dir/out"
}

is "--help" shows '^Usage: iomapd' --help
is "--version" shows '^iomapd [0-9.]*$' --version
full() {
	"$bin/iomapd" "$1" >/dev/full 2>"$dir/err"
	[ $? = 5 ] && [ "$(cat "$dir/err")" = 'iomapd: cannot write the output: No space left on device' ]
}
closed() { "$bin/iomapd" "$1" >&- 2>"$dir/err"; [ $? = 5 ]; }
is "--help: the disk is full" full --help
is "--version: the disk is full" full --version
is "--check-config: the disk is full" full --check-config
is "--help: the output is closed" closed --help
see="see 'iomapd --help'"
is "unknown option" says 2 "unknown option --nope: $see" "$bin/iomapd" --nope
is "argument" says 2 "unexpected argument 'x': $see" "$bin/iomapd" x
is "option without its value" says 2 "--socket needs a PATH" "$bin/iomapd" --socket
for n in 0 -1 65537 99999999999999999999 1x '' ' 5'; do
	is "--max-mappings '$n'" says 2 \
		"--max-mappings takes a number from 1 to 65536, not '$n'" \
		"$bin/iomapd" --max-mappings "$n"
done
is "--hold-times some" says 2 "--hold-times takes all, sampled or off, not 'some'" \
	"$bin/iomapd" --hold-times some
for address in 9751 '*:9751' :65536 example.org:9751 ::1:9751 '[::1]' ''; do
	is "--metrics '$address'" says 2 \
		"--metrics takes an address such as 127.0.0.1:9751, [::1]:9751 or :9751, or off, not '$address'" \
		"$bin/iomapd" --metrics "$address"
done

# mistake CONFIGURATION SENTENCE: --check-config prints the name of the file and SENTENCE.
mistake() {
	printf '%b' "$1" >"$dir/conf"
	is "--check-config: $2" says 2 "$dir/conf$2" "$bin/iomapd" --config "$dir/conf" \
		--check-config
}
conf=": see iomapd.conf(5)"
mistake '\n# c\n  nope = 1' ":3: unknown setting 'nope'$conf"
mistake 'max-hold = 1ms\nhold-times\n' ":2: not of the form 'name = value'$conf"
mistake 'max-hold = 1ms\n max-hold = 2000s' \
	":2: max-hold takes a time from 1ns to 1000s, or off, not '2000s'$conf"
mistake 'without-ipi = 1' ":1: without-ipi takes yes or no, not '1'$conf"
mistake 'socket =' ":1: socket takes a path of 1 to 107 characters, not ''$conf"
mistake 'version = 1' ":1: version is allowed on the command line only$conf"
mistake '[service]\n' ":1: sections are not supported: remove '[service]'$conf"
mistake 'max-hold = 1ms\0\n' ":1: contains a NUL byte: not a text file$conf"
mistake "$(printf '#%0300d' 0)" ":1: longer than 198 characters$conf"
is "--check-config: not a regular file" says 2 "/dev/zero is not a configuration file" \
	"$bin/iomapd" --config /dev/zero --check-config
is "--config: a missing file" says 2 "cannot read $dir/none: No such file or directory" \
	"$bin/iomapd" --config "$dir/none"
printf 'max-hold = 1ms ; why\n\tmetrics=:9751\nwithout-check = leak\nwithout-check = all' \
	>"$dir/conf"
good() { [ "$("$bin/iomapd" --config "$dir/conf" --check-config "$@")" = \
	"$dir/conf: nothing wrong" ]; }
is "--check-config: a good file" good
is "--check-config: a wrong option" says 2 \
	"--max-hold takes a time from 1ns to 1000s, or off, not '1'" \
	"$bin/iomapd" --config "$dir/conf" --check-config --max-hold 1

"$bin/tests/lib/fake-iomapd" --socket "$dir/sock" &
fake=$!
until [ -S "$dir/sock" ] || ! kill -0 "$fake" 2>/dev/null; do sleep 0.05; done
is "a second iomapd" says 5 "another iomapd already serves $dir/sock" \
	"$bin/iomapd" --socket "$dir/sock"
IOMAPD_SOCKET=$dir/sock
export IOMAPD_SOCKET
is "a second iomapd, socket of the environment" says 5 "another iomapd already serves $dir/sock" "$bin/iomapd"

if [ "$(id -u)" = 0 ]; then
	# This user may have no access to the tree: copy the program.
	cp "$bin/iomapd" "$dir/iomapd"
	is "no privilege" says 5 \
		"no privilege to load BPF programs; run it as root (or with CAP_BPF and CAP_PERFMON)" \
		setpriv --reuid=65534 --regid=65534 --clear-groups -- \
		"$dir/iomapd" --socket "$dir/other"
else
	skip "no privilege" "not root"
fi
finish
