# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash

# Prints the programs, maps and links of BPF in the kernel, except the iterators of bpftool itself.
bpf_objects() {
	local noun

	for noun in prog map link; do
		bpftool $noun list -j | jq -r --arg noun $noun '.[] |
			select((.name // "") | test("^(iter|pid_iter|dump_bpf)") | not) |
			"\($noun) \(.id)"'
	done
}
