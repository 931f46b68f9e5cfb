/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A phase: listen for new devices, look at those that are there, load what they want, and go on as long as loading brings
 * new devices (virtio_pci makes virtio devices, a disk controller makes disks). Nothing sleeps: the end is when the plan is idle and
 * no announcement waits. Drivers that probe asynchronously may announce devices later; who wants those waits for them by
 * name (early-disks waits for the root), and the modules they need are loaded through the kernel's own call of
 * /sbin/modprobe, which is this program too.
 *
 * The order of the first steps is made for the display: threads first, then PCI, then the other buses, so that the longest
 * module is on its way while the rest is being read.
 */
#include "loader.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/fs.h"
#include "early/log.h"

#include "devices.h"
#include "modlist.h"
#include "pool.h"
#include "words.h"

#define LOADER_MAX_LIST_BYTES (16 * 1024 * 1024)
#define LOADER_SPARE_THREADS 2
#define LOADER_MAX_PROC_BYTES (1024 * 1024)

struct loader {
	int root_fd;
	int modules_fd;
	struct modlist list;
	struct words words;
	struct pool pool;
	enum phase phase;
};

static int read_list(struct loader *loader)
{
	struct modlist_complaint complaint;
	char *text;
	size_t len;
	int r;

	r = fs_read_file_at(loader->root_fd, &MODLIST_PATH[1], LOADER_MAX_LIST_BYTES, &text, &len);
	if (r < 0)
		return log_errno(r, "cannot read %s; make the image anew with early-mkinitramfs",
				 MODLIST_PATH);
	r = modlist_read(&loader->list, text, &complaint);
	if (r == -EBADMSG) {
		log_error("%s:%u: %s; make the image anew with early-mkinitramfs", MODLIST_PATH,
			  complaint.line, complaint.why);
		return r;
	}
	return r < 0 ? log_errno(r, "cannot read %s", MODLIST_PATH) : 0;
}

static int open_modules(struct loader *loader)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "lib/modules/%s", loader->list.version);
	loader->modules_fd = openat(loader->root_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (loader->modules_fd < 0)
		return log_errno(-errno, "cannot open /%s", path);
	return 0;
}

/* Without /proc there are no words, which is no reason to stop. */
static int read_words(struct loader *loader)
{
	CLEANUP(free_charp)
	char *text = NULL;
	int r;

	r = fs_read_line_at(loader->root_fd, "proc/cmdline", &text);
	if (r >= 0)
		r = words_read(&loader->words, text);
	if (r == -ENOENT)
		return 0;
	return r < 0 ? log_errno(r, "cannot read /proc/cmdline") : 0;
}

/* What is there already need not be read again. A module that is still loading is left to finit_module, which waits. */
static void note_loaded(struct loader *loader)
{
	CLEANUP(free_charp)
	char *text = NULL;
	char *rest;
	size_t len;

	if (fs_read_file_at(loader->root_fd, "proc/modules", LOADER_MAX_PROC_BYTES, &text, &len) <
	    0)
		return;
	rest = text;
	for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
		char *live = strstr(line, " Live ");
		size_t index;

		line[strcspn(line, " ")] = '\0';
		index = live ? modlist_find(&loader->list, line) : MODLIST_NONE;
		if (index != MODLIST_NONE)
			pool_set_loaded(&loader->pool, index);
	}
}

static void loader_close(struct loader *loader)
{
	pool_done(&loader->pool);
	words_done(&loader->words);
	modlist_done(&loader->list);
	loader->modules_fd = fd_close(loader->modules_fd);
	loader->root_fd = fd_close(loader->root_fd);
}

static int loader_open(struct loader *loader, const struct loader_request *request,
		       enum phase phase)
{
	int r;

