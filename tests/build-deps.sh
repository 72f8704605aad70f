#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The Debian package is built in a root that has only the build dependencies of
# daemon/debian/control.
. tests/tap.sh

if [ "$(id -u)" != 0 ]; then
	skip "a package built in a root of its own" "not root"
	finish
fi
builder=$(tests/vm/rootfs --print-path builder) ||
	bail "there is no root to build in: run tests/vm/rootfs builder"
tree=$(compgen -G 'build/deb/iomap-*/') || bail "there is no source tree of a package: run make deb"
dir=$(mktemp -d)
root=$dir/root
cleanup() {
	umount "$root/proc" 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

build() {
	chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C \
		sh -c 'cd /root/iomap && dpkg-buildpackage -b -us -uc' \
		>"$dir/log" 2>&1 </dev/null && return 0
	tail -n 40 "$dir/log" | sed 's/^/# /'
	return 1
}

mkdir "$root"
tar -xf "$builder" -C "$root"
mount -t proc proc "$root/proc"
cp -r "$tree" "$root/root/iomap"
(cd "$root/root/iomap" && debian/rules clean >/dev/null 2>&1)
is "the package is built" build
is "the package exists" compgen -G "$root/root/iomap_*_amd64.deb"
finish
