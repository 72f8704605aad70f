// SPDX-License-Identifier: GPL-2.0-or-later
/* iomapctl sites: write the tables of sites of modules, from their debug information. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "cli/ctl/iomapctl.h"
#include "cli/debug/inlined.h"
#include "daemon/base/utf8.h"
#include "daemon/collector/site-files.h"

#define PROGRESS_NS (NSEC_PER_SEC / 5)

struct progress {
	const char *module;
	uint64_t started, shown;
};

/* Where the tables go, and what came of the modules so far. */
struct run {
	const struct ctl_config *cfg;
	char *dir; /* NULL: standard output */
	size_t written;
	size_t none;	/* modules without code of io_mapping */
	size_t unknown; /* modules without debug information */
	bool failed;
};

static void show_progress(void *arg, size_t done, size_t all)
{
	struct progress *p = arg;
	uint64_t now = now_ns(), passed = now - p->started;

	if (now - p->shown < PROGRESS_NS)
		return;
	p->shown = now;
	fprintf(stderr, "\r%s: %zu of %zu units, about %.0f s left ", p->module, done, all,
		(double)passed / (double)done * (double)(all - done) / 1e9);
}

static int make_dir(const char *dir, struct errbuf *e)
{
	_cleanup_free_ char *path = strdup(dir);

	if (!path)
		return set_error(e, -ENOMEM, "out of memory");
	for (char *p = path + 1;; p++) {
		char c = *p;

		if (c && c != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0777) && errno != EEXIST)
			return set_error(e, -errno, "cannot make the folder %s: %s", path,
					 strerror(errno));
		if (!c)
			return 0;
		*p = c;
	}
}

/* Replaces the file as a whole. *ret: its path. */
static int write_file(const struct site_table *t, const char *dir, char **ret, struct errbuf *e)
{
	_cleanup_free_ char *temp = NULL;
	char id[BUILD_ID_TEXT];
	int fd, err = 0;
	FILE *f;

	if (asprintf(ret, "%s/%s" SITE_SUFFIX, dir, build_id_text(&t->build_id, id)) < 0) {
		*ret = NULL;
		return set_error(e, -ENOMEM, "out of memory");
	}
	if (asprintf(&temp, "%s.XXXXXX", *ret) < 0) {
		temp = NULL;
		return set_error(e, -ENOMEM, "out of memory");
	}
	fd = mkostemp(temp, O_CLOEXEC);
	f = fd < 0 ? NULL : fdopen(fd, "w");
	if (!f)
		return set_error(e, -errno, "cannot write to %s: %s", dir, strerror(errno));
	site_table_write(t, f);
	if (fflush(f) || ferror(f) || fchmod(fd, 0644) || rename(temp, *ret))
		err = -errno ?: -EIO;
	fclose(f);
	if (!err)
		return 0;
	unlink(temp);
	return set_error(e, err, "cannot write %s: %s", *ret, strerror(-err));
}

static bool all_known(const struct api_site *s)
{
	const char *const *args = site_args(s->what, s->kind);

	for (int i = 0; args[i]; i++) {
		if (!s->arg[i].n)
			return false;
	}
	return true;
}

static void print_summary(const struct site_table *t, const char *path)
{
	size_t hidden = 0, partly = 0;

	for (size_t i = 0; i < t->n; i++) {
		hidden += !t->sites[i].has_offset;
		partly += t->sites[i].has_offset && !all_known(&t->sites[i]);
	}
	utf8_line(stdout, "%s: %s", t->module, path);
	printf("  %zu site%s", t->n, t->n == 1 ? "" : "s");
	if (partly)
		printf(", %zu with an argument that is not known", partly);
	if (hidden)
		printf(", %zu that cannot be probed", hidden);
	putchar('\n');
}

static int write_table(struct run *run, const struct site_table *t, struct errbuf *e)
{
	_cleanup_free_ char *path = NULL;
	int err;

	if (!run->dir) {
		site_table_write(t, stdout);
		return 0;
	}
	err = write_file(t, run->dir, &path, e);
	if (!err)
		print_summary(t, path);
	return err;
}

/* @asked: the user named it, so each problem is an error. */
static void make_table(struct run *run, struct debuginfo *d, bool asked)
{
	struct progress p = { .module = d->module, .started = now_ns() };
	struct debug_progress progress = { .arg = &p };
	struct site_table table = {};
	struct errbuf err = {};
	int r;

	p.shown = p.started;
	if (isatty(STDERR_FILENO))
		progress.step = show_progress;
	r = inlined_find(d, &progress, &table, &err);
	if (p.shown != p.started)
		fputs("\r\033[K", stderr);
	if (!r)
		r = write_table(run, &table, &err);
	site_table_free(&table);
	run->written += !r;
	run->none += r == -ENOENT && !asked;
	if (r && (r != -ENOENT || asked)) {
		run->failed |= r != -ENOENT;
		ctl_fail(r, &err);
	}
}

static void try_file(struct run *run, const char *file)
{
	_cleanup_debuginfo_ struct debuginfo *d = NULL;
	struct errbuf err = {};
	int r = debuginfo_open(file, run->cfg->debug_dir, &d, &err);

	if (!r) {
		make_table(run, d, true);
		return;
	}
	run->failed = true;
	ctl_fail(r, &err);
}

static void try_module(struct run *run, const char *module, bool asked)
{
	_cleanup_debuginfo_ struct debuginfo *d = NULL;
	struct errbuf err = {};
	struct utsname uts;
	int r;

	uname(&uts);
	r = debuginfo_open_installed(module, uts.release, run->cfg->debug_dir, &d, &err);
	if (!r) {
		make_table(run, d, asked);
	} else if (asked) {
		run->failed = true;
		ctl_fail(r, &err);
	} else {
		run->unknown++;
	}
}

/* Tries each module that is loaded. */
static void try_loaded(struct run *run)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/modules", "re");
	_cleanup_free_ char *line = NULL;
	size_t size = 0;

	while (f && getline(&line, &size, f) > 0) {
		line[strcspn(line, " ")] = '\0';
		try_module(run, line, false);
	}
	if (run->none)
		fprintf(stderr, "iomapctl: %zu loaded modules have no code of io_mapping\n",
			run->none);
	if (run->unknown)
		fprintf(stderr,
			"iomapctl: %zu loaded modules have no debug information: install the debug "
			"package of this kernel (Debian: linux-image-*-dbg), or name the files "
			"that have it\n",
			run->unknown);
}

static int open_dir(struct run *run, struct errbuf *e)
{
	if (run->cfg->output && !strcmp(run->cfg->output, "-"))
		return 0;
	if (run->cfg->output)
		run->dir = strdup(run->cfg->output);
	else if (site_cache_folder(&run->dir) == -ENOENT)
		return set_error(e, -ENOENT, "$HOME is not set: name a folder with --output");
	return run->dir ? make_dir(run->dir, e) : set_error(e, -ENOMEM, "out of memory");
}

int do_sites(void *config)
{
	const struct ctl_config *cfg = config;
	struct run run = { .cfg = cfg };
	struct errbuf err = {};
	int r = open_dir(&run, &err);

	if (r) {
		free(run.dir);
		return ctl_fail(r, &err);
	}
	for (char **file = cfg->words; file && *file; file++)
		try_file(&run, *file);
	for (size_t i = 0; i < cfg->modules.n; i++)
		try_module(&run, cfg->modules.value[i], true);
	if (!cfg->words && !cfg->modules.n)
		try_loaded(&run);
	free(run.dir);
	if (run.failed)
		return EXIT_CANNOT;
	return run.written ? EXIT_GOOD : EXIT_NOTHING;
}
