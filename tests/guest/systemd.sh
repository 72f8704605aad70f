#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# iomapd as a service of systemd, which is the first process here (tests/vm/run --systemd), with the
# units of daemon/systemd and all their restrictions, on a kernel as strict as Debian's.
. tests/guest/lib.sh

unit=iomapd.service
dropin=/run/systemd/system/$unit.d
conf=/etc/iomapd.conf
sock=/run/iomapd/iomapd.sock

show() { systemctl show -P "$1" ${2:-$unit}; }
state() { echo "$(show ActiveState) $(show SubState) $(show Result)"; }
pid() { show MainPID; }
# said SENTENCE: passes if the journal has this line of iomapd.
said() { journalctl -q -u $unit -o cat --no-pager | grep -qxF "iomapd: $1"; }
# Prints the hooks that are missing.
missing() { json status '[.hooks[] | select(.state != "attached") | .name] | join(" ")'; }
maps() { json stats '[.callers[] | select(.module == "test_io_mapping") | .maps] | add // 0'; }
# of_process NAME: prints a field of iomapd's /proc/PID/status.
of_process() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$(pid)/status"; }
wakeups() { of_process voluntary_ctxt_switches; }
as_user() { setpriv --reuid=1000 --regid=1000 "$@"; }

up() { [ "$(systemctl is-system-running)" = running ]; }
is "systemd runs" wait_for 90 up
# These are Debian's defaults.
echo 1 >/proc/sys/kernel/kptr_restrict
echo 3 >/proc/sys/kernel/perf_event_paranoid
load_driver
start_daemon
missing >/tmp/missing
stop_daemon

# ---- the files are installed as by the package

sed -i '/^iomap:/d' /etc/group
rmdir /run/iomapd
install -m 755 "$(command -v iomapd)" /usr/sbin/iomapd
install -m 644 daemon/systemd/iomapd.service daemon/systemd/iomapd.socket /etc/systemd/system
install -m 644 daemon/systemd/iomap.sysusers /usr/lib/sysusers.d/iomap.conf
install -m 644 daemon/systemd/iomap.tmpfiles /usr/lib/tmpfiles.d/iomap.conf
same "systemd-analyze finds no mistake in the units" \
	"$(systemd-analyze verify --man=no iomapd.service iomapd.socket 2>&1)" ""
systemd-sysusers iomap.conf
is "systemd-sysusers makes the group" getent group iomap
systemd-tmpfiles --create iomap.conf
same "systemd-tmpfiles makes the folder" "$(stat -c '%a %U %G' /run/iomapd)" "755 root root"
systemctl daemon-reload

# ---- iomapd starts with few privileges

is "it starts and reports that it is ready" systemctl start $unit
same "its state" "$(state)" "active running success"
same "its status text" "$(show StatusText)" "counting"
is "it says where it serves" said "serving $sock"
same "the socket is for the group" "$(stat -c '%a %U %G' $sock)" "660 root iomap"
same "the restrictions cost no hook" "$(missing)" "$(cat /tmp/missing)"
driver run kind=atomic ops=1000
same "it counts, and knows the module" "$(maps)" "$(truth maps_atomic)"
is "the accounting balances" balanced
is "its pins are there" test -d "$(echo /sys/fs/bpf/iomap/*)"
daemon=$(pid)
same "it has no capability and cannot get one" "$(privileges)" "0000000000000000 1 "
same "system calls are filtered" "$(of_process Seccomp)" 2
inside() { nsenter -t "$(pid)" -m "$@"; }
not() { ! "$@" 2>/dev/null; }
is "it cannot write to /etc" not inside touch /etc/x
is "nor to /sys" not inside sh -c "echo 2 >/sys/module/kernel/parameters/panic"

# ---- the group

same "without the group: refused, with advice" \
	"$(as_user --clear-groups iomapctl status 2>&1; echo $?)" \
	"iomapctl: no permission to use $sock: only root and the group iomap may; to join, run\
 'usermod -aG iomap user' as root and log in again
5"
group=$(getent group iomap | cut -d: -f3)
is "with the group: answered" as_user --groups="$group" iomapctl list

# ---- restart: clients wait, the counts are kept

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
is "restart: there were requests meanwhile" test $asked -gt 0
same "restart: none of them failed" $refused 0
is "restart: it is another process" test "$(pid)" != "$first"
same "restart: the counts are kept" "$(maps)" "$(truth maps_atomic)"
same "restart: it is the second start" "$(json status .starts)" 2
again() { grep -q '^iomapctl: connected again$' /tmp/follow.err; }
is "restart: the follower of events connects again" wait_for 20 again

# ---- the configuration

serves() { metrics 2>/dev/null | grep -q '^iomapd_info'; }
# reloaded N: passes if iomapd has read its configuration again N times.
reloaded() {
	[ "$(journalctl -q -u $unit -o cat --no-pager |
		grep -cx "iomapd: read the configuration again")" = "$1" ]
}
now=$(pid)
is "before: no metrics" not serves
printf '# of a test\nmetrics = :9751\n' >$conf
is "reload" systemctl reload $unit
is "reload: metrics are served" wait_for 20 serves
printf 'metrics = :9751\nmax-hold = 1ms\nwithout-ipi = yes\n' >$conf
is "reload with settings that need a restart" systemctl reload $unit
is "reload: it names them" wait_for 20 said "needs a restart to take effect: max-hold, without-ipi"
printf 'max-hold = 1ms\nmetrics = nonsense\n' >$conf
is "reload with a mistake: refused" not systemctl reload $unit
mistake="$conf:2: metrics takes an address such as 127.0.0.1:9751, [::1]:9751 or :9751, or off,"
mistake="$mistake not 'nonsense': see iomapd.conf(5)"
is "reload with a mistake: the error names it" wait_for 20 said "$mistake"
kill -HUP "$now"
is "SIGHUP with a mistake: nothing changed" wait_for 20 said "configuration not reloaded: $mistake"
printf 'metrics = 192.0.2.1:9751\nmax-hold = 1ms\n' >$conf
kill -HUP "$now"
is "SIGHUP with an address that the machine does not have: iomapd waits for it" \
	wait_for 20 said "serving http://192.0.2.1:9751/metrics later: this machine does not have the address yet"
