#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# In a root of Debian 13: its compilers build the programs and the tests without a warning, the
# tests pass, and so does the Debian package.
# Usage: tests/debian13.sh [all]   all: run all of `make check`, and build with clang, too
. tests/tap.sh

what=${1:-}
if [ "$(id -u)" != 0 ]; then
	skip "Debian 13" "not root"
	finish
fi
if [ "$(. /etc/os-release && echo "$VERSION_ID")" = 13 ]; then
	skip "Debian 13" "this machine has it: all other tests are its test"
	finish
fi
archive=$(tests/vm/rootfs --print-path debian13) ||
	bail "there is no root of Debian 13: run tests/vm/rootfs debian13"
# A mount namespace of its own: its mounts go with the script.
[ "${IOMAP_NAMESPACE:-}" ] ||
	IOMAP_NAMESPACE=1 exec unshare --mount --propagation private "$0" "$@"
dir=$(mktemp -d)
root=$dir/root
trap 'umount -R "$root" && rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM HUP

mkdir "$root"
mount --bind "$root" "$root"
tar -xf "$archive" -C "$root"
for folder in proc sys dev; do
	mount --rbind /$folder "$root/$folder"
done
# iomapd's own folder is not that of the host.
mount -t bpf bpf "$root/sys/fs/bpf"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/run"
mkdir "$root/root/iomap"
git ls-files -z | xargs -0 cp --parents -t "$root/root/iomap"

# in_root COMMAND: runs it in a shell in the tree there; its last lines explain a failure.
in_root() {
	chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C \
		sh -c "cd /root/iomap && $1" >"$dir/out" 2>&1 </dev/null && return 0
	grep -v '^ok' "$dir/out" | tail -n 40 | sed 's/^/# /'
	return 1
}

in_root 'gcc --version; clang --version; bpftool version'
grep -E '^(gcc|Debian clang|bpftool|using libbpf)' "$dir/out" | sed 's/^/# /'
in_root 'git init -q . && git add -A'
is "gcc builds the programs and tests" in_root "make -j$(nproc) tests"
if [ "$what" = all ]; then
	is "clang builds them" in_root "make -j$(nproc) CC=clang tests"
	is "make check" in_root "make check"
else
	for test in $(make -s --no-print-directory print-unit-tests); do
		is "$test" in_root "build/x86_64/$test"
	done
fi
is "make deb" in_root "make deb"
package=$(compgen -G "$root/root/iomap/build/deb/iomap_*.deb")
is "lintian finds no error" in_root \
	"lintian --allow-root --fail-on error build/deb/iomap_*.changes"
same "its version names the release" "$(dpkg-deb -f "$package" Version | sed 's/.*+//')" deb13
is "it can be installed" in_root "dpkg -i build/deb/iomap_*.deb && iomapctl --version"
finish
