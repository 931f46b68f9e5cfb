#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The sanitized build finds what is lost, and only that: common/src/lsan_roots.c says where pointers may be.
#   leaks.sh LEAKY
set -u
ASAN_OPTIONS=detect_leaks=1
export ASAN_OPTIONS
if ! kept=$("$1" 2>&1) || [ -n "$kept" ]; then
	echo "not ok: what a global holds is called lost: $kept"
	exit 1
fi
if lost=$("$1" lose 2>&1); then
	echo "not ok: nothing was found"
	exit 1
fi
case $lost in
*"SUMMARY: AddressSanitizer: 10 byte(s) leaked in 1 allocation(s)."*) ;;
*)
	echo "not ok: $lost"
	exit 1
	;;
esac
