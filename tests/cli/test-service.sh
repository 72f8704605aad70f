#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The unit of iomapd is as restricted as docs/service.md says. tests/guest/systemd.sh runs it.
. tests/tap.sh

unit=daemon/systemd/iomapd.service
bound=29	# tenths

# exposure UNIT: prints the exposure level that systemd-analyze finds.
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
is "the exposure without the restrictions is not" eval '! within "$dir/iomapd.service"'
is "docs/service.md has the exposure" grep -qE "^says $ours, " docs/service.md
is "docs/service.md has the exposure without the restrictions" grep -qE "\`ExecStart=\` line gets $bare$" \
	docs/service.md
same "the unit has the path of the installed program" "$(grep -c \
	'^Exec[A-Za-z]*=/usr/sbin/iomapd' $unit)" 2
finish
