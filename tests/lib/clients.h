/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clients of iomapd's socket and metrics that are hostile in several ways. */
#ifndef IOMAP_TESTS_LIB_CLIENTS_H
#define IOMAP_TESTS_LIB_CLIENTS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/varlink.h"

#define CLIENTS_CLIENTS	 500
#define CLIENTS_VISITORS 40

struct clients {
	int fd[CLIENTS_CLIENTS];       /* connected to the socket, do not block */
	size_t begun[CLIENTS_CLIENTS]; /* bytes of the message that were sent */
	struct sockaddr_in web;	       /* of the metrics; port 0: none */
	int visitor[CLIENTS_VISITORS]; /* connections to the metrics; -1: none */
	char calls[4096];	       /* several in one write */
	size_t calls_len;
	char padded[VARLINK_MESSAGE_MAX + 1]; /* a call of the maximum length */
	uint64_t answered;		      /* bytes that were read */
	uint64_t visits;		      /* connections to the metrics */
};

/* To be called before the first round. The caller then fills in fd and web. */
void clients_init(struct clients *m);
/* Each client does one thing. */
void clients_round(struct clients *m);
/* Closes all connections. */
void clients_leave(struct clients *m);

#endif
