/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of the enums in bpf/iomap.h, as JSON and command lines spell them. */
#ifndef IOMAP_DAEMON_BASE_NAMES_H
#define IOMAP_DAEMON_BASE_NAMES_H

#include <stddef.h>
#include <stdint.h>

#define IOMAPD_SOCKET "/run/iomapd/iomapd.sock" /* the default */

extern const char *const kind_names[];	 /* by enum iomap_kind, NULL-terminated */
extern const char *const source_names[]; /* by enum iomap_source, NULL-terminated */

/* Each returns a static string, "unknown" for a value outside the enum. */
const char *kind_name(unsigned int kind);
const char *backend_name(unsigned int backend);
const char *rule_name(unsigned int rule);
/* The i-th rule; NULL: there are no more. */
const char *rule_word(size_t i);
const char *lost_name(unsigned int reason);
const char *state_name(unsigned int state);
const char *event_name(unsigned int type);
const char *vector_name(unsigned int vector); /* of interrupts between CPUs */
const char *timing_name(unsigned int timing);
const char *source_name(unsigned int source);
/* The i-th source of events; NULL: there are no more. */
const char *source_word(size_t i);

/* Each returns the enum's value or -EINVAL. */
int kind_from_name(const char *name);
int backend_from_name(const char *name);
int rule_from_name(const char *name);
int timing_from_name(const char *name);
int source_from_name(const char *name);

/* Parses a time from 1ns to 1000s, such as 50us or 1.5ms. Returns 0 or -EINVAL. */
int time_from_text(const char *s, uint64_t *ret_ns);

#endif
