#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Random traffic that breaks no rule: qxl draws the console and the framebuffer, the test driver
# maps in every way that it may, mappings come and go, and the CPUs have other work. Nothing may be
# reported or lost, and each map is counted. The same SEED has each of them do the same again,
# though not at the same time.
# Usage: tests/guest/traffic.sh SECONDS [SEED]
. tests/guest/lib.sh

seconds=$1
seed=${2:-$((SRANDOM % 1000000))}
log=/tmp/traffic.log	# the commands that the test driver got
refused=/tmp/traffic.refused
most=6			# mappings at once: a linear one takes 16 MiB of address space

# A task that is preempted while it reads BPF maps has the kernel pass by probes of functions on its
# CPU, which leaves assert in doubt: where the kernel preempts, nobody asks iomapd meanwhile.
preempts=$(grep -c PREEMPT /proc/version)

more() { ((SECONDS < end)); }

# pick WORD…: one of them is $picked. A subshell's random numbers would be others each time.
pick() {
	shift $((RANDOM % $#))
	picked=$1
}

# ---- who draws ----

# One thing that a console can be told, or several.
draw_once() {
	local row=$((1 + RANDOM % 45)) col=$((1 + RANDOM % 120)) n=$((1 + RANDOM % 20)) i

	case $((RANDOM % 12)) in
	0) seq 1 $((RANDOM % 300)) ;;
	1) for ((i = 0; i < 60; i++)); do
		printf '\033[%d;%dH\033[1;%dm%s' $((1 + RANDOM % 48)) $((1 + RANDOM % 120)) \
			$((30 + RANDOM % 8)) "word $RANDOM"
	done ;;
	2) for ((i = 0; i < 100; i++)); do printf '\033[%d;%dH' $((1 + RANDOM % 48)) \
		$((1 + RANDOM % 128)); done ;;
	3) # a part of the screen scrolls, to and fro
		printf '\033[%d;%dr\033[%d;1H' "$row" $((row + 3)) $((row + 3))
		for ((i = 0; i < n; i++)); do echo "line $i"; done
		printf '\033[%d;1H' "$row"
		for ((i = 0; i < n; i++)); do printf '\033M'; done
		printf '\033[r' ;;
	4) printf '\033[%d;%dH\033[%dL' "$row" "$col" "$n" ;;
	5) printf '\033[%d;%dH\033[%dM' "$row" "$col" "$n" ;;
	6) printf '\033[%d;%dH\033[%d@\033[%dP' "$row" "$col" "$n" "$n" ;;
	7) printf '\033[%dJ\033[%dK' $((RANDOM % 3)) $((RANDOM % 3)) ;;
	8) pick h l; printf '\033[?25%s\033[?%dc' $picked $((RANDOM % 8)) ;;
	9) printf '\033#8\033[?5h\033[?5l' ;;
	10) printf '\033c' ;;
	11) printf '\033[12;%d]' $((1 + RANDOM % 3)) ;;	# another console comes to the front
	esac
}

draw() {
	RANDOM=$1
	# Consoles that are open are there to be switched to.
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

# ---- what the test driver does ----

command() {
	echo "$*" >>$log
	if ! echo "$*" >$driver/control; then
		echo "$*" >>$refused
	fi
}


# One run in a way that the API allows.
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
	# Timers that cannot keep up would be all that the machine does.
	[ $((RANDOM % 2)) = 0 ] || words+=" irq_us=$((700 + RANDOM % 3000))"
	[ $((RANDOM % 2)) = 0 ] || words+=" softirq_us=$((700 + RANDOM % 3000))"
	[ $((RANDOM % 4)) != 0 ] || words+=" hold_ns=$((RANDOM % 20000))"
	if [ $kind = sleepable ]; then
		words+=" size=$((4096 << RANDOM % 6))"
		# Each of these makes an address range of its own.
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
	# Once each, however short the time.
	for n in kind=atomic kind=local kind=sleepable "kind=local sleep_us=100" "kind=sleepable migrate=1"; do
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
			# What is held may be of the mapping that goes.
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

# ---- what else there is to do ----

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

# All of it, until the time is over.
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

# maps FUNCTION: what iomapd counted at the call sites in functions whose names begin so.
maps() { json stats "[.callers[] | select(.caller | startswith(\"$1\")) | .maps] | add // 0"; }
failures() { json stats "[.callers[] | select(.caller | startswith(\"$1\")) | .failed] | add // 0"; }

# The framebuffer is drawn by a worker; it is quiet when two looks are the same.
quiet() {
	a=$(maps qxl_)
	sleep 0.5
	[ "$a" = "$(maps qxl_)" ]
}

rest() {
	echo 0 >/sys/class/graphics/fbcon/cursor_blink
	printf '\033[?25l' >/dev/tty0
	wait_for 120 quiet
}

echo "# backend $backend, $(uname -r), $(nproc) CPUs, $seconds s, seed $seed"
rm -f $log $refused
mkfifo /tmp/traffic.fifo
start_daemon
modprobe test_io_mapping || bail "the test driver does not load"
is "the console is at rest before" rest
qxl=$(maps qxl_)
strays=$(json status '.unattributed | "\(.maps) \(.unmaps)"')
others=$(($(json status .mappings.created) - $(truth created)))
echo 1 >/sys/class/graphics/fbcon/cursor_blink

TRAFFIC=load iomapctl assert --output /tmp/traffic.report -- "$0" "$seconds" "$seed" >/tmp/traffic.out 2>&1 </dev/null
status=$?
sed 's/^/# /' /tmp/traffic.report /tmp/traffic.out
is "the rules hold, and nothing is lost" test $status = 0
is "the console is at rest after" rest
qxl=$(($(maps qxl_) - qxl))
echo "# qxl made $qxl maps; the test driver got $(wc -l <$log) commands: $(tr '\n' ',' <$driver/counts)"

is "qxl drew" test $qxl -gt $((seconds * 50))
same "the test driver refused nothing" "$(cat $refused 2>/dev/null)" ""
for kind in atomic local sleepable; do
	# What is done once; how much comes on top is for the seed and the machine to say.
	is "$kind: the test driver mapped" test "$(truth maps_$kind)" -ge 100
	same "$kind: each map was counted" "$(maps test_map_$kind+)" "$(truth maps_$kind)"
	same "$kind: each failure was counted" "$(failures test_map_$kind+)" "$(truth failed_$kind)"
	same "$kind: each map was unmapped" "$(truth unmaps_$kind)" "$(truth maps_$kind)"
done
same "each unmap was counted" "$(json stats '[.backends[].live[]] | add')" 0
same "each of a map that was seen" "$(json status '.unattributed | "\(.maps) \(.unmaps)"')" "$strays"
same "each mapping that came and went was counted" "$(json status '.mappings | "\(.created) \(.freed)"')" \
	"$((others + $(truth created))) $(truth freed)"
is "maps were held while asleep" test "$(truth sleeps)" -gt 0
is "maps were held on the move" test "$(truth moves)" -gt 0
same "no map showed another page" "$(truth mismatches)" 0
iomapctl status >/tmp/traffic.status
same "iomapd saw no rule broken, either" "$(grep -cE '^ +[a-z-]+ +checked +no violation$' /tmp/traffic.status)" 9
is "the books balance" books
stop_daemon
finish
