#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# iomaptop in a terminal (tmux) and in batch mode, with a fake iomapd that ends and restarts.
# Usage: tests/cli/test-iomaptop.sh [FOLDER OF PROGRAMS]
# The functions here are called through is().
# shellcheck disable=SC2317,SC2181,SC2119
# shellcheck source=tests/programs.sh
. tests/programs.sh
top=$bin/iomaptop

fails() {
	want=$1 sentence=$2
	shift 2
	run "$want" "$top" "$@" && err_is "iomaptop: $sentence" && ! [ -s "$dir/out" ]
}

# --- the command line
is 'unknown option' fails 2 "unknown option --frob: see 'iomaptop --help'" --frob
is 'bad interval' fails 2 "-d takes a number from 0.1 to 3600, not '0'" -d 0
is 'bad view' fails 2 \
	"--view takes one of mappings, callers, backends, cpus, violations, ipis, not 'x'" --view x
is 'bad column' fails 2 \
	"the view cpus has no column 'x', but CPU, MAPS/S, ATOMIC/S, LOCAL/S, SLEEP/S, UNMAPS/S, MAPS, FAILED, SHARE" -b --view cpus --sort x
is 'no terminal' fails 2 \
	'standard input and output are not a terminal: use -b to print frames as text'
is 'no daemon' fails 5 \
	"no iomapd at $sock: start iomapd as root, or name its socket with --socket" -b --socket \
	"$sock"
is 'help' run 0 "$top" --help
export IOMAPD_SOCKET="$sock"

# --- batch
fake
is 'batch: three frames' run 0 "$top" -b -n 3 -d 0.2
is 'batch: it prints three frames' test "$(grep -c '^iomaptop  6.12.117 x86_64  linear' "$dir/out")" \
	= 3
is 'batch: rates from the first frame on' test "$(grep -cE '^ maps/s +[0-9]{4} ' "$dir/out")" = 3
is 'batch: a view' run 0 "$top" -bn1 -d 0.2 --view cpus
is 'batch: four CPUs' test "$(grep -cE '^ +[0-3] +[0-9]' "$dir/out")" = 4
is 'batch: sorted' run 0 "$top" -bn1 -d 0.2 --view callers --sort caller
is 'batch: the rows are in the order of the callers' sh -c \
	"grep -qF 'by CALLER' $dir/out && grep -A1 '^MAPS/S' $dir/out | grep -q qxl_bo_kmap"
is 'batch: filtered' run 0 "$top" -bn1 -d 0.2 --view callers --filter test_map
is 'batch: only rows that match are printed' sh -c "grep -q test_map_one $dir/out && ! grep -q qxl_bo $dir/out"
is 'batch: COLUMNS=60' run 0 env COLUMNS=60 "$top" -bn1 -d 0.2
narrow() { [ "$(wc -L <"$dir/out")" -le 60 ]; }
is 'batch: no line is wider than COLUMNS' narrow
is 'batch: in the C locale' run 0 env LC_ALL=C "$top" -bn1 -d 0.2
is 'batch: in the C locale, it prints only ASCII' sh -c "! LC_ALL=C grep -q '[^ -~]' $dir/out"
full() { "$top" -b -d 0.2 >/dev/full 2>"$dir/err"; [ $? = 5 ] &&
	err_is 'iomaptop: cannot write the output: No space left on device'; }
is 'batch: the disk is full' full
reader_gone() {
	# shellcheck disable=SC2016
	sh -c 'timeout 20 "$1" -b -d 0.2; echo $? >"$0"' "$dir/status" "$top" 2>"$dir/err" |
		head -3 >"$dir/out"
	[ "$(wc -l <"$dir/out")" = 3 ] && [ ! -s "$dir/err" ] &&
		wait_for 20 test -s "$dir/status" && [ "$(cat "$dir/status")" = 5 ]
}
is 'batch: the reader closes the pipe' reader_gone
help_full() { "$top" "$1" >/dev/full 2>"$dir/err"; [ $? = 5 ] &&
	err_is 'iomaptop: cannot write the output: No space left on device'; }
