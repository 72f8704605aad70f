#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# iomapd as a service of systemd, which is the first process here (tests/vm/run --systemd): the
# units of daemon/systemd with all their restrictions, on a kernel that is as strict as Debian's.
. tests/guest/lib.sh

unit=iomapd.service
dropin=/run/systemd/system/$unit.d
conf=/etc/iomapd.conf
sock=/run/iomapd/iomapd.sock

show() { systemctl show -P "$1" ${2:-$unit}; }
state() { echo "$(show ActiveState) $(show SubState) $(show Result)"; }
pid() { show MainPID; }
# said SENTENCE: the journal has that line of iomapd.
said() { journalctl -q -u $unit -o cat --no-pager | grep -qxF "iomapd: $1"; }
# missing: hooks that iomapd does without.
missing() { json status '[.hooks[] | select(.state != "attached") | .name] | join(" ")'; }
maps() { json stats "[.callers[] | select(.module == \"test_io_mapping\") | .maps] | add // 0"; }
# of_process NAME: what the kernel says of iomapd.
of_process() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$(pid)/status"; }
wakeups() { of_process voluntary_ctxt_switches; }
as_user() { setpriv --reuid=1000 --regid=1000 "$@"; }

up() { [ "$(systemctl is-system-running)" = running ]; }
is "systemd runs" wait_for 90 up
# A user of Debian's kernel has these.
echo 1 >/proc/sys/kernel/kptr_restrict
echo 3 >/proc/sys/kernel/perf_event_paranoid
modprobe test_io_mapping || bail "the test driver does not load"
start_daemon
missing >/tmp/missing
stop_daemon

# ---- installed as a package would

sed -i '/^iomap:/d' /etc/group
rmdir /run/iomapd
install -m 755 "$(command -v iomapd)" /usr/sbin/iomapd
install -m 644 daemon/systemd/iomapd.service daemon/systemd/iomapd.socket /etc/systemd/system
install -m 644 daemon/systemd/iomap.sysusers /usr/lib/sysusers.d/iomap.conf
install -m 644 daemon/systemd/iomap.tmpfiles /usr/lib/tmpfiles.d/iomap.conf
is "the units are correct" eval \
	'[ -z "$(systemd-analyze verify --man=no iomapd.service iomapd.socket 2>&1 | tee /dev/stderr)" ]'
systemd-sysusers iomap.conf
is "the group is made" getent group iomap
systemd-tmpfiles --create iomap.conf
same "the folder is made" "$(stat -c '%a %U %G' /run/iomapd)" "755 root root"
systemctl daemon-reload

# ---- started, and what it can and may do

is "it starts, and says when it is ready" systemctl start $unit
same "its state" "$(state)" "active running success"
same "its words" "$(show StatusText)" "counting"
is "it tells where it serves" said "serving $sock"
same "the socket is for the group" "$(stat -c '%a %U %G' $sock)" "660 root iomap"
same "no hook is missing that is there without the restrictions" "$(missing)" "$(cat /tmp/missing)"
driver run kind=atomic ops=1000
same "it counts, and names the module" "$(maps)" "$(truth maps_atomic)"
is "the books balance" books
is "its pins are there" test -d "$(echo /sys/fs/bpf/iomap/*)"
same "no capability is left" "$(for set in Inh Prm Eff Bnd Amb; do of_process Cap$set; done |
	sort -u)" "0000000000000000"
same "nor a way to get one" "$(of_process NoNewPrivs)" 1
same "system calls are filtered" "$(of_process Seccomp)" 2
inside() { nsenter -t "$(pid)" -m "$@"; }
is "it cannot write to /etc" eval '! inside touch /etc/x 2>/dev/null'
is "nor to /sys" eval '! inside sh -c "echo 2 >/sys/module/kernel/parameters/panic" 2>/dev/null'

# ---- who may

same "without the group: refused, and told how to join" "$(as_user --clear-groups iomapctl status \
	2>&1; echo $?)" \
	"iomapctl: no permission to use $sock: only root and the group iomap may; to join, run 'usermod -aG iomap user' as root and log in again
5"
is "with the group: answered" as_user --groups="$(getent group iomap | cut -d: -f3)" iomapctl list

# ---- restart: clients wait, counts go on

first=$(pid)
driver create n=1
iomapctl events -f --json >/tmp/follow 2>/tmp/follow.err &
is "a client follows the events" wait_for 20 test -s /tmp/follow
systemctl restart --no-block $unit
asked=0 refused=0
while [ "$(pid)" = "$first" ] || [ "$(show SubState)" != running ]; do
	asked=$((asked + 1))
	iomapctl status >/dev/null 2>/tmp/refused ||
		{ refused=$((refused + 1)); sed 's/^/# /' /tmp/refused; }
done
echo "# asked $asked times meanwhile"
is "restart: whoever asks meanwhile is answered" test "$asked $refused" = "$asked 0" -a "$asked" \
	-gt 0
is "restarted" test "$(pid)" != "$first"
same "counts go on" "$(maps)" "$(truth maps_atomic)"
same "it is the second one" "$(json status .starts)" 2
again() { grep -q '^iomapctl: connected again$' /tmp/follow.err; }
is "who follows the events connects again" wait_for 20 again

# ---- the configuration