: >$conf
is "reload of an empty file" systemctl reload $unit
is "reload: metrics are not served" wait_for 20 not serves
is "reload: four configurations were read" wait_for 20 reloaded 4
same "reload: the same process is running" "$(pid) $(state)" "$now active running success"
printf 'metrics = 192.0.2.1:9751\n' >$conf
is "start with an address that the machine does not have" systemctl restart $unit
same "it runs, and the status says what it waits for" "$(state) $(json status .metrics.state)" \
	"active running success waiting"
rm $conf

# ---- the watchdog

mkdir -p $dropin
printf '[Service]\nWatchdogSec=4\n' >$dropin/watchdog.conf
systemctl daemon-reload
systemctl restart $unit
now=$(pid) restarts=$(show NRestarts)
before=$(wakeups)
woken() { [ "$(wakeups)" -ge $((before + 4)) ]; }
is "watchdog: iomapd wakes up for it" wait_for 30 woken
same "watchdog: and is not killed" "$(pid) $(state)" "$now active running success"
kill -STOP "$now"
restarted() {
	[ "$(show NRestarts)" -gt "$restarts" ] && [ "$(state)" = "active running success" ]
}
is "watchdog: a stopped iomapd is killed and restarted" wait_for 60 restarted
is "watchdog: the journal has the reason" \
	grep -q "Watchdog timeout" <(journalctl -q -u $unit -o cat --no-pager)
is "watchdog: it is another process" test "$(pid)" != "$now"
same "watchdog: the counts are kept" "$(maps)" "$(truth maps_atomic)"
printf '[Service]\nWatchdogSec=0\n' >$dropin/watchdog.conf
systemctl daemon-reload
kill %1
systemctl restart $unit
before=$(wakeups)
sleep 6
same "without a watchdog: no wake-up in 6 s" "$(wakeups)" "$before"

# ---- socket activation

systemctl stop $unit 2>/dev/null
same "stopped" "$(state)" "inactive dead success"
same "systemd still listens at the socket" "$(show SubState iomapd.socket)" listening
is "a client starts iomapd" serving
same "started by the socket" "$(state)" "active running success"
printf '[Service]\nWatchdogSec=0\nEnvironment=IOMAPD_SOCKET=/run/iomapd/other.sock\n' \
	>$dropin/watchdog.conf
systemctl daemon-reload
systemctl restart $unit 2>/dev/null
is "another socket in its settings: the error says so" said "systemd passes the socket $sock,\
 but the settings say /run/iomapd/other.sock: take 'socket' out of them, and set ListenStream= of\
 the socket unit"
systemctl stop $unit iomapd.socket
rm $dropin/watchdog.conf
printf 'hold-times = some\n' >$conf
systemctl daemon-reload
systemctl start $unit 2>/dev/null
same "a mistake in the configuration: systemd does not restart iomapd" \
	"$(state) $(show ExecMainStatus) $(show NRestarts)" "failed failed exit-code 2 0"
rm $conf
systemctl stop $unit iomapd.socket
is "stopped: no socket is left" test ! -e $sock

# ---- the use of CAP_SYS_ADMIN

# Starts iomapd after everything was removed from the kernel.
start_fresh() {
	systemctl stop $unit iomapd.socket
	iomapctl detach >/dev/null
	systemctl daemon-reload
	systemctl start $unit
}
printf '[Service]\nCapabilityBoundingSet=~CAP_SYS_ADMIN\n' >$dropin/admin.conf
start_fresh
same "without CAP_SYS_ADMIN, as strict as Debian: probes are missing" "$(missing)" \
	"may_sleep purge reserve_flush broadcast"
echo 2 >/proc/sys/kernel/perf_event_paranoid
start_fresh
same "without CAP_SYS_ADMIN, less strict: all hooks" "$(missing)" "$(cat /tmp/missing)"
rm $dropin/admin.conf
systemctl daemon-reload
systemctl stop $unit iomapd.socket
iomapctl detach >/dev/null

# ---- socket activation without the service manager: systemd-socket-activate

systemd-socket-activate -l /tmp/activated iomapd >/tmp/activate.log 2>&1 &
is "systemd-socket-activate listens" wait_for 20 test -S /tmp/activated
# A client waits for 5 s. On emulated CPUs, the first start may take longer: try again.
activated() { iomapctl --socket /tmp/activated list 2>/dev/null; }
is "systemd-socket-activate: clients start iomapd and get an answer" wait_for 120 activated
is "systemd-socket-activate: it serves this socket" \
	grep -qx "iomapd: serving /tmp/activated" /tmp/activate.log
is "detach" iomapctl detach
is "detach: nothing is left" test ! -e /sys/fs/bpf/iomap
finish
