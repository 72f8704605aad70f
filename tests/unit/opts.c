// SPDX-License-Identifier: GPL-2.0-or-later
/* Options and commands from tables. */
#include <errno.h>
#include <string.h>

#include "daemon/base/opts.h"
#include "tests/lib/test.h"

struct config {
	bool json, freed;
	const char *path, *kind;
	unsigned long n;
	double secs;
	struct opt_list list;
	char **words;
};

static const char *const kinds[] = { "atomic", "local", NULL };

static const struct opt opts[] = {
	{ .name = "json",
	  .letter = 'j',
	  .type = OPT_FLAG,
	  .offset = OPT_INTO(struct config, json),
	  .help = "as JSON" },
	{ .name = "socket",
	  .type = OPT_TEXT,
	  .offset = OPT_INTO(struct config, path),
	  .arg = "PATH",
	  .help = "where" },
	{ .name = "kind",
	  .letter = 'k',
	  .type = OPT_CHOICE,
	  .offset = OPT_INTO(struct config, kind),
	  .arg = "KIND",
	  .help = "which",
	  .choices = kinds },
	{ .letter = 'n',
	  .type = OPT_COUNT,
	  .offset = OPT_INTO(struct config, n),
	  .arg = "N",
	  .help = "how many",
	  .min = 1,
	  .max = 100 },
	{ .name = "delay",
	  .letter = 'd',
	  .type = OPT_SECONDS,
	  .offset = OPT_INTO(struct config, secs),
	  .arg = "SECS",
	  .help = "how long",
	  .min = 0.1,
	  .max = 60 },
	{ .name = "help", .letter = 'h', .type = OPT_HELP, .help = "this" },
	{ .name = "version", .letter = 'V', .type = OPT_VERSION, .help = "which" },
};

static const struct opt list_opts[] = {
	{ .name = "freed",
	  .letter = 'f',
	  .type = OPT_FLAG,
	  .offset = OPT_INTO(struct config, freed),
	  .help = "freed" },
};

static const struct opt exec_opts[] = {
	{ .name = "add",
	  .letter = 'a',
	  .type = OPT_LIST,
	  .offset = OPT_INTO(struct config, list),
	  .arg = "WORD",
	  .help = "one more" },
};

static const struct cmd cmds[] = {
	{ .name = "status", .help = "state" },
	{ .name = "stats", .help = "figures" },
	{ .name = "list", .help = "all", .opts = list_opts, .n_opts = ARRAY_SIZE(list_opts) },
	{ .name = "listen", .help = "hear" },
	{ .name = "exec",
	  .help = "run",
	  .opts = exec_opts,
	  .n_opts = ARRAY_SIZE(exec_opts),
	  .words = "CMD [ARG]...",
	  .words_offset = OPT_INTO(struct config, words) },
	{ .name = "join",
	  .help = "two files",
	  .opts = exec_opts,
	  .n_opts = ARRAY_SIZE(exec_opts),
	  .words = "A B",
	  .words_offset = OPT_INTO(struct config, words),
	  .words_mixed = true },
};

static const struct prog with_cmds = { .name = "prog",
				       .help = "It does.",
				       .opts = opts,
				       .n_opts = ARRAY_SIZE(opts),
				       .cmds = cmds,
				       .n_cmds = ARRAY_SIZE(cmds),
				       .notes = "Notes.\n" };
static const struct prog plain = {
	.name = "prog", .help = "It does.", .opts = opts, .n_opts = ARRAY_SIZE(opts)
};

static struct config cfg;
static const struct cmd *cmd;
static struct errbuf err;

/* Parses words that are separated by blanks. */
static int parse(const struct prog *prog, const char *line)
{
	static char copy[512];
	static char *argv[64];
	int n = 1;

	memset(argv, 0, sizeof(argv));
	argv[0] = "prog";
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *w = strtok(copy, " "); w; w = strtok(NULL, " "))
		argv[n++] = w;
	cfg = (struct config){ .secs = 1 };
	cmd = NULL;
	err.text[0] = 0;
	return opts_parse(prog, n, argv, &cfg, &cmd, &err);
}

