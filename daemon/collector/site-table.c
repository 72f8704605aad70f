// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/collector/site-table.h"

#include <inttypes.h>
#include <string.h>

#include "bpf/iomap.h"
#include "daemon/base/names.h"

#define LINE_MAX_LEN 2048

static const char *const what_names[] = {
	[SITE_MAP] = "map",   [SITE_UNMAP] = "unmap", [SITE_CREATE] = "create",
	[SITE_INIT] = "init", [SITE_FREE] = "free",   [SITE_FINI] = "fini",
};

static const char *const code_names[SITE_CODE_MAX] = {
	[SITE_ADD] = "add", [SITE_SUB] = "sub", [SITE_MUL] = "mul",
	[SITE_AND] = "and", [SITE_OR] = "or",	[SITE_XOR] = "xor",
	[SITE_SHL] = "shl", [SITE_SHR] = "shr", [SITE_SAR] = "sar",
};

/* DWARF's numbers for x86_64 are the indexes. */
static const char *const reg_names[SITE_REGS_MAX] = { "rax", "rdx", "rcx", "rbx", "rsi", "rdi",
						      "rbp", "rsp", "r8",  "r9",  "r10", "r11",
						      "r12", "r13", "r14", "r15" };

static bool has_kind(enum site_what what)
{
	return what == SITE_MAP || what == SITE_UNMAP;
}

const char *const *site_args(enum site_what what, unsigned int kind)
{
	static const char *const map[] = { "mapping", "offset", NULL };
	static const char *const map_size[] = { "mapping", "offset", "size", NULL };
	static const char *const unmap[] = { "vaddr", NULL };
	static const char *const create[] = { "base", "size", NULL };
	static const char *const init[] = { "iomap", "base", "size", NULL };
	static const char *const free_args[] = { "iomap", NULL };
	static const char *const fini[] = { "mapping", NULL };

	switch (what) {
	case SITE_MAP:
		return kind == IOMAP_SLEEPABLE ? map_size : map;
	case SITE_UNMAP:
		return unmap;
	case SITE_CREATE:
		return create;
	case SITE_INIT:
		return init;
	case SITE_FREE:
		return free_args;
	default:
		return fini;
	}
}

int site_table_add(struct site_table *t, const struct api_site *site)
{
	struct api_site *sites;

	if (t->n == SITE_TABLE_MAX)
		return -E2BIG;
	if (!(t->n & (t->n - 1))) {
		sites = reallocarray(t->sites, t->n ? 2 * t->n : 1, sizeof(*sites));
		if (!sites)
			return -ENOMEM;
		t->sites = sites;
	}
	t->sites[t->n++] = *site;
	return 0;
}

/* The number of values on the stack after the step, or -EINVAL. */
static int stack_after(const struct site_step *s, int depth)
{
	switch (s->code) {
	case SITE_REG:
	case SITE_CONST:
		return depth < SITE_STACK_MAX ? depth + 1 : -EINVAL;
	case SITE_LOAD:
		return depth >= 1 ? depth : -EINVAL;
	default:
		return depth >= 2 ? depth - 1 : -EINVAL;
	}
}

bool site_value_valid(const struct site_value *v)
{
	int depth = 0;

	for (size_t i = 0; i < v->n && depth >= 0; i++)
		depth = stack_after(&v->step[i], depth);
	return depth == 1;
}

/* ---- writing ---- */

static void write_value(const struct site_value *v, FILE *f)
{
	if (!v->n)
		fputc('?', f);
	for (size_t i = 0; i < v->n; i++) {
		const struct site_step *s = &v->step[i];

		if (i)
			fputc(',', f);
		if (s->code == SITE_REG)
			fputs(reg_names[s->arg], f);
		if (s->code == SITE_REG && s->imm)
			fprintf(f, "%+" PRId64, s->imm);
		else if (s->code == SITE_CONST)
			fprintf(f, "%" PRId64, s->imm);
		else if (s->code == SITE_LOAD)
			fprintf(f, "*%u", s->arg);
		else if (s->code != SITE_REG)
			fputs(code_names[s->code], f);
	}
}

static void write_site(const struct api_site *s, FILE *f)
{
	const char *const *names = site_args(s->what, s->kind);

	fputs(what_names[s->what], f);
	if (has_kind(s->what))
		fprintf(f, " %s", kind_name(s->kind));
	fprintf(f, " %s+", s->symbol);
	if (s->has_offset)
		fprintf(f, "0x%" PRIx64, s->offset);
	else
		fputc('?', f);
	if (s->called)
		fputs(" called", f);
	for (int i = 0; names[i]; i++) {
		fprintf(f, " %s=", names[i]);
		write_value(&s->arg[i], f);
	}
	if (s->comment)
		fprintf(f, " # %s", s->comment);
	fputc('\n', f);
}

