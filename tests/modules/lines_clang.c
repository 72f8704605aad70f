// SPDX-License-Identifier: GPL-2.0-only
/* clang lacks what this option of a kernel of gcc asks for: per-CPU variables would be misread. */
#undef CONFIG_USE_X86_SEG_SUPPORT

#include "lines.h"
