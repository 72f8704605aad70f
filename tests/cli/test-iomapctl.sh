#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# iomapctl with a fake iomapd, with servers that send bad replies, and without a server.
# Usage: tests/cli/test-iomapctl.sh [FOLDER OF PROGRAMS]
# The functions here are called through is().
# shellcheck disable=SC2317,SC2181,SC2119
# shellcheck source=tests/programs.sh
. tests/programs.sh
ctl=$bin/iomapctl

# fails STATUS SENTENCE ARGUMENT…: iomapctl exits with STATUS, prints only SENTENCE as an error.
fails() {
	want=$1 sentence=$2
	shift 2
	run "$want" "$ctl" "$@" && err_is "iomapctl: $sentence" && ! [ -s "$dir/out" ]
}

# json FILTER ARGUMENT…: the output is one JSON value for which the jq FILTER is true.
json() {
	filter=$1
	shift
	run 0 "$ctl" --json "$@" && jq -e "$filter" "$dir/out" >/dev/null
}

# --- the command line
is 'no command' fails 2 "no command given: see 'iomapctl --help'"
is 'unknown command' fails 2 "unknown command 'frob': see 'iomapctl --help'" frob
is 'ambiguous command' fails 2 "'st' is ambiguous: status or stats" st
is 'unknown option' fails 2 "unknown option --frob: see 'iomapctl list --help'" list --frob
is 'an option of another command' fails 2 \
	"unknown option --freed: see 'iomapctl stats --help'" stats --freed
is 'bad value' fails 2 "-n takes a whole number from 0 to 1000000000, not 'x'" events -n x
is 'bad choice' fails 2 "--kind takes one of atomic, local, sleepable, not 'kmap'" hist --kind kmap
is 'unexpected argument' fails 2 "unexpected argument 'x': see 'iomapctl list --help'" list x
is 'help' run 0 "$ctl" --help
is 'help is on standard output' out_has 'Usage: iomapctl'
is 'version' run 0 "$ctl" --version

# --- no daemon
is 'no daemon' fails 5 \
	"no iomapd at $sock: start iomapd as root, or name its socket with --socket" --socket \
	"$sock" list
is 'a file that is no socket' fails 5 "$dir is not a socket: name the one of iomapd with --socket" \
	--socket "$dir" list
long=/$(printf 'x%.0s' $(seq 120))
is 'a path that is too long' run 5 "$ctl" --socket "$long" list
is 'a path that is too long: the message' err_has 'has more than 107 characters: use a shorter one'
export IOMAPD_SOCKET="$dir/from-env"
is 'socket of the environment' fails 5 \
	"no iomapd at $dir/from-env: start iomapd as root, or name its socket with --socket" list
export IOMAPD_SOCKET="$sock"

# --- a busy iomapd whose figures stand still
fake --at 10
is 'status' run 0 "$ctl" status
is 'status: the accounting balances' out_has 'accounting    balanced: seen = counted + lost'
is 'status: hold times' grep -Eq '^hold times +all$' "$dir/out"
is 'status: hooks' out_has '4 of 4 attached'
is 'status: JSON' json \
	'.schema == 2 and .kernel.machine == "x86_64" and .accounting.seen == .accounting.counted + ([.accounting.lost[]] | add)' status
is 'list' run 0 "$ctl" list
is 'list: the row of mapping 1' grep -Eq \
	'^ *1 +0xf4000000 +64M linear +0000:00:02.0 +0 .* qxl_device_init\+0x1c8 \[qxl\]$' \
	"$dir/out"
is 'list: no freed mapping' sh -c "! grep -q '(freed)' $dir/out"
is 'list --freed' run 0 "$ctl" list --freed
is 'list --freed: the freed mapping' out_has '(freed)'
is 'list: JSON' json \
	'.schema == 2 and (.mappings | length) == 2 and .mappings[0].live.atomic == 1' list
is 'list --freed: JSON' json '.mappings[2].state == "freed"' list --freed
is 'stats' run 0 "$ctl" stats
is 'stats: callers by maps' sh -c "grep -A2 '^Callers' $dir/out | grep -q qxl_bo_kmap_atomic_page"
is 'stats: JSON' json \
	'.backends.linear.hold_ns.atomic.count > 0 and ([.callers[].maps] | add) == ([.cpus[].maps[]] | add)' stats
