#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Tests of tests/vm/run itself, on the kernel named by $KERNEL. Prints TAP. About ten boots.
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

kernel=${KERNEL:-6.12-x86_64}
work=$(mktemp -d)

clean_up() {
	tmux -L "$(basename "$work")" kill-server 2>/dev/null
	rm -rf "$work"
}
trap clean_up EXIT

# ok NAME STATUS: one test, which passes if the status is 0. A failure shows the errors of the last
# run.
ok() {
	is "$1" test "$2" = 0
	[ "$2" = 0 ] || tail -n 20 "$work/err" 2>/dev/null | sed 's/^/# /'
}

# vm ARG...: a run. Its outputs are in $work/out and $work/err, its status in $status.
vm() {
	status=0
	tests/vm/run --no-build --kernel "$kernel" --timeout 120 "$@" >"$work/out" 2>"$work/err" ||
		status=$?
}

# ended STATUS NAME: one test, which passes if the last run had the status.
ended() { [ "$status" -eq "$1" ]; ok "$2 (status $status)" $?; }
said() { grep -qE -- "$1" "$work/err"; ok "$2" $?; }

# no_qemu PID: passes if no QEMU of this runner is left. The paths of the run have its process id.
no_qemu() { ! pgrep -f -- "build/vm/[0-9-]*$kernel-$1/kernel.log" >/dev/null; }
has_qemu() { ! no_qemu "$1"; }

# ---- usage errors ----

vm --kernel nosuch -- true
ended 2 "an unknown kernel is a usage error"
said '6.12-x86_64' "the error names the kernels"
vm --smp many -- true
ended 2 "a bad number is a usage error"
vm true
ended 2 "a command without -- is a usage error"
vm --expect-splat '(' -- true
ended 2 "a bad expression is a usage error"

# ---- output and status ----

# shellcheck disable=SC2016 # expanded in the guest
vm -- sh -c 'echo to out; echo to err >&2; printf "%s|" "$@"; exit 3' sh 'a b' '' "c'd"
ended 3 "the exit status passes"
printf "to out\na b||c'd|" | cmp -s - "$work/out"
ok "standard output and the words of the command pass" $?
[ "$(cat "$work/err")" = "to err" ]
ok "standard error passes on its own" $?

head -c 3000000 /dev/urandom >"$work/random"
status=0
tests/vm/run --no-build --kernel "$kernel" -- cat <"$work/random" >"$work/out" 2>"$work/err" ||
	status=$?
ended 0 "cat ends at the end of its input"
cmp -s "$work/random" "$work/out"
ok "3 MB of random bytes go in and come out the same" $?

# ---- a reader that starts long after the end of the command ----

mkfifo "$work/fifo"
tests/vm/run --no-build --kernel "$kernel" --timeout 120 -- \
	sh -c 'head -c 1000000 /dev/zero; exit 5' >"$work/fifo" 2>"$work/err" &
runner=$!
exec 3<"$work/fifo"
at_end() { grep -qs 'iomap-vm: end of run' "build/vm/"*"-$kernel-$runner/kernel.log"; }
has_stopped() { at_end && no_qemu "$runner"; }
wait_for 60 at_end
# A machine that does not wait for the reader would stop now and lose its output.
wait_for 5 has_stopped
[ "$(wc -c <&3)" -eq 1000000 ]
ok "a slow reader gets all of 1 MB" $?
exec 3<&-
status=0
wait "$runner" || status=$?
ended 5 "and the status"

# ---- the guest, seen by a script on standard input ----

mkdir "$work/share"
head -c 16777216 /dev/zero >"$work/bar"
cat >"$work/script" <<'E'
check() {
	name=$1
	shift
	if "$@" >/dev/null 2>&1; then echo "yes $name"; else echo "no $name"; fi
}
check 'root' [ "$(id -u)" = 0 ]
check 'tracefs' [ -e /sys/kernel/tracing/events ]
check 'debugfs' [ -d /sys/kernel/debug/tracing ]
check 'bpffs' grep -q '^bpf /sys/fs/bpf bpf' /proc/mounts
check 'framebuffer of qxl' grep -q qxldrmfb /proc/fb
check '/dev/fb0 can be written' dd if=/dev/zero of=/dev/fb0 bs=4096 count=16
check 'text on /dev/tty0' sh -c 'echo text >/dev/tty0'
check 'a memory BAR of 16 MiB' sh -c 'lspci -n -d 1af4:1110 -v | grep -q "size=16M"'
check 'this tree at /src' [ -x /src/tests/vm/run ]
check 'which is read-only' sh -c '! touch /src/file'
check 'a writable root' touch /etc/file
check 'the tools in PATH' sh -c 'case $PATH in /src/build/*) true; esac'
check 'bpftool sees the kernel' sh -c \
	'bpftool btf dump file /sys/kernel/btf/vmlinux | grep -q task_struct'
check 'bpftool lists programs' bpftool prog list
check 'modules of this kernel' [ -e "/lib/modules/$(uname -r)/modules.dep" ]
check 'modprobe finds the test driver' sh -c \
	'! grep -q . /lib/modules/*/modules.dep || modprobe -n test_io_mapping'
