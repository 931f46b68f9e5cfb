/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct node;
struct overlay;
struct session;

/* The union as the kernel sees it: one FUSE connection, served by libfuse's threads. */

/* Opens the connection and mounts it. Requests are queued by the kernel until session_start. */
int session_new(struct overlay *overlay, const char *mountpoint, const char *source,
		unsigned long mount_flags, struct session **ret_session);

/* Serves in threads of its own. When the connection has ended (nobody holds it any more), @fd (an eventfd) is written to. */
int session_start(struct session *session, int ended_fd);

/* Takes the mount out of the caller's mount name space; open files go on. -EINVAL: it is not what the path leads to (any more). */
int session_detach(struct session *session);

/* Drops what the kernel has cached. From threads without locks only: dirty pages come back as writes. */
void session_inval_node(struct session *session, struct node *node);
void session_inval_name(struct session *session, struct node *parent, const char *text);