is 'hist' run 0 "$ctl" hist
is 'hist: bars' out_has '████'
is 'hist --kind' run 0 "$ctl" hist --kind local
is 'hist --kind: no other kind' sh -c \
	"grep -q '^linear local' $dir/out && ! grep -q '^linear atomic' $dir/out"
is 'hist: JSON' json '[.hists[] | .count == ([.buckets[].count] | add)] | all' hist
is 'hist in the C locale' run 0 env LC_ALL=C "$ctl" hist
is 'hist in the C locale prints only ASCII' sh -c "grep -q '####' $dir/out && ! LC_ALL=C grep -q '[^ -~]' $dir/out"
is 'events' run 0 "$ctl" events
is 'events: three earlier events' test "$(wc -l <"$dir/out")" = 3
is 'events -n 1' run 0 "$ctl" events -n 1
is 'events -n 1: the latest event' sh -c "[ \$(wc -l <$dir/out) = 1 ] && grep -q ' free ' $dir/out"
is 'events -n 0' run 0 "$ctl" events -n 0
is 'events -n 0: no event' test ! -s "$dir/out"
is 'events: JSON' run 0 "$ctl" events --json
is 'events --json: an object per line' test "$(jq -c \
	'select(.schema == 2 and .event.seq > 0) | .event.type' "$dir/out" |
	tr '\n' ' ')" = '"create" "map_failed" "free" '
is 'a shortened command' run 0 "$ctl" l
is 'options before the command' run 0 "$ctl" --socket "$sock" --json list
for noun in status list stats hist events; do
	is "$noun --json prints only the reply" sh -c "'$ctl' --json $noun 2>&1 | jq -e . >/dev/null"
done

# --- output that cannot be written
to() { file=$1; shift; timeout 20 "$@" >"$file" 2>"$dir/err" </dev/null; }
full() { to /dev/full "$ctl" "$@"; [ $? = 5 ] &&
	err_is 'iomapctl: cannot write the output: No space left on device'; }
is 'list: the disk is full' full list
is 'stats --json: the disk is full' full --json stats
is 'events: the disk is full' full events
closed() { timeout 20 "$ctl" "$@" >&- 2>"$dir/err"; [ $? = 5 ] &&
	err_is 'iomapctl: cannot write the output: Bad file descriptor'; }
is 'list: the output is closed' closed list
is 'events: the output is closed' closed events
is 'events -f: the output is closed' closed events -f
is 'events -f: the disk is full' full events -f
reader_gone() { sh -c 'sleep 0.2; "$@"; echo $? >"$0"' "$dir/status" "$ctl" "$@" 2>"$dir/err" |
	true; [ "$(cat "$dir/status")" = 5 ] && err_is ''; }
for noun in status list stats hist events; do
	is "$noun: the reader closes the pipe" reader_gone $noun
	is "$noun --json: the reader closes the pipe" reader_gone $noun --json
done
is '--help: the disk is full' full --help
is '--version: the disk is full' full --version
is 'list --help: the disk is full' full list --help
is '--help: the output is closed' closed --help
stop

# --- problems are shown
fake --scenario lost --at 10
is 'events lost' run 4 "$ctl" status
is 'events lost: the reason' grep -Eq '^ +callers_full +[0-9]*[1-9]' "$dir/out"
is 'events lost: --json has the same exit status' run 4 "$ctl" --json status
is 'sampled hold times: stats' run 0 "$ctl" stats
is 'sampled hold times: stats names the sample' out_has 'how long a sample of the maps is held'
is 'sampled hold times: hist' run 0 "$ctl" hist
is 'sampled hold times: hist names the sample' out_has ' (a sample)'
stop
fake --scenario missing
is 'a hook is missing' run 4 "$ctl" status
is 'a hook is missing: the reason' out_has \
	'io_mapping_free is missing: mappings are never shown as freed'
stop
fake --scenario empty
is 'no mapping' run 0 "$ctl" list
is 'no mapping: the message' out_has 'No mapping: no driver of this kernel holds one now.'
is 'no mapping: --json' json '.missing == null and .mappings == []' list
is 'no hold' run 0 "$ctl" hist
is 'no hold: the message' out_has 'No map has been held and unmapped yet.'
is 'nothing counted' run 0 "$ctl" stats
is 'no event' run 0 "$ctl" events
stop
fake --scenario no-debugfs
is 'no debugfs' run 0 "$ctl" list
is 'no debugfs: list claims no more than is known' out_has \
	'No mapping was created since iomapd began to count.'