serves() { metrics 2>/dev/null | grep -q '^iomapd_info'; }
reloaded() { [ "$(journalctl -q -u $unit -o cat --no-pager |
	grep -cx "iomapd: read the configuration again")" = "$1" ]; }
now=$(pid)
is "no metrics so far" eval '! serves'
printf '# of a test\nmetrics = :9751\n' >$conf
is "reload" systemctl reload $unit
is "reload: metrics are served" wait_for 20 serves
printf 'metrics = :9751\nmax-hold = 1ms\nwithout-ipi = yes\n' >$conf
is "reload, of what cannot change" systemctl reload $unit
is "reload: it names these" wait_for 20 said "to change with the next start: max-hold, without-ipi"
printf 'max-hold = 1ms\nmetrics = nonsense\n' >$conf
is "reload, of a mistake: refused" eval '! systemctl reload $unit 2>/dev/null'
mistake="$conf:2: metrics takes an address such as 127.0.0.1:9751, [::1]:9751 or :9751, or off, not 'nonsense': see iomapd.conf(5)"
is "reload: the mistake is named" wait_for 20 said "$mistake"
kill -HUP "$now"
is "SIGHUP, with a mistake: nothing is changed" wait_for 20 said "nothing is changed: $mistake"
printf 'metrics = 192.0.2.1:9751\nmax-hold = 1ms\n' >$conf
kill -HUP "$now"
no_address="nothing is changed: cannot serve metrics at 192.0.2.1:9751: Cannot assign requested address"
is "SIGHUP, with an address of another machine: nothing is changed" wait_for 20 said "$no_address"
is "reload: the metrics are still served" serves
: >$conf
is "reload, of nothing" systemctl reload $unit
is "reload: no metrics any more" wait_for 20 eval '! serves'
is "reload: three were read" wait_for 20 reloaded 3
same "reload: it is the same process, running" "$(pid) $(state)" "$now active running success"
rm $conf

# ---- the watchdog

mkdir -p $dropin
printf '[Service]\nWatchdogSec=4\n' >$dropin/watchdog.conf
systemctl daemon-reload
systemctl restart $unit
now=$(pid) restarts=$(show NRestarts)
before=$(wakeups)
is "watchdog: it wakes up to say that it lives" wait_for 30 eval \
	'[ "$(wakeups)" -ge $((before + 4)) ]'
same "watchdog: it is not killed while it does" "$(pid) $(state)" "$now active running success"
kill -STOP "$now"
restarted() { [ "$(show NRestarts)" -gt "$restarts" ] &&
	[ "$(state)" = "active running success" ]; }
is "watchdog: stopped, it is ended and started anew" wait_for 60 restarted
is "watchdog: by systemd's watchdog" eval \
	'journalctl -q -u $unit -o cat --no-pager | grep -q "Watchdog timeout"'
is "watchdog: it is another process" test "$(pid)" != "$now"
same "watchdog: counts go on" "$(maps)" "$(truth maps_atomic)"
printf '[Service]\nWatchdogSec=0\n' >$dropin/watchdog.conf
systemctl daemon-reload
kill %1
systemctl restart $unit
before=$(wakeups)
sleep 6
same "without a watchdog: no wake-up in 6 s" "$(wakeups)" "$before"

# ---- the socket starts it

systemctl stop $unit 2>/dev/null
same "stopped" "$(state)" "inactive dead success"
same "the socket stays" "$(show SubState iomapd.socket)" listening
is "a client starts it" serving
same "started by the socket" "$(state)" "active running success"
printf '[Service]\nWatchdogSec=0\nEnvironment=IOMAPD_SOCKET=/run/iomapd/other.sock\n' \
	>$dropin/watchdog.conf
systemctl daemon-reload
systemctl restart $unit 2>/dev/null
is "another socket in its settings: said" said \
	"systemd passes the socket $sock, but the settings say /run/iomapd/other.sock: take 'socket' out of them, and set ListenStream= of the socket unit"
systemctl stop $unit iomapd.socket
rm $dropin/watchdog.conf
printf 'hold-times = some\n' >$conf
systemctl daemon-reload
systemctl start $unit 2>/dev/null
same "a mistake in the configuration: not started again and again" "$(state) $(show \
	ExecMainStatus) $(show NRestarts)" "failed failed exit-code 2 0"
rm $conf
systemctl stop $unit iomapd.socket
is "stopped: no socket is left" test ! -e $sock

# ---- what CAP_SYS_ADMIN is for

# anew: it loads all again.
anew() { systemctl stop $unit iomapd.socket; iomapctl detach >/dev/null; systemctl daemon-reload; \
	systemctl start $unit; }
printf '[Service]\nCapabilityBoundingSet=~CAP_SYS_ADMIN\n' >$dropin/admin.conf
anew
same "without CAP_SYS_ADMIN, as strict as Debian: no probes, and it is said" "$(missing)" \
	"may_sleep purge reserve_flush broadcast"
echo 2 >/proc/sys/kernel/perf_event_paranoid
anew
same "without CAP_SYS_ADMIN, less strict: all hooks" "$(missing)" "$(cat /tmp/missing)"
rm $dropin/admin.conf
systemctl daemon-reload
systemctl stop $unit iomapd.socket
iomapctl detach >/dev/null

# ---- without the manager: systemd-socket-activate

systemd-socket-activate -l /tmp/activated iomapd >/tmp/activate.log 2>&1 &
is "systemd-socket-activate listens" wait_for 20 test -S /tmp/activated
# A client waits for 5 s, which a start from nothing may take longer than, on emulated CPUs.
is "systemd-socket-activate: clients start it, and are answered" wait_for 120 \
	eval 'iomapctl --socket /tmp/activated list 2>/dev/null'
is "systemd-socket-activate: it serves that socket" grep -qx "iomapd: serving /tmp/activated" \
	/tmp/activate.log
is "detach" iomapctl --socket /tmp/activated detach
is "detach: nothing is left" test ! -e /sys/fs/bpf/iomap
finish