void site_table_write(const struct site_table *t, FILE *f)
{
	char id[BUILD_ID_TEXT];

	fprintf(f, "iomap-sites %d\nmodule %s\nbuild-id %s\n", SITE_VERSION, t->module,
		build_id_text(&t->build_id, id));
	fprintf(f, "struct base=%u size=%u iomem=%u\n", t->base, t->size, t->iomem);
	for (size_t i = 0; i < t->n; i++)
		write_site(&t->sites[i], f);
	fprintf(f, "end %zu\n", t->n);
}

/* ---- reading ---- */

static int find(const char *const *names, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++) {
		if (names[i] && !strcmp(names[i], word))
			return (int)i;
	}
	return -EINVAL;
}

static bool number(const char *s, int64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoll(s, &end, 10);
	return end != s && !*end && !errno && (*s == '-' || *s == '+' || (*s >= '0' && *s <= '9'));
}

static bool parse_step(char *word, struct site_step *ret)
{
	size_t len = strcspn(word, "+-");
	int n = find(code_names, ARRAY_SIZE(code_names), word);
	char sign = word[len];

	*ret = (struct site_step){ .code = SITE_CONST };
	if (n >= 0) {
		ret->code = n;
		return true;
	}
	if (*word == '*') {
		n = find((const char *const[]){ "*1", "*2", "*4", "*8" }, 4, word);
		ret->code = SITE_LOAD;
		ret->arg = 1U << (n & 3);
		return n >= 0;
	}
	if (!len || (*word >= '0' && *word <= '9'))
		return number(word, &ret->imm);
	word[len] = '\0';
	n = find(reg_names, ARRAY_SIZE(reg_names), word);
	word[len] = sign;
	ret->code = SITE_REG;
	ret->arg = n & (SITE_REGS_MAX - 1);
	return n >= 0 && (!sign || number(word + len, &ret->imm));
}

static bool parse_value(char *text, struct site_value *ret)
{
	char *word;

	*ret = (struct site_value){};
	if (!strcmp(text, "?"))
		return true;
	while ((word = strsep(&text, ","))) {
		if (ret->n == SITE_STEPS_MAX || !parse_step(word, &ret->step[ret->n]))
			return false;
		ret->n++;
	}
	return site_value_valid(ret);
}

/* The next word of the line, or NULL. */
static char *next_word(char **line)
{
	char *word;

	do
		word = strsep(line, " \t");
	while (word && !*word);
	return word;
}

/* Printable ASCII without spaces: it goes to the kernel and to terminals. */
static bool is_name(const char *s, size_t max)
{
	size_t n = 0;

	for (; s[n]; n++) {
		if (s[n] <= ' ' || s[n] >= 0x7f || s[n] == ':')
			return false;
	}
	return n && n < max;
}

static const char *parse_at(char *word, struct api_site *s)
{
	static const char wrong[] = "the address is not SYMBOL+0xOFFSET or SYMBOL+?";
	char *plus = word ? strrchr(word, '+') : NULL, *end;

	if (!plus)
		return wrong;
	s->has_offset = strcmp(plus, "+?");
	if (s->has_offset) {
		errno = 0;
		s->offset = strtoull(plus + 1, &end, 16);
		if (strncmp(plus, "+0x", 3) || !plus[3] || *end || errno || s->offset > UINT32_MAX)
			return wrong;
	}
	*plus = '\0';
	if (!is_name(word, SYMBOL_NAME_MAX))
		return "the symbol is not the name of a function";
	s->symbol = strdup(word);
	return s->symbol ? NULL : "out of memory";
}

static const char *parse_args(char *line, struct api_site *s)
{
	const char *const *names = site_args(s->what, s->kind);
	bool seen[SITE_ARGS_MAX] = {};
	size_t nr = 0;
	char *word;

	while (names[nr])
		nr++;
	while ((word = next_word(&line))) {
		char *equals = strchr(word, '=');
		int i;

		if (!equals && !s->called && !strcmp(word, "called")) {
			s->called = true;
			continue;
		}
		if (equals)
			*equals = '\0';
		i = find(names, nr, word);
		if (!equals || i < 0 || seen[i])
			return "an argument is not one of this function, or is there twice";
		if (!parse_value(equals + 1, &s->arg[i]))
			return "the expression of an argument is wrong";
		seen[i] = true;
	}
	for (size_t i = 0; i < nr; i++) {
		if (!seen[i])
			return "an argument is missing";
	}
	return NULL;
}

static const char *parse_site(enum site_what what, char *line, struct site_table *t)
{
	struct api_site s = { .what = what };
	const char *wrong = NULL;

	if (has_kind(what)) {
		char *kind = next_word(&line);

		s.kind = IOMAP_KIND_MAX;
		for (unsigned int k = 0; kind && k < IOMAP_KIND_MAX; k++) {
			if (!strcmp(kind, kind_name(k)))
				s.kind = k;
		}
		if (s.kind == IOMAP_KIND_MAX)
			return "the kind is not atomic, local or sleepable";
	}
	wrong = parse_at(next_word(&line), &s) ?: parse_args(line, &s);
	if (!wrong) {
		int err = site_table_add(t, &s);

		if (!err)
			return NULL;
		wrong = err == -E2BIG ? "the table has too many sites" : "out of memory";
	}
	free(s.symbol);
	return wrong;
}

