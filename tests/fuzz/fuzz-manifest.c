/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The whole of early-load: the first byte chooses which file of the root the text is, what follows a line "%%" is its drop-in. Whatever
 * they say, the table that is made of them is one that PID 1 takes, and no unit that early-load calls good is left out of it.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "early/fs.h"
#include "early/log.h"
#include "early/macros.h"
#include "loader.h"
#include "manifest.h"
#include "table_read.h"
#include "writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
	const char *file;
	const char *unit;
} kinds[] = {
	{ "etc/early/services.d/fuzz.service", "fuzz.service" },
	{ "lib/systemd/system/fuzz@.service", "fuzz@in-stance.service" },
	{ "lib/systemd/system/other.socket", "other.service" },
	{ "lib/systemd/system/other.path", "other.service" },
	{ "lib/systemd/system/other.timer", "other.timer" },
	{ "lib/systemd/system/fuzz.target", "fuzz.target" },
	{ "lib/systemd/system/fuzz.slice", "fuzz.slice" },
	{ "etc/init.d/fuzz", "fuzz.service" },
};

static char *early_dirs[] = { (char *)"/etc/early/services.d", NULL };
static char *stock_dirs[] = { (char *)"/lib/systemd/system", NULL };
static int root_fd = -1;

static char root[] = "/dev/shm/fuzz-manifest-XXXXXX";

static void put(const char *path, const char *text, size_t len)
{
	char parent[128];
	int fd;

	(void)snprintf(parent, sizeof(parent), "%.*s", (int)(strrchr(path, '/') - path), path);
	if (fs_mkdir_p_at(root_fd, parent, 0755) < 0)
		abort();
	fd = openat(root_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		abort();
	close(fd);
}

static void remove_root(void)
{
	char command[64];

	(void)snprintf(command, sizeof(command), "rm -rf %s", root);
	(void)!system(command); /* what is left is small */
}

/* A root in memory, with a service that the others may start. */
static void make_root(void)
{
	static const char other[] = "[Service]\nExecStart=/bin/other\n";
	static const char users[] = "root:x:0:0::/root:/bin/sh\nfuzz:x:7:7::/:/bin/sh\n";

	if (!mkdtemp(root) || atexit(remove_root) != 0)
		abort();
	root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	log_init("fuzz", LOG_SINK_STDERR, LOG_LEVEL_ERROR);
	put("lib/systemd/system/other.service", other, strlen(other));
	put("etc/passwd", users, strlen(users));
	put("etc/group", users, strlen(users));
}

static int take(struct definition *definition, void *data)
{
	++*(size_t *)data;
	definition_unref(definition);
	return 0;
}

static void read_table(const struct strbuf *table, size_t n_units)
{
	size_t n_taken = 0;
	const struct table_read_sink sink = { take, NULL, &n_taken };

	if (table_read(table->data, table->len, &sink) < 0 || n_taken != n_units)
		abort();
}

static void load(const char *unit)
{
	struct loader loader = { .index.root_fd = -1 };
	struct strbuf table CLEANUP_STRBUF = STRBUF_INIT;

	if (loader_init(&loader, root_fd, early_dirs, stock_dirs) < 0)
		abort();
	loader.checks = true;
	loader.host.host_name = "host";
	if (loader_load(&loader, unit) < 0 || loader_close(&loader) < 0 ||
	    loader_load_family(&loader, UNIT_FAMILY_ANY) < 0 || loader_mark_enabled(&loader) < 0 ||
	    check_order(&loader) < 0 || writer_pack(&loader, true, &table) < 0)
		abort();
	read_table(&table, loader.n_services);
	loader_done(&loader);
}

static void import(const char *unit)
{
	char *units[] = { (char *)unit };
	struct loader loader = { .index.root_fd = -1 };
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT;
	char *name = NULL;

	if (loader_init(&loader, root_fd, early_dirs, stock_dirs) < 0)
		abort();
	if (manifest_write(&loader, units, 1, &text, &name) == 0 && (!name || text.len == 0))
		abort();
	free(name);
	loader_done(&loader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t kind = size > 0 ? data[0] % ARRAY_SIZE(kinds) : 0;
	const char *text = (const char *)data + 1;
	const char *end = size > 0 ? memmem(text, size - 1, "\n%%\n", 4) : NULL;
	char dropin[128];

	if (size == 0)
		return 0;
	if (root_fd < 0)
		make_root();
	(void)snprintf(dropin, sizeof(dropin), "%s.d/10-fuzz.conf", kinds[kind].file);
	put(kinds[kind].file, text, end ? (size_t)(end + 1 - text) : size - 1);
	if (end)
		put(dropin, end + 4, size - 1 - (size_t)(end + 4 - text));
	load(kinds[kind].unit);
	import(kinds[kind].unit);
	(void)unlinkat(root_fd, kinds[kind].file, 0);
	(void)unlinkat(root_fd, dropin, 0); /* there is one or not */
	return 0;
}