is '--help: the disk is full' help_full --help
is '--version: the disk is full' help_full --version
rm -f "$dir/out"
"$top" -b -d 0.2 >"$dir/out" 2>"$dir/err" &
batch=$!
servers="$servers $batch"
is 'batch: runs' wait_for 10 test -s "$dir/out"
stop
batch_ended() { wait "$batch"; [ $? = 5 ] && err_is \
	"iomaptop: iomapd at $sock closed the connection: it has ended or dropped this client"; }
is 'batch: iomapd ends' batch_ended

# --- batch over a recording
rec=$dir/rec
fake --scenario ipi
is 'record' run 0 "$bin/iomapctl" record -o "$rec" --interval 100ms -- sleep 2
stop
is 'recorded: batch' run 0 "$top" -b -r "$rec"
is 'recorded: a frame for each interval' sh -c "[ \$(grep -c '^iomaptop  6.12.117' '$dir/out') -ge 15 ]"
is 'recorded: the time' grep -Eq ' recorded 20..-..-.. ..:..:..  2/[0-9]+ ' "$dir/out"
is 'recorded: rates in each frame' sh -c \
	"[ \$(grep -cE '^ maps/s +[0-9]{4}' '$dir/out') = \$(grep -c '^iomaptop' '$dir/out') ]"
is 'recorded: two frames of a view' run 0 "$top" -b -r "$rec" -n 2 -v ipis
is 'recorded: the view' sh -c "[ \$(grep -c '^\[6 IPIs\]' '$dir/out') = 2 ]"
is 'recorded: not with a socket' fails 2 '--recording does not go with --socket' \
	-b -r "$rec" --socket "$sock"
is 'recorded: no such file' fails 5 "cannot read $dir/none: No such file or directory" \
	-b -r "$dir/none"
head -c $(($(stat -c %s "$rec") - 30)) "$rec" >"$dir/cut"
is 'recorded: a cut file' run 0 "$top" -bn1 -r "$dir/cut"
is 'recorded: a cut file: the message' err_has "iomaptop: $dir/cut is not complete"

if ! command -v tmux >/dev/null; then
	skip 'in a terminal' 'needs tmux'
	finish
fi

# --- in a terminal
starts=0
mux() { tmux -S "$dir/tmux$starts" -f /dev/null "$@" 2>/dev/null; }
screen() { mux capture-pane -p; }
shows() { screen | grep -qE -- "$1"; }
shows_not() { ! shows "$1"; }
keys() { mux send-keys "$@"; }

# start WxH ENVIRONMENT [ARGUMENT…]: closes the terminal and runs iomaptop in a new one. The file
# $status gets the exit status, and the file $stty the settings of the terminal afterwards.
start() {
	size=$1 environment=$2
	shift 2
	mux kill-server
	starts=$((starts + 1))
	status=$dir/status$starts
	stty=$dir/stty$starts
	mux new-session -d -x "${size%x*}" -y "${size#*x}" \
		"env $environment '$top' $* 2>'$dir/err'; s=\$?
		stty -a >'$stty'; echo \$s >'$status'; exec sleep 1000"
	mux set -g status off
}

# The process id of iomaptop.
pid_of_top() { pgrep -f "^$top -d" | tail -1; }
ended_with() { wait_for 10 test -s "$status" && [ "$(cat "$status")" = "$1" ]; }
sees() { wait_for 10 shows "$1" || { screen | sed 's/^/# /'; return 1; }; }
sees_not() { wait_for 10 shows_not "$1" || { screen | sed 's/^/# /'; return 1; }; }

