#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Other code at the same address: a module is unloaded, and another one takes its place. Each has
# its own row of counts, its own name, and its own violations.
# Usage: tests/abuse/reload.sh FOLDER
#   FOLDER  of the modules, see tests/modules
. tests/guest/lib.sh

modules=$1
# load N MAPS: loads a module, which maps and does not stay loaded.
load() {
	insmod "$modules/reload_$1.ko" maps="$2" 2>&1 | grep -v 'Operation canceled'
	! grep -q "^reload_$1 " /proc/modules
}
# Kernel addresses in the log
echo 0 >/proc/sys/kernel/kptr_restrict
start_daemon
for pair in "1 3" "2 5" "1 4" "2 1" "2 6"; do
	# shellcheck disable=SC2086 # words
	is "module and maps: $pair" load $pair
done
dmesg | sed -n 's/.*\(reload_[12]\): at \(.*\)/\2 \1/p' | sort -u >/tmp/places
sed 's/^/# /' /tmp/places
# 32-bit kernels may give freed addresses away later than the test runs.
if [ "$(uname -m)" = x86_64 ]; then
	is "both were at one address" test -n "$(cut -d' ' -f1 /tmp/places | uniq -d)"
fi
for row in "one 1 7" "two 2 12"; do
	# shellcheck disable=SC2086 # words
	set -- $row
	same "code_$1: its maps" "$(json stats "[.callers[] | select(.module == \"reload_$2\") |
		.maps] | add // 0")" "$3"
	same "code_$1: its name" "$(json stats "[.callers[] | select(.module == \"reload_$2\") |
		.caller | sub(\"[+].*\"; \"\")] | unique | join(\" \")")" "code_$1"
done
same "no call site is without a name" "$(json stats '[.callers[] |
	select(.caller | test("^0x"))] | length')" 0
same "each code has violations of its own" "$(iomapctl events --json | jq -c '.event.violation |
	select(.)' | jq -rs 'group_by(.module)[] | "\(.[0].rule) \(.[0].module) \(map(.count) | add)",
	(.[].caller | sub("[+].*"; ""))' | sort -u | tr '\n' ' ')" \
	"code_one code_two offset-align reload_1 2 offset-align reload_2 3 "
stop_daemon
finish
