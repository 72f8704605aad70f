#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The page of a report in a real browser, headless Chromium: it is drawn, light, dark and on paper,
# without an error on the console. The policy of the page turns each request into such an error.
# Usage: tests/cli/test-browser.sh [FOLDER OF PROGRAMS]
# The functions here are called through is().
# shellcheck disable=SC2317,SC2181,SC2119
# shellcheck source=tests/programs.sh
. tests/programs.sh
ctl=$bin/iomapctl
export IOMAPD_SOCKET="$sock"

if ! command -v chromium >/dev/null; then
	skip 'the page in a browser' 'needs chromium'
	finish
fi

# browse PAGE OPTION…: opens the page; its console goes to $dir/console. No name can be resolved, so
# that Chromium itself asks nobody.
browse() {
	file=$1
	shift
	HOME=$dir timeout 120 chromium --headless --no-sandbox --disable-gpu --no-first-run \
		--hide-scrollbars --host-resolver-rules='MAP * ~NOTFOUND' \
		--user-data-dir="$dir/profile" --enable-logging=stderr --window-size=1000,4000 \
		"$@" "file://$file" >"$dir/out" 2>"$dir/log" </dev/null
	status=$?
	grep CONSOLE "$dir/log" >"$dir/console"
	return $status
}
quiet() { browse "$@" && ! [ -s "$dir/console" ]; }
# A picture of one colour is much smaller than one with text and curves.
drawn() { [ -s "$1" ] && [ "$(stat -c %s "$1")" -gt 30000 ]; }

fake --scenario ipi
"$ctl" record -o "$dir/rec" --interval 100ms -- sleep 2 2>"$dir/err"
stop
"$ctl" report "$dir/rec" -o "$dir/page.html"
"$ctl" report tests/lib/recordings/schema-1.rec -o "$dir/old.html"
"$ctl" diff "$dir/rec" "$dir/rec" --html "$dir/diff.html" >"$dir/out"
for page in page old diff; do
	is "$page: no error, no request" quiet "$dir/$page.html" --screenshot="$dir/$page.png"
	is "$page: it is drawn" drawn "$dir/$page.png"
done
is 'dark: no error' quiet "$dir/page.html" --screenshot="$dir/dark.png" --force-dark-mode \
	--enable-features=WebContentsForceDark
is 'dark: it is drawn' drawn "$dir/dark.png"
is 'dark: it is not the same' sh -c "! cmp -s '$dir/page.png' '$dir/dark.png'"
is 'paper: no error' quiet "$dir/page.html" --print-to-pdf="$dir/page.pdf"
is 'paper: a document' sh -c "head -c 5 '$dir/page.pdf' | grep -q %PDF-"

# The console shows what a page must not do.
sed 's|</main>|<img src="http://192.0.2.1/x.png"/></main>|' "$dir/page.html" >"$dir/bad.html"
is 'a page with a request: the browser refuses it' browse "$dir/bad.html" \
	--screenshot="$dir/bad.png"
is 'a page with a request: the console says so' grep -q 'Content Security Policy' "$dir/console"
sed 's|</main>|<script>document.title = 1</script></main>|' "$dir/page.html" >"$dir/bad.html"
is 'a page with a script: the browser refuses it' browse "$dir/bad.html" \
	--screenshot="$dir/bad.png"
is 'a page with a script: the console says so' grep -q 'Content Security Policy' "$dir/console"
finish
