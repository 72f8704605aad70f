#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# --help and the man pages have the same options, commands, columns and exit statuses.
# Usage: tests/cli/test-docs.sh [FOLDER OF PROGRAMS]
# The functions here are called through is().
# shellcheck disable=SC2317,SC2181,SC2119
# shellcheck source=tests/programs.sh
. tests/programs.sh

# Prints the options in --help, one per line: "-f --follow", "-n ARG", "--socket ARG".
help_options() {
	"$@" --help | awk '
		/^Usage:/ { next }
		/^Exit status/ { exit }
		/^ +-/ {
			line = ""
			for (i = 1; i <= NF; i++) {
				word = $i
				sub(/,$/, "", word)
				if (word ~ /^-/)
					line = line (line ? " " : "") word
				else {
					if (word ~ /^[A-Z]+$/)
						line = line " ARG"
					break
				}
			}
			print line
		}' | sort
}

# man_options PAGE COMMAND: prints the options in a man page in the same form; if COMMAND is empty,
# those of the program.
man_options() {
	awk -v want="$2" '
		/^\.Ss / { command = "" }
		/^\.Bl/ { depth++ }
		/^\.El/ { depth-- }
		/^\.Sh / { command = ""; depth = 0 }
		/^\.It Ic / && depth == 1 { command = $3 }
		/^\.It Fl / && command == want {
			line = ""
			for (i = 3; i <= NF; i++) {
				if ($i == ",")
					continue
				if ($i == "Ar") {
					line = line " ARG"
					break
				}
				line = line (line ? " " : "") "-" $i
			}
			print line
		}' "$1" | sort
}

# Compares two files and shows the difference.
same() {
	diff -u "$1" "$2" >"$dir/out"
}

options_agree() {
	page=$1 command=$2
	shift 2
	help_options "$@" >"$dir/help"
	man_options "$page" "$command" >"$dir/man"
	[ -s "$dir/help" ] && same "$dir/help" "$dir/man"
}

# The help of a command has its own options and those of the program.
command_options_agree() {
	help_options "$bin/iomapctl" "$1" >"$dir/help"
	{ man_options docs/man/iomapctl.1 "$1"; man_options docs/man/iomapctl.1 ''; } |
		sort >"$dir/man"
	same "$dir/help" "$dir/man"
}

commands_agree() {
	"$bin/iomapctl" --help | awk \
		'/^Commands:/ { on = 1; next } /^$/ { on = 0 } on { print $1 }' | sort >"$dir/help"
	awk '/^\.Ss Commands/ { on = 1 } /^\.Ss Options/ { on = 0 } on && /^\.It Ic / { print $3 }' docs/man/iomapctl.1 |
		sort >"$dir/man"
	[ -s "$dir/help" ] && same "$dir/help" "$dir/man"
}

exits_agree() {
	"$bin/$1" --help | awk '/^Exit status/ { on = 1; next } on && /^  [0-9]/ { print $1 }' \
		>"$dir/help"
	awk '/^\.Sh / { on = /EXIT STATUS/ } on && /^\.It / { print $2 }' "$2" >"$dir/man"
	[ -s "$dir/help" ] && same "$dir/help" "$dir/man"
}

columns_agree() {
	"$bin/iomaptop" -b --view "$1" --sort nonsense 2>&1 | sed 's/.*but //' | tr -d ' ' |
		tr ',' '\n' >"$dir/help"
	awk -v want="$1" \
		'/^\.Ss Views/ { on = 1 } /^\.Sh / { on = 0 } /^\.Cm / { view = $2 } on && view == want && /^\.It / { print $2 }' \
		docs/man/iomaptop.1 >"$dir/man"
	[ -s "$dir/help" ] && same "$dir/help" "$dir/man"
}

# The settings in iomapd.conf(5) are the options of --help that the file may have.
settings_agree() {
	"$bin/iomapd" --help | sed -n 's/^ \{2,6\}\(-., \)*--\([a-z-]*\).*/\2/p' |
		while read -r name; do
		echo "$name = " >"$dir/conf"
		"$bin/iomapd" --config "$dir/conf" --check-config 2>&1 |
			grep -q 'command line only' || echo "$name"
	done | sort >"$dir/help"
	sed -n 's/^\.It Cm \([a-z-]*\) No = .*/\1/p' docs/man/iomapd.conf.5 | sort >"$dir/man"
	[ -s "$dir/help" ] && same "$dir/help" "$dir/man"
}

# iomapd accepts the example of iomapd.conf(5).
example_is_good() {
	sed -n '/^\.Bd -literal/,/^\.Ed/p' docs/man/iomapd.conf.5 | grep -v '^\.' >"$dir/conf"
	[ -s "$dir/conf" ] && "$bin/iomapd" --config "$dir/conf" --check-config >"$dir/out" 2>&1
}

# Lines of --help have at most 100 columns.
help_fits() { [ "$("$@" --help | wc -L)" -le 100 ]; }

lint() {
	# The pages refer to each other, and need not be installed.
	mandoc -T lint "$1" | grep -vE 'referenced manual not found: Xr (iomap|systemd)' >"$dir/out"
	[ ! -s "$dir/out" ]
}

for page in docs/man/*.[1-8]; do
	if command -v mandoc >/dev/null; then
		is "$page: lint" lint "$page"
	else
		skip "$page: lint" 'needs mandoc'
	fi
done
is 'iomapctl: options' options_agree docs/man/iomapctl.1 '' "$bin/iomapctl"
is 'iomapctl: commands' commands_agree
for command in $("$bin/iomapctl" --help | awk \
	'/^Commands:/ { on = 1; next } /^$/ { on = 0 } on { print $1 }'); do
	is "iomapctl $command: options" command_options_agree "$command"
	is "iomapctl $command: width of the help" help_fits "$bin/iomapctl" "$command"
done
is 'iomapctl: exit statuses' exits_agree iomapctl docs/man/iomapctl.1
is 'iomapctl: width of the help' help_fits "$bin/iomapctl"
is 'iomaptop: options' options_agree docs/man/iomaptop.1 '' "$bin/iomaptop"
is 'iomaptop: exit statuses' exits_agree iomaptop docs/man/iomaptop.1
is 'iomaptop: width of the help' help_fits "$bin/iomaptop"
for view in mappings callers backends cpus violations ipis; do
	is "iomaptop: columns of $view" columns_agree $view
done
if [ -x "$bin/iomapd" ]; then
	is 'iomapd: options' options_agree docs/man/iomapd.8 '' "$bin/iomapd"
	is 'iomapd: exit statuses' exits_agree iomapd docs/man/iomapd.8
	is 'iomapd: width of the help' help_fits "$bin/iomapd"
	is 'iomapd.conf: settings' settings_agree
	is 'iomapd.conf: the example' example_is_good
else
	skip 'iomapd: options' 'iomapd is not built'
fi
finish
