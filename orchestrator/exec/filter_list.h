/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/wire.h"
#include "syscall_list.h"

/* SystemCallFilter= and SystemCallLog= in the kernel's terms. Actions are SECCOMP_RET_…. */
struct filter_list {
	struct syscall_list syscalls;
	uint32_t member_action;
	uint32_t known_action; /* for other calls that are known, */
	uint32_t unknown_action; /* and for those that are not */
};

/* @action is for what key @key does not allow, or logs. */
int filter_list_read(const struct wire_list *settings, const char *key, uint32_t action,
		     struct filter_list *ret_list);
void filter_list_done(struct filter_list *list);

int filter_list_load(const struct filter_list *list, const uint32_t *architectures,
		     size_t n_architectures);
