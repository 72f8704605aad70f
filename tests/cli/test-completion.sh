#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Completion in bash and zsh offers the options of --help and only words that the programs accept.
# Usage: tests/cli/test-completion.sh [FOLDER OF PROGRAMS]
# The functions here are called through is().
# shellcheck disable=SC2317
# shellcheck source=tests/programs.sh
. tests/programs.sh

# The completions made by the programs under test, sanitized or not.
completion=$bin/completion
for name in iomapctl iomaptop iomapd; do
	# shellcheck disable=SC1090
	. "$completion/bash/$name" || bail "there is no completion of $name"
done

# complete_words WORD…: prints the words that bash offers for the last word, one per line, sorted.
complete_words() {
	local COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()

	"_$1"
	[ ${#COMPREPLY[@]} = 0 ] || printf '%s\n' "${COMPREPLY[@]}" | sort
}

# offers WANT WORD…: the words offered are exactly those of WANT.
offers() {
	tr ' ' '\n' <<<"$1" | sed '/^$/d' | sort >"$dir/want"
	shift
	complete_words "$@" >"$dir/got"
	diff -u "$dir/want" "$dir/got" >"$dir/out"
}

# help_names COMMAND…: prints the options in its help; the short name if there is no long one.
help_names() {
	"$@" --help | awk '/^Usage:/ { next } /^Exit status/ { exit }
		/^ +-/ { line = $0; if (match(line, /--[a-z-]+/))
			print substr(line, RSTART, RLENGTH); else print $1 }'
}

# agrees WORD…: the options that are offered are those of the help.
agrees() {
	local program=$1

	shift
	offers "$(help_names "$bin/$program" "$@" | paste -sd' ')" "$program" "$@" -
}

# all_taken STATUS PROGRAM WORD… N: N words are offered after WORD…, and with each of them the
# program exits with STATUS.
all_taken() {
	local n=0 word before=("${@:2:$#-2}")

	while read -r word; do
		timeout 10 "$bin/$2" "${before[@]:1}" "$word" "${after[@]}" >"$dir/out" \
			2>"$dir/err" </dev/null
		[ $? = "$1" ] || { echo "# not accepted: $word"; return 1; }
		n=$((n + 1))
	done < <(complete_words "${@:2:$#-2}" '')
	[ $n = "${!#}" ] || { echo "# $n words, not ${!#}"; return 1; }
}

commands=$("$bin/iomapctl" --help | awk \
	'/^Commands:/ { on = 1; next } /^$/ { on = 0 } on { print $1 }' | paste -sd' ')
is "iomapctl: the commands" offers "$commands" iomapctl ''
is "iomapctl: the options" agrees iomapctl
for command in $commands; do
	is "iomapctl $command: the options" agrees iomapctl "$command"
done
is "iomaptop: the options" agrees iomaptop
is "iomapd: the options" agrees iomapd

is "the start of a command" offers 'status stats' iomapctl st
is "the start of an option" offers '--map-stacks --max-hold' iomapctl assert --ma
is "an option before the command" offers 'hist' iomapctl --socket /x hi
is "the options of a shortened command" offers '--freed' iomapctl l --f
is "no option of another command" offers '' iomapctl hist --fr
is "the start of a value after =" offers 'sleepable' iomapctl hist --kind = sl
is "all values after =" offers 'atomic local sleepable' iomapctl \
	hist --kind =
touch "$dir/a file"
is "a file name" test "$(complete_words iomapctl assert --suppress "$dir/a")" = "$dir/a file"
is "diff: a file" test "$(complete_words iomapctl diff "$dir/a")" = "$dir/a file"
is "diff: the second file" test "$(complete_words iomapctl diff x "$dir/a")" = "$dir/a file"
is "diff: an option behind the files" offers '--fail-on' iomapctl diff x y --fa
is "assert: the command to run" test "$(complete_words iomapctl assert -- gre |
	grep -x grep)" = grep
is "assert: the files of that command" test "$(complete_words iomapctl assert --rule leak grep x "$dir/a")" = \
	"$dir/a file"

after=(--socket "$dir/none")
is "iomapctl accepts each kind" all_taken 5 iomapctl hist --kind 3
after=(--delay 0.1 -b -n 1 --socket "$dir/none")
is "iomaptop accepts each view" all_taken 5 iomaptop --view 6
for view in $(complete_words iomaptop --view ''); do
	is "iomaptop accepts each column of $view" all_taken 5 iomaptop -v "$view" --sort \
		"$("$bin/iomaptop" -b --view "$view" --sort nonsense 2>&1 | sed 's/.*but //' |
		tr ',' '\n' | wc -l)"
