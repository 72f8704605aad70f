// SPDX-License-Identifier: GPL-2.0-or-later
/* The file of known violations that are tolerated: RULE SYMBOL-PATTERN -- reason. */
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "cli/assert/report.h"
#include "daemon/base/names.h"
#include "daemon/base/symbol.h"

#define LINE_BYTES	 1024
#define SUPPRESSIONS_MAX 4096
#define BLANKS		 " \t\r\n"

/* The position of a line, for error sentences. */
struct position {
	const char *file;
	unsigned int line;
	struct errbuf *err;
};

static int bad(const struct position *at, const char *what)
{
	return set_error(at->err, -EINVAL, "%s:%u: %s", at->file, at->line, what);
}

/* Removes blanks at both ends. */
static char *trim(char *s)
{
	size_t n;

	s += strspn(s, BLANKS);
	for (n = strlen(s); n && strchr(BLANKS, s[n - 1]); n--)
		s[n - 1] = '\0';
	return s;
}

/*
 * Finds the "--" between pattern and reason, with blanks on both sides. Returns NULL if there is
 * none.
 */
static char *find_dashes(char *s)
{
	for (char *p = s; (p = strstr(p, "--")); p++) {
		if (p > s && strchr(" \t", p[-1]) && (!p[2] || strchr(" \t", p[2])))
			return p;
	}
	return NULL;
}

/* Parses "symbol" or "symbol [module]". */
static int take_pattern(const struct position *at, char *s, struct suppression *ret)
{
	char *end = s + strcspn(s, BLANKS), *module = NULL;
	size_t n;

	if (*end) {
		*end = '\0';
		module = trim(end + 1);
		n = strlen(module);
		if (n < 3 || module[0] != '[' || module[n - 1] != ']' || strpbrk(module, BLANKS))
			return bad(at, "expected '[module]' or '-- reason' after the symbol");
		module[n - 1] = '\0';
		module++;
	}
	ret->symbol = strdup(s);
	ret->module = module ? strdup(module) : NULL;
	return ret->symbol && (!module || ret->module) ? 0 : -ENOMEM;
}

static int take_line(const struct position *at, char *s, struct suppression *ret)
{
	char *dashes = find_dashes(s), *reason, *symbol;
	int rule, err;

	if (!dashes || !*(reason = trim(dashes + 2)))
		return bad(at, "the line needs a reason: RULE SYMBOL -- reason");
	*dashes = '\0';
	s = trim(s);
	symbol = s + strcspn(s, BLANKS);
	if (!*symbol)
		return bad(at, "the line needs a rule and a symbol: RULE SYMBOL -- reason");
	*symbol = '\0';
	rule = rule_from_name(s);
	if (rule < 0)
		return set_error(at->err, -EINVAL, "%s:%u: there is no rule '%.64s'", at->file,
				 at->line, s);
	*ret = (struct suppression){ .line = at->line, .rule = rule };
	err = take_pattern(at, trim(symbol + 1), ret);
	if (err)
		return err;
	ret->reason = strdup(reason);
	return ret->reason ? 0 : -ENOMEM;
}

static int read_line(const struct position *at, char *line, size_t len, struct suppressions *s)
{
	struct suppression *p;
	char *text;

	if (strlen(line) != len)
		return bad(at, "the line holds a NUL byte");
	if (len > LINE_BYTES)
		return bad(at, "the line is longer than 1024 bytes");
	text = trim(line);
	if (!*text || *text == '#')
		return 0;
	if (s->nr == SUPPRESSIONS_MAX)
		return bad(at, "there are more than 4096 suppressions");
	p = reallocarray(s->entries, s->nr + 1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	s->entries = p;
	p[s->nr] = (struct suppression){};
	return take_line(at, text, &p[s->nr++]);
}

int suppressions_read(FILE *f, const char *name, struct suppressions *ret, struct errbuf *err)
{
	struct position at = { .file = name, .err = err };
	_cleanup_free_ char *line = NULL;
	struct suppressions s = {};
	size_t cap = 0;
	ssize_t len;
	int r = 0;

	errno = 0;
	while (!r && (len = getline(&line, &cap, f)) >= 0) {
		at.line++;
		r = read_line(&at, line, len, &s);
	}
	if (!r && ferror(f))
		r = set_error(err, errno ? -errno : -EIO, "cannot read %s: %s", name,
			      strerror(errno ?: EIO));
	if (r == -ENOMEM)
		set_error(err, r, "out of memory");
	if (r)
		suppressions_free(&s);
	else
		*ret = s;
	return r;
}

void suppressions_free(struct suppressions *s)
{
	for (size_t i = 0; i < s->nr; i++) {
		free(s->entries[i].symbol);
		free(s->entries[i].module);
		free(s->entries[i].reason);
	}
	free(s->entries);
	*s = (struct suppressions){};
}

static bool symbol_matches(const struct suppression *s, const char *symbol, const char *module)
{
	struct symbol_text t;

	if (!symbol || !symbol_parse(symbol, &t) ||
	    (s->module && fnmatch(s->module, module ?: t.module, 0)))
		return false;
	if (!fnmatch(s->symbol, t.name, 0))
		return true;
	symbol_strip_suffix(t.name);
	return !fnmatch(s->symbol, t.name, 0);
}

static bool matches(const struct suppression *s, const struct model_violation *v)
{
	if (s->rule != v->rule)
		return false;
	if (symbol_matches(s, v->caller, v->module) ||
	    symbol_matches(s, v->offender, v->offender_module))
		return true;
	for (size_t i = 0; i < v->nr_stack; i++) {
		if (symbol_matches(s, v->stack[i], NULL))
			return true;
	}
	return false;
}

const struct suppression *suppressions_match(struct suppressions *s,
					     const struct model_violation *v)
{
	const struct suppression *first = NULL;

	for (size_t i = 0; i < s->nr; i++) {
		if (!matches(&s->entries[i], v))
			continue;
		s->entries[i].used = true;
		first = first ?: &s->entries[i];
	}
	return first;
}
