/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "identity.h"
#include "steps.h"

/* What the child that stays behind must let go. */
struct session_descriptors {
	int report_fd;
	unsigned int first_listen_fd;
	unsigned int n_listen;
};

/*
 * Opens a PAM session for the program that this process will become. A child stays behind, waits for this process to end and closes
 * the session. What PAM sets is added to @variables.
 */
int session_open(const char *pam_name, const struct identity *identity, const char *tty,
		 const struct session_descriptors *descriptors, char ***variables,
		 struct failure *failure);