is 'no debugfs: list says which mappings it lacks, and why' out_has \
	'Mappings older than iomapd are not listed: base, size and owner of mappings older than iomapd'
is 'no debugfs: --json' json '.missing | test("debugfs is not mounted")' list
is 'no debugfs: status' run 4 "$ctl" status
is 'no debugfs: status names the rule' grep -Eq '^ +offset-range +missing +base, size' "$dir/out"
stop
fake --scenario many
is 'many mappings' json '(.mappings | length) == 299' list
stop

# --- interrupts between CPUs
fake --scenario ipi --at 10
row() { sed 's/  */ /g' "$dir/out" | grep -qxF -- "$1"; }
is 'ipi' run 0 "$ctl" ipi
is 'ipi: direct IPIs' row ' ioremap direct 10 30 30 90.0us 60.0us 1.5 4ns 3ns'
is 'ipi: the share of deferred IPIs' row ' deferred 5 15 15 40.0us 20.0us 0.75 2ns 1ns'
is 'ipi: other IPIs' row ' other - 25 1015 1115 540us 720us - - -'
is 'ipi: all IPIs' row ' all - 40 1060 1160 670us 800us - - -'
is 'ipi: queued ranges' row ' ioremap 20.0k 9.00us 10.2us 10.2us 9.00us 10.2us 10.2us 257 7'
is 'ipi: the caller' row \
	' 30 15 130us 80.0us 257 sleepable ioremap 2 test_map_wc+0x58 [test_io_mapping]'
is 'ipi: from CPU to CPU' row ' 0 0 1060 120 70'
is 'ipi: JSON' json '.enabled and .total.ipis == 1060 and
	.backends.ioremap.direct.ipis + .backends.ioremap.deferred.ipis +
		.other.ipis == .total.ipis' ipi
stop
fake --scenario ipi-missing --at 10
is 'ipi: a hook is missing' run 4 "$ctl" ipi
is 'ipi: an unknown figure is not 0' row ' all - 40 1060 1160 670us - - - -'
is 'ipi: the reason for the missing figure' out_has \
	'stolen is missing: what interrupted CPUs lose is not known: this kernel has no csd_function_entry tracepoint'
is 'ipi: lost joins' out_has 'lost, unjoined: 5'
is 'ipi --json: a hook is missing' run 4 "$ctl" ipi --json
stop
fake --at 10
is 'ipi: --without-ipi' run 4 "$ctl" ipi
is 'ipi: --without-ipi is named' out_has 'Not measured: iomapd was started with --without-ipi'
stop

# --- broken rules
fake --scenario broken --at 10
rule() { grep -Eq "^ +$1 +$2\$" "$dir/out"; }
is 'broken rules: the exit status of status is 0' run 0 "$ctl" status
is 'broken rules: the number of checked rules' out_has 'rules         9 of 10 checked'
is 'broken rules: sleep-in-atomic was broken 29 times' rule sleep-in-atomic 'checked  29 violations'
is 'broken rules: unmap-kind was broken once' rule unmap-kind 'checked  1 violation'
is 'broken rules: unmap-order was not broken' rule unmap-order 'checked  no violation'
is 'broken rules: hold-time is off' rule hold-time \
	'off      no budget is set: see --max-hold of iomapd'
is 'broken rules: ten rules are listed' test "$(grep -cE '^ {14}[a-z-]+ +(checked|off|missing) ' \
	"$dir/out")" = 10
is 'broken rules: the totals' out_has 'violations    46 (rules: 6, sites: 5): '
is 'broken rules: violations without a site' out_has '  unlisted    6 violations'
is 'broken rules: undecided unmaps' out_has 'undecided     4 unmaps'
is 'broken rules: status --json has no member for them' json \
	'has("hooks") and has("accounting") and (has("rules") or has("violations") | not)' status
is 'violations among the events' run 0 "$ctl" events
is 'violations: the line of sleep-in-atomic' out_has \
	' violation  sleep-in-atomic: mapping 1 at 0xf4000000 size 64M (linear atomic) by qxl_bo_kmap_atomic_page+0x4f [qxl], held 1.23ms, Xorg[512] on CPU 0, 29 times'
