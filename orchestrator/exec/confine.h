/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "early/wire.h"
#include "identity.h"
#include "steps.h"

/* Rights that a program does not get, whoever runs it. */

/* The capabilities that Protect…= and Private…= take out of the bounding set. Pure. */
uint64_t confine_capabilities(const struct wire_list *settings);

/* True if the program may not gain rights by executing a file. Pure. */
bool confine_wants_no_new_privileges(const struct wire_list *settings);

/* The session keyring of KeyringMode=. With a PAM session only if it is asked for: its modules have made one. */
int confine_join_keyring(const struct wire_list *settings, const struct identity *identity,
			 bool has_session, struct failure *failure);

/* AppArmorProfile=, SELinuxContext= and SmackProcessLabel=, for the execution that follows. */
int confine_set_labels(const struct wire_list *settings, struct failure *failure);

int confine_set_no_new_privileges(struct failure *failure);
