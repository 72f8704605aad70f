# SPDX-License-Identifier: GPL-2.0-or-later
# Kernels with the patch series. All are kept in the cache and built only if they are missing there.

kernels: ## build all kernels, or one with KERNEL=NAME
	$(Q)kernel-patch/build $(if $(filter command line environment,$(origin KERNEL)),$(KERNEL))

kernel-users: ## build i915, nouveau, qxl, mlx4 and ttm on the patched kernel with W=1
	$(Q)kernel-patch/users

series-each: ## build and boot the kernel after each patch of the series
	$(Q)kernel-patch/each

.PHONY: kernels kernel-users series-each
