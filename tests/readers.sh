# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2154
# Checks reports of iomapctl assert, $dir/RUN.FORMAT, with programs that read these formats: they
# have to find the same as in RUN.json. JUNIT_SCHEMA and SARIF_SCHEMA may name other schemas.

junit_schema=${JUNIT_SCHEMA:-tests/schema/junit.xsd}
sarif_schema=${SARIF_SCHEMA:-tests/schema/sarif-2.1.0.json}
for python in python3 /usr/bin/python3; do
	"$python" -c 'import jsonschema' 2>/dev/null && break
done

json_agrees() { jq -e "$2" "$dir/$1.json" >"$dir/out" 2>"$dir/err"; }
is_good() { json_agrees "$1" '.exit_status == 0'; }

# prove agrees with the exit status.
prove_agrees() {
	prove -e cat "$dir/$1.tap" >"$dir/out" 2>"$dir/err"
	proved=$?
	grep -q 'Parse errors' "$dir/out" && return 1
	if is_good "$1"; then [ "$proved" = 0 ]; else [ "$proved" = 1 ]; fi
}

# A parser of TAP finds all tests, and a YAML block for each test that failed.
tap_reads() {
	perl -e '
		use TAP::Parser;
		my $p = TAP::Parser->new({ source => $ARGV[0] });
		my ($bad, $blocks) = (0, 0);
		while (my $r = $p->next) {
			$bad++ if $r->is_test && !$r->is_actual_ok;
			$blocks++ if $r->is_yaml && defined $r->data->{message};
			print $r->type, ": ", $r->as_string, "\n" if $r->is_unknown;
			exit 1 if $r->is_unknown || $r->is_bailout;
		}
		print join("\n", $p->parse_errors, "$bad failed, $blocks blocks", "");
		exit($p->parse_errors || $bad != $blocks || $p->tests_run != $p->tests_planned);
	' "$dir/$1.tap" >"$dir/out" 2>"$dir/err"
}

xml_count() { xmllint --xpath "count(//$2)" "$dir/$1.junit"; }
xml_sum() { xmllint --xpath "string(//testsuite/@$2)" "$dir/$1.junit"; }

valid_junit() { xmllint --noout --nonet --schema "$junit_schema" "$1" 2>"$dir/err"; }
junit_agrees() {
	valid_junit "$dir/$1.junit" || return 1
	[ "$(xml_count "$1" testcase)" = "$(xml_sum "$1" tests)" ] &&
		[ "$(xml_count "$1" failure)" = "$(xml_sum "$1" failures)" ] &&
		[ "$(xml_count "$1" skipped)" = "$(xml_sum "$1" skipped)" ] || return 1
	if is_good "$1"; then
		[ "$(xml_count "$1" failure)" = 0 ]
	else
		[ "$(xml_count "$1" failure)" != 0 ]
	fi
}

# valid_sarif FILE…: the files agree with the schema.
valid_sarif() {
	"$python" -c '
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
validator = jsonschema.validators.validator_for(schema)
validator.check_schema(schema)
errors = 0
for name in sys.argv[2:]:
    for e in validator(schema).iter_errors(json.load(open(name))):
        print(name, list(e.absolute_path), e.message)
        errors += 1
sys.exit(errors != 0)
' "$sarif_schema" "$@" >"$dir/out" 2>"$dir/err"
}

# Checks beyond the schema: indices lead to the named rule, and the counts agree.
sarif_agrees() {
	jq -e --slurpfile json "$dir/$1.json" '
		.runs[0] as $run | $run.results | $json[0] as $j |
		all(.[]; $run.tool.driver.rules[.ruleIndex].id == .ruleId) and
		([.[] | select(.suppressions == [])] | length) == ($j.violations | length) and
		([.[] | .suppressions[]] | length) == ($j.suppressed | length) and
		$run.invocations[0].exitCode == $j.exit_status and
		($run.invocations[0].toolConfigurationNotifications | length) ==
			($j.unused_suppressions | length)
	' "$dir/$1.sarif" >"$dir/out" 2>"$dir/err"
}

# Each line is one command; characters that end a line or a property are escaped.
github_agrees() {
	value='([^:,%[:cntrl:]]|%(25|3A|2C))+'

	grep -vnE "^::(error|warning|notice) title=$value(,file=$value,line=[0-9]+(,col=[0-9]+)?)?::\
([^%[:cntrl:]]|%(25|0A|0D))+\$" "$dir/$1.github" >"$dir/out" && return 1
	errors=$(grep -c '^::error ' "$dir/$1.github")
	if json_agrees "$1" '.exit_status == 0 or .exit_status == 4'; then
		[ "$errors" = 0 ]
	else
		[ "$errors" != 0 ]
	fi
}

github_takes() { "$python" tests/github-limits "$dir/$1.sarif" >"$dir/out" 2>"$dir/err"; }

# readers_agree RUN: all readers agree.
readers_agree() {
	is "$1: prove" prove_agrees "$1"
	is "$1: TAP" tap_reads "$1"
	is "$1: JUnit" junit_agrees "$1"
	is "$1: SARIF" sarif_agrees "$1"
	is "$1: SARIF's schema" valid_sarif "$dir/$1.sarif"
	is "$1: SARIF within GitHub's limits" github_takes "$1"
	is "$1: annotations" github_agrees "$1"
}
