#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# iomaptop with a real driver at work: qxl draws its console and framebuffer, and the test driver
# maps beside it. Without a terminal: three frames, then the JSON of iomapctl stats.
. tests/guest/lib.sh

load_driver
start_daemon

# Text scrolls, and a part of the framebuffer is overwritten.
draw() {
	while :; do
		seq 1 200 >/dev/tty0
		dd if=/dev/urandom of=/dev/fb0 bs=64k count=4 status=none
		sleep 0.2
	done
}

work() {
	driver create n=2
	while :; do
		driver run kind=atomic ops=20000 depth=2 pattern=random pages=1024 mapping=all
		driver run kind=local ops=10000 pattern=seq
		driver run kind=sleepable ops=3000 size=131072 pages=64 mapping=2
		sleep 0.3
	done
}

draw &
drawing=$!
work &
working=$!

if [ -t 1 ]; then
	iomaptop -d 1
	status=$?
else
	iomaptop -b -n 3 -d 1 && iomapctl stats --json
	status=$?
fi
kill $drawing $working
exit $status
