// SPDX-License-Identifier: GPL-2.0-or-later
/* The address of the metrics endpoint, and a socket that listens there. */
#include <arpa/inet.h>
#include <string.h>

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

/*
 * Allows an address that the machine does not have yet, as before DHCP. Without this, bind() says
 * what is wrong.
 */
static void allow_absent(int fd, int family)
{
	int on = 1;

	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof(on));
	else
		setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on));
}

bool http_address_absent(const struct sockaddr_storage *address)
{
	_cleanup_close_ int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_storage addr = *address;
	struct sockaddr_in6 *in6 = (void *)&addr;
	struct sockaddr_in *in = (void *)&addr;

	/* Any free port will do. */
	if (addr.ss_family == AF_INET6)
		in6->sin6_port = 0;
	else
		in->sin_port = 0;
	return fd >= 0 && bind(fd, (void *)&addr, sizeof(addr)) && errno == EADDRNOTAVAIL;
}

int http_listen(const char *text, struct errbuf *e)
{
	struct sockaddr_storage addr;
	int len = http_address(text, &addr), fd, on = 1, err = 0;

	if (len < 0)
		return set_error(e, len, "not an address for metrics: %s", text);
	fd = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return set_error(e, -errno, "cannot make a socket: %s", strerror(errno));
	allow_absent(fd, addr.ss_family);
	/* Connections of the previous iomapd may be in TIME_WAIT. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, (void *)&addr, len) || listen(fd, HTTP_BACKLOG))
		err = -errno;
	if (err) {
		close(fd);
		return set_error(e, err, "cannot serve metrics at %s: %s%s", text, strerror(-err),
				 err == -EADDRINUSE ? "; choose another port with --metrics" : "");
	}
	return fd;
}
