/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dbus/dbus.h>
#include <stdbool.h>
#include <stdint.h>

#include "early/list.h"

/*
 * Who calls: one for each unique name that asked for a change or subscribed, until it leaves the bus. Its user and process
 * are asked from the bus once, without blocking.
 */

struct bus;

struct client {
	struct list link; /* bus::clients */
	struct bus *bus;
	char *name; /* ":1.7" */
	DBusPendingCall *pending;
	struct list calls; /* call::link, waiting for the answer, in order */
	bool known;
	bool subscribed;
	uint32_t uid; /* UINT32_MAX: the bus could not say */
	uint32_t pid; /* 0: the bus could not say */
};

/* Finds or adds. */
int client_get(struct bus *bus, const char *name, struct client **ret_client);
struct client *client_find(struct bus *bus, const char *name);

/* Asks the bus, unless it was asked already. */
int client_ask(struct client *client);

void client_set_subscribed(struct client *client, bool subscribed);

/* Gives up all: its calls get no answer any more. */
struct client *client_free(struct client *client);

/* "StartUnit by /usr/sbin/gdm3 (pid 651, uid 0)". Free *ret_why. */
int client_describe(const struct client *client, const char *member, char **ret_why);

/* User and process in an answer of GetConnectionCredentials; UINT32_MAX and 0 for what it does not say. */
void credentials_read(DBusMessage *reply, uint32_t *ret_uid, uint32_t *ret_pid);
