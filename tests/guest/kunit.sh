#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The KUnit tests of io_mapping that ran while this kernel booted, as TAP.
# The kernel must have been booted with kunit.enable=1.
. tests/tap.sh

results=/sys/kernel/debug/kunit/io_mapping/results
[ -e $results ] || bail "no KUnit results: was the kernel booted with kunit.enable=1?"

# One line for each case: the parameterized ones are nested one deeper.
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

same "kunit: all of the suite ran" "$(grep -cE '^(not )?ok .*io_mapping' $results)" 1
[ "$failed" = 0 ] || sed 's/^/# /' $results
finish
