/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "early/macros.h"
#include "early/wire.h"

/*
 * What SystemCallFilter= and SystemCallLog= come to: names of system calls and what becomes of each. Groups are expanded; a later
 * word takes back what an earlier one said. Pure.
 */

#define SYSCALL_DEFAULT (-1) /* what the list does with its members */
#define SYSCALL_KILL (-2)

struct syscall_entry {
	const char *name; /* len characters, not terminated */
	size_t len;
	int error; /* SYSCALL_DEFAULT, SYSCALL_KILL or a number of errno */
};

struct syscall_list {
	bool given;
	bool allows; /* members are what is allowed; otherwise what is not */
	struct syscall_entry *entries; /* sorted by name */
	size_t n_entries;
};

void syscall_list_done(struct syscall_list *list);
#define CLEANUP_SYSCALL_LIST CLEANUP(syscall_list_done)

/* The list of key @key. -EINVAL: a group that is none. */
int syscall_list_read(const struct wire_list *settings, const char *key,
		      struct syscall_list *ret_list);

/* The entry of a name, or NULL. */
const struct syscall_entry *syscall_list_find(const struct syscall_list *list, const char *name,
					      size_t len);