static const char *parse_build_id(const char *hex, struct site_table *t)
{
	size_t len = hex ? strlen(hex) : 0;

	t->build_id.len = len / 2;
	if (!len || len % 2 || t->build_id.len > BUILD_ID_MAX ||
	    strspn(hex, "0123456789abcdef") != len)
		return "the build-id is not an even number of hexadecimal digits, 40 at most";
	for (size_t i = 0; i < t->build_id.len; i++) {
		char two[3] = { hex[2 * i], hex[2 * i + 1] };

		t->build_id.bytes[i] = (unsigned char)strtoul(two, NULL, 16);
	}
	return NULL;
}

static const char *parse_struct(char *line, struct site_table *t)
{
	static const char *const names[] = { "base=", "size=", "iomem=" };
	unsigned int *to[] = { &t->base, &t->size, &t->iomem };
	const char *wrong = "not struct base=OFFSET size=OFFSET iomem=OFFSET";

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *word = next_word(&line);
		int64_t n;

		if (!word || strncmp(word, names[i], strlen(names[i])) ||
		    !number(word + strlen(names[i]), &n) || n < 0 || n > 1024)
			return wrong;
		*to[i] = (unsigned int)n;
	}
	return next_word(&line) ? wrong : NULL;
}

enum part {
	PART_VERSION,
	PART_MODULE,
	PART_BUILD_ID,
	PART_STRUCT,
	PART_SITES,
	PART_DONE
};

/* The lines before the sites have a fixed order. */
static const char *parse_head(enum part part, const char *word, char *line, struct site_table *t)
{
	static const char *const words[] = { "iomap-sites", "module", "build-id", "struct" };
	char *value;

	if (strcmp(word, words[part]))
		return part == PART_VERSION ? "this is not a table of sites"
					    : "module, build-id and struct must precede the sites";
	if (part == PART_STRUCT)
		return parse_struct(line, t);
	value = next_word(&line);
	if (part == PART_BUILD_ID)
		return parse_build_id(value, t);
	if (part == PART_VERSION)
		return value && !strcmp(value, "1") ? NULL : "the version of the table is not 1";
	if (!value || !is_name(value, sizeof(t->module)) || strchr(value, '/'))
		return "the name of the module is wrong";
	strcpy(t->module, value);
	return NULL;
}

static const char *parse_end(char *line, const struct site_table *t)
{
	const char *word = next_word(&line);
	int64_t n;

	return word && number(word, &n) && n == (int64_t)t->n
		       ? NULL
		       : "the number of sites is not the number at the end";
}

static const char *parse_line(char *line, enum part *part, struct site_table *t)
{
	char *comment = strchr(line, '#'), *word;
	const char *wrong;
	int what;

	if (comment)
		*comment = '\0';
	word = next_word(&line);
	if (!word)
		return NULL;
	if (*part == PART_DONE)
		return "a line follows the end";
	if (*part == PART_SITES && strcmp(word, "end")) {
		what = find(what_names, ARRAY_SIZE(what_names), word);
		return what < 0 ? "the line begins with an unknown word"
				: parse_site(what, line, t);
	}
	wrong = *part == PART_SITES ? parse_end(line, t) : parse_head(*part, word, line, t);
	if (!wrong)
		++*part;
	return wrong;
}

int site_table_parse(const char *text, size_t len, struct site_table *ret, struct errbuf *e)
{
	struct site_table t = {};
	enum part part = PART_VERSION;
	const char *wrong = NULL;
	char line[LINE_MAX_LEN];
	unsigned int nr = 0;

	if (len > SITE_FILE_MAX)
		wrong = "the file is too large";
	while (len && !wrong) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		nr++;
		if (!end || n >= sizeof(line) || memchr(text, '\0', n)) {
			wrong = end ? "the line is too long or has a NUL" : "the line is cut off";
			break;
		}
		memcpy(line, text, n);
		line[n] = '\0';
		text += n + 1;
		len -= n + 1;
		wrong = parse_line(line, &part, &t);
	}
	if (!wrong && part != PART_DONE)
		wrong = "the file is cut off: it has no line \"end\"";
	if (!wrong) {
		*ret = t;
		return 0;
	}
	site_table_free(&t);
	return set_error(e, -EINVAL, "line %u: %s", nr, wrong);
}

void site_table_free(struct site_table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->sites[i].symbol);
		free(t->sites[i].comment);
	}
	free(t->sites);
	*t = (struct site_table){};
}
