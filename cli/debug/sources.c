// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/debug/sources.h"

#include <fcntl.h>
#include <string.h>

#include "cli/debug/inlined.h"
#include "daemon/base/utf8.h"

#define NOTE_MAX 256

/* A module that was looked for. */
struct module {
	struct module *next;
	struct debuginfo *debug; /* NULL: none */
	char name[SYMBOL_MODULE_MAX];
};

/* A look-up that was made. */
struct found {
	struct found *next;
	char *symbol, *module;
	bool known;
	struct source_lines lines;
	char *paths[LINES_MAX]; /* that .lines points to */
};

struct sources {
	const struct sources_options *opts;
	char *cwd;
	struct module *modules;
	struct found *found;
	struct errbuf missing;
};

int sources_new(const struct sources_options *opts, struct sources **ret)
{
	struct sources *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->opts = opts;
	s->cwd = getcwd(NULL, 0);
	*ret = s;
	return 0;
}

/* ---- debug information ---- */

/*
 * Tells whether the module that is loaded now is another build. A module that was unloaded cannot
 * be compared.
 */
static bool other_build(const struct debuginfo *d)
{
	static const char name[] = "GNU";
	_cleanup_close_ int fd = -1;
	const unsigned char *want;
	unsigned char note[NOTE_MAX];
	char path[128];
	size_t len = debuginfo_build_id(d, &want);
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/module/%s/notes/.note.gnu.build-id", d->module);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, note, sizeof(note));
	/* Three words precede the name; the id is the rest. */
	if (n < 16 || memcmp(note + 12, name, sizeof(name)))
		return false;
	return (size_t)n - 16 != len || memcmp(note + 16, want, len);
}

static void open_module(struct sources *s, struct module *m)
{
	struct errbuf err = {};
	int r = debuginfo_open_installed(m->name, s->opts->release, s->opts->debug_dir, &m->debug,
					 &err);

	if (!r && other_build(m->debug)) {
		set_error(&err, -ESTALE, "%s is of another build than the module that is loaded",
			  m->debug->file);
		debuginfo_free(m->debug);
		m->debug = NULL;
	}
	/* The sentence about a driver is worth more than that about the kernel. */
	if (!m->debug && (!*s->missing.text || strcmp(m->name, DEBUGINFO_KERNEL)))
		set_error(&s->missing, 0, "no source lines of %s: %s", m->name, err.text);
}

static struct debuginfo *debug_of(struct sources *s, const char *module)
{
	struct module *m;

	for (m = s->modules; m; m = m->next) {
		if (!strcmp(m->name, module))
			return m->debug;
	}
	m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	snprintf(m->name, sizeof(m->name), "%s", module);
	m->next = s->modules;
	s->modules = m;
	open_module(s, m);
	return m->debug;
}

/* ---- paths ---- */

/* If the path lies below FROM of "FROM" or "FROM=TO": TO and the rest. NULL: it does not. */
static char *below(const char *path, const char *root)
{
	const char *equals = strchr(root, '='), *to = equals ? equals + 1 : "";
	size_t len = equals ? (size_t)(equals - root) : strlen(root), to_len = strlen(to);
	char *out;

	while (len && root[len - 1] == '/')
		len--;
	while (to_len && to[to_len - 1] == '/')
		to_len--;
	if (!len || strncmp(path, root, len) || path[len] != '/')
		return NULL;
	path += len;
	path += strspn(path, "/");
	if (asprintf(&out, "%.*s%s%s", (int)to_len, to, to_len ? "/" : "", path) < 0)
		return NULL;
	return out;
}

