/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The file system is filled while it is detached and made read-only before anybody can see it. LoadCredential= comes before SetCredential=:
 * the latter is what holds if there is nothing to load. A path may be a socket, which is read up to its end, and a directory, whose
 * files become credentials of the name ID_FILE.
 */
#include "credentials.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "early/base64.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/strbuf.h"
#include "mounts.h"
#include "settings.h"
#include "variables.h"

#define PARENT "/run/credentials"
#define CREDENTIAL_MAX (1024 * 1024)

/* Where systemd looks for a credential that is named without a path; %d comes first there, the service manager's own. */
static const char *const search[] = { "/etc/credstore", "/run/credstore",
				      "/usr/local/lib/credstore", "/usr/lib/credstore" };

struct store {
	int fd; /* the directory of the detached file system */
	const struct identity *identity;
};

static int put(const struct store *store, const char *name, const void *data, size_t len)
{
	int fd CLEANUP_FD
	= openat(store->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400);
	int r;

	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, data, len);
	if (r == 0 && store->identity->has_user && fchown(fd, store->identity->uid, (gid_t)-1) < 0)
		r = -errno;
	return r;
}

/* --- sources --- */

static int open_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd CLEANUP_FD
	= socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int load_file(const struct store *store, const char *name, int dir, const char *path)
{
	char *data CLEANUP(free_charp)
	= NULL;
	size_t len;
	int fd CLEANUP_FD
	= openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r;

	if (fd < 0 && errno == ENXIO)
		fd = open_socket(path);
	else if (fd < 0)
		fd = -errno;
	if (fd < 0)
		return fd;
	r = fd_read_all(fd, CREDENTIAL_MAX, &data, &len);
	return r < 0 ? r : put(store, name, data, len);
}

static int load_directory(const struct store *store, const char *name, const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int r = dir ? 0 : -errno;

	while (r == 0 && (entry = readdir(dir))) {
		char member[512];
		struct stat st;

		if (entry->d_name[0] == '.' || fstatat(dirfd(dir), entry->d_name, &st, 0) < 0 ||
		    !S_ISREG(st.st_mode))
			continue;
		(void)snprintf(member, sizeof(member), "%s_%s", name, entry->d_name);
		r = load_file(store, member, dirfd(dir), entry->d_name);
	}
	if (dir)
		closedir(dir);
	return r;
}

static int load_path(const struct store *store, const char *name, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? load_directory(store, name, path)
				   : load_file(store, name, AT_FDCWD, path);
}

/* "ID:/path", or "ID:name" for a file in one of the stores. */
static int load_one(const struct store *store, const char *value)
{
	struct strbuf name CLEANUP_STRBUF = STRBUF_INIT;
	const char *path = strchr(value, ':');
	int r;

	if (!path)
		return -EINVAL;
	strbuf_add(&name, value, (size_t)(path - value));
	r = strbuf_error(&name);
	path++;
	if (r < 0 || *path == '/')
		return r < 0 ? r : load_path(store, name.data, path);
	r = -ENOENT;
	for (size_t i = 0; r == -ENOENT && i < ARRAY_SIZE(search); i++) {
		struct strbuf file CLEANUP_STRBUF = STRBUF_INIT;

		strbuf_printf(&file, "%s/%s", search[i], path);
		r = strbuf_error(&file);
		if (r == 0)
			r = load_path(store, name.data, file.data);
	}
	return r;
}

/* "ID:base64" */
static int set_one(const struct store *store, const char *value)
{
	struct strbuf name CLEANUP_STRBUF = STRBUF_INIT;
	const char *text = strchr(value, ':');
	char *data CLEANUP(free_charp)
	= NULL;
	size_t len;
	int r;

	if (!text)
		return -EINVAL;
	strbuf_add(&name, value, (size_t)(text - value));
	r = strbuf_error(&name);
	if (r == 0)
		r = base64_read(text + 1, &data, &len);
	if (r == 0)
		r = put(store, name.data, data, len);
	return r == -EEXIST ? 0 : r; /* it was loaded */
}

