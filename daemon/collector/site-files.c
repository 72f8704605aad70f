// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/collector/site-files.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PROBLEMS_MAX 16

int site_cache_folder(char **ret)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	int n;

	*ret = NULL;
	if (cache && *cache == '/')
		n = asprintf(ret, "%s/iomap/sites", cache);
	else if (home && *home == '/')
		n = asprintf(ret, "%s/.cache/iomap/sites", home);
	else
		return -ENOENT;
	if (n >= 0)
		return 0;
	*ret = NULL;
	return -ENOMEM;
}

check_printf(2, 3) static int add_problem(struct site_files *files, const char *fmt, ...)
{
	struct errbuf e = {};
	char text[sizeof(e.text)], **problems;
	va_list ap;

	if (files->nr_problems == PROBLEMS_MAX)
		return 0;
	problems = reallocarray(files->problems, files->nr_problems + 1, sizeof(*problems));
	if (!problems)
		return -ENOMEM;
	files->problems = problems;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	set_error(&e, 0, "%s", text);
	problems[files->nr_problems] = strdup(e.text);
	return problems[files->nr_problems++] ? 0 : -ENOMEM;
}

/* ---- reading ---- */

/* Why the file may not be used; NULL: it may. */
static const char *not_trusted(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "it is no file";
	if (st->st_uid && st->st_uid != geteuid())
		return "it belongs to another user";
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return "other users can write to it";
	return st->st_size > SITE_FILE_MAX ? "it is too large" : NULL;
}

static const struct site_file *find_build(const struct site_files *files, const struct build_id *id)
{
	for (size_t i = 0; i < files->n; i++) {
		if (build_id_equal(&files->file[i].table.build_id, id))
			return &files->file[i];
	}
	return NULL;
}

static int add_file(struct site_files *files, struct site_file *f)
{
	struct site_file *all;

	if (find_build(files, &f->table.build_id)) {
		site_table_free(&f->table);
		free(f->path);
		return 0;
	}
	all = reallocarray(files->file, files->n + 1, sizeof(*all));
	if (!all) {
		site_table_free(&f->table);
		free(f->path);
		return -ENOMEM;
	}
	files->file = all;
	files->file[files->n++] = *f;
	return 0;
}

static uint64_t hash_text(uint64_t h, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)text[i]) * 0x100000001b3ULL;
	return h;
}

/* Reads the file at the path, which it takes ownership of. */
static int read_file(struct site_files *files, char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	_cleanup_free_ char *own = path, *text = NULL;
	struct site_file f = {};
	struct errbuf e = {};
	struct stat st;
	const char *why;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st))
		return add_problem(files, "cannot read %s: %s", path, strerror(errno));
	why = not_trusted(&st);
	if (why)
		return add_problem(files, "%s is not used: %s", path, why);
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return -ENOMEM;
	n = read(fd, text, (size_t)st.st_size + 1);
	if (n < 0)
		return add_problem(files, "cannot read %s: %s", path, strerror(errno));
	if (site_table_parse(text, (size_t)n, &f.table, &e))
		return add_problem(files, "%s is not used: %s", path, e.text);
	f.path = own;
	own = NULL;
	f.written_ns = (uint64_t)st.st_mtim.tv_sec * NSEC_PER_SEC + (uint64_t)st.st_mtim.tv_nsec;
	/* The order of the files must not matter. */
	files->hash += hash_text(0xcbf29ce484222325ULL, text, (size_t)n) ?: 1;
	return add_file(files, &f);
}

static int is_table(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name), suffix = strlen(SITE_SUFFIX);

	return *entry->d_name != '.' && len > suffix &&
	       !strcmp(entry->d_name + len - suffix, SITE_SUFFIX);
}

static int read_folder(struct site_files *files, const char *folder)
{
	struct dirent **names;
	int err = 0, n = scandir(folder, &names, is_table, alphasort);

	if (n < 0)
		return errno == ENOMEM ? -ENOMEM : 0;
	for (int i = 0; i < n; i++) {
		char *path = NULL;

		if (!err && files->n == SITE_FILES_MAX)
			err = add_problem(files, "%s has more than %d tables", folder,
					  SITE_FILES_MAX);
		else if (!err)
			err = asprintf(&path, "%s/%s", folder, names[i]->d_name) < 0
				      ? -ENOMEM
				      : read_file(files, path);
		free(names[i]);
	}
	free(names);
	return err;
}

static int by_module_and_time(const void *a, const void *b)
{
	const struct site_file *x = a, *y = b;
	int order = strcmp(x->table.module, y->table.module);

	if (order)
		return order;
	return (x->written_ns < y->written_ns) - (x->written_ns > y->written_ns);
}

static int read_system(const char *root, const char *folder, struct site_files *files)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s%s", root ?: "", folder) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	return read_folder(files, path);
}

int site_files_read(const char *root, struct site_files *ret)
{
	_cleanup_free_ char *cache = NULL;
	struct site_files files = {};
	int err = read_system(root, "/etc/iomap/sites", &files);

	if (!err)
		err = site_cache_folder(&cache);
	if (cache && !err)
		err = read_folder(&files, cache);
	if (!err || err == -ENOENT)
		err = read_system(root, "/usr/share/iomap/sites", &files);
	if (err) {
		site_files_free(&files);
		return err;
	}
	if (files.n)
		qsort(files.file, files.n, sizeof(*files.file), by_module_and_time);
	*ret = files;
	return 0;
}

/* ---- choosing ---- */

/*
 * Decides on the n tables of one module. id: its build-id; NULL: it is not loaded. Returns true if
 * one of the tables can be used.
 */
static bool choose(struct site_file *f, size_t n, const struct build_id *id)
{
	bool any = !id;

	for (size_t i = 0; i < n; i++) {
		if (!id)
			f[i].use = i ? SITE_USE_OLDER : SITE_USE_WAITING;
		else if (build_id_equal(&f[i].table.build_id, id))
			f[i].use = SITE_USE_LOADED;
		else
			f[i].use = SITE_USE_OTHER;
		any |= f[i].use == SITE_USE_LOADED;
	}
	return any;
}

int site_files_choose(const char *root, struct site_files *files)
{
	size_t n;

	for (size_t i = 0; i < files->n; i += n) {
		const char *module = files->file[i].table.module;
		char has[BUILD_ID_TEXT], table[BUILD_ID_TEXT];
		struct build_id id = {};
		int err = build_id_of_loaded(root, module, &id);

		for (n = 1; i + n < files->n; n++) {
			if (strcmp(files->file[i + n].table.module, module))
				break;
		}
		if (choose(&files->file[i], n, err == -ENOENT ? NULL : &id))
			continue;
		err = add_problem(files,
				  "%s is not watched: its build-id is %s, and its table is for %s; "
				  "run 'iomapctl sites --module %s'",
				  module, *build_id_text(&id, has) ? has : "not known",
				  build_id_text(&files->file[i].table.build_id, table), module);
		if (err)
			return err;
	}
	return 0;
}

void site_files_free(struct site_files *files)
{
	for (size_t i = 0; i < files->n; i++) {
		free(files->file[i].path);
		site_table_free(&files->file[i].table);
	}
	for (size_t i = 0; i < files->nr_problems; i++)
		free(files->problems[i]);
	free(files->file);
	free(files->problems);
	*files = (struct site_files){};
}
