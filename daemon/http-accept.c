// SPDX-License-Identifier: GPL-2.0-or-later
/* The Accept header of a request for the metrics. */
#include <string.h>
#include <strings.h>

#include "daemon/http.h"

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

/* The q of a media range, from its parameters, up to the next comma; 0 for a wrong one. */
static double quality(const char *params, size_t len)
{
	double q;

	for (size_t i = 0; i + 2 < len; i++) {
		if (!strchr("; \t", params[i]) || !strchr("qQ", params[i + 1]) ||
		    params[i + 2] != '=')
			continue;
		q = strtod(params + i + 3, NULL);
		return q >= 0 && q <= 1 ? q : 0;
	}
	return 1;
}

/* How much the header wants the type. *ret_fit: how well its best range fits. */
static double wanted(const char *accept, const char *type, int *ret_fit)
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
		/* The most wanted one of several versions of a type. */
		if (fit > best || (fit && fit == best && best_q > q)) {
			best = fit;
			q = best_q;
		}
		accept += all;
	}
	*ret_fit = best;
	return q;
}

bool http_wants_plain(const char *accept)
{
	double plain, open;
	int plain_fit, open_fit;

	if (!accept)
		return true;
	plain = wanted(accept, "text/plain", &plain_fit);
	open = wanted(accept, "application/openmetrics-text", &open_fit);
	/* Only a header that names OpenMetrics more exactly prefers it at the same q. */
	return open <= 0 || open < plain || (open == plain && open_fit <= plain_fit);
}