static void values(void **state)
{
	(void)state;
	assert_int_equal(parse(&plain, "--json --socket /run/x -n 7 -d 0.5 -k LOCAL"), OPTS_RUN);
	assert_true(cfg.json);
	assert_string_equal(cfg.path, "/run/x");
	assert_string_equal(cfg.kind, "local");
	assert_int_equal(cfg.n, 7);
	assert_true(cfg.secs == 0.5);
	assert_int_equal(parse(&plain, "-jn7 --socket=/a=b --delay=60"), OPTS_RUN);
	assert_true(cfg.json);
	assert_int_equal(cfg.n, 7);
	assert_string_equal(cfg.path, "/a=b");
	assert_true(cfg.secs == 60);
	assert_int_equal(parse(&plain, "-h"), OPTS_HELP);
	assert_int_equal(parse(&plain, "--version"), OPTS_VERSION);
}

static void commands(void **state)
{
	(void)state;
	assert_int_equal(parse(&with_cmds, "status"), OPTS_RUN);
	assert_string_equal(cmd->name, "status");
	assert_int_equal(parse(&with_cmds, "--json list --freed -n 2"), OPTS_RUN);
	assert_string_equal(cmd->name, "list"); /* complete, although another name starts with it */
	assert_true(cfg.json && cfg.freed && cfg.n == 2);
	assert_int_equal(parse(&with_cmds, "liste"), OPTS_RUN);
	assert_string_equal(cmd->name, "listen");
	assert_int_equal(parse(&with_cmds, "list --help"), OPTS_HELP);
	assert_string_equal(cmd->name, "list");
	assert_int_equal(parse(&with_cmds, "--help"), OPTS_HELP);
	assert_null(cmd);
}

static void lists(void **state)
{
	char line[512] = "exec";

	(void)state;
	assert_int_equal(parse(&with_cmds, "exec --add one -a two --add=three x"), OPTS_RUN);
	assert_int_equal(cfg.list.n, 3);
	assert_string_equal(cfg.list.value[0], "one");
	assert_string_equal(cfg.list.value[2], "three");
	for (int i = 0; i < OPT_LIST_MAX; i++)
		strcat(line, " -ax");
	assert_int_equal(parse(&with_cmds, line), OPTS_RUN);
	assert_int_equal(cfg.list.n, OPT_LIST_MAX);
	strcat(line, " -ax");
	assert_int_equal(parse(&with_cmds, line), -EINVAL);
	assert_string_equal(err.text, "-a may be repeated 32 times only");
	assert_int_equal(parse(&with_cmds, "exec --add="), -EINVAL);
	assert_string_equal(err.text, "--add takes a WORD that is not empty");
}

static void words(void **state)
{
	(void)state;
	/* Options after the command to run belong to that command, with or without --. */
	assert_int_equal(parse(&with_cmds, "exec --json -- ls -n --help -- x"), OPTS_RUN);
	assert_true(cfg.json);
	assert_string_equal(cfg.words[0], "ls");
	assert_string_equal(cfg.words[2], "--help");
	assert_string_equal(cfg.words[3], "--");
	assert_string_equal(cfg.words[4], "x");
	assert_null(cfg.words[5]);
	assert_int_equal(parse(&with_cmds, "exec ls --json"), OPTS_RUN);
	assert_false(cfg.json);
	assert_string_equal(cfg.words[1], "--json");
	assert_int_equal(parse(&with_cmds, "exec -- -x"), OPTS_RUN);
	assert_string_equal(cfg.words[0], "-x");
	assert_int_equal(parse(&with_cmds, "exec --"), OPTS_RUN);
	assert_null(cfg.words);
	/* Options among the words of a command that allows it. */
	assert_int_equal(parse(&with_cmds, "join x --add=1 y -a 2 --json"), OPTS_RUN);
	assert_true(cfg.json);
	assert_int_equal(cfg.list.n, 2);
	assert_string_equal(cfg.words[0], "x");
	assert_string_equal(cfg.words[1], "y");
	assert_null(cfg.words[2]);
	assert_int_equal(parse(&with_cmds, "--json join --add 1 x -- -y z"), OPTS_RUN);
	assert_string_equal(cfg.words[0], "x");
	assert_string_equal(cfg.words[1], "-y");
	assert_string_equal(cfg.words[2], "z");
	assert_null(cfg.words[3]);
	assert_int_equal(parse(&with_cmds, "join"), OPTS_RUN);
	assert_null(cfg.words);
	assert_int_equal(parse(&with_cmds, "join x --bad y"), -EINVAL);
}

