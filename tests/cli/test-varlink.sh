#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The socket, used by varlinkctl of Debian 13: it lists the interfaces and calls each method.
# Usage: tests/cli/test-varlink.sh [FOLDER OF PROGRAMS]
# shellcheck disable=SC2317
# shellcheck source=tests/programs.sh
. tests/programs.sh

usr=$(tests/vm/rootfs varlinkctl)/usr || bail "there is no varlinkctl"

# Runs varlinkctl with the libraries of Debian 13.
varlinkctl() {
	timeout 30 "$usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2" \
		--library-path "$usr/lib/x86_64-linux-gnu:$usr/lib/x86_64-linux-gnu/systemd" \
		"$usr/bin/varlinkctl" --no-pager "$@" >"$dir/out" 2>"$dir/err" </dev/null
}

# replies METHOD PARAMETERS [OPTION]…: the reply agrees with the description of the interface.
replies() {
	local method=$1 parameters=$2
	shift 2

	varlinkctl call -j "$@" "$sock" "$method" "$parameters" &&
		tr -d '\036' <"$dir/out" >"$dir/replies" &&
		tests/cli/varlink-reply "$dir/${method%.*}" "${method##*.}" <"$dir/replies" \
			>"$dir/out"
}

# refuses ERROR METHOD [PARAMETERS [OPTION]…]: the reply is that error.
refuses() {
	local error=$1 method=$2 parameters=${3:-}
	shift 2
	[ $# = 0 ] || shift
	[ -n "$parameters" ] || parameters='{}'

	if varlinkctl call -j "$@" "$sock" "$method" "$parameters"; then
		return 1
	fi
	grep -qF "failed: $error" "$dir/err"
}

calls() {
	local parameters

	case $1 in
	org.varlink.service.GetInfo)
		is "$1" replies "$1" '{}'
		;;
	org.varlink.service.GetInterfaceDescription)
		for parameters in $interfaces; do
			is "$1: $parameters" replies "$1" "{\"interface\":\"$parameters\"}"
		done
		is "$1: an unknown interface" refuses org.varlink.service.InterfaceNotFound "$1" \
			'{"interface":"org.example.none"}'
		is "$1: no interface" refuses org.varlink.service.InvalidParameter "$1"
		;;
	org.iomap.Monitor.Status | org.iomap.Monitor.Stats | org.iomap.Monitor.Violations | \
	org.iomap.Monitor.Ipi)
		is "$1" replies "$1" '{}'
		;;
	org.iomap.Monitor.Snapshot)
		for parameters in '{}' '{"full":true}' '{"full":false}' '{"full":null}'; do
			is "$1 $parameters" replies "$1" "$parameters"
		done
		is "$1: not a boolean" refuses org.varlink.service.InvalidParameter "$1" \
			'{"full":1}'
		;;
	org.iomap.Monitor.List)
		for parameters in '{}' '{"freed":true}' '{"freed":false}' '{"freed":null}'; do
			is "$1 $parameters" replies "$1" "$parameters"
		done
		is "$1: not a boolean" refuses org.varlink.service.InvalidParameter "$1" \
			'{"freed":1}'
		;;
	org.iomap.Monitor.Hist)
		for parameters in '{}' '{"kind":"atomic"}' '{"kind":"local"}' \
			'{"kind":"sleepable"}' '{"kind":null}'; do
			is "$1 $parameters" replies "$1" "$parameters"
		done
		is "$1: an unknown kind" refuses org.varlink.service.InvalidParameter "$1" \
			'{"kind":"kmap"}'
		;;
	org.iomap.Monitor.Events)
		for parameters in '{}' '{"follow":false}'; do
			is "$1 $parameters" replies "$1" "$parameters" --more
			same "$1 $parameters: all events, then the end" "$(jq -s \
				'map(.event == null) | index(true) == length - 1 and length > 3' \
				"$dir/replies")" true
		done
		is "$1: without --more" refuses org.varlink.service.ExpectedMore "$1"
		is "$1: not a boolean" refuses org.varlink.service.InvalidParameter "$1" \
			'{"follow":"yes"}' --more
		;;
	*)
		is "$1 is called by this test" false
		return
		;;
	esac
	is "$1: an unknown parameter" refuses org.varlink.service.InvalidParameter "$1" \
		'{"no_such":1}'
	is "$1: a call without a reply" varlinkctl call --oneway "$sock" "$1" '{}'
}

