/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A directory of a service whose user exists only while it runs lies below PARENT/private, which only root may enter: a later user of the
 * same number must not find what an earlier one left, and an earlier one must not leave a way in. Its usual place is a link there.
 * Switching DynamicUser= on or off moves what is there.
 *
 * A directory that has another owner is handed over with all that is in it, as systemd does.
 */
#include "directories.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/fs.h"
#include "early/log.h"
#include "early/strbuf.h"
#include "remove_tree.h"
#include "settings.h"
#include "variables.h"

struct kind {
	const struct wire_list *names; /* NULL: the settings have them */
	const char *key;
	mode_t mode;
	const char *parent;
	const char *variable;
	enum step step;
	bool private; /* lies below PARENT/private */
};

/* One directory of a kind: "name[:link]". */
struct place {
	const struct kind *kind;
	struct strbuf name;
	struct strbuf path; /* PARENT/name */
	struct strbuf real; /* PARENT/private/name, or the same */
	const char *link; /* NULL for none */
};

static void place_done(struct place *place)
{
	strbuf_done(&place->name);
	strbuf_done(&place->path);
	strbuf_done(&place->real);
}

void directories_done(struct directories *directories)
{
	for (size_t i = 0; i < directories->n_items; i++) {
		free(directories->items[i].path);
		free(directories->items[i].source);
	}
	free(directories->items);
	*directories = (struct directories){ 0 };
}

static int place_init(struct place *place, const struct kind *kind, const char *text)
{
	const char *colon = strchr(text, ':');
	int r;

	*place = (struct place){ .kind = kind, .link = colon ? colon + 1 : NULL };
	strbuf_add(&place->name, text, colon ? (size_t)(colon - text) : strlen(text));
	r = strbuf_error(&place->name);
	if (r < 0)
		return r;
	strbuf_printf(&place->path, "%s/%s", kind->parent, place->name.data);
	strbuf_printf(&place->real, "%s/%s%s", kind->parent, kind->private ? "private/" : "",
		      place->name.data);
	r = strbuf_error(&place->path);
	return r < 0 ? r : strbuf_error(&place->real);
}

/* --- owners --- */

static int hand_over_tree(const char *path, uid_t uid, gid_t gid)
{
	char *paths[] = { (char *)path, NULL };
	FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_XDEV, NULL);
	FTSENT *entry;
	int r = 0;

	if (!fts)
		return -errno;
	while (r == 0 && (entry = fts_read(fts))) {
		if (entry->fts_info == FTS_DP)
			continue;
		if (!entry->fts_statp ||
		    (entry->fts_statp->st_uid == uid && entry->fts_statp->st_gid == gid))
			continue;
		if (lchown(entry->fts_accpath, uid, gid) < 0 && errno != ENOENT)
			r = -errno;
	}
	(void)fts_close(fts); /* all that could fail did so already */
	return r;
}

static int hand_over(const char *path, const struct identity *identity, const struct kind *kind,
		     bool existed)
{
	uid_t uid = identity->has_user ? identity->uid : 0;
	gid_t gid = identity->has_group ? identity->gid : 0;
	bool configuration = kind->step == STEP_CONFIGURATION_DIRECTORY;
	int fd CLEANUP_FD
	= open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (configuration && existed) /* the administrator's */
		return 0;
	if (!configuration && (st.st_uid != uid || st.st_gid != gid)) {
		int r = hand_over_tree(path, uid, gid);

		if (r < 0)
			return r;
	}
	if ((st.st_mode & 07777) != kind->mode && fchmod(fd, kind->mode) < 0)
		return -errno;
	return 0;
}

/* --- links --- */

/* "../" for each directory that @from lies in below the parent, then @to. */
static int relative(const char *from, const char *to, struct strbuf *out)
{
	for (const char *c = from; *c; c++)
		if (*c == '/')
			strbuf_puts(out, "../");
	strbuf_puts(out, to);
	return strbuf_error(out);
}

static int make_parents(const char *path)
{
	struct strbuf parent CLEANUP_STRBUF = STRBUF_INIT;
	int r;

	strbuf_add(&parent, path, (size_t)(strrchr(path, '/') - path));
	r = strbuf_error(&parent);
	return r < 0 ? r : fs_mkdir_p_at(AT_FDCWD, parent.data, 0755);
}

