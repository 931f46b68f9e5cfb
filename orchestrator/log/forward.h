/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "backlog.h"
#include "early/loop.h"
#include "record.h"

#define FORWARD_PATH_SIZE 108

/* A syslog daemon gets what came so far, and from then on everything. */
struct forward {
	struct loop *loop; /* NULL: there is no forwarding */
	struct backlog backlog;
	struct loop_source watch; /* inotify */
	struct loop_source daemon; /* its socket; fd -1: there is none */
	struct loop_timer timer; /* the next look */
	char dev_log[FORWARD_PATH_SIZE]; /* "/dev/log" */
	char socket[FORWARD_PATH_SIZE]; /* early-log's own, which /dev/log is a link to */
	char syslog[FORWARD_PATH_SIZE]; /* of syslog.socket */
	ino_t socket_ino; /* 0: it is not ours */
	bool is_enabled; /* the disks are there, so a daemon may be woken */
	int (*listen)(struct forward *forward, void *data); /* makes @socket anew */
	void *data;
};

/*
 * @dir_fd: where the backlog lies. Watches the places where a daemon shows up. The caller has set dev_log, socket, syslog, listen and
 * data.
 */
int forward_init(struct forward *forward, struct loop *loop, int dir_fd);
void forward_done(struct forward *forward);

/* From now on. Idempotent. */
void forward_enable(struct forward *forward);

/* A datagram of syslog(3) goes on as it came. */
void forward_raw(struct forward *forward, const struct ucred *sender, const char *bytes,
		 size_t len);

/* Any other message, as syslog(3) would have sent it. */
void forward_record(struct forward *forward, const struct ucred *sender, int facility,
		    const struct record *record);

/* Is there somebody who reads the datagram socket at @path? */
bool forward_is_alive(const char *path);

/* Makes /dev/log a link to @socket, unless a daemon that lives has it. */
int forward_link(const char *dev_log, const char *socket);
