/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What clients send, taken apart. Pure: nothing is copied, text points into the input (which is changed in place). */

struct message {
	const char *identifier; /* NULL: none */
	pid_t pid; /* as the message says, 0: not said */
	int level;
	int facility; /* the journal's only; 3 (daemon) if it is not said */
	const char *text;
	size_t len;
};

/* "<PRI>" in front of a line: takes it off and returns its level; @fallback without one. */
int message_take_level(const char **text, size_t *len, int fallback);

/* A datagram of syslog(3): "<PRI>Mmm dd hh:mm:ss ident[pid]: text". @data must have room for a NUL at @len. */
void message_parse_syslog(char *data, size_t len, struct message *ret_message);

/* A datagram of the journal's native protocol. False if it has no MESSAGE=. @data must have room for a NUL at @len. */
bool message_parse_native(char *data, size_t len, struct message *ret_message);

/* A service's name in the text of /proc/PID/cgroup, e.g. "gdm.service" or "session-1.scope", cut out in place; NULL for none. */
const char *message_service_of_cgroup(char *cgroup);