/* Removes "." and ".." from a path, as far as it has the folders for them. */
static void simplify(char *path)
{
	char *to = path, *from = path, *floor = path;

	if (*path == '/')
		floor = to = from = path + 1;
	while (*from) {
		size_t len = strcspn(from, "/"), all = len + (from[len] == '/');

		if (len == 1 && *from == '.') {
			/* Nothing to copy. */
		} else if (len == 2 && from[0] == '.' && from[1] == '.' && to > floor) {
			/* Back over the last folder and its slash. */
			for (to--; to > floor && to[-1] != '/'; to--)
				;
		} else {
			if (len == 2 && from[0] == '.' && from[1] == '.')
				floor = to + all;
			memmove(to, from, all);
			to += all;
		}
		from += all;
	}
	*to = '\0';
}

/* The path for reports; malloced, or NULL. */
static char *report_path(const struct sources *s, const struct source_line *l)
{
	_cleanup_free_ char *full = NULL;
	char *path = NULL;
	bool relative = *l->file != '/';

	if (asprintf(&full, "%s%s%s", relative && l->folder ? l->folder : "",
		     relative && l->folder ? "/" : "", l->file) < 0) {
		full = NULL;
		return NULL;
	}
	simplify(full);
	for (size_t i = 0; i < s->opts->nr_roots && !path; i++)
		path = below(full, s->opts->roots[i]);
	if (!path && s->cwd)
		path = below(full, s->cwd);
	if (path)
		return path;
	/* The kernel compiles with paths that are relative to its source. */
	path = strdup(relative ? l->file : full);
	if (path)
		simplify(path);
	return path;
}

/* ---- look-up ---- */

static int set_paths(const struct sources *s, struct found *f)
{
	for (size_t i = 0; i < f->lines.n; i++) {
		struct source_line *l = &f->lines.line[i];

		if (!l->file)
			continue;
		f->paths[i] = report_path(s, l);
		if (!f->paths[i])
			return -ENOMEM;
		l->file = f->paths[i];
	}
	return 0;
}

static void look_up(struct sources *s, struct found *f)
{
	struct symbol_text t;
	struct debuginfo *d;
	const char *module;

	if (!symbol_parse(f->symbol, &t) || !t.has_offset)
		return;
	module = *t.module ? t.module : *f->module ? f->module : DEBUGINFO_KERNEL;
	d = debug_of(s, module);
	f->known = d && !lines_find(d, t.name, t.offset, t.size, &f->lines) && !set_paths(s, f);
}

const struct source_lines *sources_find(struct sources *s, const char *symbol, const char *module)
{
	struct found *f;

	if (!s || !symbol)
		return NULL;
	module = module ?: "";
	for (f = s->found; f; f = f->next) {
		if (!strcmp(f->symbol, symbol) && !strcmp(f->module, module))
			return f->known ? &f->lines : NULL;
	}
	f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->symbol = strdup(symbol);
	f->module = strdup(module);
	f->next = s->found;
	s->found = f;
	if (f->symbol && f->module)
		look_up(s, f);
	return f->known ? &f->lines : NULL;
}

void sources_print(FILE *f, const struct source_lines *l)
{
	size_t first = 0;

	while (first + 1 < l->n && inlined_is_api(l->line[first].function))
		first++;
	for (size_t i = first; i < l->n; i++) {
		if (i > first)
			fputs(" inlined into ", f);
		utf8_print(f, l->line[i].function ?: "?");
		fputs(" at ", f);
		utf8_print(f, l->line[i].file ?: "?");
		fprintf(f, ":%u", l->line[i].line);
	}
}

const char *sources_missing(const struct sources *s)
{
	return s && *s->missing.text ? s->missing.text : NULL;
}

void sources_free(struct sources *s)
{
	if (!s)
		return;
	while (s->found) {
		struct found *f = s->found;

		s->found = f->next;
		for (size_t i = 0; i < LINES_MAX; i++)
			free(f->paths[i]);
		free(f->symbol);
		free(f->module);
		free(f);
	}
	while (s->modules) {
		struct module *m = s->modules;

		s->modules = m->next;
		debuginfo_free(m->debug);
		free(m);
	}
	free(s->cwd);
	free(s);
}