for scenario in ipi-missing broken; do
	fake --scenario $scenario --at 10
	is "$scenario: info" varlinkctl info "$sock"
	is "$scenario: the interfaces are listed" varlinkctl list-interfaces "$sock"
	interfaces=$(cat "$dir/out")
	same "$scenario: there are two interfaces" "$(echo $interfaces)" \
		"org.iomap.Monitor org.varlink.service"
	for interface in $interfaces; do
		is "$interface: the description" varlinkctl introspect "$sock" "$interface"
		cp "$dir/out" "$dir/$interface"
		is "$interface: the description is valid" varlinkctl validate-idl "$dir/$interface"
	done
	varlinkctl list-methods "$sock"
	methods=$(cat "$dir/out")
	same "each method of the descriptions is listed" "$(echo "$methods" | sort)" \
		"$(for interface in $interfaces; do
			sed -n "s/^method \([A-Za-z]*\).*/$interface.\1/p" "$dir/$interface"
		done | sort)"
	for method in $methods; do
		calls "$method"
	done
	stop
done
is "the interface file in the tree is valid" varlinkctl validate-idl \
	daemon/org.iomap.Monitor.varlink

fake --at 10
is "an unknown method" refuses org.varlink.service.MethodNotFound org.iomap.Monitor.NoSuch
is "an unknown interface" refuses org.varlink.service.InterfaceNotFound org.example.none.Status
# Following: earlier events first, then new ones, until varlinkctl ends.
"$bin/tests/lib/fake-iomapd" --socket "$dir/live" >"$dir/live.log" 2>&1 &
servers="$servers $!"
wait_for 10 test -S "$dir/live"
varlinkctl call -j --more --timeout=3 "$dir/live" org.iomap.Monitor.Events '{"follow":true}'
same "followed events come one by one" "$(tr -d '\036' <"$dir/out" |
	jq -s 'map(.event.seq) | length > 3 and . == [range(1; length + 1)]')" true
stop

# Each error of the interface occurs here.
errors=$(sed -n 's/^error \([A-Za-z]*\).*/org.iomap.Monitor.\1/p' daemon/org.iomap.Monitor.varlink)
fake --scenario failing
for method in $(echo "$methods" | grep -v '^org.varlink'); do
	case $method in
	*.Events) is "$method: the counters cannot be read" refuses \
		org.iomap.Monitor.SampleFailed "$method" '{}' --more ;;
	*) is "$method: the counters cannot be read" refuses org.iomap.Monitor.SampleFailed \
		"$method" ;;
	esac
done
had=" org.iomap.Monitor.SampleFailed"
# Root would get in, in place of an older client.
chmod 711 "$dir"
chmod 666 "$sock"
/usr/bin/python3 - "$sock" <<-'PYTHON' >"$dir/out"
	import os, socket, sys
	if os.getuid() == 0:
	    os.setresuid(65534, 65534, 65534)
	clients = [socket.socket(socket.AF_UNIX) for _ in range(513)]
	for s in clients:
	    s.connect(sys.argv[1])
	clients[512].settimeout(30)
	print(clients[512].recv(4096).decode().rstrip("\0"))
PYTHON
is "one client too many" grep -q '"error":"org.iomap.Monitor.TooBusy"' "$dir/out"
had="$had org.iomap.Monitor.TooBusy"
same "the interface has no other error" "$(echo $errors | tr ' ' '\n' | sort | paste -sd' ')" \
	"$(echo $had | tr ' ' '\n' | sort | paste -sd' ')"
finish
