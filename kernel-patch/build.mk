# SPDX-License-Identifier: GPL-2.0-or-later
# `make kernels` builds every kernel of the matrix that the cache lacks; KERNEL=NAME names one.

kernels: ## build the kernels (one with KERNEL=NAME); kept in the cache folder
	$(Q)kernel-patch/build $(if $(filter command line environment,$(origin KERNEL)),$(KERNEL))

.PHONY: kernels

kernel-users: ## build i915, nouveau, qxl, mlx4 and ttm on the patched kernel with W=1
	$(Q)kernel-patch/users

.PHONY: kernel-users

series-each: ## build and boot the kernel after each patch of the series
	$(Q)kernel-patch/each

.PHONY: series-each
