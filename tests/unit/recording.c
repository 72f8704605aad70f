// SPDX-License-Identifier: GPL-2.0-or-later
/* The file of a recording: whole, cut at each byte, with each bit flipped, on a full disk. */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "cli/recording/read.h"
#include "cli/recording/write.h"
#include "daemon/base/buf.h"
#include "tests/lib/test.h"

#define SECOND NSEC_PER_SEC
#define START  (1700000000 * SECOND)

static char path[] = "/tmp/iomap-recording-XXXXXX";
static char copy[] = "/tmp/iomap-recording-copy-XXXXXX";
static struct errbuf err;

static int make_files(void **state)
{
	(void)state;
	close(mkstemp(path));
	close(mkstemp(copy));
	signal(SIGXFSZ, SIG_IGN);
	return 0;
}

static int remove_files(void **state)
{
	(void)state;
	unlink(path);
	unlink(copy);
	return 0;
}

static int add(struct recording_writer *w, unsigned int i)
{
	char line[128];
	int n = snprintf(line, sizeof(line), "{\"type\":\"test\",\"i\":%u,\"x\":\"%u\"}", i,
			 i * 2654435761U);

	return recording_add(w, START + i * SECOND, line, (size_t)n, &err);
}

/* Writes records 0 … n - 1, a second apart, and an end. */
static void write_file(unsigned int n)
{
	struct recording_writer *w;

	assert_int_equal(recording_create(path, 0, &w, &err), 0);
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(add(w, i), 0);
	assert_int_equal(recording_end(w, START + n * SECOND, "{\"type\":\"end\"}", 14, &err), 0);
	recording_writer_free(w);
}

static struct buf slurp(const char *name)
{
	FILE *f = fopen(name, "re");
	struct buf b = {};
	char *room;
	size_t n;

	assert_non_null(f);
	while ((room = buf_reserve(&b, 65536)) && (n = fread(room, 1, 65536, f)) > 0)
		b.len += n;
	fclose(f);
	return b;
}