done
after=(--help)
is "iomapd accepts each value of --hold-times" all_taken 0 iomapd --hold-times 3
is "iomapd accepts each rule" all_taken 0 iomapd --without-check 11
is "iomapd accepts each hook" all_taken 0 iomapd --without-hook 12
is "iomapctl assert: the rules of iomapd" offers "$(complete_words iomapd --without-check '' | grep -vx all |
	paste -sd' ')" \
	iomapctl assert --rule ''
is "iomapctl assert: the formats of the help" offers "$("$bin/iomapctl" assert --help |
	sed -n 's/ (default), / /; s/^ *--format FORMAT *//p' |
	sed 's/,//g; s/ or / /')" iomapctl assert --format ''

# On a terminal, with the Tab key.
tm() { tmux -S "$dir/tmux-$shell" -f /dev/null "$@"; }
screen() { tm capture-pane -p -t shell; }
line_is() { screen | grep -qxF -- "> $1"; }
has_prompt() { screen | grep -qxE '> ?'; }
# tab TYPED LINE: TYPED and Tab give LINE.
tab() {
	tm send-keys -t shell C-u
	tm send-keys -t shell -l "$1"
	tm send-keys -t shell Tab
	wait_for 20 line_is "$2" && return 0
	screen >"$dir/out"
	return 1
}
# The user's own set-up of the shell is not read.
printf '%s\n' "PS1='> '" "for f in $completion/bash/*; do . \$f; done" >"$dir/bashrc"
mkdir "$dir/zsh"
printf '%s\n' "PS1='> '" "fpath=($completion/zsh \$fpath)" 'autoload -U compinit' \
	"compinit -u -d $dir/zsh/dump" \
	'unsetopt beep' >"$dir/zsh/.zshrc"
for shell in bash zsh; do
	command -v $shell >/dev/null || bail "$shell is missing: run 'make deps'"
	if [ $shell = bash ]; then
		tm new-session -d -s shell -x 150 -y 30 \
			"PATH=$bin:\$PATH exec bash --noprofile --rcfile $dir/bashrc -i"
	else
		tm new-session -d -s shell -x 150 -y 30 \
			"PATH=$bin:\$PATH ZDOTDIR=$dir/zsh exec zsh -i"
	fi
	eq="="	# zsh adds the = of a value
	[ $shell != bash ] || eq=
	is "$shell: the prompt" wait_for 30 has_prompt
	is "$shell: a command" tab 'iomapctl det' 'iomapctl detach'
	is "$shell: an option of a command" tab 'iomapctl hist --k' "iomapctl hist --kind$eq"
	is "$shell: a value" tab 'iomapctl hist --kind loc' 'iomapctl hist --kind local'
	is "$shell: a value after =" tab 'iomapctl hist --kind=loc' 'iomapctl hist --kind=local'
	is "$shell: a shortened command" tab 'iomapctl as --form' "iomapctl as --format$eq"
	is "$shell: a command to run" tab 'iomapctl assert -- iomapt' 'iomapctl assert -- iomaptop'
	is "$shell: a column of the view" tab 'iomaptop --view ipis --sort PER' \
		'iomaptop --view ipis --sort PER-1000'
	is "$shell: iomapd" tab 'iomapd --without-hook csd_q' 'iomapd --without-hook csd_queue_cpu'
done
finish
