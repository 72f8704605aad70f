#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/vm/test-install.sh runs this in a Debian machine that was installed as docs/install.md says,
# with an older package of iomap. The programs work before and after an upgrade, can be removed
# without a trace, and work after a second installation. Prints TAP.
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

doc=docs/install.md
export DEBIAN_FRONTEND=noninteractive

# follow HEADING: runs the commands of a section and answers each question with yes.
follow() {
	tests/vm/doc-block $doc "$1" >/tmp/commands &&
		bash -euo pipefail /tmp/commands >/tmp/out 2>&1 < <(yes 2>/dev/null) &&
		return 0
	sed 's/^/# /' /tmp/out
	return 1
}

well() { iomapctl status >/tmp/out 2>&1; }
show_status() {
	well && return 0
	sed 's/^/# /' /tmp/out
	systemctl status --no-pager --full iomapd.service iomapd.socket 2>&1 | sed 's/^/# /'
	return 1
}
# iomapd answers, and the exit status of iomapctl status is 0.
comes_up() { wait_for 120 well || show_status; }
version() { dpkg-query -W -f '${Version}' iomap 2>/dev/null; }
status() { iomapctl status --json | jq -r "$1"; }
maps() { iomapctl list --json | jq '[.mappings[].maps | add] | add'; }
# qxl draws text on the console through io_mapping.
draw() {
	before=$(maps)
	seq 100 >/dev/tty0
	wait_for 30 more_maps
}
more_maps() { [ "$(maps)" -gt "$before" ]; }
not_less() { [ "$(maps)" -ge "$before" ] || { echo "# $(maps) maps, $before before"; return 1; }; }
unpinned() { [ ! -e /sys/fs/bpf/iomap ]; }
no_process() { ! pidof iomapd >/dev/null; }
# Prints the files of the package that still exist.
left() {
	local file

	while read -r file; do
		[ -d "$file" ] || [ ! -e "$file" ] || echo "$file"
	done </tmp/files
	find /etc /lib/systemd /var/lib/systemd /run /usr/share -xdev -name '*iomap*' \
		! -path '*/dpkg/*' ! -name 'linux-image-*' 2>/dev/null
}
unknown() { [ "$(systemctl show -P LoadState "$1")" = not-found ]; }

is "iomapd runs after the boot" comes_up
is "docs/install.md: all is well" follow "Looking whether all is well"
same "the older package" "$(version)" "$OLD_VERSION"
same "its service starts at each boot" "$(systemctl is-enabled iomapd.service iomapd.socket \
	2>/dev/null | sort -u | paste -sd' ')" enabled
same "the service has not failed" "$(systemctl show -P Result iomapd.service)" success
is "the mapping of a real driver is listed" grep -q qxl <(iomapctl list)
is "its maps are counted" draw

before=$(maps)
pid=$(status .pid)
is "docs/install.md: the upgrade" follow "Installing the packages"
same "the newer package" "$(version)" "$NEW_VERSION"
is "iomapd runs after the upgrade" comes_up
is "it is another process" test "$(status .pid)" != "$pid"
is "the counts are kept" not_less
is "counting continues" draw

dpkg -L iomap >/tmp/files
is "docs/install.md: without the programs" follow "Without the programs"
is "iomapd has ended" no_process
is "nothing of iomap is in the kernel" unpinned
is "no unit is left" unknown iomapd.service
is "no socket is left" unknown iomapd.socket
same "no file is left" "$(left)" ""
same "the package is gone" "$(version)" ""

is "docs/install.md: installed again" follow "Installing the packages"
is "iomapd runs without a boot" comes_up
is "it counts" draw
is "all files are those of the package" dpkg --verify iomap

# In the document the distribution has another kernel to boot; here QEMU loaded the kernel.
is "docs/install.md: without the kernel" follow "Without the kernel"
same "no kernel is left" "$(find /boot/ /lib/ -maxdepth 2 -name '*-iomap')" ""
finish
