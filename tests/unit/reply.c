// SPDX-License-Identifier: GPL-2.0-or-later
/* Replies are checked member by member against the interface. */
#include <string.h>

#include "cli/reply.h"
#include "tests/lib/figures.h"
#include "tests/lib/test.h"

static struct errbuf err;
static json_t *snapshot;

static int check(void)
{
	err.text[0] = '\0';
	return reply_check("Snapshot", snapshot, "/s", &err);
}

/* Expects the sentence about the member at that path. */
static void check_named(const char *sentence, const char *path)
{
	char quoted[300];

	assert_int_equal(check(), -EPROTO);
	snprintf(quoted, sizeof(quoted), "'%s'", path);
	if (!strstr(err.text, quoted) || !strstr(err.text, sentence))
		print_error("%s: %s\n", path, err.text);
	assert_non_null(strstr(err.text, quoted));
	assert_non_null(strstr(err.text, sentence));
}

/* Tells whether the names of the members are data. */
static bool is_map(const char *path)
{
	static const char *const maps[] = { "backends", "lost", "rules", "missing", "interrupts" };
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < ARRAY_SIZE(maps); i++) {
		if (!strcmp(dot + 1, maps[i]))
			return true;
	}
	return false;
}

static json_t *wrong_type(const json_t *v)
{
	/* No member that may be null is a bool. */
	if (json_is_null(v))
		return json_true();
	return json_is_number(v) ? json_string("1") : json_integer(1);
}

static unsigned int members, required;

/* Breaks each member below @v in each way, one at a time. */
static void break_members(json_t *v, const char *path)
{
	char member[256];
	json_t *m, *copy;
	const char *key;
	json_t *names = json_copy(v); /* the loops below change the order of v */
	size_t i;
	int r;

	json_array_foreach(v, i, m) {
		snprintf(member, sizeof(member), "%s[%zu]", path, i);
		copy = json_incref(m);
		json_array_set_new(v, i, wrong_type(m));
		check_named("is not of the type", member);
		json_array_set(v, i, copy);
		break_members(copy, member);
		json_decref(copy);
	}
	json_object_foreach(names, key, m) {
		snprintf(member, sizeof(member), "%s%s%s", path, *path ? "." : "", key);
		copy = json_incref(m);
		members++;
		json_object_set_new(v, key, wrong_type(m));
		check_named("is not of the type", member);
		json_object_set_new(v, key, json_null());
		r = check();
		if (r)
			check_named("is not of the type", member);
		if (r && !is_map(path)) {
			required++;
			json_object_del(v, key);
			check_named("lacks", member);
			json_object_set(v, key, copy);
		} else {
			json_object_set(v, key, copy);
		}
		break_members(copy, member);
		json_decref(copy);
	}
	json_decref(names);
}

static void each_member(void **state)
{
	const struct figures figures = { .time = 10, .work = 10, .sites = 5, .ipi = true };

	(void)state;
	snapshot = figures_snapshot(&figures);
	assert_non_null(snapshot);
	assert_int_equal(check(), 0);
	break_members(snapshot, "");
	assert_int_equal(check(), 0);
	/* The numbers only show that the loop looked at the whole. */
	assert_true(members > 500 && required > 400 && required < members);
	/* Members of a newer iomapd do not matter. */
	json_object_set_new(snapshot, "newer", json_integer(1));
	assert_int_equal(check(), 0);
	json_decref(snapshot);
}

static void sentences(void **state)
{
	json_t *v = json_pack("{s:i, s:i}", "schema", 2, "time_ns", 1);

	(void)state;
	assert_int_equal(reply_check("List", v, "/s", &err), -EPROTO);
	assert_string_equal(err.text, "the reply of iomapd at /s lacks 'mappings': install it and "
				      "this program from the same version");
	json_object_set_new(v, "mappings", json_pack("[{s:s}]", "mapping_id", "x"));
	assert_int_equal(reply_check("List", v, "/s", &err), -EPROTO);
	assert_string_equal(err.text, "in the reply of iomapd at /s, 'mappings[0].mapping_id' is "
				      "not of the type int: install it and this program from the "
				      "same version");
	/* The prefix of a name is another name. */
	assert_int_equal(reply_check("Lis", v, "/s", &err), 0);
	assert_int_equal(reply_check("Stat", v, "/s", &err), 0);
	json_object_set_new(v, "mappings", json_array());
	assert_int_equal(reply_check("List", v, "/s", &err), 0);
	json_decref(v);
	assert_int_equal(reply_check("List", NULL, "/s", &err), -EPROTO);
}

/* A text that needs much more memory than its length is recognised before it is parsed. */
static void memory(void **state)
{
	(void)state;
	assert_int_equal(reply_memory("\"xxxx\"", 6), 6);
	assert_true(reply_memory("[[],[],[]]", 10) >= 4 * 136);
	assert_true(reply_memory("[{},{},{}]", 10) >= 3 * 264 + 136);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_member),
		cmocka_unit_test(sentences),
		cmocka_unit_test(memory),
	};

	return cmocka_run_group_tests_name("unit/reply", tests, NULL, NULL);
}