/* PARENT/@name becomes a link to PARENT/@to. */
static int put_link(const char *parent, const char *name, const char *to)
{
	struct strbuf path CLEANUP_STRBUF = STRBUF_INIT;
	struct strbuf target CLEANUP_STRBUF = STRBUF_INIT;
	struct stat st;
	int r = relative(name, to, &target);

	strbuf_printf(&path, "%s/%s", parent, name);
	if (r == 0)
		r = strbuf_error(&path);
	if (r == 0)
		r = make_parents(path.data);
	if (r < 0)
		return r;
	if (lstat(path.data, &st) == 0) {
		if (!S_ISLNK(st.st_mode)) /* somebody's own: it stays */
			return -EEXIST;
		(void)unlink(path.data);
	}
	return symlink(target.data, path.data) < 0 ? -errno : 0;
}

/* --- private directories --- */

static bool is_overlaid(const struct wire_list *overlaid, const char *path)
{
	for (const char *at = wire_list_next(overlaid, NULL); at; at = wire_list_next(overlaid, at))
		if (mount_plan_is_within(path, at))
			return true;
	return false;
}

/*
 * While an overlay is there the service gets no mount that would lead it past this directory, so everybody may pass (not list) it. The
 * next start without the overlay shuts it again.
 */
static int make_private_parent(const struct kind *kind, const struct wire_list *overlaid)
{
	struct strbuf path CLEANUP_STRBUF = STRBUF_INIT;
	int r;

	strbuf_printf(&path, "%s/private", kind->parent);
	r = strbuf_error(&path);
	if (r == 0)
		r = fs_mkdir_p_at(AT_FDCWD, path.data, 0700);
	if (r == 0 && chmod(path.data, is_overlaid(overlaid, path.data) ? 0711 : 0700) < 0)
		r = -errno;
	return r;
}