fake
start 80x24 TERM=xterm-256color -d 0.2
is 'the first frame' sees '^iomaptop  6.12.117 x86_64  linear'
is 'shows the rate' sees '^ maps/s +[0-9]{4} '
is 'shows the history' sees '[▁▂▃▄▅▆▇█]{3}'
is 'shows the mappings' sees '^ +1 0000:00:02.0 .*qxl_device_init'
is 'shows their callers below' sees '^Callers +by MAPS/S ▼'
maps() { screen | awk '$1 == 1 { print $7; exit }'; }
first=$(maps)
moves() { [ "$(maps)" != "$first" ]; }
is 'the figures change' wait_for 10 moves
keys 2
is 'key 2: callers' sees '\[2 Callers\]'
keys Tab
is 'Tab: backends' sees '\[3 Backends\]'
is 'backends: a row for each kind' sees '^linear +sleepable'
keys 4
is 'key 4: CPUs' sees '\[4 CPUs\]'
keys BTab
is 'back tab: backends' sees '\[3 Backends\]'
keys 2 /
keys -l 'TEST_map'
is 'filter while typing' sees 'filter: TEST_map'
is 'filter: count' sees '/TEST_map: 3 of 6'
is 'filter: hides the others' sees_not 'qxl_bo_kmap'
keys Enter
is 'filter: stays' sees '^q quit'
keys Escape
is 'Escape: all rows' sees 'qxl_bo_kmap'
keys '<'
is '<: sort by another column' sees 'by CALLER ▲'
keys r
is 'r: reverse' sees 'by CALLER ▼'
keys '>'
is '>: sort by the previous column' sees 'by MAPS/S ▼'
keys Space
is 'space: paused' sees 'PAUSED \(0.2s\)'
still=$(screen)
sleep 0.7
is 'paused: nothing moves' test "$still" = "$(screen)"
keys Space
is 'space: goes on' sees_not PAUSED
keys +
is '+: longer interval' sees 'every 0.5s'
keys - -
is '-: shorter interval' sees 'every 0.1s'
keys d
keys -l 0.3
keys Enter
is 'd: typed interval' sees 'every 0.3s'
keys '?'
is '?: help' sees 'choose a view'
keys q
is 'any key closes the help' sees '\[2 Callers\]'
keys 1 Down Down
is 'Down: the second row is selected, its callers are below' sees 'Callers of mapping 2'
keys Enter
is 'Enter: callers of the selected mapping' sees 'of mapping 2$'
is 'Enter: no caller of another mapping' sees_not 'qxl_bo_kmap'
keys Escape
is 'Escape: back' sees '\[1 Mappings\]'

# --- sequences that are no keys: the mouse, a key with its number, the cursor, a colour
# raw FORMAT: the bytes arrive as from the terminal.
raw() {
	# shellcheck disable=SC2046,SC2059
	keys -H $(printf "$1" | od -An -v -tx1)
}
for sequence in '\033[M   ' '\033[M"p4' '\033[112;5u' '\033[32u' '\033[4;24R' '\033[<0;3;4M' \
	'\033]11;rgb:4/4/4\a' '\033P2 3 4\033\\' '\033OX'; do
	raw "$sequence"
	# The filter shows that all bytes before it were taken.
	keys /
	keys -l x
	is "no key: $sequence" sees 'filter: x( |$)'
	keys Escape
	is "no key: $sequence: it goes on" sees '^q quit'
	is "no key: $sequence: the same view" shows '\[1 Mappings\]'
	is "no key: $sequence: not paused" shows_not 'PAUSED'
done

# --- resizing
for size in 132x43 40x10 10x3 1x1 200x5 5x50 80x24; do
	mux resize-window -x "${size%x*}" -y "${size#*x}"
	wait_for 5 shows '[0-9i]'
done
is 'survives any size' sees '^iomaptop  6.12.117'
is 'the last size is drawn' sees '^q quit'
mux resize-window -x 132 -y 43
is 'wider: more columns' sees 'LONGEST'

