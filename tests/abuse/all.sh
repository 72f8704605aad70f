#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs scripts of this folder in one virtual machine, as one TAP stream with a plan for each.
# Usage: tests/abuse/all.sh guest|breaks
status=0

for script in tests/abuse/"$1"-*.sh; do
	echo "# $script"
	"$script" || status=1
done
exit $status