static bool is_directory(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_link(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

/* What a start with the other DynamicUser= made comes along. */
static int move_over(const struct place *place)
{
	struct strbuf hidden CLEANUP_STRBUF = STRBUF_INIT;
	int r;

	if (place->kind->private) {
		if (!is_directory(place->path.data) || fs_exists_at(AT_FDCWD, place->real.data))
			return 0;
		r = make_parents(place->real.data);
		if (r < 0)
			return r;
		return rename(place->path.data, place->real.data) < 0 ? -errno : 0;
	}
	strbuf_printf(&hidden, "%s/private/%s", place->kind->parent, place->name.data);
	r = strbuf_error(&hidden);
	if (r < 0 || !is_link(place->path.data) || !is_directory(hidden.data))
		return r;
	if (unlink(place->path.data) < 0 || rename(hidden.data, place->path.data) < 0)
		return -errno;
	return 0;
}

/* --- one directory --- */

static int make_place(const struct place *place, const struct identity *identity,
		      const struct wire_list *overlaid)
{
	const struct kind *kind = place->kind;
	const char *target = place->real.data + strlen(kind->parent) + 1;
	bool existed;
	int r = kind->private ? make_private_parent(kind, overlaid) : 0;

	if (r == 0)
		r = move_over(place);
	existed = fs_exists_at(AT_FDCWD, place->real.data);
	if (r == 0)
		r = fs_mkdir_p_at(AT_FDCWD, place->real.data, 0755);
	if (r == 0)
		r = hand_over(place->real.data, identity, kind, existed);
	if (r == 0 && kind->private)
		r = put_link(kind->parent, place->name.data, target);
	if (r == 0 && place->link)
		r = put_link(kind->parent, place->link, target);
	return r;
}

static int remember(struct directories *directories, const struct place *place)
{
	struct sandbox_directory *items = reallocarray(directories->items, directories->n_items + 1,
						       sizeof(*items));
	struct sandbox_directory *item;

	if (!items)
		return -ENOMEM;
	directories->items = items;
	item = &items[directories->n_items];
	*item = (struct sandbox_directory){
		.path = strdup(place->path.data),
		.source = strdup(place->real.data),
		.hidden = place->kind->private,
	};
	directories->n_items++;
	return item->path && item->source ? 0 : -ENOMEM;
}

static int make_one(const struct kind *kind, const char *text, const struct identity *identity,
		    const struct wire_list *overlaid, struct directories *directories,
		    struct strbuf *paths, struct failure *failure)
{
	struct place place CLEANUP(place_done) = { 0 };
	int r = place_init(&place, kind, text);

	if (r == 0)
		r = make_place(&place, identity, overlaid);
	if (r == -EROFS && kind->step != STEP_RUNTIME_DIRECTORY) {
		/*
		 * The disk is not writable yet and has no overlay. Most services do without
		 * the directory, and one of them may be what the greeter waits for.
		 */
		log_warning_errno(r, "cannot make %s/%s", kind->parent, text);
	} else if (r == 0) {
		r = remember(directories, &place);
	}
	if (r < 0 && r != -EROFS)
		return failure_set(failure, kind->step, r, "cannot make %s/%s", kind->parent, text);
	strbuf_printf(paths, "%s%s", paths->len ? ":" : "", place.path.data);
	return 0;
}

static const char *next_name(const struct kind *kind, const struct wire_list *settings,
			     const char *name)
{
	return kind->names ? wire_list_next(kind->names, name)
			   : settings_next(settings, kind->key, name);
}

static int make_kind(const struct kind *kind, const struct table_service *service,
		     const struct identity *identity, const struct wire_list *overlaid,
		     struct directories *directories, char ***variables, struct failure *failure)
{
	struct strbuf paths CLEANUP_STRBUF = STRBUF_INIT;
	int r;

	for (const char *name = next_name(kind, &service->settings, NULL); name;
	     name = next_name(kind, &service->settings, name)) {
		r = make_one(kind, name, identity, overlaid, directories, &paths, failure);
		if (r < 0)
			return r;
	}
	if (paths.len == 0)
		return 0;
	r = strbuf_error(&paths);
	if (r == 0)
		r = variables_set_value(variables, kind->variable, paths.data);
	return r < 0 ? failure_set(failure, STEP_MEMORY, r, "no memory") : 0;
}

int directories_make(const struct table_service *service, const struct identity *identity,
		     const struct wire_list *overlaid, struct directories *directories,
		     char ***variables, struct failure *failure)
{
	bool dynamic = settings_is_on(&service->settings, "DynamicUser");
	bool kept = service->flags & TABLE_FLAG_PRESERVE_RUNTIME_DIRECTORY;
	const struct kind kinds[] = {
		{ &service->runtime_directory, NULL, service->runtime_directory_mode, "/run",
		  "RUNTIME_DIRECTORY", STEP_RUNTIME_DIRECTORY, dynamic && kept },
		{ &service->state_directory, NULL, service->state_directory_mode, "/var/lib",
		  "STATE_DIRECTORY", STEP_STATE_DIRECTORY, dynamic },
		{ &service->cache_directory, NULL, service->cache_directory_mode, "/var/cache",
		  "CACHE_DIRECTORY", STEP_CACHE_DIRECTORY, dynamic },
		{ &service->logs_directory, NULL, service->logs_directory_mode, "/var/log",
		  "LOGS_DIRECTORY", STEP_LOGS_DIRECTORY, dynamic },
		{ NULL, "ConfigurationDirectory",
		  (mode_t)settings_number(&service->settings, "ConfigurationDirectoryMode", 8,
					  0755),
		  "/etc", "CONFIGURATION_DIRECTORY", STEP_CONFIGURATION_DIRECTORY, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		int r = make_kind(&kinds[i], service, identity, overlaid, directories, variables,
				  failure);

		if (r < 0)
			return r;
	}
	return 0;
}

void directories_clean(const struct table_service *service)
{
	const struct kind kind = { .parent = "/run" };

	if (service->flags & TABLE_FLAG_PRESERVE_RUNTIME_DIRECTORY)
		return;
	for (const char *name = wire_list_next(&service->runtime_directory, NULL); name;
	     name = wire_list_next(&service->runtime_directory, name)) {
		struct place place CLEANUP(place_done) = { 0 };
		struct strbuf link CLEANUP_STRBUF = STRBUF_INIT;

		if (place_init(&place, &kind, name) < 0)
			return;
		(void)remove_tree(place.path.data); /* what is left is the next start's */
		if (!place.link)
			continue;
		strbuf_printf(&link, "/run/%s", place.link);
		if (strbuf_error(&link) == 0 && is_link(link.data))
			(void)unlink(link.data);
	}
}
