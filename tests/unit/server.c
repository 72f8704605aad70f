// SPDX-License-Identifier: GPL-2.0-or-later
/* The replies of the server, which runs in one process with its clients. */
#include "tests/lib/server-fixture.h"

#include <sys/socket.h>

static void answers(void **state)
{
	struct fixture f;
	int fd;

	(void)state;
	set_up(&f, 1);
	fd = connect_client(&f);
	for (int i = 0; i < 3; i++) {
		call(fd, STATUS);
		pump(&f);
		expect_status(&f, fd);
	}
	assert_null(reply(&f, fd));
	close(fd);
	pump(&f);
	assert_int_equal(server_clients(f.server), 0);
	tear_down(&f);
}

static void answers_in_order(void **state)
{
	struct fixture f;
	long long last = 0;
	int fd;

	(void)state;
	set_up(&f, 3);
	fd = connect_client(&f);
	for (int i = 0; i < 50; i++) {
		call(fd, STATUS);
		call(fd, "{\"method\":\"org.varlink.service.GetInfo\"}");
	}
	for (int i = 0; i < 100; i++) {
		json_t *v, *p;

		pump(&f);
		v = reply(&f, fd);
		assert_non_null(v);
		p = json_object_get(v, "parameters");
		if (i % 2) {
			assert_non_null(json_object_get(p, "interfaces"));
		} else {
			assert_true(json_integer_value(json_object_get(p, "time_ns")) > last);
			last = json_integer_value(json_object_get(p, "time_ns"));
		}
		json_decref(v);
	}
	close(fd);
	tear_down(&f);
}

/* A client that closes its sending side after its calls gets all replies. */
static void half_closed(void **state)
{
	struct fixture f;
	int fd;

	(void)state;
	set_up(&f, 1);
	fd = connect_client(&f);
	call(fd, STATUS);
	call(fd, STATUS);
	put(fd, "{\"meth", 6);
	shutdown(fd, SHUT_WR);
	pump(&f);
	expect_status(&f, fd);
	expect_status(&f, fd);
	expect_closed(fd);
	assert_int_equal(server_clients(f.server), 0);
	close(fd);
	tear_down(&f);
}

static void errors_by_name(void **state)
{
	static const struct {
		const char *call;
		const char *error;
	} cases[] = {
		{ "{\"method\":\"org.iomap.Monitor.Nope\"}", "org.varlink.service.MethodNotFound" },
		{ "{\"method\":\"org.nope.Status\"}", "org.varlink.service.InterfaceNotFound" },
		{ "{\"method\":\"org.iomap.Monitor.Status\",\"parameters\":{\"x\":1}}",
		  "org.varlink.service.InvalidParameter" },
		{ "{\"method\":\"org.iomap.Monitor.List\",\"parameters\":{\"freed\":1}}",
		  "org.varlink.service.InvalidParameter" },
		{ "{\"method\":\"org.iomap.Monitor.Hist\",\"parameters\":{\"kind\":\"x\"}}",
		  "org.varlink.service.InvalidParameter" },
		{ "{\"method\":\"org.iomap.Monitor.Hist\",\"parameters\":{\"kind\":7}}",
		  "org.varlink.service.InvalidParameter" },
		{ "{\"method\":\"org.iomap.Monitor.Events\"}", "org.varlink.service.ExpectedMore" },
		{ "{\"method\":\"org.varlink.service.GetInterfaceDescription\"}",
		  "org.varlink.service.InvalidParameter" },
		{ "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
		  "\"parameters\":{\"interface\":\"org.nope\"}}",
		  "org.varlink.service.InterfaceNotFound" },
	};
	struct fixture f;
	int fd;

	(void)state;
	set_up(&f, 1);
	fd = connect_client(&f);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		call(fd, cases[i].call);
		pump(&f);
		expect_error(&f, fd, cases[i].error);
	}
	f.error = -EIO;
	call(fd, STATUS);
	pump(&f);
	expect_error(&f, fd, "org.iomap.Monitor.SampleFailed");
	f.error = 0;
	/* The connection takes further calls. */
	call(fd, STATUS);
	pump(&f);
	expect_status(&f, fd);
	close(fd);
	tear_down(&f);
}

