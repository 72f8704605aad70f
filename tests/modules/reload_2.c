// SPDX-License-Identifier: GPL-2.0-only
#define RELOAD_FUNCTION code_two
#include "reload.h"