after() { grep -A"$2" -F -- "$1" "$dir/out" | tail -1 | grep -qxF -- "$3"; }
is 'violations: the sentence' after 'violation  sleep-in-atomic' 1 \
	'    the task slept in msleep+0x2e while it held this atomic map'
is 'violations: the first frame of the stack' after 'violation  sleep-in-atomic' 3 '        schedule+0x2d'
is 'violations: the last frame of the stack' after 'violation  sleep-in-atomic' 7 \
	'        drm_atomic_commit+0x84'
is 'violations: a count of 1 is not printed' grep -qE \
	'violation  unmap-kind: .* on CPU 1$' "$dir/out"
is 'violations: the stack of the map' after '    stack of the map:' 2 \
	'        control_write+0x92 [test_io_mapping]'
is 'violations: the offset and the size of the mapping' out_has \
	'    offset 0x100000 + 0x1000 is past the end of the mapping (0x100000)'
is 'violations: the mapping is not known' grep -qE \
	'violation  unmap-unknown: mapping unknown \(linear atomic\), kworker/2:1\[31\] on CPU 2$' \
	"$dir/out"
is 'violations: a hostile task name' out_has '?[2Jevil�?[700]'
is 'violations: a hostile task name has no effect on the terminal' harmless
is 'violations: unmap-unknown is the latest event' run 0 "$ctl" events -n 1
is 'violations: unmap-unknown has no stack, so three lines' test "$(wc -l <"$dir/out")" = 3
is 'violations: JSON' run 0 "$ctl" events --json
is 'violations: JSON: all five records' test "$(jq -c \
	'select(.event.type == "violation") | .event.violation | [.rule, .count, .mapping_id, (.stack | length), (.map_stack | length)]' "$dir/out" | tr '\n' ' ')" = \
	'["sleep-in-atomic",29,1,5,0] ["unmap-kind",1,2,2,3] ["offset-range",7,2,2,0] ["leak",2,3,1,0] ["unmap-unknown",1,null,0,0] '
stop
fake --scenario missing --at 10
is 'missing rules' run 4 "$ctl" status
is 'missing rules: the reason' rule leak 'missing  mappings are never shown as freed: .*'
is 'missing rules: the violations are not called none' out_has 'violations    none seen'
stop
fake --scenario idle
is 'no rule is broken' run 0 "$ctl" status
is 'no rule is broken: no violation' grep -qE '^violations +none$' "$dir/out"
stop

# --- following
fake --since 1700000000000000000
"$ctl" --json events -f -n 0 >"$dir/follow" 2>"$dir/follow.err" &
follower=$!
servers="$servers $follower"
is 'events -f: new events come as they happen' wait_for 15 sh -c "[ \$(wc -l <$dir/follow) -ge 2 ]"
is 'events -f -n 0: no earlier event' sh -c "[ \$(head -1 $dir/follow | jq .event.seq) -gt 3 ]"
is 'events -f: no event comes twice' sh -c \
	"[ -z \"\$(jq .event.seq $dir/follow | sort | uniq -d)\" ]"
stop
# --- iomapd restarts: its events continue, or start at number 1
is 'events -f: iomapd ends' wait_for 10 grep -q \
	'closed the connection: .*; waiting for the next one$' "$dir/follow.err"
is 'list: nobody listens' fails 5 \
	"nobody listens at $sock, iomapd has ended: start it again as root" list
last=$(tail -n 1 "$dir/follow" | jq .event.seq)
# shellcheck disable=SC2016
received() { jq .event.seq "$dir/followed" | tr '\n' ' '; }
fake --since 1700000000000000000
is 'events -f: an iomapd that took over the counters' wait_for 10 grep -q '^iomapctl: connected again$' \
	"$dir/follow.err"
is 'events -f: continues after the last event' wait_for 20 sh -c \
	"[ \$(tail -n 1 $dir/follow | jq .event.seq) -gt $last ]"
cp "$dir/follow" "$dir/followed"
number() { "$1" -n 1 "$dir/followed" | jq .event.seq; }
is 'events -f: no event twice, none missing' test "$(received)" = \
	"$(seq -s ' ' "$(number head)" "$(number tail)") "
lines=$(wc -l <"$dir/follow")
stop
fake --at 5 --since 1700000000000000001
is 'events -f: an iomapd with new counters' wait_for 10 grep -q \
	'^iomapctl: connected again: its counters start at zero$' "$dir/follow.err"
