#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# docs/screenshot and its converter. Usage: tests/cli/test-screenshot.sh [FOLDER OF PROGRAMS]
# The functions here are called through is().
# shellcheck disable=SC2317,SC2181,SC2119
# shellcheck source=tests/programs.sh
. tests/programs.sh
export ANSI2SVG="$bin/docs/ansi2svg" IOMAPD_SOCKET="$sock"
svg=$dir/picture.svg

# shellcheck disable=SC2059
convert() { printf "$1" | "$ANSI2SVG" "${2:-}" >"$svg" 2>"$dir/err"; }
has() { grep -qF -- "$1" "$svg"; }
valid() { ! command -v xmllint >/dev/null || xmllint --noout "$svg"; }

is 'text' convert 'a \033[1;31mred & <b>\033[0m \033[7mrev\033[27m\n' 'the "title" & <x>'
is 'text: well formed' valid
is 'text: colour' has 'fill="#ff6b6b" font-weight="bold">red</text>'
is 'text: escaped' has '&lt;b&gt;'
is 'text: title' has '&amp; &lt;x&gt;</text>'
is 'text: reverse' has 'fill="#161b22">rev</text>'
is 'colours: 256 colours and 24 bits' convert '\033[38;5;196mX\033[48;2;1;2;3mY\n'
is 'colours: indexed' has 'fill="#ff0000">X</text>'
is 'colours: direct' has 'fill="#010203"'
is 'blocks' convert '▁█▌\n'
is 'blocks: drawn' test "$(grep -c '<rect' "$svg")" = 4
is 'broken escape sequences' convert '\033[\n\033[999999999999;;;;mA\033(B\033'
is 'broken escape sequences: well formed' valid
broken() { head -c 100000 /dev/urandom | "$ANSI2SVG" x >"$svg" && valid; }
is 'random bytes: well formed' broken
nothing() { "$ANSI2SVG" </dev/null >"$svg" 2>"$dir/err"; [ $? = 5 ] &&
	err_is 'ansi2svg: standard input holds no screen'; }
is 'an empty screen' nothing
is 'unknown option' run 2 "$ANSI2SVG" -x

if ! command -v tmux >/dev/null; then
	skip 'docs/screenshot' 'needs tmux'
	finish
fi
is 'bad size' run 2 docs/screenshot -s 100 -o "$svg"
is 'bad size: the message' err_is "screenshot: '100' is not a size: write it as 100x30"
is 'a program that ends' run 5 docs/screenshot -w 2 -o "$svg" -- "$bin/iomaptop"
is 'a program that ends: its message' err_has "no iomapd at $sock"
fake
rm -f "$svg"
is 'a picture of iomaptop' run 0 docs/screenshot -w 4 -s 90x26 -k Down -o "$svg" -- \
	"$bin/iomaptop" -d 0.2
is 'a picture: well formed' valid
is 'a picture: the size' has 'width="748"'
is 'a picture: a caller' has '>qxl_bo_kmap_atomic_page+0x4f</text>'
is 'a picture: the history' test "$(grep -c '<rect .*fill="#5fd38d"' "$svg")" -ge 3
is 'a picture: the selected line in full width' has 'width="720" height="17" fill="#d8dee9"'
finish
