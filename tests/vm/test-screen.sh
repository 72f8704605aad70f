#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `make demo`: iomaptop in a terminal with real traffic, read through tmux; then without a terminal.
# Prints TAP. Two boots.
. tests/tap.sh

kernel=${KERNEL:-6.12-x86_64}
dir=$(mktemp -d)
demo="tests/vm/run --no-build --kernel $kernel -- tests/guest/demo.sh"

tm() { tmux -L "iomap-${dir##*.}" -f /dev/null "$@"; }
trap 'tm kill-server 2>/dev/null; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM HUP

screen() { tm capture-pane -p -t demo; }
shows() { screen | grep -qE -- "$1"; }
ended() { [ -e "$dir/status" ]; }

# see SECONDS NAME PATTERN: one test, which passes if a line of the screen matches within SECONDS.
see() {
	is "$2" wait_for "$1" shows "$3"
	[ "$failed" = "${before:-0}" ] || screen | sed 's/^/# /'
	before=$failed
}

# Prints the rate of maps in the header.
rate() { screen | sed -n 's/^ *maps\/s *\([0-9.]*\)\([kM]*\) .*/\1\2/p' | head -n 1; }
moves() {
	a=$(rate)
	sleep 1.2
	[ -n "$a" ] && [ "$a" != "$(rate)" ]
}

tm new-session -d -s demo -x 100 -y 30 "$demo; echo \$? >$dir/status"
see 60 "iomaptop comes up" '^iomaptop +6\.12\..* x86_64 +linear'
see 20 "qxl's mapping, with its device" '0000:00:[0-9a-f]{2}\.0 .* qxl_device_init\+0x'
see 20 "the mapping of the test driver, with its module" \
	'(do_create|test_probe)\+0x.*\[test_io_mapping\]'
see 20 "no event was lost" '^ *lost events +0 '
is "the rate moves" wait_for 20 moves
tm send-keys -t demo 2
see 20 "call sites of the real driver" 'atomic .* qxl_bo_kmap_atomic_page\+0x'
see 20 "call sites of the test driver" 'sleepable .* test_map_sleepable\+0x'
tm send-keys -t demo 3
see 20 "the backend" '^ *linear +atomic'
tm send-keys -t demo 4
see 20 "the last CPU" '^ *3 '
tm resize-window -t demo -x 80 -y 24
full() { [ "$(screen | wc -l)" = 24 ] && screen | tail -n 1 | grep -q 'q quit'; }
is "it follows the size of the terminal" wait_for 20 full
tm send-keys -t demo q
is "q ends iomaptop and the machine" wait_for 60 ended
same "exit status" "$(cat "$dir/status" 2>/dev/null)" 0
tm kill-server 2>/dev/null

$demo >"$dir/out" 2>"$dir/err" </dev/null
same "without a terminal: exit status" $? 0
same "three frames" "$(grep -c '^iomaptop ' "$dir/out")" 3
json=$(sed -n '/^{/,$p' "$dir/out")
same "the JSON of stats: qxl mapped" \
	"$(jq '[.callers[] | select(.caller | startswith("qxl_")) | .maps] | add > 0' <<<"$json")" \
	true
same "the JSON of stats: the accounting balances" \
	"$(jq '.accounting | .seen == .counted + (.lost | add)' <<<"$json")" true
[ "$failed" = 0 ] || sed 's/^/# /' "$dir/err"
finish
