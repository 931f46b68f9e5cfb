/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "introspect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/strbuf.h"

#include "bus.h"
#include "object_path.h"
#include "objects.h"

/* One <arg> for each complete type of @signature, which comes from a table and is valid. */
static void add_arguments(struct strbuf *xml, const char *signature, const char *direction)
{
	DBusSignatureIter iter;

	if (*signature == '\0')
		return;
	dbus_signature_iter_init(&iter, signature);
	do {
		char *type = dbus_signature_iter_get_signature(&iter);

		if (type == NULL)
			return;
		strbuf_printf(xml, "   <arg type=\"%s\"%s/>\n", type, direction);
		dbus_free(type);
	} while (dbus_signature_iter_next(&iter));
}

static void add_iface(struct strbuf *xml, const struct iface *iface)
{
	strbuf_printf(xml, " <interface name=\"%s\">\n", iface->name);
	for (const struct method *method = iface->methods; method->name != NULL; method++) {
		strbuf_printf(xml, "  <method name=\"%s\">\n", method->name);
		add_arguments(xml, method->in, " direction=\"in\"");
		add_arguments(xml, method->out, " direction=\"out\"");
		strbuf_puts(xml, "  </method>\n");
	}
	for (const struct property *property = iface->properties; property->name != NULL;
	     property++)
		strbuf_printf(xml, "  <property name=\"%s\" type=\"%s\" access=\"read\"/>\n",
			      property->name, property->signature);
	for (const struct signal *signal = iface->signals; signal->name != NULL; signal++) {
		strbuf_printf(xml, "  <signal name=\"%s\">\n", signal->name);
		add_arguments(xml, signal->signature, "");
		strbuf_puts(xml, "  </signal>\n");
	}
	strbuf_puts(xml, " </interface>\n");
}

/* The next element below @path on the way to the manager; NULL elsewhere. */
static const char *next_element(const char *path)
{
	if (strcmp(path, "/") == 0)
		return "org";
	if (strcmp(path, "/org") == 0)
		return "freedesktop";
	if (strcmp(path, "/org/freedesktop") == 0)
		return "systemd1";
	return NULL;
}

static int add_units(struct strbuf *xml, struct bus *bus)
{
	struct unit *unit;

	list_for_each (unit, &bus->mirror.units, link) {
		CLEANUP(free_charp)
		char *path = NULL;
		int r = unit_path_new(unit->name, &path);

		if (r < 0)
			return r;
		strbuf_printf(xml, " <node name=\"%s\"/>\n", path + strlen(UNIT_PATH_PREFIX));
	}
	return 0;
}

static int add_children(struct strbuf *xml, struct bus *bus, const char *path)
{
	const char *next = next_element(path);
	struct job *job;

	if (next != NULL)
		strbuf_printf(xml, " <node name=\"%s\"/>\n", next);
	if (strcmp(path, MANAGER_PATH) == 0)
		strbuf_puts(xml, " <node name=\"unit\"/>\n <node name=\"job\"/>\n");
	if (strcmp(path, MANAGER_PATH "/job") == 0) {
		list_for_each (job, &bus->mirror.jobs, link)
			strbuf_printf(xml, " <node name=\"%u\"/>\n", job->id);
	}
	if (strcmp(path, MANAGER_PATH "/unit") == 0)
		return add_units(xml, bus);
	return 0;
}

int introspect(struct bus *bus, enum object_kind kind, const char *unit, const char *path,
	       char **ret_xml)
{
	CLEANUP_STRBUF struct strbuf xml = STRBUF_INIT;
	const struct iface *iface;
	char *text;
	int r;

	strbuf_puts(&xml, DBUS_INTROSPECT_1_0_XML_DOCTYPE_DECL_NODE "<node>\n");
	for (size_t i = 0; (iface = object_iface(kind, unit, i)) != NULL; i++)
		add_iface(&xml, iface);
	r = add_children(&xml, bus, path);
	if (r < 0)
		return r;
	strbuf_puts(&xml, "</node>\n");
	text = strbuf_take(&xml);
	if (text == NULL)
		return -ENOMEM;
	*ret_xml = text;
	return 0;
}
