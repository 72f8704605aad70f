#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Completion in bash and zsh, held to --help and to what the programs take.
# Usage: tests/cli/test-completion.sh [FOLDER OF PROGRAMS]
# The functions here are called through is().
# shellcheck disable=SC2317
# shellcheck source=tests/programs.sh
. tests/programs.sh

# Made by the programs that are tested, sanitized or not.
completion=$bin/completion
for name in iomapctl iomaptop iomapd; do
	# shellcheck disable=SC1090
	. "$completion/bash/$name" || bail "there is no completion of $name"
done

# complete_words WORD…: what bash offers for the last word, a line each, sorted.
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

# The options in the help of a command; the short name where there is no long one.
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

# all_taken STATUS WORD…: each word offered for the last one is accepted: the program does not exit
# with 2.
all_taken() {
	local n=0 word before=("${@:2:$#-2}")

	while read -r word; do
		timeout 10 "$bin/$2" "${before[@]:1}" "$word" "${after[@]}" >"$dir/out" \
			2>"$dir/err" </dev/null
		[ $? = "$1" ] || { echo "# not taken: $word"; return 1; }
		n=$((n + 1))
	done < <(complete_words "${@:2:$#-2}" '')
	[ $n = "${!#}" ] || { echo "# $n words, not ${!#}"; return 1; }
}

commands=$("$bin/iomapctl" --help | awk \
	'/^Commands:/ { on = 1; next } /^$/ { on = 0 } on { print $1 }' | paste -sd' ')
is "iomapctl: its commands" offers "$commands" iomapctl ''
is "iomapctl: its options" agrees iomapctl
for command in $commands; do
	is "iomapctl $command: its options" agrees iomapctl "$command"
done
is "iomaptop: its options" agrees iomaptop
is "iomapd: its options" agrees iomapd

is "a command that is begun" offers 'status stats' iomapctl st
is "an option that is begun" offers '--map-stacks --max-hold' iomapctl assert --ma
is "an option before the command" offers 'hist' iomapctl --socket /x hi
is "the options of a command that is shortened" offers '--freed' iomapctl l --f
is "no option of another command" offers '' iomapctl hist --fr
is "a value in the same word" offers 'sleepable' iomapctl hist --kind = sl
is "a value in the same word, of which there is nothing" offers 'atomic local sleepable' iomapctl \
	hist --kind =
touch "$dir/a file"
is "a name of a file" test "$(complete_words iomapctl assert --suppress "$dir/a")" = "$dir/a file"
is "the command line of assert" test "$(complete_words iomapctl assert -- gre |
	grep -x grep)" = grep
is "and its files" test "$(complete_words iomapctl assert --rule leak grep x "$dir/a")" = \
	"$dir/a file"

after=(--socket "$dir/none")
is "each kind is taken" all_taken 5 iomapctl hist --kind 3
after=(--delay 0.1 -b -n 1 --socket "$dir/none")
is "each view is taken" all_taken 5 iomaptop --view 6
for view in $(complete_words iomaptop --view ''); do
	is "$view: each of its columns is taken" all_taken 5 iomaptop -v "$view" --sort \
		"$("$bin/iomaptop" -b --view "$view" --sort nonsense 2>&1 | sed 's/.*but //' |
		tr ',' '\n' | wc -l)"
done
after=(--help)
is "iomapd: each of the hold times is taken" all_taken 0 iomapd --hold-times 3
is "iomapd: each rule is taken" all_taken 0 iomapd --without-check 11
is "iomapd: each hook is taken" all_taken 0 iomapd --without-hook 12
is "each rule is taken" offers "$(complete_words iomapd --without-check '' | grep -vx all |
	paste -sd' ')" \
	iomapctl assert --rule ''
is "each format is the one of the help" offers "$("$bin/iomapctl" assert --help |
	sed -n 's/ (default), / /; s/^ *--format FORMAT *//p' |
	sed 's/,//g; s/ or / /')" iomapctl assert --format ''

# On a terminal, with the key.
tm() { tmux -S "$dir/tmux-$shell" -f /dev/null "$@"; }
screen() { tm capture-pane -p -t shell; }
line_is() { screen | grep -qxF -- "> $1"; }
has_prompt() { screen | grep -qxE '> ?'; }
# tab TYPED LINE: typing it and Tab makes it LINE.
tab() {
	tm send-keys -t shell C-u
	tm send-keys -t shell -l "$1"
	tm send-keys -t shell Tab
	wait_for 20 line_is "$2" && return 0
	screen >"$dir/out"
	return 1
}
# Any other set-up of the shell's would only be in the way.
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
	eq="="	# zsh goes on to the value
	[ $shell != bash ] || eq=
	is "$shell: it runs" wait_for 30 has_prompt
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