check 'loopback is up' grep -q . /proc/net/tcp
check 'kernel configuration' [ -e /proc/config.gz ]
check 'four CPUs' [ "$(nproc)" = 4 ]
if [ "$(uname -m)" = x86_64 ]; then
	check 'bpftrace' bpftrace -e 'BEGIN { exit() }'
fi
printf 'from the guest' >/share/answer
date +%s >/share/clock
exit 4
E
status=0
tests/vm/run --no-build --kernel "$kernel" --timeout 120 --share "$work/share" --bar "$work/bar" \
	<"$work/script" >"$work/out" 2>"$work/err" || status=$?
ended 4 "without a command, commands are read from standard input"
while read -r answer name; do
	[ "$answer" = yes ]
	ok "the guest has: $name" $?
done <"$work/out"
[ "$(wc -l <"$work/out")" -ge 18 ]
ok "all of these were checked" $?
[ "$(cat "$work/share/answer")" = "from the guest" ]
ok "the host can read a file that the guest wrote to /share" $?
now=$(date +%s) clock=$(cat "$work/share/clock")
[ $((now - clock)) -ge -2 ] && [ $((now - clock)) -le 15 ]
ok "the guest's clock is right (behind by $((now - clock)) s at most)" $?

# splats
vm -- sh -c 'echo "WARNING: CPU: 0 PID: 1 at made/up.c:1 f+0x1/0x2" >/dev/kmsg; exit 5'
ended 99 "a warning in the kernel's log fails the run"
said 'up.c:1 f\+0x1' "and shows the excerpt"
said 'status 5' "and the command's own status"
vm --expect-splat 'made/up' -- sh -c \
	'echo "WARNING: CPU: 0 PID: 1 at made/up.c:1" >/dev/kmsg; exit 5'
ended 5 "an expected one does not"
vm -- sh -c 'echo c >/proc/sysrq-trigger'
ended 99 "a crash of the kernel fails the run"
said 'sysrq_handle_crash|sysrq triggered crash' "and shows where"
vm -- dmesg -n 1
ended 125 "a log that cannot show warnings fails the run"

# ---- the end of a run ----

status=0
tests/vm/run --no-build --kernel "$kernel" --timeout 15 -- sh -c 'echo here; sleep 1000' \
	>"$work/out" 2>"$work/err" &
pid=$!
wait_for 14 has_qemu "$pid"
ok "QEMU runs" $?
wait "$pid" || status=$?
ended 124 "the time limit ends a run"
said 'time limit' "and says so"
no_qemu "$pid"
ok "and no QEMU is left" $?

for signal in TERM KILL; do
	tests/vm/run --no-build --kernel "$kernel" -- sleep 1000 >"$work/out" 2>"$work/err" &
	pid=$!
	wait_for 30 has_qemu "$pid"
	ok "QEMU runs" $?
	kill -"$signal" "$pid"
	status=0
	wait "$pid" 2>/dev/null || status=$?
	[ "$status" -gt 128 ]
	ok "SIG$signal ends the runner (status $status)" $?
	wait_for 5 no_qemu "$pid"
	ok "and no QEMU is left" $?
done

# ---- a terminal ----

mux() { tmux -L "$(basename "$work")" "$@"; }
shows() { mux capture-pane -p -t vm | grep -qE -- "$1"; }
mux new-session -d -s vm -x 97 -y 31 \
	"stty -a >$work/before; tests/vm/run --no-build --kernel $kernel -- bash -i
	echo \$? >$work/status; stty -a >$work/after; sleep 60"
wait_for 60 shows 'iomap-vm .*#'
ok "a shell on a terminal prompts" $?
# shellcheck disable=SC2016 # expanded in the guest
mux send-keys -t vm 'tty; echo size $(stty size) term $TERM' Enter
wait_for 10 shows 'size 31 97 term (screen|tmux)'
ok "the guest has the size and TERM of the terminal" $?
mux resize-window -t vm -x 111 -y 27
# shellcheck disable=SC2016
mux send-keys -t vm 'echo now $(stty size)' Enter
wait_for 10 shows 'now 27 111'
ok "and a new size" $?
mux send-keys -t vm 'less /src/Makefile' Enter
wait_for 10 shows '^/src/Makefile|iomap: see what'
ok "a full-screen program draws" $?
mux send-keys -t vm q
mux send-keys -t vm 'echo go''ing; sleep 1000' Enter
wait_for 10 shows '^going'
mux send-keys -t vm C-c
mux send-keys -t vm 'echo inter''rupted' Enter
wait_for 10 shows '^interrupted'
ok "Ctrl-C interrupts the command in the guest" $?
mux send-keys -t vm 'exit 6' Enter
wait_for 20 [ -s "$work/after" ]
ok "exit ends the shell" $?
[ "$(cat "$work/status")" = 6 ]
ok "with its status" $?
diff <(sed 1d "$work/before") <(sed 1d "$work/after") >/dev/null
ok "the terminal has its old settings" $?

finish