/* Of a credential that is named without a path nothing is expected; one with a path may have a value to fall back on. */
static bool may_be_missing(const struct wire_list *settings, const char *value)
{
	size_t len = strcspn(value, ":") + 1;

	if (value[len - 1] == ':' && value[len] != '/')
		return true;

	for (const char *other = settings_next(settings, "SetCredential", NULL); other;
	     other = settings_next(settings, "SetCredential", other))
		if (strncmp(other, value, len) == 0)
			return true;
	return false;
}

static int fill(const struct store *store, const struct wire_list *settings,
		struct failure *failure)
{
	for (const char *value = settings_next(settings, "LoadCredential", NULL); value;
	     value = settings_next(settings, "LoadCredential", value)) {
		int r = load_one(store, value);

		if (r < 0 && !(r == -ENOENT && may_be_missing(settings, value)))
			return failure_set(failure, STEP_CREDENTIALS, r,
					   "cannot load the credential %s", value);
	}
	for (const char *value = settings_next(settings, "SetCredential", NULL); value;
	     value = settings_next(settings, "SetCredential", value)) {
		int r = set_one(store, value);

		if (r < 0)
			return failure_set(failure, STEP_CREDENTIALS, r,
					   "cannot set the credential %.*s",
					   (int)strcspn(value, ":"), value);
	}
	return 0;
}

/* --- the file system --- */

static int close_store(const struct store *store, int mount_fd)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	if (store->identity->has_user && fchown(store->fd, store->identity->uid, (gid_t)-1) < 0)
		return -errno;
	if (fchmod(store->fd, 0500) < 0 ||
	    mount_setattr(mount_fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return -errno;
	return 0;
}

static int make(const char *path, const struct request *request, const struct identity *identity,
		struct failure *failure)
{
	const struct mount_entry tmpfs = {
		.kind = MOUNT_TMPFS,
		.options = (char *)"mode=0700,size=1m,nr_inodes=1024,nodev,nosuid,noexec",
	};
	struct store store = { -1, identity };
	int mount_fd CLEANUP_FD
	= -1;
	int r = mounts_make(&tmpfs, &mount_fd);

	if (r == 0) {
		store.fd = openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = store.fd < 0 ? -errno : fill(&store, &request->service.settings, failure);
	}
	if (r < 0 && failure->error) {
		fd_close(store.fd);
		return r;
	}
	if (r == 0)
		r = close_store(&store, mount_fd);
	fd_close(store.fd);
	if (r == 0)
		r = fs_mkdir_p_at(AT_FDCWD, path, 0755);
	(void)umount2(path, MNT_DETACH); /* an earlier start's */
	if (r == 0)
		r = mounts_attach(mount_fd, path);
	return r < 0 ? failure_set(failure, STEP_CREDENTIALS, r, "cannot make %s", path) : 0;
}

int credentials_make(const struct request *request, const struct identity *identity,
		     char **ret_path, char ***variables, struct failure *failure)
{
	const struct wire_list *settings = &request->service.settings;
	struct strbuf path CLEANUP_STRBUF = STRBUF_INIT;
	int r;

	if (!settings_get(settings, "LoadCredential") && !settings_get(settings, "SetCredential"))
		return 0;
	strbuf_printf(&path, PARENT "/%s", request->service.name);
	r = strbuf_error(&path);
	if (r == 0)
		r = variables_set_value(variables, "CREDENTIALS_DIRECTORY", path.data);
	if (r < 0)
		return failure_set(failure, STEP_MEMORY, r, "no memory");
	if (request->exec.phase <= TABLE_PHASE_START) /* later ones run beside the main process */
		r = make(path.data, request, identity, failure);
	if (r == 0)
		*ret_path = strbuf_take(&path);
	return r;
}

void credentials_remove(const char *unit)
{
	struct strbuf path CLEANUP_STRBUF = STRBUF_INIT;

	strbuf_printf(&path, PARENT "/%s", unit);
	if (strbuf_error(&path) < 0)
		return;
	(void)umount2(path.data, MNT_DETACH);
	(void)rmdir(path.data); /* both fail for a unit that had none */
}
