/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An edited manifest is used as it was until the next daemon-reload. PID 1 never looks at a disk, so the table tells when the newest file
 * of a unit was changed, and it is compared here. Drop-ins are looked for where people put them: beside the manifest, and in /etc.
 */
#include "stale.h"

#include <errno.h>
#include <glob.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "answer.h"
#include "client.h"
#include "early/fd.h"
#include "early/macros.h"
#include "early/strbuf.h"
#include "verbs.h"

static bool is_newer(const char *path, uint64_t read_us)
{
	struct stat st;

	return stat(path, &st) == 0 &&
	       (uint64_t)st.st_mtim.tv_sec * 1000000 + (uint64_t)st.st_mtim.tv_nsec / 1000 >
		       read_us;
}

/* A container's early-init may have read its files in a root of its own, where the same path leads to something else. */
static bool shares_root(const char *control)
{
	struct ucred peer = { 0 };
	struct stat own, other;
	char root[64];
	socklen_t len = sizeof(peer);
	int fd CLEANUP_FD
	= -1;

	if (client_connect(control, &fd) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	(void)snprintf(root, sizeof(root), "/proc/%d/root/", (int)peer.pid);
	if (stat("/", &own) < 0 || stat(root, &other) < 0)
		return strcmp(control, CONTROL_PATH) == 0; /* nobody but root may look */
	return own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

static void tell(const char *path, const char *what)
{
	fprintf(stderr,
		"earlyctl: warning: %s %s since it was read: earlyctl daemon-reload reads it "
		"anew\n",
		path, what);
}

/* True if one was told. */
static bool tell_drop_ins(const char *directory, uint64_t read_us)
{
	struct strbuf pattern CLEANUP_STRBUF = STRBUF_INIT;
	glob_t found = { 0 };
	bool told = false;

	strbuf_printf(&pattern, "%s.d/*.conf", directory);
	if (strbuf_error(&pattern) < 0 || glob(pattern.data, 0, NULL, &found) != 0)
		return false;
	for (size_t i = 0; i < found.gl_pathc && !told; i++) {
		told = is_newer(found.gl_pathv[i], read_us);
		if (told)
			tell(found.gl_pathv[i], "was changed");
	}
	globfree(&found);
	return told;
}

void stale_warn(const struct settings *settings, struct json_object *service)
{
	static const char *const places[] = { "/etc/early/services.d", "/etc/systemd/system" };
	uint64_t read_us = (uint64_t)answer_number(service, "changed_us");
	const char *path = answer_text(service, "path");
	struct stat st;

	if (read_us == 0 || !*path || !shares_root(settings->control))
		return;
	if (stat(path, &st) < 0) {
		if (errno == ENOENT)
			tell(path, "is gone");
		return;
	}
	if (is_newer(path, read_us)) {
		tell(path, "was changed");
		return;
	}
	if (tell_drop_ins(path, read_us))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct strbuf place CLEANUP_STRBUF = STRBUF_INIT;

		strbuf_printf(&place, "%s/%s", places[i], answer_text(service, "name"));
		if (strbuf_error(&place) == 0 && tell_drop_ins(place.data, read_us))
			return;
	}
}

void stale_warn_of(const struct settings *settings, const char *name)
{
	struct answer answer;

	if (answer_ask_quietly(&answer, settings->control, CONTROL_VERB_STATUS, name) ==
		    EXIT_DONE &&
	    json_object_array_length(answer.services) == 1)
		stale_warn(settings, json_object_array_get_idx(answer.services, 0));
	answer_done(&answer);
}
