#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Random traffic that follows the rules: qxl draws the console and the framebuffer, the test driver
# maps in all legal ways, creates and frees mappings, and the CPUs have other work. iomapd reports
# nothing, loses nothing and counts each map. The same SEED repeats the commands of each task, but
# not their interleaving.
# Usage: tests/guest/traffic.sh SECONDS [SEED]
. tests/guest/lib.sh

seconds=$1
seed=${2:-$((SRANDOM % 1000000))}
log=/tmp/traffic.log	# the commands sent to the test driver
refused=/tmp/traffic.refused
most=6			# mappings at once: a linear one takes 16 MiB of address space

# While a preempted task is in the middle of reading a BPF map, the kernel skips the kprobes on its
# CPU, and assert is in doubt: where the kernel preempts, no client asks iomapd.
preempts=$(grep -c PREEMPT /proc/version)

more() { ((SECONDS < end)); }

# pick WORD…: stores one of them in $picked. In a subshell, $RANDOM would not depend on the seed.
pick() {
	shift $((RANDOM % $#))
	picked=$1
}

# ---- qxl ----

# Prints one of the sequences that make a console draw.
draw_once() {
	local row=$((1 + RANDOM % 45)) col=$((1 + RANDOM % 120)) n=$((1 + RANDOM % 20)) i

	case $((RANDOM % 12)) in
	0) seq 1 $((RANDOM % 300)) ;;
	1)
		for ((i = 0; i < 60; i++)); do
			printf '\033[%d;%dH\033[1;%dm%s' $((1 + RANDOM % 48)) \
				$((1 + RANDOM % 120)) $((30 + RANDOM % 8)) "word $RANDOM"
		done
		;;
	2)
		for ((i = 0; i < 100; i++)); do
			printf '\033[%d;%dH' $((1 + RANDOM % 48)) $((1 + RANDOM % 128))
		done
		;;
	3) # a part of the screen scrolls up and down
		printf '\033[%d;%dr\033[%d;1H' "$row" $((row + 3)) $((row + 3))
		for ((i = 0; i < n; i++)); do echo "line $i"; done
		printf '\033[%d;1H' "$row"
		for ((i = 0; i < n; i++)); do printf '\033M'; done
		printf '\033[r'
		;;
	4) printf '\033[%d;%dH\033[%dL' "$row" "$col" "$n" ;;
	5) printf '\033[%d;%dH\033[%dM' "$row" "$col" "$n" ;;
	6) printf '\033[%d;%dH\033[%d@\033[%dP' "$row" "$col" "$n" "$n" ;;
	7) printf '\033[%dJ\033[%dK' $((RANDOM % 3)) $((RANDOM % 3)) ;;
	8) pick h l; printf '\033[?25%s\033[?%dc' $picked $((RANDOM % 8)) ;;
	9) printf '\033#8\033[?5h\033[?5l' ;;
	10) printf '\033c' ;;
	11) printf '\033[12;%d]' $((1 + RANDOM % 3)) ;;	# switches to another console
	esac
}

draw() {
	RANDOM=$1
	# The kernel can switch only to consoles that are open.
	exec 5>/dev/tty2 6>/dev/tty3
	printf '\033[12;2]' >/dev/tty0
	while more; do
		draw_once >/dev/tty0
	done
	printf '\033[12;1]' >/dev/tty0
}

paint() {
	RANDOM=$1
	while more; do
		dd if=/dev/urandom of=/dev/fb0 bs=4k count=$((1 + RANDOM % 64)) \
			seek=$((RANDOM % 700)) status=none
	done
}

# ---- the test driver ----

command() {
	echo "$*" >>$log
	if ! echo "$*" >$driver/control; then
		echo "$*" >>$refused
	fi
}

# Runs maps in a random legal way.
run_once() {
	local kind cpus words ops=$((100 + RANDOM % 4000))

	pick atomic local sleepable
	kind=$picked
	pick 0-3 0-3 1 0-1 2-3 0,2
	cpus=$picked
	pick same seq random
	words="depth=$((1 + RANDOM % 8)) pattern=$picked pages=$((1 + RANDOM % 1024))"
	pick all $((RANDOM % mappings))
	words+=" mapping=$picked"
	# With shorter periods, the timers would take all of the CPUs.
	[ $((RANDOM % 2)) = 0 ] || words+=" irq_us=$((700 + RANDOM % 3000))"
	[ $((RANDOM % 2)) = 0 ] || words+=" softirq_us=$((700 + RANDOM % 3000))"
	[ $((RANDOM % 4)) != 0 ] || words+=" hold_ns=$((RANDOM % 20000))"
	if [ $kind = sleepable ]; then
		words+=" size=$((4096 << RANDOM % 6))"
		# These maps allocate address ranges, which is slow.
		[ "$backend" = linear ] || ops=$((50 + RANDOM % 500)) cpus=2-3
	fi
	if [ $kind != atomic ] && [ $((RANDOM % 3)) = 0 ]; then
		ops=$((20 + RANDOM % 200))
		words+=" sleep_us=$((20 + RANDOM % 300))"
	fi
	if [ $kind = sleepable ] || { [ $kind = local ] && [ "$backend" != kmap ]; }; then
		if [ $((RANDOM % 3)) = 0 ] && [ "$cpus" != 1 ]; then
			ops=$((20 + RANDOM % 200))
			words+=" migrate=1"
		fi
	fi
	command run kind=$kind ops=$ops cpus="$cpus" $words
}

