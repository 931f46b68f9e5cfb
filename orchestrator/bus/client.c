/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "early/cause.h"
#include "early/macros.h"
#include "early/proc.h"
#include "early/strbuf.h"

#include "bus.h"
#include "call.h"

struct client *client_find(struct bus *bus, const char *name)
{
	struct client *client;

	list_for_each (client, &bus->clients, link) {
		if (strcmp(client->name, name) == 0)
			return client;
	}
	return NULL;
}

int client_get(struct bus *bus, const char *name, struct client **ret_client)
{
	struct client *client = client_find(bus, name);

	if (client != NULL) {
		*ret_client = client;
		return 0;
	}
	client = calloc(1, sizeof(*client));
	if (client == NULL)
		return -ENOMEM;
	client->name = strdup(name);
	if (client->name == NULL) {
		free(client);
		return -ENOMEM;
	}
	client->bus = bus;
	client->uid = UINT32_MAX;
	list_init(&client->calls);
	list_append(&bus->clients, &client->link);
	*ret_client = client;
	return 0;
}

struct client *client_free(struct client *client)
{
	struct call *call;

	if (client == NULL)
		return NULL;
	if (client->pending != NULL) {
		dbus_pending_call_cancel(client->pending);
		dbus_pending_call_unref(client->pending);
	}
	while ((call = list_first(&client->calls, struct call, link)) != NULL)
		call_free(call);
	client_set_subscribed(client, false);
	list_remove(&client->link);
	free(client->name);
	free(client);
	return NULL;
}

void client_set_subscribed(struct client *client, bool subscribed)
{
	if (client->subscribed == subscribed)
		return;
	client->subscribed = subscribed;
	client->bus->n_subscribed += subscribed ? 1 : (uint32_t)-1;
}

static void read_entry(DBusMessageIter *entry, uint32_t *uid, uint32_t *pid)
{
	DBusMessageIter value;
	const char *key;

	dbus_message_iter_get_basic(entry, &key);
	if (!dbus_message_iter_next(entry))
		return;
	dbus_message_iter_recurse(entry, &value);
	if (dbus_message_iter_get_arg_type(&value) != DBUS_TYPE_UINT32)
		return;
	if (strcmp(key, "UnixUserID") == 0)
		dbus_message_iter_get_basic(&value, uid);
	else if (strcmp(key, "ProcessID") == 0)
		dbus_message_iter_get_basic(&value, pid);
}

void credentials_read(DBusMessage *reply, uint32_t *ret_uid, uint32_t *ret_pid)
{
	DBusMessageIter iter, entries, entry;

	*ret_uid = UINT32_MAX;
	*ret_pid = 0;
	if (reply == NULL || dbus_message_get_type(reply) != DBUS_MESSAGE_TYPE_METHOD_RETURN ||
	    !dbus_message_has_signature(reply, "a{sv}"))
		return;
	dbus_message_iter_init(reply, &iter);
	dbus_message_iter_recurse(&iter, &entries);
	while (dbus_message_iter_get_arg_type(&entries) == DBUS_TYPE_DICT_ENTRY) {
		dbus_message_iter_recurse(&entries, &entry);
		read_entry(&entry, ret_uid, ret_pid);
		dbus_message_iter_next(&entries);
	}
}

static void handle_credentials(DBusPendingCall *pending, void *data)
{
	struct client *client = data;
	DBusMessage *reply = dbus_pending_call_steal_reply(pending);
	struct call *call;

	credentials_read(reply, &client->uid, &client->pid);
	if (reply != NULL)
		dbus_message_unref(reply);
	dbus_pending_call_unref(client->pending);
	client->pending = NULL;
	client->known = true;
	while ((call = list_first(&client->calls, struct call, link)) != NULL) {
		list_remove(&call->link);
		call_run(call);
	}
	/* It left the bus meanwhile, and its NameOwnerChanged came before it was added here. */
	if (client->uid == UINT32_MAX)
		client_free(client);
}

int client_ask(struct client *client)
{
	if (client->known || client->pending != NULL)
		return 0;
	return bus_call(client->bus, bus_daemon_method("GetConnectionCredentials", client->name),
			handle_credentials, client, &client->pending);
}

int client_describe(const struct client *client, const char *member, char **ret_why)
{
	CLEANUP_STRBUF struct strbuf text = STRBUF_INIT;
	char name[256];
	char *why;

	proc_name(client->pid, name, sizeof(name));
	if (client->uid == UINT32_MAX)
		strbuf_printf(&text, "%s by %s", member, client->name);
	else
		cause_of_process(&text, member, name[0] ? name : client->name, client->pid,
				 client->uid);
	why = strbuf_take(&text);
	if (why == NULL)
		return -ENOMEM;
	*ret_why = why;
	return 0;
}
