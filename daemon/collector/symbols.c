// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/collector/symbols.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "bpf/code.h"
#include "daemon/base/symbol.h"
#include "daemon/base/util.h"

/* No function is this long: an address farther from its symbol belongs to an unloaded module. */
#define OFFSET_MAX (1 << 20)

struct entry {
	uint64_t addr;
	struct symbol sym; /* name NULL: slot free */
};

struct symbols {
	int fd;		     /* opened early: later iomapd may lack the privilege */
	int open_error;	     /* negative errno of the open; 0: open */
	struct entry *table; /* open addressing; at most half full */
	size_t size;	     /* a power of two */
	size_t used;
	char **retired; /* texts that are no longer in the table */
	size_t nr_retired;
	symbols_source source; /* NULL: none */
	void *source_ctx;
};

/* Type letters of kallsyms. */
#define FUNCTIONS "tTwW"
#define DATA	  "aAbBdDrR"

/* One line of the file; the strings are not NUL-terminated. */
struct line {
	uint64_t addr;
	char type;
	const char *name;
	size_t name_len;
	const char *module; /* NULL: none */
	size_t module_len;
};

/* The best symbol so far for one address. */
struct candidate {
	uint64_t code;	/* to be named */
	uint64_t addr;	/* of the code */
	uint64_t start; /* of the symbol */
	bool found;
	char name[SYMBOL_NAME_MAX];
	char module[SYMBOL_MODULE_MAX];
};

struct search {
	struct candidate *cand; /* ascending by addr */
	size_t n;
};

struct symbols *symbols_new(const char *path)
{
	struct symbols *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->size = 256;
	s->fd = open(path ? path : "/proc/kallsyms", O_RDONLY | O_CLOEXEC);
	s->open_error = s->fd < 0 ? -errno : 0;
	s->table = calloc(s->size, sizeof(*s->table));
	return s->table ? s : symbols_free(s);
}

struct symbols *symbols_free(struct symbols *s)
{
	if (!s)
		return NULL;
	for (size_t i = 0; s->table && i < s->size; i++) {
		free((char *)s->table[i].sym.name);
		free((char *)s->table[i].sym.module);
	}
	for (size_t i = 0; i < s->nr_retired; i++)
		free(s->retired[i]);
	free(s->retired);
	free(s->table);
	if (s->fd >= 0)
		close(s->fd);
	free(s);
	return NULL;
}

/* The entry of an address, or the free one where it belongs. */
static struct entry *slot(struct entry *table, size_t size, uint64_t addr)
{
	size_t i = (addr * 0x9e3779b97f4a7c15ULL) >> 32;

	for (;; i++) {
		struct entry *e = &table[i & (size - 1)];

		if (!e->sym.name || e->addr == addr)
			return e;
	}
}

static bool cached(const struct symbols *s, uint64_t addr)
{
	return slot(s->table, s->size, addr)->sym.name;
}

static int make_room(struct symbols *s)
{
	struct entry *table;

	if (s->used * 2 < s->size)
		return 0;
	table = calloc(s->size * 2, sizeof(*table));
	if (!table)
		return -ENOMEM;
	for (size_t i = 0; i < s->size; i++) {
		if (s->table[i].sym.name)
			*slot(table, s->size * 2, s->table[i].addr) = s->table[i];
	}
	free(s->table);
	s->table = table;
	s->size *= 2;
	return 0;
}

/* Takes an entry out of the table. Its texts stay valid. */
static int retire(struct symbols *s, struct entry *e)
{
	char **all = reallocarray(s->retired, s->nr_retired + 2, sizeof(*all));

	if (!all)
		return -ENOMEM;
	s->retired = all;
	all[s->nr_retired++] = (char *)e->sym.name;
	all[s->nr_retired++] = (char *)e->sym.module;
	e->sym = (struct symbol){};
	s->used--;
	return 0;
}

static int remember(struct symbols *s, const struct candidate *c)
{
	bool known = c->found && c->addr - c->start < OFFSET_MAX;
	char *name = NULL, *module = NULL;
	struct entry *e;
	int n;

	if (make_room(s))
		return -ENOMEM;
	if (known)
		n = asprintf(&name, "%s+0x%" PRIx64, c->name, c->addr - c->start);
	else
		n = asprintf(&name, "0x%" PRIx64, c->addr);
	if (n < 0)
		return -ENOMEM;
	if (known && *c->module) {
		module = strdup(c->module);
		if (!module) {
			free(name);
			return -ENOMEM;
		}
	}
	e = slot(s->table, s->size, c->code);
	if (e->sym.name && retire(s, e)) {
		free(name);
		free(module);
		return -ENOMEM;
	}
	e->addr = c->code;
	e->sym.name = name;
	e->sym.module = module;
	s->used++;
	return 0;
}

