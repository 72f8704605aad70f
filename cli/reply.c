// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Walks through the description of the interface and through a reply at the same time. The
 * description is part of this program, so it is known to be well-formed.
 */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "build/daemon/base/monitor-varlink.h"
#include "cli/reply.h"

#define INSTALL "install it and this program from the same version"

/* The position of a value: the last part of its path. */
struct place {
	const struct place *above;
	const char *name; /* NULL: an element of an array */
	size_t len, index;
};

/* A check in progress. */
struct check {
	const char *socket;
	struct errbuf *err;
};

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t\n");
}

static size_t word_len(const char *p)
{
	size_t n = 0;

	while (isalnum((unsigned char)p[n]) || p[n] == '_')
		n++;
	return n;
}

static bool is_word(const char *p, size_t len, const char *word)
{
	return strlen(word) == len && !strncmp(p, word, len);
}

/* Writes a path such as "mappings[3].size". Returns its length. */
static size_t put_path(const struct place *at, char *buf, size_t size)
{
	size_t n = at && at->above ? put_path(at->above, buf, size) : 0;

	if (!at || n >= size)
		return n;
	if (!at->name)
		return n + (size_t)snprintf(buf + n, size - n, "[%zu]", at->index);
	return n +
	       (size_t)snprintf(buf + n, size - n, "%s%.*s", n ? "." : "", (int)at->len, at->name);
}

static int missing(const struct check *c, const struct place *at)
{
	char path[128] = "";

	put_path(at, path, sizeof(path));
	return set_error(c->err, -EPROTO, "the reply of iomapd at %s lacks '%s': " INSTALL,
			 c->socket, path);
}

static int wrong(const struct check *c, const struct place *at, const char *wanted, int len)
{
	char path[128] = "";

	put_path(at, path, sizeof(path));
	return set_error(c->err, -EPROTO,
			 "in the reply of iomapd at %s, '%s' is not of the type %.*s: " INSTALL,
			 c->socket, path, len, wanted);
}

/* Returns the text of a type or of a method's reply: it begins with "(". */
static const char *find(const char *what, const char *name, size_t len)
{
	const char *p = monitor_varlink;

	while ((p = strstr(p, what))) {
		p += strlen(what);
		if (!strncmp(p, name, len) && !word_len(p + len))
			return p + len;
	}
	return NULL;
}

/* Returns the text behind a type. */
static const char *skip_type(const char *p)
{
	int depth = 0;

	/* The next comma or parenthesis of the same level ends it. */
	for (; *p && (depth || (*p != ',' && *p != ')')); p++)
		depth += (*p == '(') - (*p == ')');
	return p;
}

static int check_type(const struct check *c, const char *type, const json_t *v,
		      const struct place *at);

/* Checks the members of an object. @members: "(name: type, …)". */
static int check_members(const struct check *c, const char *members, const json_t *v,
			 const struct place *at)
{
	const char *p = skip_blanks(skip_blanks(members) + 1);
	int r = 0;

	if (!json_is_object(v))
		return wrong(c, at, "object", 6);
	while (!r && *p && *p != ')') {
		struct place member = { .above = at, .name = p, .len = word_len(p) };
		const char *type = skip_blanks(p + member.len + 1); /* behind the colon */
		const json_t *m = json_object_getn(v, member.name, member.len);

		if (m)
			r = check_type(c, type, m, &member);
		else if (*type != '?')
			r = missing(c, &member);
		p = skip_type(type);
		p = skip_blanks(*p == ',' ? p + 1 : p);
	}
	return r;
}

static int check_elements(const struct check *c, const char *type, const json_t *v,
			  const struct place *at)
{
	const json_t *element;
	int r = 0;
	size_t i;

	if (!json_is_array(v))
		return wrong(c, at, "array", 5);
	json_array_foreach(v, i, element) {
		r = check_type(c, type, element, &(struct place){ .above = at, .index = i });
		if (r)
			break;
	}
	return r;
}

static int check_values(const struct check *c, const char *type, const json_t *v,
			const struct place *at)
{
	const json_t *value;
	const char *key;
	int r = 0;

	if (!json_is_object(v))
		return wrong(c, at, "object", 6);
	json_object_foreach((json_t *)v, key, value) {
		r = check_type(c, type, value,
			       &(struct place){ .above = at, .name = key, .len = strlen(key) });
		if (r)
			break;
	}
	return r;
}

static int check_type(const struct check *c, const char *type, const json_t *v,
		      const struct place *at)
{
	static const char string_map[] = "[string]";
	size_t len;
	bool good;

	if (*type == '?') {
		if (json_is_null(v))
			return 0;
		type++;
	}
	if (*type == '(')
		return check_members(c, type, v, at);
	if (!strncmp(type, "[]", 2))
		return check_elements(c, type + 2, v, at);
	if (!strncmp(type, string_map, strlen(string_map)))
		return check_values(c, type + strlen(string_map), v, at);
	len = word_len(type);
	if (isupper((unsigned char)*type)) {
		type = find("\ntype ", type, len);
		return type ? check_members(c, type, v, at) : 0;
	}
	if (is_word(type, len, "int"))
		good = json_is_integer(v);
	else if (is_word(type, len, "float"))
		good = json_is_number(v);
	else if (is_word(type, len, "string"))
		good = json_is_string(v);
	else if (is_word(type, len, "bool"))
		good = json_is_boolean(v);
	else
		good = json_is_object(v);
	return good ? 0 : wrong(c, at, type, (int)len);
}

int reply_check(const char *method, const json_t *params, const char *path, struct errbuf *err)
{
	const struct check c = { path, err };
	const char *reply = find("\nmethod ", method, strlen(method));

	reply = reply ? strstr(reply, "->") : NULL;
	return reply ? check_members(&c, reply + 2, params, NULL) : 0;
}

size_t reply_memory(const char *text, size_t len)
{
	size_t sum = len;

	/* The parts of a value in jansson 2.14: tables for members, nodes, heads of malloc(). */
	for (size_t i = 0; i < len; i++) {
		switch (text[i]) {
		case '{':
			sum += 288;
			break;
		case '[':
			sum += 144;
			break;
		case ':':
		case ',':
			sum += 80;
			break;
		}
	}
	return sum;
}
