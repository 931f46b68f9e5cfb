/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A tree of unit files in a directory of its own, and a loader over it: for tests that go from files to units. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/fs.h"
#include "early_test.h"
#include "loader.h"

static char root[64];
static int root_fd = -1;
static struct loader loader;

static char *early_dirs[] = { (char *)"/etc/early/services.d", (char *)"/usr/lib/early/services.d",
			      NULL };
static char *stock_dirs[] = { (char *)"/etc/systemd/system", (char *)"/lib/systemd/system", NULL };

static inline int set_up(void **state)
{
	(void)state;
	strcpy(root, "/tmp/test-load-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return root_fd < 0 ? -1 : 0;
}

static inline int tear_down(void **state)
{
	char command[128];

	(void)state;
	loader_done(&loader);
	root_fd = fd_close(root_fd);
	(void)snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

static inline void make_parent(const char *path)
{
	char *copy = strdup(path);
	char *slash = strrchr(copy, '/');

	*slash = '\0';
	assert_int_equal(fs_mkdir_p_at(root_fd, copy, 0755), 0);
	free(copy);
}

static inline void put_file(const char *path, const char *text)
{
	make_parent(path);
	assert_int_equal(fs_replace_at(root_fd, path, text, strlen(text), 0644), 0);
}

static inline void put_link(const char *path, const char *target)
{
	make_parent(path);
	assert_int_equal(symlinkat(target, root_fd, path), 0);
}

static inline void begin(void)
{
	assert_int_equal(loader_init(&loader, root_fd, early_dirs, stock_dirs), 0);
	loader.host.host_name = "host";
}

static inline struct service *get(const char *name)
{
	for (size_t i = 0; i < loader.n_services; i++)
		if (strcmp(loader.services[i]->name, name) == 0)
			return loader.services[i];
	fail_msg("%s is not loaded", name);
	return NULL;
}

static inline struct service *load(const char *name)
{
	assert_int_equal(loader_load(&loader, name), 0);
	return get(name);
}

static inline bool was_told(const char *directive, unsigned int line, enum diag_level level)
{
	for (size_t i = 0; i < loader.diags.n_items; i++)
		if (strcmp(loader.diags.items[i].directive, directive) == 0 &&
		    loader.diags.items[i].line == line && loader.diags.items[i].level == level)
			return true;
	return false;
}
