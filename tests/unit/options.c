// SPDX-License-Identifier: GPL-2.0-or-later
/* Settings from the file, the environment and the command line: precedence and differences. */
#include "tests/lib/test.h"

#include "daemon/options.h"

static char path[] = "/tmp/iomap-options-XXXXXX";

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	unsetenv("IOMAPD_SOCKET");
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

/* Reads the text of a file (NULL: no file) and up to four words of a command line. */
static void read_these(const char *file, const char *const words[4], struct options *o)
{
	char *argv[8] = { (char *)"iomapd", (char *)"--config", path };
	FILE *f = fopen(path, "w");
	struct errbuf e = {};
	int argc = 3;

	assert_non_null(f);
	fputs(file, f);
	fclose(f);
	for (int i = 0; words && i < 4 && words[i]; i++)
		argv[argc++] = (char *)words[i];
	if (options_read(argc, argv, o, &e))
		fail_msg("%s", e.text);
}

static void test_nothing(void **state)
{
	struct options o;

	(void)state;
	read_these("", NULL, &o);
	assert_int_equal(o.task, OPTIONS_RUN);
	assert_null(o.socket);
	assert_null(o.metrics);
	assert_int_equal(o.collector.max_mappings, COLLECTOR_MAPPINGS_DEFAULT);
	assert_int_equal(o.collector.timing, IOMAP_TIMING_SAMPLED);
	assert_true(o.collector.ipi);
	assert_int_equal(o.collector.rules_off, 0);
	assert_int_equal(o.collector.max_hold_ns, 0);
	options_free(&o);
}

static void test_file(void **state)
{
	struct options o;

	(void)state;
	read_these("# of all\n"
		   "socket = /a b\n"
		   "metrics = :9751 ; inline\n"
		   "max-mappings = 7\n"
		   "  hold-times = off\n"
		   "max-hold=50us\n"
		   "without-check = leak\n"
		   "without-check = offset-align\n"
		   "without-ipi = yes\n"
		   "without-hook = purge\n"
		   "without-hook = csd_queue_cpu\n"
		   "source = sites\n",
		   NULL, &o);
	assert_string_equal(o.socket, "/a b");
	assert_int_equal(o.collector.source, IOMAP_SOURCE_SITES);
	assert_string_equal(o.metrics, ":9751");
	assert_int_equal(o.collector.max_mappings, 7);
	assert_int_equal(o.collector.timing, IOMAP_TIMING_OFF);
	assert_int_equal(o.collector.max_hold_ns, 50000);
	assert_int_equal(o.collector.rules_off,
			 IOMAP_RULE(IOMAP_LEAK) | IOMAP_RULE(IOMAP_OFFSET_ALIGN));
	assert_false(o.collector.ipi);
	assert_int_equal(o.collector.hidden,
			 1U << collector_hook("purge") | 1U << collector_hook("csd_queue_cpu"));
	options_free(&o);
}

static void test_options_win(void **state)
{
	static const char *const words[] = { "--max-hold", "2ms", "--socket", "/line" };
	static const char *const off[] = { "--max-hold", "off", "--metrics", "off" };
	struct options o;

	(void)state;
	setenv("IOMAPD_SOCKET", "/env", 1);
	read_these("socket = /file\nmax-hold = 1ms\nmax-mappings = 7\n", words, &o);
	assert_string_equal(o.socket, "/line");
	assert_int_equal(o.collector.max_hold_ns, 2000000);
	assert_int_equal(o.collector.max_mappings, 7);
	options_free(&o);
	read_these("metrics = :1\nmax-hold = 1ms\n", off, &o);
	assert_null(o.metrics);
	assert_int_equal(o.collector.max_hold_ns, 0);
	options_free(&o);
	read_these("socket = /file\n", NULL, &o);
	assert_string_equal(o.socket, "/env");
	options_free(&o);
	unsetenv("IOMAPD_SOCKET");
	read_these("socket = /file\n", NULL, &o);
	assert_string_equal(o.socket, "/file");
	options_free(&o);
}

/* A list on the command line replaces that of the file. */
static void test_list(void **state)
{
	static const char *const words[] = { "--without-check", "leak", "--without-check",
					     "unmap-kind" };
	struct options o;

	(void)state;
	read_these("without-check = all\nwithout-hook = purge\n", words, &o);
	assert_int_equal(o.collector.rules_off,
			 IOMAP_RULE(IOMAP_LEAK) | IOMAP_RULE(IOMAP_UNMAP_KIND));
	assert_int_equal(o.collector.hidden, 1U << collector_hook("purge"));
	options_free(&o);
}

static void test_fixed(void **state)
{
	struct options a, b;
	char names[256];

	(void)state;
	read_these("metrics = :1\nmax-hold = 1ms\n", NULL, &a);
	read_these("metrics = :2\nmax-hold = 1000us\nsocket = " IOMAPD_SOCKET "\n", NULL, &b);
	options_fixed(&a, &b, names, sizeof(names));
	assert_string_equal(names, "");
	options_free(&b);
	read_these("socket = /x\nmax-mappings = 7\nhold-times = off\nwithout-check = leak\n"
		   "without-ipi = yes\nwithout-hook = purge\nsource = sites\n",
		   NULL, &b);
	options_fixed(&a, &b, names, sizeof(names));
	assert_string_equal(names, "socket, max-mappings, hold-times, max-hold, without-check, "
				   "without-ipi, without-hook, source");
	options_fixed(&a, &b, names, 12);
	assert_string_equal(names, "socket, max");
	options_free(&a);
	options_free(&b);
}

/* Any bytes are accepted, or refused with a sentence. */
static void test_any_bytes(void **state)
{
	static const char *const parts[] = { "max-hold", "=", "\n", " ", "1ms", "[",
					     "]",	 ";", "#",  ":", "x",	"\xef\xbb\xbf" };
	char *argv[] = { (char *)"iomapd", (char *)"--config", path, NULL };
	struct options o;
	unsigned int good = 0;

	(void)state;
	srandom(1);
	for (int round = 0; round < 2000; round++) {
		FILE *f = fopen(path, "w");
		struct errbuf e = {};
		int err;

		assert_non_null(f);
		for (long n = random() % 40; n > 0; n--) {
			if (random() % 50)
				fputs(parts[random() % 12], f);
			else
				fputc(random() & 0xff, f);
		}
		fclose(f);
		err = options_read(3, argv, &o, &e);
		assert_true(!err || (err == -EINVAL && !strncmp(e.text, path, strlen(path))));
		good += !err;
		options_free(&o);
	}
	assert_in_range(good, 1, 1999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),	    cmocka_unit_test(test_file),
		cmocka_unit_test(test_options_win), cmocka_unit_test(test_list),
		cmocka_unit_test(test_fixed),	    cmocka_unit_test(test_any_bytes),
	};

	return cmocka_run_group_tests_name("unit/options", tests, make_file, remove_file);
}
