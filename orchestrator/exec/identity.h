/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "early/proto/table.h"
#include "steps.h"

/* Who a service runs as, by NSS. */
struct identity {
	bool has_user;
	bool has_group;
	uid_t uid;
	gid_t gid;
	char *name;
	char *home;
	char *shell;
	gid_t *groups;
	size_t n_groups;
};

int identity_look_up(const struct table_service *service, struct identity *ret_identity,
		     struct failure *failure);
void identity_done(struct identity *identity);

/* Takes on groups and user for good. */
int identity_take_groups(const struct identity *identity, struct failure *failure);
int identity_take_user(const struct identity *identity, struct failure *failure);