is 'events -f: all its events come' wait_for 10 sh -c "[ \$(wc -l <$dir/follow) -ge \$(($lines + 3)) ]"
is 'events -f: its first event comes first' test \
	"$(tail -n +$((lines + 1)) "$dir/follow" | head -n 1 | jq .event.seq)" = 1
is 'status: counting since' run 0 "$ctl" status
is 'status: the number of starts' grep -Eq \
	'^counting +for [0-9dhms]+, through 2 starts of iomapd$' "$dir/out"
kill "$follower"
stop
fake --at 5
mkfifo "$dir/pipe"
"$ctl" events -f >"$dir/pipe" 2>"$dir/follow.err" &
follower=$!
servers="$servers $follower"
exec 3<"$dir/pipe"
head -c1 <&3 >/dev/null
exec 3<&-
quiet_end() { wait "$follower"; [ $? = 5 ] && [ ! -s "$dir/follow.err" ]; }
gone() { ! kill -0 "$follower" 2>/dev/null; }
is 'events -f: ends when the reader closes the pipe, without an event' wait_for 10 gone
is 'events -f: ends then without a message' quiet_end
stop

# --- servers that are not iomapd
is_odd() { replay "$1" "${4:-hold}"; fails 5 "$2" "$3"; r=$?; stop; return "$r"; }
is 'garbage' is_odd 'SSH-2.0-x\0' \
	"the program that listens at $sock does not talk Varlink: name the socket of iomapd with --socket" list
is 'an incomplete reply' is_odd '{"parameters":{' \
	"iomapd at $sock closed the connection: it has ended or dropped this client" list close
is 'no reply' is_odd '' "iomapd at $sock does not answer: see what it is doing, or restart it" list
is 'another schema' is_odd '{"parameters":{"schema":3}}\0' \
	"iomapd at $sock talks schema 3 and this program 2: install both from the same version" list
is 'no schema' is_odd '{}\0' \
	"the reply of iomapd at $sock has no schema number: install it and this program from the same version" stats
is 'an iomapd without the method' is_odd \
	'{"error":"org.varlink.service.MethodNotFound","parameters":{"method":"org.iomap.Monitor.Hist"}}\0' \
	"iomapd at $sock does not know org.iomap.Monitor.Hist: it is older than this program, install both from the same version" hist
is 'an iomapd with too many clients' is_odd '{"error":"org.iomap.Monitor.TooBusy"}\0' \
	"iomapd at $sock has too many clients: try again" status close
# --- replies without a member, or with another type
fake --at 10
for method in Status List Stats Hist Ipi Snapshot; do
	tests/cli/ask "$sock" $method >"$dir/$method" || bail "no reply to $method"
done
stop
# odd METHOD FILTER SENTENCE COMMAND…: the reply to METHOD, changed by the jq FILTER, is refused.
odd() {
	jq -c "$2 | {parameters: .}" "$dir/$1" | tr '\n' '\000' >"$dir/reply"
	sentence=$3
	shift 3
	serve "$dir/reply"
	fails 5 "$sentence: install it and this program from the same version" "$@"
	r=$?
	stop
	return $r
}
lacks() { is "$1: no $2" odd "$1" "del(.$2)" "the reply of iomapd at $sock lacks '$2'" $3; }
lacks List mappings list
lacks List mappings 'list --json'
lacks List 'mappings[1].maps.local' list
lacks Stats callers stats
lacks Stats 'cpus[0].unmaps' stats
lacks Hist hists hist
lacks Ipi accounting.lost ipi
lacks Ipi total ipi
lacks Snapshot status status
lacks Snapshot violations.rules status
lacks Status hooks 'status --json'
types() {
	is "$1: $2 of another type" odd "$1" ".$2 = $3" \
		"in the reply of iomapd at $sock, '$2' is not of the type $4" $5
}
types List mappings 7 array list
types List 'mappings[0]' '"x"' object list
types List 'mappings[1].mapping_id' '"x"' int list
types List 'mappings[0].owner' '[]' string list
types List 'mappings[0].live' null object list
types Stats backends '[]' object stats
types Hist 'hists[0].sampled' 1 bool hist
types Ipi enabled '"yes"' bool ipi
types Snapshot status.hooks '{}' array status
types Snapshot status.accounting.seen 0.5 int status
for view in mappings violations; do
	jq -c 'del(.violations.violations) | {parameters: .}' "$dir/Snapshot" | tr '\n' '\000' \
		>"$dir/reply"
	serve "$dir/reply"
	is "iomaptop, $view: no violations" run 5 "$bin/iomaptop" -b -n 1 -v $view
	is "iomaptop, $view: the sentence" err_is "iomaptop: the reply of iomapd at $sock lacks 'violations.violations': install it and this program from the same version"
	stop
