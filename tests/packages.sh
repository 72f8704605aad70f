#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `make install` and `make uninstall`; then the Debian packages that `make deb` built: lintian, and
# installation, upgrade and removal in a Debian root. No service runs in this root: see
# tests/vm/test-install.sh for that.
. tests/tap.sh

if [ "$(id -u)" != 0 ]; then
	skip "installation and packages" "not root"
	finish
fi
dir=$(mktemp -d)
root=$dir/root
cleanup() {
	umount "$root/proc" 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

# files FOLDER: prints the files below it.
files() { (cd "$1" && find . ! -type d | sort); }
make_it() {
	make -s --no-print-directory "$@" >"$dir/out" 2>&1 ||
		{ sed 's/^/# /' "$dir/out"; return 1; }
}

# ---- make install ----

for prefix in /usr/local /opt/iomap; do
	at=$dir/at
	is "install, PREFIX=$prefix" make_it install DESTDIR="$at" PREFIX=$prefix
	same "all files are below PREFIX" "$(files "$at" | grep -v "^\.$prefix/")" ""
	for name in bin/iomapctl bin/iomaptop sbin/iomapd; do
		is "$name runs" test -n "$("$at$prefix/$name" --version)"
	done
	for page in docs/man/*; do
		is "${page##*/}" cmp "$page" "$at$prefix/share/man/man${page##*.}/${page##*/}"
	done
	same "completion of three programs for two shells" \
		"$(files "$at" | grep -cE '/(completions|site-functions)/')" 6
	same "the units have the paths of the programs" \
		"$(grep -rhoE '=[^ ]*bin/iomap(d|ctl|top)\b' "$at$prefix/lib" 2>/dev/null |
			grep -v "=$prefix/s\?bin/")" ""
	touch "$at$prefix/bin/other"
	is "uninstall" make_it uninstall DESTDIR="$at" PREFIX=$prefix
	same "uninstall removes all files but those of others" "$(files "$at")" ".$prefix/bin/other"
	same "uninstall removes its folders" "$(find "$at" -mindepth 3 -type d -name '*iomap*')" ""
	rm -rf "$at"
done

# ---- the packages ----

changes=$(compgen -G 'build/deb/iomap_*.changes') || bail "there is no package: run make deb"
new=$(compgen -G 'build/deb/iomap_*_amd64.deb')
is "lintian finds no error" lintian --allow-root --fail-on error "$changes"
make_it install DESTDIR="$dir/want" PREFIX=/usr zshdir=/usr/share/zsh/vendor-completions \
	unitdir=/lib/systemd/system
dpkg-deb -x "$new" "$dir/got"
same "the package has the files of make install" \
	"$(files "$dir/got" | sed -E '/\/(copyright|changelog.gz)$/d; s,(/man/.*)\.gz$,\1,')" \
	"$(files "$dir/want")"

machine=$(tests/vm/rootfs --print-path machine) ||
	bail "there is no root of a machine: run tests/vm/rootfs machine"
mkdir "$root"
tar -xf "$machine" -C "$root"
mount -t proc proc "$root/proc"
dpkg-deb -R "$new" "$dir/old"
sed -i 's/^Version: .*/&~older/' "$dir/old/DEBIAN/control"
dpkg-deb --root-owner-group -Zgzip -b "$dir/old" "$root/old.deb" >/dev/null
cp "$new" "$root/new.deb"

# in_root COMMAND…: passes if the command succeeds and prints no line about a failure.
in_root() {
	chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C \
		DEBIAN_FRONTEND=noninteractive "$@" >"$dir/out" 2>&1 </dev/null &&
		! grep -iE 'error|fail|warning|cannot' "$dir/out" && return 0
	sed 's/^/# /' "$dir/out"
	return 1
}
# Prints the files of the root except those that any installation changes. Debian's policy is to
# keep the groups of removed packages.
content() {
	(cd "$root" && find . -xdev ! -path './proc/*' ! -path './var/lib/dpkg/*' \
		! -path './var/log/*' ! -path './var/cache/*' ! -path './var/lib/apt/*' \
		! -path './etc/group*' ! -path './etc/gshadow*' ! -path './etc/passwd*' \
		! -path './etc/shadow*' ! -name '.pwd.lock' \
		-printf '%p %y %m %u %g %l\n' | sort)
}
version() { chroot "$root" dpkg-query -W -f '${db:Status-Status} ${Version}' iomap; }

content >"$dir/before"
is "the older package is installed" in_root apt-get -y install /old.deb
same "its version" "$(version)" "installed $(dpkg-deb -f "$new" Version)~older"
is "iomapctl runs in the root" in_root iomapctl --version
is "upgrade" in_root apt-get -y install /new.deb
same "the newer version" "$(version)" "installed $(dpkg-deb -f "$new" Version)"
is "all files are those of the package" in_root dpkg --verify iomap
is "remove" in_root apt-get -y remove iomap
is "install again" in_root apt-get -y install /new.deb
is "purge" in_root apt-get -y purge iomap
content >"$dir/after"
same "nothing of iomap is left" "$(diff "$dir/before" "$dir/after")" ""
finish
