/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The JSON library, and a cleanup attribute for its values. */
#ifndef IOMAP_DAEMON_BASE_JANSSON_H
#define IOMAP_DAEMON_BASE_JANSSON_H

#include <jansson.h>

#include "daemon/base/util.h"

static inline void json_decref_p(json_t **j)
{
	json_decref(*j);
}

#ifndef json_array_foreach /* for analysers that read no system headers */
#define json_array_foreach(array, i, v) \
	for ((i) = 0; (i) < json_array_size(array) && ((v) = json_array_get(array, i)); (i)++)
#define json_object_foreach(object, key, v)                                         \
	for ((key) = json_object_iter_key(json_object_iter(object));                \
	     (key) && ((v) = json_object_iter_value(json_object_key_to_iter(key))); \
	     (key) = json_object_iter_key(json_object_iter_next(object, (void *)(key))))
#endif

#define _cleanup_json_ _cleanup_(json_decref_p)

#endif
