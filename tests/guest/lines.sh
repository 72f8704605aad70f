#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Source lines of a driver in each format of the report: inlined functions, a part that the compiler
# moved out of its function, equal lines, and a module that is unloaded before the report is made.
# Usage: tests/guest/lines.sh FOLDER
#   FOLDER  of the modules, see tests/modules/lines.c
. tests/guest/lib.sh

modules=$1
source=tests/modules/lines.c
out=/tmp/out
load_driver
still_cursor

# mark TEXT: prints the lines with this mark.
mark() { grep -nF "/* mark: $1 */" $source | cut -d: -f1 | tr '\n' ' ' | sed 's/ $//'; }

# asserts FORMAT: the gate over the module. Its report is in $out.
asserts() {
	local status

	# shellcheck disable=SC2016 # expanded by the inner shell
	iomapctl assert --rule offset-align --rule may-sleep-in-atomic --format "$1" --output $out \
		--debug-dir "$modules" --source-root /modules=tests/modules -- \
		sh -c 'insmod "$1" 2>/dev/null; ! grep -q "^lines " /proc/modules' \
		sh "$modules/lines.ko" >/tmp/log 2>&1
	status=$?
	[ $status = 1 ] || { echo "# exit status $status"; sed 's/^/# /' /tmp/log; return 1; }
}

# shown TEXT…: passes if the report has each text.
shown() {
	local text

	for text; do
		grep -qF -- "$text" $out && continue
		echo "# there is no '$text' in:"
		sed 's/^/# /' $out
		return 1
	done
}

# The driver's lines of the calls that map, by rule.
map_lines() {
	jq -r '.violations[] | select(.module == "lines") | .rule + " " +
		([.lines.caller[] | select(.file == "'$source'") | "\(.function):\(.line)"] |
		join(" < "))' $out | sort
}

# The driver's lines on the stack, innermost first, of the calls that may sleep.
stack_lines() {
	jq -r '.violations[] | select(.rule == "may-sleep-in-atomic") |
		[.lines.stack[][] | select(.file == "'$source'") | "\(.function):\(.line)"][0]' \
		$out | sort
}

read -r first second <<<"$(mark "equal text")"
expected="may-sleep-in-atomic seldom:$(mark "map in seldom")
may-sleep-in-atomic sleeps:$(mark "map in sleeps")
offset-align take:$(mark "map in take") < inlined:$(mark "take inlined")
offset-align twice:$first
offset-align twice:$second"

is "the gate finds the broken rules" asserts json
same "lines of the maps" "$(map_lines)" "$expected"
same "lines of the calls that may sleep" "$(stack_lines)" "seldom:$(mark cold)
sleeps:$(mark sleep)"

is "text" asserts text
is "text: a function inlined into another one" shown \
	"take at $source:$(mark "map in take") inlined into inlined at $source:$(mark "take inlined")"
is "text: the part moved out of its function" grep -qE \
	"seldom\.cold\+0x[0-9a-f]+ \[lines\].*: seldom at $source:$(mark cold)\$" $out
is "text: the source itself" shown "mutex_lock(&lock); /* mark: sleep */" \
	"return io_mapping_map_atomic_wc(m, offset); /* mark: map in take */"

is "annotations" asserts github
for line in "$(mark "map in take")" "$first" "$second" "$(mark "map in sleeps")" \
	"$(mark "map in seldom")"; do
	is "annotations: line $line" shown ",file=$source,line=$line,"
done

is "JUnit" asserts junit
is "JUnit: file and line of the first violation of a rule" shown \
	"file=\"$source\" line=\"$(mark "map in take")\"" \
	"file=\"$source\" line=\"$(mark "map in sleeps")\""

# The place of each result, and the fingerprints.
places() {
	jq -r '.runs[0].results[] | .locations[0].physicalLocation |
		"\(.artifactLocation.uri):\(.region.startLine)"' $out | sort -t: -k2n
}
fingerprints() { jq -r '.runs[0].results[].partialFingerprints["site/v1"]' $out | sort; }

is "SARIF" asserts sarif
same "SARIF: lines" "$(places)" "$(for mark in "map in take" "map in sleeps" "equal text" \
	"map in seldom"; do mark "$mark" | xargs -n 1; done | sort -n | sed "s|^|$source:|")"
same "SARIF: from the map to the offence" "$(jq -r '.runs[0].results[] |
	select(.ruleId == "may-sleep-in-atomic") | [.codeFlows[0].threadFlows[0].locations[] |
	.location.physicalLocation.region.startLine] | join(" ")' $out | sort -n)" \
	"$(mark "map in sleeps") $(mark sleep)
$(mark "map in seldom") $(mark cold)"
same "SARIF: five places, five fingerprints" "$(fingerprints | sort -u | wc -l)" 5

# Without debug information, the report says how to get lines.
iomapctl assert --rule offset-align -- \
	sh -c 'insmod "$1" 2>/dev/null; true' sh "$modules/lines.ko" >$out 2>&1
is "without debug information: how to get lines" shown "no source lines of lines: "
finish
