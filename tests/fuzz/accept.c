// SPDX-License-Identifier: GPL-2.0-or-later
/* The Accept header of a request for the metrics. */
#include "tests/lib/fuzz.h"

#include "daemon/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);

	http_wants_plain(text);
	free(text);
	return 0;
}
