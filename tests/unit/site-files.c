// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds tables of sites, and compares their build-ids with those of the kernel and its modules. */
#include "tests/lib/test.h"

#include <elf.h>
#include <ftw.h>
#include <sys/stat.h>

#include "daemon/collector/site-files.h"

#define ETC   "/etc/iomap/sites"
#define SHARE "/usr/share/iomap/sites"
#define CACHE "/cache/iomap/sites"

struct fixture {
	char root[64];
	struct site_files files;
};

/* A note as the kernel shows it. */
static size_t note(char *p, uint32_t type, const char *desc, uint32_t len)
{
	const Elf64_Nhdr h = { .n_namesz = 4, .n_descsz = len, .n_type = type };

	memcpy(p, &h, sizeof(h));
	memcpy(p + sizeof(h), "GNU", 4);
	memset(p + sizeof(h) + 4, 0, (len + 3) & ~3U);
	memcpy(p + sizeof(h) + 4, desc, len);
	return sizeof(h) + 4 + ((len + 3) & ~3U);
}

static void put(const struct fixture *f, const char *path, const void *data, size_t size)
{
	char full[512];
	FILE *file;

	snprintf(full, sizeof(full), "%s%s", f->root, path);
	for (char *p = full + strlen(f->root) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(full, 0755);
		*p = '/';
	}
	file = fopen(full, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	fclose(file);
	chmod(full, 0644);
}

/* A table of one site. id: 2 hexadecimal digits. */
static void put_table(const struct fixture *f, const char *folder, const char *module,
		      const char *id)
{
	char path[128], text[256];

	snprintf(path, sizeof(path), "%s/%s-%s.sites", folder, module, id);
	snprintf(text, sizeof(text),
		 "iomap-sites 1\nmodule %s\nbuild-id %s\nstruct base=0 size=8 iomem=24\n"
		 "free j+0x1 iomap=rax\nend 1\n",
		 module, id);
	put(f, path, text, strlen(text));
}

static void put_loaded(const struct fixture *f, const char *module, char id)
{
	char path[128], notes[64];

	snprintf(path, sizeof(path), "/sys/module/%s/initstate", module);
	put(f, path, "live\n", 5);
	snprintf(path, sizeof(path), "/sys/module/%s/notes/.note.gnu.build-id", module);
	put(f, path, notes, note(notes, NT_GNU_BUILD_ID, &id, 1));
}

static void read_all(struct fixture *f)
{
	site_files_free(&f->files);
	assert_int_equal(site_files_read(f->root, &f->files), 0);
	assert_int_equal(site_files_choose(f->root, &f->files), 0);
}

static const struct site_file *get(const struct fixture *f, const char *module, unsigned char id)
{
	for (size_t i = 0; i < f->files.n; i++) {
		const struct site_table *t = &f->files.file[i].table;

		if (!strcmp(t->module, module) && t->build_id.bytes[0] == id)
			return &f->files.file[i];
	}
	fail_msg("there is no table of %s %02x", module, id);
	return NULL;
}

static int make(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char cache[128];

	if (!f)
		return -1;
	strcpy(f->root, "/tmp/iomap-sites-XXXXXX");
	if (!mkdtemp(f->root))
		return -1;
	snprintf(cache, sizeof(cache), "%s/cache", f->root);
	setenv("XDG_CACHE_HOME", cache, 1);
	*state = f;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int clear(void **state)
{
	struct fixture *f = *state;

	site_files_free(&f->files);
	nftw(f->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(f);
	return 0;
}

static void no_folders(void **state)
{
	struct fixture *f = *state;

	read_all(f);
	assert_int_equal(f->files.n, 0);
	assert_int_equal(f->files.hash, 0);
	assert_int_equal(f->files.nr_problems, 0);
}

static void build_id_of_notes(void **state)
{
	struct build_id id = {};
	char notes[128], text[BUILD_ID_TEXT];
	size_t n, last;

	(void)state;
	n = note(notes, 0x100, "xyz", 3);
	last = n;
	n += note(notes + n, NT_GNU_BUILD_ID, "\x01\x02\xff", 3);
	assert_int_equal(build_id_from_notes(notes, n, &id), 0);
	assert_int_equal(id.len, 3);
	assert_string_equal(build_id_text(&id, text), "0102ff");
	/* The padding at the end may be missing. Notes that are cut off have no build-id. */
	assert_int_equal(build_id_from_notes(notes, n - 1, &id), 0);
	for (size_t len = 0; len < n - 1; len++)
		assert_int_equal(build_id_from_notes(notes, len, &id), -ENOENT);
	/* Sizes that overflow. */
	for (size_t at = 0; at < 8; at++) {
		char bad[sizeof(notes)];

		memcpy(bad, notes, n);
		memset(bad + at / 4 * 4, 0xff, 4);
		bad[at / 4 * 4] = (char)(0xf8 + at % 4);
		assert_int_equal(build_id_from_notes(bad, n, &id), -ENOENT);
	}
	/* An id that is too long, and one without a byte. */
	memset(notes + last, 0, sizeof(notes) - last);
	assert_int_equal(build_id_from_notes(notes,
					     last + note(notes + last, NT_GNU_BUILD_ID,
							 "0123456789012345678901", 21),
					     &id),
			 -ENOENT);
	n = last + note(notes + last, NT_GNU_BUILD_ID, "", 0);
	assert_int_equal(build_id_from_notes(notes, n, &id), -ENOENT);
}

static void build_id_of_running(void **state)
{
	struct fixture *f = *state;
	struct build_id id = {};
	char notes[64];

	put_loaded(f, "qxl", 0x11);
	put(f, "/sys/kernel/notes", notes, note(notes, NT_GNU_BUILD_ID, "\x22", 1));
	put(f, "/sys/module/drm/parameters/debug", "0\n", 2);
	put(f, "/sys/module/old/initstate", "live\n", 5);
	assert_int_equal(build_id_of_loaded(f->root, "qxl", &id), 0);
	assert_int_equal(id.bytes[0], 0x11);
	assert_int_equal(build_id_of_loaded(f->root, "vmlinux", &id), 0);
	assert_int_equal(id.bytes[0], 0x22);
	assert_int_equal(build_id_of_loaded(f->root, "i915", &id), -ENOENT);
	/* Built in, and loaded without a build-id. */
	assert_int_equal(build_id_of_loaded(f->root, "drm", &id), -ENOENT);
	assert_int_equal(build_id_of_loaded(f->root, "old", &id), -ENODATA);
}

static void each_folder(void **state)
{
	struct fixture *f = *state;
	uint64_t hash;

	put_table(f, ETC, "qxl", "11");
	put_table(f, CACHE, "i915", "22");
	put_table(f, SHARE, "ttm", "33");
	put(f, SHARE "/README", "hello", 5);
	put(f, SHARE "/.hidden.sites", "hello", 5);
	put_loaded(f, "qxl", 0x11);
	put_loaded(f, "i915", 0x23);
	read_all(f);
	assert_int_equal(f->files.n, 3);
	assert_int_equal(get(f, "qxl", 0x11)->use, SITE_USE_LOADED);
	assert_int_equal(get(f, "ttm", 0x33)->use, SITE_USE_WAITING);
	assert_int_equal(get(f, "i915", 0x22)->use, SITE_USE_OTHER);
	assert_int_equal(f->files.nr_problems, 1);
	assert_string_equal(f->files.problems[0],
			    "i915 is not watched: its build-id is 23, and its table is for 22; run "
			    "'iomapctl sites --module i915'");
	hash = f->files.hash;
	read_all(f);
	assert_true(hash && f->files.hash == hash);
	put_table(f, SHARE, "ttm", "34");
	read_all(f);
	assert_true(f->files.hash != hash);
}

/* Of several builds, the loaded one is taken, else the newest. Of one build, the first table. */
static void several_builds(void **state)
{
	struct fixture *f = *state;

	put_table(f, SHARE, "qxl", "11");
	usleep(20000);
	put_table(f, SHARE, "qxl", "12");
	put_table(f, ETC, "qxl", "11");
	read_all(f);
	assert_int_equal(f->files.n, 2);
	assert_non_null(strstr(get(f, "qxl", 0x11)->path, ETC));
	assert_int_equal(get(f, "qxl", 0x11)->use, SITE_USE_WAITING);
	assert_int_equal(get(f, "qxl", 0x12)->use, SITE_USE_OLDER);
	put_loaded(f, "qxl", 0x12);
	read_all(f);
	assert_int_equal(get(f, "qxl", 0x12)->use, SITE_USE_LOADED);
	assert_int_equal(get(f, "qxl", 0x11)->use, SITE_USE_OTHER);
	assert_int_equal(f->files.nr_problems, 0);
}

static void not_used(void **state)
{
	struct fixture *f = *state;
	char path[256], *large = calloc(1, SITE_FILE_MAX + 1);
	const char *words[] = { "other users can write to it", "it is too large",
				"line 1: this is not a table", "it is no file" };

	put_table(f, SHARE, "a", "11");
	snprintf(path, sizeof(path), "%s" SHARE "/a-11.sites", f->root);
	chmod(path, 0666);
	assert_non_null(large);
	put(f, SHARE "/b.sites", large, SITE_FILE_MAX + 1);
	free(large);
	put(f, SHARE "/c.sites", "hello\n", 6);
	snprintf(path, sizeof(path), "%s" SHARE "/d.sites", f->root);
	assert_int_equal(mkfifo(path, 0644), 0);
	read_all(f);
	assert_int_equal(f->files.n, 0);
	assert_int_equal(f->files.nr_problems, ARRAY_SIZE(words));
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!strstr(f->files.problems[i], words[i]))
			fail_msg("%s", f->files.problems[i]);
	}
	if (geteuid())
		return;
	put_table(f, ETC, "e", "11");
	snprintf(path, sizeof(path), "%s" ETC "/e-11.sites", f->root);
	assert_int_equal(chown(path, 65534, 65534), 0);
	read_all(f);
	assert_int_equal(f->files.n, 0);
	assert_non_null(strstr(f->files.problems[0], "it belongs to another user"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, clear)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_folders),  TEST(build_id_of_notes), TEST(build_id_of_running),
		TEST(each_folder), TEST(several_builds),    TEST(not_used),
	};

	return cmocka_run_group_tests_name("unit/site-files", tests, NULL, NULL);
}
