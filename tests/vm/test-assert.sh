#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# iomapctl assert with the test driver in a guest; then readers on the host check its reports in all
# formats. Prints TAP, with a plan for each of both. One boot.
# shellcheck source=tests/programs.sh
. tests/programs.sh
# shellcheck source=tests/readers.sh
. tests/readers.sh

guest=0
tests/vm/run --no-build --kernel "${KERNEL:-6.12-x86_64}" --timeout 1200 --share "$dir" -- \
	tests/guest/assert.sh </dev/null || guest=$?

for run in good broken; do
	readers_agree "$run"
done
is "good: the verdict in the report" is_good good
is "broken: SARIF names the call site" jq -e '.runs[0].results[0].locations |
	any(.[].logicalLocations[]; .fullyQualifiedName // .name |
		test("test_map_atomic"))' "$dir/broken.sarif"
is "broken: SARIF has the fallback file" jq -e '.runs[0].results | length > 0 and
	all(.[].locations[0].physicalLocation.artifactLocation.uri; . == "driver.c")' \
	"$dir/broken.sarif"
is "broken: an annotation names it" grep -q \
	'^::error title=io_mapping%3A offset-align,file=driver.c,line=1::.*test_map_atomic+0x' "$dir/broken.github"
is "broken: TAP names it" grep -q 'test_map_atomic+0x' "$dir/broken.tap"
same "the virtual machine" "$guest" 0
finish