void symbols_set_source(struct symbols *s, symbols_source source, void *ctx)
{
	s->source = source;
	s->source_ctx = ctx;
}

/* The entry has that name already. */
static bool has_name(const struct entry *e, const struct symbol_text *t)
{
	char name[SYMBOL_TEXT_MAX];

	if (!e->sym.name || strcmp(e->sym.module ?: "", t->module))
		return false;
	snprintf(name, sizeof(name), "%s+0x%" PRIx64, t->name, t->offset);
	return !strcmp(e->sym.name, name);
}

int symbols_learn(struct symbols *s, uint64_t addr, const char *text)
{
	struct candidate c = { .code = addr, .addr = iomap_code_address(addr), .found = true };
	struct symbol_text t;

	if (!symbol_parse(text, &t) || !t.has_offset)
		return 0;
	if (has_name(slot(s->table, s->size, addr), &t))
		return 1;
	memcpy(c.name, t.name, sizeof(c.name));
	memcpy(c.module, t.module, sizeof(c.module));
	c.start = c.addr - t.offset;
	return remember(s, &c) ?: 1;
}

/* Asks the source for the name. Returns as symbols_learn(). */
static int ask(struct symbols *s, uint64_t addr)
{
	char text[SYMBOL_TEXT_MAX];

	if (!s->source || !s->source(s->source_ctx, addr, text, sizeof(text)))
		return 0;
	return symbols_learn(s, addr, text);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Parses "ADDRESS TYPE NAME[\t[MODULE]]". */
static bool parse_line(const char *p, const char *end, struct line *l)
{
	const char *start = p;
	int d;

	l->addr = 0;
	while (p < end && (d = hex_digit(*p)) >= 0) {
		l->addr = l->addr << 4 | d;
		p++;
	}
	if (p == start || end - p < 4 || p[0] != ' ' || p[2] != ' ')
		return false;
	l->type = p[1];
	l->name = p + 3;
	for (p = l->name; p < end && *p != '\t' && *p != ' '; p++)
		;
	l->name_len = p - l->name;
	l->module = NULL;
	while (p < end && (*p == '\t' || *p == ' '))
		p++;
	if (p < end && *p == '[') {
		l->module = ++p;
		while (p < end && *p != ']')
			p++;
		l->module_len = p - l->module;
	}
	return l->name_len > 0;
}

static void copy(char *to, size_t size, const char *from, size_t len)
{
	if (len >= size)
		len = size - 1;
	memcpy(to, from, len);
	to[len] = '\0';
}

/* Makes the symbol the candidate of the lowest address that is not below it. */
static bool offer(void *ctx, const struct line *l)
{
	struct search *s = ctx;
	size_t lo = 0, hi = s->n;
	struct candidate *c;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (s->cand[mid].addr < l->addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == s->n)
		return true;
	c = &s->cand[lo];
	/* Of several names of one address, the kernel prints the first. */
	if (c->found && l->addr <= c->start)
		return true;
	c->found = true;
	c->start = l->addr;
	copy(c->name, sizeof(c->name), l->name, l->name_len);
	copy(c->module, sizeof(c->module), l->module ? l->module : "",
	     l->module ? l->module_len : 0);
	return true;
}

/* Calls fn for each symbol of these types until it returns false. */
static int each_symbol(const struct symbols *s, const char *types,
		       bool (*fn)(void *ctx, const struct line *l), void *ctx)
{
	_cleanup_free_ char *buf = NULL;
	size_t have = 0;
	struct line l;
	ssize_t n;

	if (s->fd < 0)
		return s->open_error;
	if (lseek(s->fd, 0, SEEK_SET))
		return -errno;
	buf = malloc(64 * 1024);
	if (!buf)
		return -ENOMEM;
	for (;;) {
		char *p = buf, *end;

		n = read(s->fd, buf + have, 64 * 1024 - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		have += n;
		while ((end = memchr(p, '\n', buf + have - p))) {
			if (parse_line(p, end, &l) && strchr(types, l.type) && !fn(ctx, &l))
				return 0;
			p = end + 1;
		}
		have -= p - buf;
		if (!n)
			return 0;
		if (have == 64 * 1024)
			have = 0; /* no line of kallsyms: drop it */
		memmove(buf, p, have);
	}
}

static int by_addr(const void *a, const void *b)
{
	const struct candidate *ca = a, *cb = b;

	return ca->addr < cb->addr ? -1 : ca->addr > cb->addr;
}

int symbols_resolve(struct symbols *s, const uint64_t *addrs, size_t n)
{
	_cleanup_free_ struct candidate *cand = NULL;
	struct search search;
	size_t new = 0;
	int err;

	for (size_t i = 0; i < n; i++) {
		if (cached(s, addrs[i]))
			continue;
		err = ask(s, addrs[i]);
		if (err < 0)
			return err;
		new += !err;
	}
	if (!new)
		return 0;
	cand = calloc(new, sizeof(*cand));
	if (!cand)
		return -ENOMEM;
	new = 0;
	for (size_t i = 0; i < n; i++) {
		if (!cached(s, addrs[i]))
			cand[new ++] = (struct candidate){
				.code = addrs[i],
				.addr = iomap_code_address(addrs[i]),
			};
	}
	qsort(cand, new, sizeof(*cand), by_addr);
	search = (struct search){ cand, new };
	err = each_symbol(s, FUNCTIONS, offer, &search);
	for (size_t i = 0; i < new; i++) {
		struct candidate *c = &cand[i];

		/* No symbol lies between the previous address and this one: both have the same. */
		if (!c->found && i && cand[i - 1].found) {
			c->found = true;
			c->start = cand[i - 1].start;
			memcpy(c->name, cand[i - 1].name, sizeof(c->name));
			memcpy(c->module, cand[i - 1].module, sizeof(c->module));
		}
		if (!cached(s, c->code) && remember(s, c))
			return -ENOMEM;
	}
	return err;
}

const struct symbol *symbols_get(struct symbols *s, uint64_t addr)
{
	struct entry *e;

	if (!cached(s, addr))
		symbols_resolve(s, &addr, 1);
	e = slot(s->table, s->size, addr);
	return e->sym.name ? &e->sym : NULL;
}

static bool first(void *ctx, const struct line *l)
{
	int *state = ctx;

	*state = l->addr ? 1 : 0;
	return false;
}

int symbols_check(const struct symbols *s)
{
	int state = -1, err;

	err = each_symbol(s, FUNCTIONS, first, &state);
	if (err)
		return err;
	return state == 1 ? 0 : -EACCES;
}

struct finding {
	const char *const *names;
	size_t n;
	struct function *functions; /* NULL: variables are sought */
	uint64_t *addrs;
};

static bool is_named(const struct line *l, const char *name)
{
	return !l->module && *name == *l->name && !strncmp(name, l->name, l->name_len) &&
	       !name[l->name_len];
}

static void found(struct function *f, const struct line *l)
{
	bool global = l->type < 'a';

	if (f->global && !global)
		return;
	if (global && !f->global)
		*f = (struct function){ .global = true };
	f->copies++;
	if (f->copies == 1)
		f->start = l->addr;
}

static bool find_function(void *ctx, const struct line *l)
{
	struct finding *f = ctx;

	for (size_t i = 0; i < f->n; i++) {
		struct function *fn = &f->functions[i];

		/* A function ends at the next symbol. The symbols of vmlinux are sorted. */
		if (fn->start && l->addr > fn->start && (!fn->end || l->addr < fn->end))
			fn->end = l->addr;
		if (is_named(l, f->names[i]))
			found(fn, l);
	}
	return true;
}

int symbols_find(const struct symbols *s, const char *const *names, size_t n, struct function *ret)
{
	struct finding f = { .names = names, .n = n, .functions = ret };

	memset(ret, 0, n * sizeof(*ret));
	return each_symbol(s, FUNCTIONS, find_function, &f);
}

static bool find_variable(void *ctx, const struct line *l)
{
	struct finding *f = ctx;

	for (size_t i = 0; i < f->n; i++) {
		if (is_named(l, f->names[i]))
			f->addrs[i] = l->addr;
	}
	return true;
}

int symbols_find_data(const struct symbols *s, const char *const *names, size_t n, uint64_t *addr)
{
	struct finding f = { .names = names, .n = n, .addrs = addr };

	memset(addr, 0, n * sizeof(*addr));
	return each_symbol(s, DATA, find_variable, &f);
}