static void describes_itself(void **state)
{
	static const char *const interfaces[] = { "org.iomap.Monitor", "org.varlink.service" };
	char text[200];
	struct fixture f;
	int fd;

	(void)state;
	set_up(&f, 1);
	fd = connect_client(&f);
	for (int i = 0; i < 2; i++) {
		const char *d;
		json_t *v;

		snprintf(text, sizeof(text),
			 "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
			 "\"parameters\":{\"interface\":\"%s\"}}",
			 interfaces[i]);
		call(fd, text);
		pump(&f);
		v = reply(&f, fd);
		d = json_string_value(
			json_object_get(json_object_get(v, "parameters"), "description"));
		snprintf(text, sizeof(text), "\ninterface %s\n", interfaces[i]);
		assert_non_null(strstr(d, text));
		json_decref(v);
	}
	close(fd);
	tear_down(&f);
}

static void oneway_has_no_reply(void **state)
{
	struct fixture f;
	int fd;

	(void)state;
	set_up(&f, 1);
	fd = connect_client(&f);
	call(fd, "{\"method\":\"org.iomap.Monitor.Status\",\"oneway\":true}");
	call(fd, "{\"method\":\"org.iomap.Monitor.Events\",\"more\":true,\"oneway\":true}");
	call(fd, "{\"method\":\"no.Such\",\"oneway\":true}");
	pump(&f);
	assert_null(reply(&f, fd));
	call(fd, STATUS);
	pump(&f);
	expect_status(&f, fd);
	close(fd);
	tear_down(&f);
}

static void history_then_end(void **state)
{
	struct fixture f;
	int fd;

	(void)state;
	set_up(&f, 1);
	add_events(&f, 3);
	fd = connect_client(&f);
	call(fd, "{\"method\":\"org.iomap.Monitor.Events\",\"more\":true}");
	call(fd, STATUS);
	pump(&f);
	for (int i = 1; i <= 3; i++)
		assert_int_equal(next_event(&f, fd, NULL), i);
	assert_int_equal(next_event(&f, fd, NULL), 0);
	/* Then the server answers the call that waited. */
	expect_status(&f, fd);
	close(fd);
	tear_down(&f);
}

static void follows(void **state)
{
	struct fixture f;
	int fd[2];

	(void)state;
	set_up(&f, 1);
	add_events(&f, 2);
	for (int i = 0; i < 2; i++) {
		fd[i] = connect_client(&f);
		call(fd[i], FOLLOW);
		pump(&f);
		assert_int_equal(next_event(&f, fd[i], NULL), 1);
		assert_int_equal(next_event(&f, fd[i], NULL), 2);
		assert_int_equal(next_event(&f, fd[i], NULL), -1);
	}
	for (int i = 3; i < 10; i++) {
		add_events(&f, 1);
		assert_int_equal(next_event(&f, fd[0], NULL), i);
		assert_int_equal(next_event(&f, fd[1], NULL), i);
	}
	close(fd[0]);
	add_events(&f, 1);
	pump(&f);
	assert_int_equal(server_clients(f.server), 1);
	assert_int_equal(next_event(&f, fd[1], NULL), 10);
	close(fd[1]);
	pump(&f);
	assert_int_equal(server_clients(f.server), 0);
	tear_down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),	    cmocka_unit_test(answers_in_order),
		cmocka_unit_test(half_closed),	    cmocka_unit_test(errors_by_name),
		cmocka_unit_test(describes_itself), cmocka_unit_test(oneway_has_no_reply),
		cmocka_unit_test(history_then_end), cmocka_unit_test(follows),
	};

	return cmocka_run_group_tests_name("unit/server", tests, NULL, NULL);
}
