/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The privilege to load and attach programs. */
#ifndef IOMAP_DAEMON_COLLECTOR_ALLOWED_H
#define IOMAP_DAEMON_COLLECTOR_ALLOWED_H

#include "daemon/base/util.h"

/* Returns 0, or -EPERM with a sentence in e when this process may not load BPF programs. */
int allowed_to_load(struct errbuf *e);
/* The words for a negative errno of attaching a probe. */
const char *allowed_probe_error(int err);

#endif
