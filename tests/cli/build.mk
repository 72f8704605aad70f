# SPDX-License-Identifier: GPL-2.0-or-later
# Tests of iomapctl and iomaptop. Programs and scripts print TAP and run from the top of the tree.
cli-unit-tests	:= test-fmt test-table test-opts test-client test-model test-violation test-top test-top-keys \
		   test-top-violations
unit-tests	+= $(addprefix tests/cli/,$(cli-unit-tests))

tests/cli/test-fmt-srcs	:= tests/cli/test-fmt.c cli/fmt.c
tests/cli/test-table-srcs := tests/cli/test-table.c cli/fmt.c cli/table.c cli/util.c
tests/cli/test-opts-srcs := tests/cli/test-opts.c cli/opts.c cli/util.c
tests/cli/test-client-srcs := tests/cli/test-client.c cli/client.c cli/feed.c cli/util.c
tests/cli/test-model-srcs := tests/cli/test-model.c tests/cli/snapshots.c $(cli-srcs) $(top-srcs)
tests/cli/test-violation-srcs := tests/cli/test-violation.c $(cli-srcs)
$(foreach t,test-top test-top-keys test-top-violations,$(eval tests/cli/$(t)-srcs := tests/cli/$(t).c \
	tests/cli/top-fixture.c tests/cli/snapshots.c $(cli-srcs) $(top-srcs)))

define cli-test
tests/cli/$(1)-pkgs := cmocka jansson
tests/cli/$(1)-libs := -lm
endef
$(foreach t,$(cli-unit-tests),$(eval $(call cli-test,$(t))))

# iomapctl assert: the report by itself, and running commands without a collector.
assert-tests	:= $(addprefix tests/cli/,test-assert test-assert-formats test-assert-run)
unit-tests	+= $(assert-tests)
test-progs	+= tests/cli/made-up-report tests/cli/iomapctl-made-up
tests/cli/test-assert-srcs := tests/cli/test-assert.c tests/cli/assert-fixture.c $(cli-srcs) $(assert-srcs)
tests/cli/test-assert-formats-srcs := tests/cli/test-assert-formats.c tests/cli/assert-fixture.c $(cli-srcs) \
	$(assert-srcs)
tests/cli/test-assert-run-srcs := tests/cli/test-assert-run.c cli/assert_run.c cli/util.c
tests/cli/made-up-report-srcs := tests/cli/made-up-report.c tests/cli/assert-fixture.c $(cli-srcs) $(assert-srcs)
tests/cli/iomapctl-made-up-srcs := tests/cli/made-up-collector.c tests/cli/assert-fixture.c $(iomapctl-srcs)
$(foreach t,test-assert test-assert-formats test-assert-run made-up-report iomapctl-made-up,$(eval $(call cli-test,$(t))))

# The rest of it is declared in tests/build.mk.
tests/cli/fake-iomapd-srcs += tests/cli/fake-ipi.c tests/cli/fake-violations.c

# A server that answers with whatever it is given: for replies that iomapd would never send.
test-progs	+= tests/cli/canned-server
tests/cli/canned-server-srcs := tests/cli/canned-server.c

# Scripts over the built programs; they take the folder of these as an argument.
cli-tests	:= $(addprefix tests/cli/,test-assert.sh test-completion.sh test-docs.sh test-iomapctl.sh test-iomaptop.sh \
		   test-metrics.sh test-screenshot.sh test-service.sh test-varlink.sh)
