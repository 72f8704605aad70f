// SPDX-License-Identifier: GPL-2.0-or-later
/* The code that the commands of iomapctl share. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "cli/ctl/iomapctl.h"

int ctl_fail(int code, const struct errbuf *err)
{
	/* The reader of our output closed it, and knows that. */
	if (code != -EPIPE)
		fprintf(stderr, "iomapctl: %s\n", err->text);
	return EXIT_CANNOT;
}

int ctl_call(const struct ctl_config *cfg, const char *method, json_t *params, json_t **ret,
	     uint64_t *ret_unix_ns)
{
	struct client *c = NULL;
	struct errbuf err = {};
	uint64_t now;
	int r = ctl_check_source(cfg);

	if (!ret_unix_ns)
		ret_unix_ns = &now;
	if (!r && cfg->recording) {
		r = ctl_call_recorded(cfg, method, params, ret, ret_unix_ns);
		json_decref(params);
		return r;
	}
	if (r) {
		json_decref(params);
		return r;
	}
	r = client_open(client_path(cfg->socket), &c, &err);
	if (r) {
		json_decref(params);
		return ctl_fail(r, &err);
	}
	r = client_call(c, method, params, ret, &err);
	client_close(c);
	*ret_unix_ns = clock_ns(CLOCK_REALTIME);
	return r ? ctl_fail(r, &err) : 0;
}

/* jansson escapes all but DEL, which occurs only in strings. */
static int write_json(const char *text, size_t size, void *f)
{
	const char *del;

	for (; (del = memchr(text, 0x7f, size)); size -= (size_t)(del + 1 - text), text = del + 1) {
		fwrite(text, 1, (size_t)(del - text), f);
		fputs("\\u007f", f);
	}
	fwrite(text, 1, size, f);
	return 0;
}

void ctl_print_json(const json_t *reply, size_t flags)
{
	json_dump_callback(reply, write_json, stdout,
			   flags | JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII);
	putchar('\n');
}

size_t ctl_width(void)
{
	struct winsize ws;

	return isatty(STDOUT_FILENO) && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) ? ws.ws_col : 0;
}