static void spill(const void *data, size_t n)
{
	FILE *f = fopen(copy, "we");

	assert_int_equal(fwrite(data, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

/* Reads all blocks of a file that can be read. Returns the text of them. */
static struct buf read_all(struct recording *r, unsigned int *ret_bad)
{
	struct buf all = {};
	const char *lines;
	size_t n;

	*ret_bad = 0;
	for (size_t i = 0; i < recording_blocks(r); i++) {
		int e = recording_read(r, i, &lines, &n, &err);

		if (e)
			assert_int_equal(e, -EBADMSG);
		*ret_bad += !!e;
		if (!e)
			buf_append(&all, lines, n);
	}
	buf_append(&all, "", 1);
	return all;
}

/* The text of the whole file. */
static struct buf read_whole(void)
{
	struct recording *r;
	unsigned int bad;
	struct buf all;

	assert_int_equal(recording_open(path, &r, &err), 0);
	all = read_all(r, &bad);
	assert_int_equal(bad, 0);
	assert_false(recording_describe_losses(r, &err));
	recording_close(r);
	return all;
}

static void round_trip(void **state)
{
	const struct recording_block *b;
	struct recording *r;
	struct buf all;
	const char *p;
	unsigned int i;

	(void)state;
	write_file(35);
	all = read_whole();
	for (i = 0, p = all.data; (p = strstr(p, "\"i\":")); p++, i++)
		assert_int_equal(strtoul(p + 4, NULL, 10), i);
	assert_int_equal(i, 35);
	assert_non_null(strstr(all.data, "{\"type\":\"end\"}\n"));
	assert_int_equal(recording_open(path, &r, &err), 0);
	assert_string_equal(recording_path(r), path);
	/* Records of ten seconds are a block. */
	assert_int_equal(recording_blocks(r), 5);
	b = recording_block(r, 1);
	assert_int_equal(b->from_ns, START + 11 * SECOND);
	assert_int_equal(b->to_ns, START + 21 * SECOND);
	assert_int_equal(b->records, 11);
	recording_close(r);
	buf_free(&all);
}

static void cut_anywhere(void **state)
{
	struct buf whole, file, part;
	struct recording *r;
	unsigned int bad;

	(void)state;
	write_file(25);
	file = slurp(path);
	whole = read_whole();
	for (size_t n = 0; n < file.len; n++) {
		spill(file.data, n);
		if (n < RECORDING_FILE_HEAD) {
			assert_int_equal(recording_open(copy, &r, &err), -EBADMSG);
			continue;
		}
		assert_int_equal(recording_open(copy, &r, &err), 0);
		part = read_all(r, &bad);
		assert_int_equal(bad, 0);
		assert_memory_equal(part.data, whole.data, part.len - 1);
		assert_true(recording_losses(r).cut);
		assert_true(recording_describe_losses(r, &err));
		assert_non_null(strstr(err.text, "it has no end"));
		buf_free(&part);
		recording_close(r);
	}
	buf_free(&file);
	buf_free(&whole);
}

/* Each block that can be read is one that was written, and a loss is never silent. */
static void flipped_bits(void **state)
{
	struct buf whole, file, part;
	struct recording *r;
	unsigned int bad, unseen = 0;

	(void)state;
	write_file(25);
	file = slurp(path);
	whole = read_whole();
	for (size_t bit = 0; bit < file.len * 8; bit++) {
		file.data[bit / 8] ^= (char)(1 << bit % 8);
		spill(file.data, file.len);
		if (!recording_open(copy, &r, &err)) {
			part = read_all(r, &bad);
			if (recording_describe_losses(r, &err)) {
				assert_true(part.len <= whole.len);
			} else {
				unseen++;
				assert_string_equal(part.data, whole.data);
			}
			for (char *save, *p = strtok_r(part.data, "\n", &save); p;
			     p = strtok_r(NULL, "\n", &save))
				assert_non_null(strstr(whole.data, p));
			buf_free(&part);
			recording_close(r);
		} else {
			assert_true(bit < RECORDING_FILE_HEAD * 8);
		}
		file.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	/* The schema number 0 is refused; the reserved bytes of the head say nothing. */
	assert_true(unseen >= 32 && unseen < 128);
	buf_free(&file);
	buf_free(&whole);
}

/* What lies between two blocks is skipped, and a block that is gone is noticed by its number. */
static void in_the_middle(void **state)
{
	const struct recording_block *b;
	struct recording *r, *r2;
	struct buf file, damaged = {}, part;
	unsigned int bad;

	(void)state;
	write_file(35);
	file = slurp(path);
	assert_int_equal(recording_open(path, &r, &err), 0);
	b = recording_block(r, 1);
	buf_append(&damaged, file.data, b->offset);
	for (int i = 0; i < 100000; i++)
		buf_append(&damaged, "\x51\x2a\x4d\x18", i % 4 + 1);
	b = recording_block(r, 2);
	buf_append(&damaged, file.data + b->offset, file.len - b->offset);
	spill(damaged.data, damaged.len);
	assert_int_equal(recording_open(copy, &r2, &err), 0);
	part = read_all(r2, &bad);
	assert_int_equal(bad, 0);
	assert_int_equal(recording_blocks(r2), 4);
	assert_int_equal(recording_losses(r2).blocks, 1);
	assert_int_equal(recording_losses(r2).bytes, 250000);
	assert_null(strstr(part.data, "\"i\":11,"));
	assert_non_null(strstr(part.data, "\"i\":10,"));
	assert_non_null(strstr(part.data, "\"i\":22,"));
	recording_close(r);
	recording_close(r2);
	buf_free(&part);
	buf_free(&damaged);
	buf_free(&file);
}

static void wrong_files(void **state)
{
	struct recording_writer *w;
	struct recording *r;
	struct buf file;

	(void)state;
	write_file(1);
	file = slurp(path);
	file.data[16] = 2;
	spill(file.data, file.len);
	assert_int_equal(recording_open(copy, &r, &err), -EPROTONOSUPPORT);
	assert_non_null(strstr(err.text, "has schema 2, and this program knows up to 1"));
	spill("{}\n", 3);
	assert_int_equal(recording_open(copy, &r, &err), -EBADMSG);
	assert_int_equal(recording_open("/tmp", &r, &err), -EBADMSG);
	assert_int_equal(recording_open("/nonexistent/x", &r, &err), -ENOENT);
	assert_int_equal(recording_create("/nonexistent/x", 0, &w, &err), -ENOENT);
	assert_int_equal(recording_create("/dev/full", 0, &w, &err), -ENOSPC);
	assert_int_equal(recording_create("/tmp", 0, &w, &err), -EISDIR);
	unlink(copy);
	assert_int_equal(symlink(path, copy), 0);
	assert_int_equal(recording_create(copy, 0, &w, &err), -ELOOP);
	unlink(copy);
	assert_int_equal(link(path, copy), 0);
	assert_int_equal(recording_create(copy, 0, &w, &err), -EMLINK);
	unlink(copy);
	buf_free(&file);
}

/* Adds records until there is an error. Returns it. */
static int add_many(struct recording_writer *w, unsigned int *n)
{
	int e = 0;

	for (*n = 0; !e && *n < 1000000; (*n)++)
		e = add(w, *n);
	return e;
}

/* Checks that the file has an end and the records from the first to a later one. */
static void check_prefix(unsigned int at_least)
{
	struct buf all = read_whole();
	unsigned int i;
	const char *p;

	for (i = 0, p = all.data; (p = strstr(p, "\"i\":")); p++, i++)
		assert_int_equal(strtoul(p + 4, NULL, 10), i);
	assert_true(i >= at_least);
	assert_non_null(strstr(all.data, "{\"type\":\"end\"}\n"));
	buf_free(&all);
}

/* The last block is lost, and the file has an end all the same. */
static void disk_full(void **state)
{
	struct rlimit before, limit;
	struct recording_writer *w;
	unsigned int n;
	struct stat st;

	(void)state;
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = 20000;
	assert_int_equal(recording_create(path, 0, &w, &err), 0);
	setrlimit(RLIMIT_FSIZE, &limit);
	assert_int_equal(add_many(w, &n), -EFBIG);
	assert_non_null(strstr(err.text, "File too large"));
	/* The error stays, and there is no room for the last record and the index. */
	assert_int_equal(add(w, 1), -EFBIG);
	assert_int_equal(recording_flush(w, &err), -EFBIG);
	limit.rlim_cur = 25000;
	setrlimit(RLIMIT_FSIZE, &limit);
	assert_int_equal(recording_end(w, START + n * SECOND, "{\"type\":\"end\"}", 14, &err),
			 -EFBIG);
	setrlimit(RLIMIT_FSIZE, &before);
	recording_writer_free(w);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size > 15000 && st.st_size <= 25000);
	check_prefix(n - 12);
}

static void size_limit(void **state)
{
	struct recording_writer *w;
	unsigned int n;
	struct stat st;

	(void)state;
	for (uint64_t max = 20000; max < 21000; max += 100) {
		assert_int_equal(recording_create(path, max, &w, &err), 0);
		assert_int_equal(add_many(w, &n), -EOVERFLOW);
		assert_non_null(strstr(err.text, "has reached its limit of 2"));
		assert_int_equal(recording_end(w, START + n * SECOND, "{\"type\":\"end\"}", 14,
					       &err),
				 -EOVERFLOW);
		recording_writer_free(w);
		assert_int_equal(stat(path, &st), 0);
		assert_true((uint64_t)st.st_size <= max);
		check_prefix(n - 12);
	}
}

/* Killed: what was flushed is there. */
static void killed(void **state)
{
	struct recording_writer *w;
	struct recording *r;
	struct buf all;
	unsigned int bad;

	(void)state;
	assert_int_equal(recording_create(path, 0, &w, &err), 0);
	for (unsigned int i = 0; i < 30; i++)
		assert_int_equal(add(w, i), 0);
	assert_int_equal(recording_open(path, &r, &err), 0);
	all = read_all(r, &bad);
	assert_non_null(strstr(all.data, "\"i\":21,"));
	assert_null(strstr(all.data, "\"i\":22,"));
	assert_int_equal(recording_losses(r).blocks, 0);
	assert_true(recording_losses(r).cut);
	buf_free(&all);
	recording_close(r);
	assert_int_equal(recording_flush(w, &err), 0);
	recording_writer_free(w);
}

static void long_record(void **state)
{
	char *line = calloc(1, RECORDING_CONTENT_MAX);
	struct recording_writer *w;
	struct recording *r;
	const char *text;
	size_t n;

	(void)state;
	memset(line, 'x', RECORDING_CONTENT_MAX);
	assert_int_equal(recording_create(path, 0, &w, &err), 0);
	assert_int_equal(recording_add(w, START, line, RECORDING_CONTENT_MAX, &err), -EMSGSIZE);
	assert_int_equal(recording_add(w, START, line, RECORDING_CONTENT_MAX - 1, &err), 0);
	assert_int_equal(recording_end(w, START, "{}", 2, &err), 0);
	recording_writer_free(w);
	assert_int_equal(recording_open(path, &r, &err), 0);
	assert_int_equal(recording_read(r, 0, &text, &n, &err), 0);
	assert_int_equal(n, RECORDING_CONTENT_MAX);
	assert_memory_equal(text, line, n - 1);
	recording_close(r);
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),	cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(flipped_bits), cmocka_unit_test(in_the_middle),
		cmocka_unit_test(wrong_files),	cmocka_unit_test(disk_full),
		cmocka_unit_test(size_limit),	cmocka_unit_test(killed),
		cmocka_unit_test(long_record),
	};

	return cmocka_run_group_tests_name("unit/recording", tests, make_files, remove_files);
}
