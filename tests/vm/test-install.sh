#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Follows docs/install.md: installs the kernel that its commands build (tests/vm/kernel-deb) and the
# packages of iomap in a Debian root, boots it from a disk, and runs tests/guest/machine.sh there.
# Prints TAP.
. tests/tap.sh

if [ "$(id -u)" != 0 ]; then
	skip "docs/install.md, followed" "not root"
	finish
fi
doc=docs/install.md
limit=600
kernel=$(tests/vm/kernel-deb --print-path) ||
	bail "the kernel of $doc is not built: run tests/vm/kernel-deb"
machine=$(tests/vm/rootfs --print-path machine) ||
	bail "there is no root of a machine: run tests/vm/rootfs machine"
new=$(compgen -G 'build/deb/iomap_*_amd64.deb') || bail "there is no package: run make deb"

mkdir -p build/vm
dir=$(mktemp -d build/vm/install.XXXXXX)
big=$(mktemp -d)
root=$big/root
nonce=$(od -An -N8 -tx8 /dev/urandom | tr -d ' ')
qemu=
cleanup() {
	[ -z "$qemu" ] || kill "$qemu" 2>/dev/null
	umount "$root/proc" 2>/dev/null
	rm -rf "$big"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

# repack PACKAGE VERSION FILE: makes a package with another version.
repack() {
	dpkg-deb -R "$1" "$big/old" &&
		sed -i "s/^Version: .*/Version: $2/" "$big/old/DEBIAN/control" &&
		dpkg-deb --root-owner-group -Zgzip -b "$big/old" "$3" >/dev/null
}

# follow FOLDER HEADING: runs the commands of a section in a folder of the machine.
follow() {
	tests/vm/doc-block $doc "$2" >"$root/tmp/commands" &&
		chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
			DEBIAN_FRONTEND=noninteractive LC_ALL=C \
			sh -c "cd $1 && bash -euo pipefail /tmp/commands" \
			>"$dir/out" 2>&1 </dev/null && return 0
	sed 's/^/# /' "$dir/out"
	return 1
}

# Prints the packages that the document names.
named() {
	tests/vm/doc-block $doc "Requirements" | sed 's/apt-get install//' |
		tr -s ' \\\t' '\n' | sed '/^$/d'
}
missing() {
	named | while read -r package; do
		dpkg-query -W "$package" >/dev/null 2>&1 || echo "$package"
	done
}
same "the packages of 'Requirements' are installed here" "$(missing)" ""
is "they include a package for building the kernel" grep -qx libelf-dev <(named)

# ---- the machine ----

mkdir "$root"
tar -xf "$machine" -C "$root"
mount -t proc proc "$root/proc"
home=$root/root/iomap
mkdir -p "$home/build/deb" "$home/tests/vm" "$home/tests/guest" "$home/docs"
cp "$kernel"/*.deb "$root/root"
old_version=$(dpkg-deb -f "$new" Version)~older
is "a package of a lower version" repack "$new" "$old_version" "$home/build/deb/iomap_0_amd64.deb"
is "the kernel is installed" follow /root "Installing it"
[ "$failed" = 0 ] || bail "there is no kernel to boot"
release=$(basename "$(compgen -G "$root/boot/vmlinuz-*")")
release=${release#vmlinuz-}
is "it has the name of the document" test "${release%-iomap}" != "$release"
is "the older package is installed" follow /root/iomap "Installing the packages"
same "its version" "$(chroot "$root" dpkg-query -W -f '${Version}' iomap)" "$old_version"

# Files for machine.sh
rm "$home"/build/deb/*
cp "$new" "$home/build/deb/"
cp tests/tap.sh "$home/tests/"
cp tests/vm/doc-block "$home/tests/vm/"
cp tests/guest/machine.sh "$home/tests/guest/"
cp $doc "$home/docs/"
rm -f "$root"/root/*.deb
cat >"$root/etc/systemd/system/machine-test.service" <<UNIT
[Unit]
After=iomapd.service iomapd.socket
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
Environment=OLD_VERSION=$old_version NEW_VERSION=$(dpkg-deb -f "$new" Version) HOME=/root
ExecStart=/bin/bash -c 'echo "<4>iomap-vm: start of run $nonce" >/dev/kmsg; \
	bash /root/iomap/tests/guest/machine.sh >/dev/ttyS1 2>&1; \
	echo "<4>iomap-vm: end of run $nonce" >/dev/kmsg; sync'
[Install]
WantedBy=multi-user.target
UNIT
ln -s /etc/systemd/system/machine-test.service "$root/etc/systemd/system/multi-user.target.wants/"
printf '/dev/vda / ext4 rw 0 1\n' >"$root/etc/fstab"
umount "$root/proc"
truncate -s 2G "$big/disk"
is "the machine is put on a disk" mke2fs -qq -t ext4 -d "$root" "$big/disk"

# ---- its boot ----

# See tests/vm/run for most of these parameters.
params="root=/dev/vda rw console=ttyS0,115200 loglevel=7 printk.devkmsg=on panic=-1 oops=panic"
params+=" tsc=reliable no_timer_check lpj=50000000 watchdog_thresh=60 systemd.show_status=0"
timeout $limit qemu-system-x86_64 -machine pc -accel tcg,thread=single -cpu max -smp 2 -m 1024 \
	-nodefaults -no-reboot -display none -monitor none -vga none \
	-device qxl,vgamem_mb=8,ram_size_mb=16,vram_size_mb=16,vram64_size_mb=16 \
	-serial "file:$dir/kernel.log" -serial "file:$dir/tap" \
	-drive "if=none,id=disk,format=raw,file=$big/disk" -device virtio-blk-pci,drive=disk \
	-kernel "$root/boot/vmlinuz-$release" -append "$params" >"$dir/qemu.log" 2>&1 &
qemu=$!
wait "$qemu"
status=$?
qemu=
verdict="exit 0"
[ "$status" = 0 ] || verdict=died
[ "$status" != 124 ] || verdict=timeout
tr -d '\r' <"$dir/tap"
is "the machine ran to its end, without a splat" tests/vm/judge "$dir" "$nonce" "$verdict" 0
[ "$failed" = 0 ] || echo "# its log: $dir/kernel.log"
finish
