#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The unit of iomapd stays as closed as docs/service.md says. What it does is tested by
# tests/guest/systemd.sh.
. tests/tap.sh

unit=daemon/systemd/iomapd.service
bound=29	# tenths

# exposure UNIT: what systemd-analyze makes of it.
exposure() { systemd-analyze security --offline=true "$1" 2>&1 |
	sed -n 's/.*Overall exposure level for .*: \([0-9.]*\) .*/\1/p'; }

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
grep -E '^(\[Service\]|ExecStart=)' $unit >"$dir/iomapd.service"
ours=$(exposure $unit)
bare=$(exposure "$dir/iomapd.service")
echo "# $ours, and $bare without the restrictions"
within() { systemd-analyze security --offline=true --threshold=$bound "$1" >/dev/null 2>&1; }
is "the exposure is within the bound" within $unit
is "that of the bare unit is not" eval '! within "$dir/iomapd.service"'
is "docs/service.md has it" grep -qE "^says $ours, " docs/service.md
is "docs/service.md has that of the bare unit" grep -qE "\`ExecStart=\` line gets $bare$" \
	docs/service.md
same "the path of the program is the one that is installed" "$(grep -c \
	'^Exec[A-Za-z]*=/usr/sbin/iomapd' $unit)" 2
finish
