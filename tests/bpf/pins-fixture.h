/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Helpers of the tests of pins and restarts: a BPF file system, and collectors that are killed. */
#ifndef IOMAP_TESTS_BPF_PINS_FIXTURE_H
#define IOMAP_TESTS_BPF_PINS_FIXTURE_H

#include "tests/bpf/harness.h"

/* The folder of the pins. */
extern const char *pins;

/* Setup and teardown of a group: a BPF file system that other processes do not see. */
int pins_mount(void **state);
int pins_unmount(void **state);
/* Removes all pins; there must be some unless the folder is gone. */
void pins_clean(void);

/* Opens a collector that pins its programs and maps, or goes on with those of the last one. */
void pins_bench_open(struct bench *b);
/* Runs fn with such a collector in a child process, which is then killed by SIGKILL. */
void in_killed_process(void (*fn)(struct bench *b, struct history *h));

/* Creates the mappings first to last. */
void create_mappings(struct bench *b, uint32_t first, uint32_t last);
/* Checks that the history has one event for each of these mappings, numbered from seq on. */
void expect_events(struct history *h, uint64_t seq, uint32_t first, uint32_t last);

/* A run to be killed: mappings 1 to 5, two events not consumed, and a sleepable map held. */
void some_work(struct bench *b, struct history *h);

#endif
