// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the metrics are served, and in which format they are asked for. */
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "daemon/http.h"

int http_address(const char *text, struct sockaddr_storage *ret)
{
	struct sockaddr_in6 *in6 = (void *)ret;
	struct sockaddr_in *in = (void *)ret;
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	char host[INET6_ADDRSTRLEN + 2], *end;
	unsigned long port;

	*ret = (struct sockaddr_storage){};
	if (!colon || len >= sizeof(host) || colon[1] < '0' || colon[1] > '9')
		return -EINVAL;
	port = strtoul(colon + 1, &end, 10);
	if (*end || port > 65535)
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	if (*host == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		return inet_pton(AF_INET6, host + 1, &in6->sin6_addr) == 1 ? (int)sizeof(*in6)
									   : -EINVAL;
	}
	in->sin_family = AF_INET;
	in->sin_port = htons(port);
	if (!*host || !strcmp(host, "localhost"))
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else if (inet_pton(AF_INET, host, &in->sin_addr) != 1)
		return -EINVAL;
	return sizeof(*in);
}

int http_listen(const char *text, struct errbuf *e)
{
	struct sockaddr_storage addr;
	int len = http_address(text, &addr), fd, on = 1, err = 0;

	if (len < 0)
		return set_error(e, len, "not an address to serve metrics at: %s", text);
	fd = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return set_error(e, -errno, "cannot make a socket: %s", strerror(errno));
	/* Connections of the last iomapd that the kernel still remembers are no obstacle. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, (void *)&addr, len) || listen(fd, 128))
		err = -errno;
	if (err) {
		close(fd);
		return set_error(e, err, "cannot serve metrics at %s: %s%s", text, strerror(-err),
				 err == -EADDRINUSE ? "; choose another port with --metrics" : "");
	}
	return fd;
}

/* How well a media range of an Accept header, such as "text/ *", fits a type: 0 to 3. */
static int fits(const char *range, size_t len, const char *type)
{
	size_t main = strchr(type, '/') - type + 1;

	if (len == strlen(type) && !strncasecmp(range, type, len))
		return 3;
	if (len == main + 1 && !strncasecmp(range, type, main) && range[main] == '*')
		return 2;
	return len == 3 && !memcmp(range, "*/*", 3);
}

/* The q of a media range, from its parameters, up to the next comma. */
static double quality(const char *params, size_t len)
{
	for (size_t i = 0; i + 2 < len; i++) {
		if (strchr("; \t", params[i]) && strchr("qQ", params[i + 1]) &&
		    params[i + 2] == '=')
			return strtod(params + i + 3, NULL);
	}
	return 1;
}

/* How much the header wants the type. */
static double wanted(const char *accept, const char *type)
{
	double q = 0, best_q;
	int best = 0;

	while (*accept) {
		size_t all, len;
		int fit;

		accept += strspn(accept, ", \t");
		all = strcspn(accept, ",");
		len = strcspn(accept, ",; \t");
		fit = fits(accept, len, type);
		best_q = fit ? quality(accept + len, all - len) : 0;
		/* Of several versions of one type the one wanted most. */
		if (fit > best || (fit && fit == best && best_q > q)) {
			best = fit;
			q = best_q;
		}
		accept += all;
	}
	return q;
}

bool http_wants_plain(const char *accept)
{
	return accept &&
	       wanted(accept, "text/plain") > wanted(accept, "application/openmetrics-text");
}
