#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs the examples of docs/ci.md as a driver's project does, with a driver that it compiles itself:
# the workflow with the action, the job of GitLab, and a test that maps nothing. Prints TAP. Three
# boots.
. tests/tap.sh

doc=docs/ci.md
root=$PWD
project=$(mktemp -d)
trap 'rm -rf "$project"' EXIT
trap 'exit 1' INT TERM HUP
unset "${!IOMAP_@}"
export GITHUB_ACTION_PATH=$root GITHUB_WORKSPACE=$project CI_PROJECT_DIR=$project

# block N: prints the Nth code block of the document.
block() {
	awk -v want="$1" '/^```/ { inside = !inside; n += inside; next } inside && n == want' $doc
}

# steps SERVICE FILE…: makes the script that the service runs.
steps() { tests/vm/ci-steps "$@" >"$project/$1.sh"; }

# job STATUS SERVICE: runs the job, and passes if it exits with STATUS.
job() {
	local status=0

	bash "$project/$2.sh" >"$project/out" 2>&1 </dev/null || status=$?
	[ "$status" = "$1" ] && return 0
	echo "# exit status $status, not $1"
	sed 's/^/# /' "$project/out"
	return 1
}

# driver_test PARAMETER VALUE: makes a test that writes the value to a parameter of the driver.
driver_test() {
	printf '#!/bin/sh\necho %s >/sys/module/my_driver/parameters/%s\n' "$2" "$1" \
		>"$project/driver-test"
	chmod +x "$project/driver-test"
}

# said PATTERN: passes if the output of the job has a matching line.
said() { grep -qE -- "$1" "$project/out" || { sed 's/^/# /' "$project/out"; return 1; }; }

junit() { xmllint --xpath "$1" "$project/iomap.xml" 2>/dev/null; }
valid() {
	xmllint --noout --nonet --schema tests/schema/junit.xsd "$project/iomap.xml" 2>/dev/null
}

# In place of the service: its cache, and commands that need the net
ln -s "${XDG_CACHE_HOME:-$HOME/.cache}/iomap" "$project/.iomap-cache"
mkdir "$project/bin"
# shellcheck disable=SC2016 # expanded by the other shell
printf '#!/bin/sh\n[ "$*" = "clone --depth 1 https://example.org/iomap.git .iomap" ] && ln -sfn "%s" .iomap\n' \
	"$root" >"$project/bin/git"
printf '#!/bin/sh\n' >"$project/bin/apt-get"
chmod +x "$project"/bin/*
PATH=$project/bin:$PATH

cp -r tests/vm/driver "$project/driver"
block 1 >"$project/workflow.yml"
block 2 >"$project/jobs.yml"
echo 'leak some_function -- a known leak, not in this test' >"$project/iomap-known"

is "the workflow uses the action" steps github action.yml "$project/workflow.yml"
driver_test wrong 8
line=$(grep -n 'io_mapping_map_atomic_wc' "$project/driver/my_driver.c" | cut -d: -f1)
is "GitHub, a driver that breaks a rule: the job fails" job 1 github
is "the annotation has the line of the driver" said \
	"^::error title=io_mapping%3A offset-align,file=driver/my_driver.c,line=$line,col="

is "the job of GitLab extends the template" steps gitlab docs/gitlab.yml "$project/jobs.yml"
driver_test draw 1000
is "GitLab, a driver that follows the rules: the job passes" job 0 gitlab
is "the report is JUnit" valid
same "no test failed" "$(junit 'string(//testsuite/@failures)')" 0
same "something was exercised" "$(junit \
	'count(//testcase[@name="something was exercised" and not(*)])')" 1

driver_test draw 0
is "a test that maps nothing: the job fails" job 3 gitlab
same "no folder is left behind" "$(find "$project" -name '.iomap-modules*')" ""
finish
