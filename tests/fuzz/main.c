// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a fuzz target with each file of a folder: the corpus in `make check`, without libFuzzer.
 * Usage: TARGET FOLDER. The last file in the output of a run that failed is the bad one.
 */
#include <dirent.h>
#include <string.h>

#include "tests/lib/fuzz.h"

#define INPUT_MAX (1 << 20) /* bytes of a file */

static int is_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void run_file(const char *folder, const char *name)
{
	char path[4096], *data = malloc(INPUT_MAX), *exact;
	size_t size;
	FILE *f;

	printf("# %s\n", name);
	fflush(stdout);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "re");
	CHECK(f && data);
	size = fread(data, 1, INPUT_MAX, f);
	CHECK(!ferror(f) && size < INPUT_MAX);
	fclose(f);
	/* The sanitizer sees a read behind the end of exactly these bytes. */
	exact = malloc(size ?: 1);
	CHECK(exact);
	memcpy(exact, data, size);
	free(data);
	CHECK(!LLVMFuzzerTestOneInput((uint8_t *)exact, size));
	free(exact);
}

int main(int argc, char **argv)
{
	struct dirent **files;
	int n;

	CHECK(argc == 2);
	n = scandir(argv[1], &files, is_file, alphasort);
	CHECK(n > 0);
	for (int i = 0; i < n; i++) {
		run_file(argv[1], files[i]->d_name);
		free(files[i]);
	}
	free(files);
	printf("ok 1 - %s: %d inputs\n1..1\n", argv[1], n);
	return 0;
}