# --- iomapd ends and restarts
stop
is 'waits for iomapd' sees "^waiting for iomapd at $sock"
is 'the reason is shown' sees 'iomapd has ended|closed the connection'
keys 4
is 'keys still work' sees '\[4 CPUs\]'
fake
is 'reconnects by itself' sees_not 'waiting for iomapd'
is 'rates go on' sees '^ maps/s +[1-9][0-9]{3} '
keys 1
stop
rm -f "$sock"
is 'waits without a socket' sees 'no iomapd at'
fake --scenario lost
is 'lost events show' sees 'events lost: .*callers_full [0-9]'
is 'sampled hold times are marked' sees \
	'^iomaptop  6.12.117 x86_64  linear  holds sampled  +iomapd up'
kill -STOP "$server"
is 'iomapd hangs' wait_for 20 shows 'does not answer'
keys 2
is 'iomapd hangs: keys work' sees '\[2 Callers\]'
kill -CONT "$server"
is 'continues once iomapd answers' sees_not 'does not answer'
keys q
is 'q: quits' ended_with 0
is 'q: nothing on standard error' test ! -s "$dir/err"
is 'q: the terminal settings are restored' grep -q ' echo ' "$stty"
stop

# --- terminals
fake
start 80x24 'TERM=vt100 LC_ALL=C' -d 0.2
is 'vt100, C locale' sees '^ maps/s +[0-9]{4} '
colours() { mux capture-pane -e -p | grep -qE "$(printf '\033')\[([0-9;]*;)?3[0-7]m"; }
no_colours() { ! colours; }
only_ascii() { ! screen | LC_ALL=C grep -q '[^ -~]'; }
is 'vt100: no colour' no_colours
is 'vt100: plain ASCII' only_ascii
keys q
is 'vt100: quits' ended_with 0
start 80x24 'TERM=xterm-256color NO_COLOR=1' -d 0.2
is 'NO_COLOR' sees '^ maps/s +[0-9]{4} '
is 'NO_COLOR: no colour' no_colours
keys q
start 80x24 TERM=xterm-256color -d 0.2
is 'colour' sees '^ maps/s +[0-9]{4} '
is 'colour: escape sequences of colours' colours
kill -TERM "$(pid_of_top)"
is 'SIGTERM: ends' ended_with 0
is 'SIGTERM: the terminal settings are restored' grep -q ' echo ' "$stty"
for size in 10x3 1x1 2x1; do
	start $size TERM=xterm-256color -d 0.2
	wait_for 10 shows '[0-9]'
	keys Down 2 3 4 '?' x / y Escape Tab r '<' q
	is "a terminal of $size" ended_with 0
done
start 80x24 TERM=alacritty-of-another-world -d 0.2
is 'an unknown terminal that is like xterm' sees '^ maps/s +[0-9]{4} '
keys q
start 80x24 TERM=nonsense -d 0.2
is 'an unknown terminal' ended_with 2
is 'an unknown terminal: the message' err_is \
	"iomaptop: the terminal type 'nonsense' is not known here: set TERM to one that is, such as xterm, or print frames with -b"
start 80x24 TERM=dumb -d 0.2
is 'a dumb terminal' ended_with 2
is 'a dumb terminal: the message' err_has "the terminal type 'dumb' cannot place its cursor"
start 80x24 TERM=xterm-256color -d 0.2
is 'a terminal that will close' sees '^ maps/s +[0-9]{4} '
pid=$(pid_of_top)
mux kill-server
has_gone() { ! kill -0 "$pid" 2>/dev/null; }
is 'the terminal closes: iomaptop ends' wait_for 10 has_gone
stop

# --- broken rules
fake --scenario broken
start 80x24 TERM=xterm-256color -d 0.2
is 'violations: their number is in the header' sees '^ violations +[0-9]+ '
is 'violations: a line in other views' sees \
	'^[0-9]+ violations \(key 5\): sleep-in-atomic [0-9]+, unmap-kind 1'
