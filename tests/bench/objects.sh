#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The code of two users of io_mapping before and after the patch series: while all tracepoints are
# off, a map and an unmap execute the same loads, stores, jumps and calls as before, and one NOP.
# Reads the results of kernel-patch/objects.
# Usage: tests/bench/objects.sh [FOLDER]
. tests/tap.sh

dir=${1:-$(kernel-patch/objects --print-path)} ||
	bail "nothing is compiled: run kernel-patch/objects"
qxl=(qxl_bo_kmap_atomic_page qxl_bo_kunmap_atomic_page)

# shape VARIANT OBJECT FUNCTION: prints the memory accesses, jumps and calls of the path.
shape() {
	local words

	words=$(tests/bench/path --shape "$dir/$1/$2.o" "$3") || words="$1 has no $3"
	echo "${words% sites *}"
}
# sites VARIANT OBJECT FUNCTION: prints the tracepoints on the path.
sites() {
	tests/bench/path "$dir/$1/$2.o" "$3" | sed -n 's/^site __tracepoint_//p' | paste -sd' '
}
# The disassembly with its relocations
text() { objdump -drw --no-show-raw-insn "$dir/$1/$2.o" | grep -v 'file format'; }
refers() { nm "$dir/$1/$2.o" | grep -c ' U __io_mapping_backend$'; }

same "with the options of the series off, the code that maps and unmaps is that before it" \
	"$(text off qxl_object | sha256sum)" "$(text plain qxl_object | sha256sum)"
# The series reserves the memory type before it maps the region: the code has another order.
for f in qxl_device_init qxl_device_fini; do
	same "$f, which creates and frees mappings: with the options off, as many jumps and calls" \
		"$(shape off qxl_kms $f | sed 's/.* jumps/jumps/')" \
		"$(shape plain qxl_kms $f | sed 's/.* jumps/jumps/')"
done

for f in "${qxl[@]}"; do
	same "$f: loads, stores, jumps and calls are those before the series" \
		"$(shape trace qxl_object "$f")" "$(shape plain qxl_object "$f")"
done
same "qxl's map: one site" "$(sites trace qxl_object "${qxl[0]}")" io_mapping_map
same "qxl's unmap: one site" "$(sites trace qxl_object "${qxl[1]}")" io_mapping_unmap
same "the test driver's atomic map: loads, stores, jumps and calls as without the tracepoints" \
	"$(shape trace run test_map_atomic)" "$(shape off run test_map_atomic)"
for f in test_map_atomic test_map_local test_map_sleepable; do
	same "$f: one site" "$(sites trace run $f)" io_mapping_map
done

# mapping->iomem + offset; function tracing needs the call.
same "map_wc on the linear backend: one load, no store, no jump" \
	"$(shape trace run test_map_sleepable)" "memory 1 jumps 0 calls 1"
is "map_wc on the linear backend: an addition" \
	grep -q '^add ' <<<"$(tests/bench/path "$dir/trace/run.o" test_map_sleepable)"

for object in qxl_object run main; do
	same "$object: without the debug option, it does not refer to the backend" \
		"$(refers trace $object)" 0
	same "$object: with the debug option, it does" "$(refers debug $object)" 1
done
finish