done

# --- events without an end
replay '{"parameters":{"schema":2,"event":null,"missed":0},"continues":true}\0'
is 'events: no event, and more to come' fails 5 'iomapd sent a reply without an event' events
stop
{
	jq -c '{parameters: .}' "$dir/Status"
	echo '{"parameters":{"schema":2,"event":null,"missed":0},"continues":true}'
} | tr '\n' '\000' >"$dir/reply"
serve "$dir/reply" each
is 'events -f: no event, and more to come' fails 5 'iomapd sent a reply without an event' events -f
stop
replay '{"parameters":{"schema":2,"missed":0}}\0'
is 'events: the last reply' run 0 "$ctl" events
stop
fake --at 10
"$ctl" --json events >"$dir/Events"
stop
event=$(jq -c '.event.time_unix_ns = 5 | {parameters: ., continues: true}' "$dir/Events" | head -1)
yes "$event" | head -n 1000 | tr '\n' '\000' >"$dir/reply"
"$bin/tests/lib/fake-server" "$sock" endless <"$dir/reply" &
server=$!
servers="$servers $server"
wait_for 10 listening || bail 'fake-server does not start'
is 'events: the same event again and again' \
	fails 5 'iomapd sent more than 65536 past events' events -n 0
stop

# --- a reply that takes much memory is refused before it is parsed
{
	printf '{"parameters":{"x":['
	yes '[],' | head -n 2500000 | tr -d '\n'
	printf '[]]}}\000'
} >"$dir/reply"
serve "$dir/reply"
is 'a reply of 7 MiB that would take 340' sh -c \
	"ulimit -v 400000; ! '$ctl' list 2>$dir/err && grep -q 'takes more than 512 MiB' $dir/err"
stop

# --- accounting
snapshot() {
	jq -c ".status.accounting = $1 | {parameters: .}" "$dir/Snapshot" | tr '\n' '\000' \
		>"$dir/reply"
	serve "$dir/reply"
}
snapshot '{seen: 5, counted: 3, under_way: 0, lost: {ring_full: 1}}'
is 'accounting that does not balance' run 4 "$ctl" status
is 'accounting that does not balance: the figures' out_has 'DOES NOT BALANCE: 5 seen, 4 counted + lost'
is 'accounting: no event is under way' sh -c "! grep -q 'under way' $dir/out"
not_lost() {
	sh -c '"$@"; echo $? >"$0"' "$dir/status" "$ctl" status 2>"$dir/err" | true
	[ "$(cat "$dir/status")" = 4 ]
}
is 'status: its exit status, though the reader closes the pipe' not_lost
stop
snapshot '{seen: 5, counted: 4, under_way: 2, lost: {ring_full: 1}}'
run 4 "$ctl" status
is 'an event under way is no imbalance' out_has 'balanced: seen = counted + lost'
is 'an event under way is printed' out_has \
	'  under way   2, at most one per CPU: not yet among the events seen'
stop

# --- without permission
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	fake --at 5
	cp "$ctl" "$dir/iomapctl"
	chmod 755 "$dir" "$dir/iomapctl"
	nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$dir/iomapctl" --socket \
		"$sock" list; }
	refused() { nobody >"$dir/out" 2>"$dir/err"; [ $? = 5 ] && err_is "iomapctl: $1"; }
	chown root:root "$sock"
	chmod 600 "$sock"
	is 'no permission' refused "no permission to use $sock: run this as root"
	chown root:daemon "$sock"
	chmod 660 "$sock"
	is 'no permission: the group and how to join it' refused \
		"no permission to use $sock: only root and the group daemon may; to join, run 'usermod -aG daemon nobody' as root and log in again"
	chmod 700 "$dir"
	is 'a folder without permission' sh -c \
		"! setpriv --reuid=65534 --regid=65534 --clear-groups $ctl --socket $sock list 2>/dev/null"
	stop
else
	skip 'no permission' 'needs root and setpriv'
fi
finish