static void check_bad(const struct prog *prog, const char *line, const char *sentence)
{
	assert_int_equal(parse(prog, line), -EINVAL);
	assert_string_equal(err.text, sentence);
}

static void mistakes(void **state)
{
	(void)state;
	check_bad(&with_cmds, "", "no command given: see 'prog --help'");
	check_bad(&with_cmds, "sta", "'sta' is ambiguous: status or stats");
	check_bad(&with_cmds, "hist", "unknown command 'hist': see 'prog --help'");
	check_bad(&with_cmds, "list more", "unexpected argument 'more': see 'prog list --help'");
	check_bad(&with_cmds, "stats --freed", "unknown option --freed: see 'prog stats --help'");
	check_bad(&with_cmds, "--freed list", "unknown option --freed: see 'prog --help'");
	check_bad(&plain, "word", "unexpected argument 'word': see 'prog --help'");
	check_bad(&plain, "-- -j", "unexpected argument '-j': see 'prog --help'");
	check_bad(&plain, "-jx", "unknown option -x: see 'prog --help'");
	check_bad(&plain, "--jso", "unknown option --jso: see 'prog --help'");
	check_bad(&plain, "--json=1", "--json takes no value");
	check_bad(&plain, "--socket", "--socket needs a PATH");
	check_bad(&plain, "--socket=", "--socket takes a PATH that is not empty");
	check_bad(&plain, "-k kmap", "-k takes one of atomic, local, not 'kmap'");
	check_bad(&plain, "-n 0", "-n takes a whole number from 1 to 100, not '0'");
	check_bad(&plain, "-n 1.5", "-n takes a whole number from 1 to 100, not '1.5'");
	check_bad(&plain, "-n 7x", "-n takes a whole number from 1 to 100, not '7x'");
	check_bad(&plain, "-n -3", "-n takes a whole number from 1 to 100, not '-3'");
	check_bad(&plain, "-d nan", "-d takes a number from 0.1 to 60, not 'nan'");
	check_bad(&plain, "-d 0x1p9999", "-d takes a number from 0.1 to 60, not '0x1p9999'");
	check_bad(&plain, "-d 99999999999999999999",
		  "-d takes a number from 0.1 to 60, not '99999999999999999999'");
}

static void help(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	opts_help(&with_cmds, &cmds[2], f);
	fclose(f);
	assert_string_equal(text, "Usage: prog list [OPTION]...\n"
				  "all\n"
				  "\n"
				  "Options of this command:\n"
				  "  -f, --freed               freed\n"
				  "\n"
				  "Options:\n"
				  "  -j, --json                as JSON\n"
				  "      --socket PATH         where\n"
				  "  -k, --kind KIND           which\n"
				  "  -n N                      how many\n"
				  "  -d, --delay SECS          how long\n"
				  "  -h, --help                this\n"
				  "  -V, --version             which\n"
				  "\n"
				  "Notes.\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values), cmocka_unit_test(commands), cmocka_unit_test(lists),
		cmocka_unit_test(words),  cmocka_unit_test(mistakes), cmocka_unit_test(help),
	};

	return cmocka_run_group_tests_name("unit/opts", tests, NULL, NULL);
}
