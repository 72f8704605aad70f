// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/privilege.h"

#include <cap-ng.h>
#include <string.h>
#include <sys/prctl.h>

int privilege_drop(struct errbuf *e)
{
	capng_select_t which = CAPNG_SELECT_CAPS;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return set_error(e, -errno, "cannot set no_new_privs: %s", strerror(errno));
	/* Emptying the bounding set needs CAP_SETPCAP. With no_new_privs, the set is of no use. */
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		which = CAPNG_SELECT_BOTH;
	capng_clear(CAPNG_SELECT_ALL);
	if (capng_apply(which) || capng_apply(CAPNG_SELECT_AMBIENT))
		return set_error(e, -EPERM, "cannot drop the capabilities");
	return 0;
}