work() {
	local n mappings=1

	RANDOM=$1
	# At least one of each, even in a short time
	for n in kind=atomic kind=local kind=sleepable "kind=local sleep_us=100" \
		"kind=sleepable migrate=1"; do
		command run ops=100 cpus=0-1 irq_us=1000 softirq_us=1000 $n
	done
	command create
	command free
	while more; do
		case $((RANDOM % 10)) in
		0)
			n=$((RANDOM % (most - mappings + 1)))
			command create n=$n
			mappings=$((mappings + n))
			;;
		1)
			# Held maps may belong to the mapping that is freed.
			command release
			n=$((RANDOM % mappings))
			command free n=$n
			mappings=$((mappings - n))
			;;
		2)
			command hold n=$((1 + RANDOM % 64)) mapping=$((RANDOM % mappings))
			;;
		3)
			command release
			;;
		*)
			run_once
			;;
		esac
	done
	command release
	command free n=$most
}

# ---- other load ----

compute() {
	local i

	RANDOM=$1
	while more; do
		taskset -cp $((RANDOM % $(nproc))) $BASHPID >/dev/null
		for ((i = RANDOM % 20000; i; i--)); do :; done
	done
}

ask() {
	RANDOM=$1
	while more; do
		pick status list stats hist
		iomapctl $picked --json >/dev/null
		read -rt "0.$((RANDOM % 10))" <>/tmp/traffic.fifo
	done
}

# Runs all of the load for $seconds.
load() {
	end=$((SECONDS + seconds))
	draw $((seed + 1)) &
	paint $((seed + 2)) &
	compute $((seed + 3)) &
	[ $preempts = 0 ] && ask $((seed + 4)) &
	work $((seed + 5))
	wait
}

if [ "${TRAFFIC:-}" = load ]; then
	load
	exit
fi

# ---- the test ----

at_rest() {
	still_cursor
	wait_for 120 unchanged counted_at qxl_
}

echo "# backend $backend, $(uname -r), $(nproc) CPUs, $seconds s, seed $seed"
rm -f $log $refused
mkfifo /tmp/traffic.fifo
start_daemon
load_driver
is "the console is at rest before" at_rest
qxl=$(counted_at qxl_)
unattributed=$(json status '.unattributed | "\(.maps) \(.unmaps)"')
others=$(($(json status .mappings.created) - $(truth created)))
echo 1 >/sys/class/graphics/fbcon/cursor_blink

TRAFFIC=load iomapctl assert --output /tmp/traffic.report -- "$0" "$seconds" "$seed" \
	>/tmp/traffic.out 2>&1 </dev/null
status=$?
sed 's/^/# /' /tmp/traffic.report /tmp/traffic.out
same "assert: the rules hold, and nothing is lost" $status 0
is "the console is at rest after" at_rest
qxl=$(($(counted_at qxl_) - qxl))
echo "# qxl made $qxl maps; the test driver got $(wc -l <$log) commands:" \
	"$(tr '\n' ',' <$driver/counts)"

is "qxl drew" test $qxl -gt $((seconds * 50))
same "the test driver refused nothing" "$(cat $refused 2>/dev/null)" ""
for kind in atomic local sleepable; do
	# 100 at the start; the number of all depends on the seed and the machine.
	is "$kind: the test driver mapped" test "$(truth maps_$kind)" -ge 100
	same "$kind: each map was counted" "$(counted_at test_map_$kind+)" "$(truth maps_$kind)"
	same "$kind: each failed map was counted" "$(counted_at test_map_$kind+ failed)" \
		"$(truth failed_$kind)"
	same "$kind: each map was unmapped" "$(truth unmaps_$kind)" "$(truth maps_$kind)"
done
same "each unmap was counted" "$(json stats '[.backends[].live[]] | add')" 0
same "no map or unmap was unattributed" \
	"$(json status '.unattributed | "\(.maps) \(.unmaps)"')" "$unattributed"
same "each mapping was counted" "$(json status '.mappings | "\(.created) \(.freed)"')" \
	"$((others + $(truth created))) $(truth freed)"
is "tasks slept with maps" test "$(truth sleeps)" -gt 0
is "tasks changed their CPU with maps" test "$(truth moves)" -gt 0
same "no map showed another page" "$(truth mismatches)" 0
iomapctl status >/tmp/traffic.status
same "iomapd saw no violation" "$(grep -cE '^ +[a-z-]+ +checked +no violation$' \
	/tmp/traffic.status)" 9
is "the accounting balances" balanced
stop_daemon
finish
