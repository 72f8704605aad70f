#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints the results of the KUnit tests of io_mapping, which ran during the boot, as TAP.
# The kernel must have been booted with kunit.enable=1.
. tests/tap.sh

results=/sys/kernel/debug/kunit/io_mapping/results
[ -e $results ] || bail "no KUnit results: was the kernel booted with kunit.enable=1?"

# Each case has a line. Those with parameters are indented by four more.
while read -r line; do
	case $line in
	"not ok "*)
		is "kunit: ${line#not ok * }" false
		;;
	"ok "*"# SKIP"*)
		name=${line#ok * }
		skip "kunit: ${name%% \# SKIP*}" "${line##*\# SKIP }"
		;;
	"ok "*)
		is "kunit: ${line#ok * }" true
		;;
	esac
done < <(grep -E '^ {4,8}(not )?ok ' $results)

same "kunit: the suite ran to its end" "$(grep -cE '^(not )?ok .*io_mapping' $results)" 1
[ "$failed" = 0 ] || sed 's/^/# /' $results
finish