alerts() { mux capture-pane -e -p | grep -E 'violations \(key 5\)' |
	grep -qE "$(printf '\033')\[[0-9;]*31m"; }
is 'violations: in the colour of alerts' wait_for 5 alerts
keys 5
is 'key 5: violations' sees '\[5 Violations\]'
is 'violations: a row for each site' sees \
	'^sleep-in-atomic +[0-9]+ +[0-9.]+ +1 1\.23ms .* qxl_bo_kmap_atomic_page'
is 'violations: a site without a known mapping' sees '^unmap-unknown +1 +0 +- +- .* -$'
is 'violations: the rules below' sees '^hold-time +off +- no budget'
keys Down
is 'violations: the sentence about the selected site' sees \
	'^Xorg\[512\] on CPU 0: the task slept in msleep\+0x2e'
is 'violations: the stack of the selected site' sees '^ 3 qxl_bo_kmap_atomic_page\+0x1b3 \[qxl\]'
keys /
keys -l unmap-kind
keys Enter
is 'violations: a filter' sees '/unmap-kind: 1 of 5'
is 'violations: the stack of the map is beside it' sees '^ 1 vfs_write\+0xf1 +control_write\+0x92'
keys Escape /
keys -l leak
keys Enter
is 'violations: a hostile task name' sees \
	'^\?\[2Jevil\?\?\[700\] on CPU 0: still mapped when the mapping was freed$'
keys Escape q
is 'violations: quits' ended_with 0
is 'violations: batch' run 0 env COLUMNS=132 "$top" -bn1 -d 0.2 -v violations -s count
is 'violations: batch: five sites' test "$(grep -cE \
	'^(sleep-in-atomic|unmap-kind|offset-range|leak|unmap-unknown) .* (atomic|local|sleepable) +linear ' "$dir/out")" = 5
is 'violations: batch: ten rules' test "$(grep -cE '^[a-z-]+ +(checked|off) ' "$dir/out")" = 10
stop
fake
is 'no violation: batch' run 0 "$top" -bn1 -d 0.2 -v violations
is 'no violation: the number of checked rules' out_has 'No violation. Rules checked: 9 of 10; off: hold-time.'
stop

# --- a recording
start 100x30 TERM=xterm-256color -r "$rec"
is 'recorded: plays' sees ' [3-9]/[0-9]+  x1'
keys t
keys -l +0.5s
keys Enter
keys Space
is 'recorded: a time, pause' sees 'PAUSED'
keys Right
is 'recorded: a step' sees ' [0-9]+/[0-9]+  x1  PAUSED'
keys n
is 'recorded: no violation' sees 'no violation after this time'
keys 6
is 'recorded: a view' sees '\[6 IPIs\]'
keys Space
is 'recorded: stops at the end' sees ' ([0-9]+)/\1  x1  PAUSED'
keys q
is 'recorded: quits' ended_with 0

# --- many mappings
fake --scenario many
start 100x30 TERM=xterm-256color -d 0.2
is 'many mappings' sees 'a_driver_with_a_rather'
keys End
is 'End: the last mapping' sees '^299 '
keys NPage PPage PPage
is 'page up: the last mapping is out of sight' sees_not '^299 '
keys q
is 'many mappings: quits' ended_with 0
stop

# --- cost: one call per interval, idle in between
fake
start 80x24 TERM=xterm-256color -d 1
is 'an idle screen' sees '^ maps/s +[0-9]{4} '
pid=$(pid_of_top)
ticks() { awk '{ print $14 + $15 }' "/proc/$pid/stat"; }
before=$(ticks)
sleep 4
after=$(ticks)
is "costs little ($((after - before)) ticks of $(getconf CLK_TCK) a second in 4 s)" test \
	$((after - before)) -le $(($(getconf CLK_TCK) / 5))
keys q
stop
finish