	*loader = (struct loader){ .modules_fd = -1, .phase = phase };
	loader->root_fd = open(request->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (loader->root_fd < 0)
		return log_errno(-errno, "cannot open %s", request->root);
	r = read_list(loader);
	if (r >= 0)
		r = open_modules(loader);
	if (r >= 0)
		r = read_words(loader);
	if (r >= 0) {
		/* What leads to a display is computing all the time, disks let one wait. */
		r = pool_init(&loader->pool, &loader->list, &loader->words, loader->modules_fd,
			      phase == PHASE_DISPLAY ? 0 : LOADER_SPARE_THREADS);
		if (r >= 0)
			return 0;
		(void)log_errno(r, "cannot start threads");
	}
	words_done(&loader->words);
	modlist_done(&loader->list);
	loader->modules_fd = fd_close(loader->modules_fd);
	loader->root_fd = fd_close(loader->root_fd);
	return r;
}

static void want_companions(struct loader *loader, const char *path)
{
	const char *names = phase_companions(path);

	while (*names) {
		size_t len = strcspn(names, " ");
		char name[64];
		size_t index;

		(void)snprintf(name, sizeof(name), "%.*s", (int)len, names);
		index = modlist_find(&loader->list, name);
		if (index != MODLIST_NONE && !words_is_blacklisted(&loader->words, name))
			pool_want(&loader->pool, index);
		names += len;
		names += *names == ' ';
	}
}

/* Wants the modules that @modalias calls for in this phase. Blacklisted ones are not wanted, as with modprobe. */
static void want_alias(struct loader *loader, const char *modalias)
{
	size_t next = 0;

	for (;;) {
		size_t index = modlist_match(&loader->list, modalias, next, &next);
		const struct modlist_module *module;

		if (index == MODLIST_NONE)
			return;
		module = &loader->list.modules[index];
		if (!phase_wants(loader->phase, module->path, modalias) ||
		    words_is_blacklisted(&loader->words, module->name))
			continue;
		pool_want(&loader->pool, index);
		if (loader->phase == PHASE_STORAGE)
			want_companions(loader, module->path);
	}
}

static void handle_device(const char *modalias, void *data)
{
	struct loader *loader = data;
	char virtio[64];

	want_alias(loader, modalias);
	if (phase_predict(modalias, virtio, sizeof(virtio)))
		want_alias(loader, virtio);
}

/* By name, else by alias; false if there is no such module. */
static bool want_name(struct loader *loader, const char *name)
{
	char spelt[256];
	size_t index, next = 0;
	bool found = false;

	if ((size_t)snprintf(spelt, sizeof(spelt), "%s", name) < sizeof(spelt)) {
		for (char *at = strchr(spelt, '-'); at; at = strchr(at, '-'))
			*at = '_';
		index = modlist_find(&loader->list, spelt);
		if (index != MODLIST_NONE) {
			pool_want(&loader->pool, index);
			return true;
		}
	}
	while ((index = modlist_match(&loader->list, name, next, &next)) != MODLIST_NONE) {
		if (!words_is_blacklisted(&loader->words, loader->list.modules[index].name))
			pool_want(&loader->pool, index);
		found = true;
	}
	return found;
}

/* What the storage phase loads without being asked by a device. Built-in ones are not in the list. */
static void want_file_systems(struct loader *loader, const struct loader_request *request)
{
	const char *names = request->root_fs ? request->root_fs
					     : words_value(&loader->words, "rootfstype");

	if (!names || !names[0])
		names = "ext4";
	while (*names) {
		size_t len = strcspn(names, ",");
		char alias[64];

		if ((size_t)snprintf(alias, sizeof(alias), "fs-%.*s", (int)len, names) <
		    sizeof(alias))
			(void)want_name(loader, alias);
		names += len;
		names += *names == ',';
	}
	(void)want_name(loader, "fuse");
}

static int wait_for_idle(struct loader *loader, int uevent_fd)
{
	struct pollfd fds[] = {
		{ .fd = loader->pool.idle_fd, .events = POLLIN },
		{ .fd = uevent_fd, .events = POLLIN },
	};
	uint64_t count;

	/* Idle first, the socket after it: what came before idle is then in the socket. */
	while (!pool_is_idle(&loader->pool)) {
		int r;

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return log_errno(-errno, "cannot wait for devices");
		(void)!read(loader->pool.idle_fd, &count, sizeof(count)); /* only resets it */
		r = devices_receive(uevent_fd, handle_device, loader);
		if (r < 0)
			return r;
	}
	return devices_receive(uevent_fd, handle_device, loader);
}

static int wait_for_device(int uevent_fd)
{
	struct pollfd fd = { .fd = uevent_fd, .events = POLLIN };

	if (poll(&fd, 1, -1) < 0 && errno != EINTR)
		return log_errno(-errno, "cannot wait for devices");
	return 0;
}

/* Loads until nothing new comes, or with @stay whatever comes. */
static int settle(struct loader *loader, int uevent_fd, bool stay)
{
	for (;;) {
		int r = wait_for_idle(loader, uevent_fd);

		if (r == -ENOBUFS)
			r = devices_scan(loader->root_fd, loader->phase, handle_device, loader);
		if (r >= 0 && pool_is_idle(&loader->pool)) {
			if (!stay)
				return 0;
			r = wait_for_device(uevent_fd);
		}
		if (r < 0)
			return r;
	}
}

int loader_run_phase(const struct loader_request *request, enum phase phase)
{
	struct loader loader;
	int uevent_fd;
	int r;

	r = devices_listen(&uevent_fd);
	if (r < 0)
		return log_errno(r, "cannot listen for devices");
	r = loader_open(&loader, request, phase);
	if (r >= 0) {
		note_loaded(&loader);
		r = devices_scan(loader.root_fd, phase, handle_device, &loader);
		if (r < 0)
			(void)log_errno(r, "cannot read %s/sys/bus", request->root);
		if (phase == PHASE_STORAGE)
			want_file_systems(&loader, request);
		if (r >= 0)
			r = settle(&loader, uevent_fd, request->stay);
		loader_close(&loader);
	}
	(void)fd_close(uevent_fd);
	return r;
}

static int check_results(struct loader *loader)
{
	int r = 0;

	for (size_t i = 0; i < loader->list.n_modules; i++) {
		if (loader->pool.plan.entries[i].state == PLAN_FAILED)
			r = loader->pool.plan.entries[i].error;
	}
	return r;
}

int loader_run_names(const struct loader_request *request, int n_names, char **names)
{
	struct loader loader;
	int missing = 0;
	int r;

	r = loader_open(&loader, request, PHASE_REST);
	if (r < 0)
		return r;
	note_loaded(&loader);
	for (int i = 0; i < n_names; i++) {
		if (!want_name(&loader, names[i])) {
			log_debug("there is no module %s", names[i]);
			missing = -ENOENT;
		}
	}
	while (!pool_is_idle(&loader.pool)) {
		struct pollfd idle = { .fd = loader.pool.idle_fd, .events = POLLIN };

		if (poll(&idle, 1, -1) < 0 && errno != EINTR)
			break;
		if (idle.revents)
			(void)!read(loader.pool.idle_fd, &(uint64_t){ 0 }, sizeof(uint64_t));
	}
	r = check_results(&loader);
	loader_close(&loader);
	return r < 0 ? r : missing;
}
