/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unions.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "dead_mounts.h"
#include "early/clock.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/log.h"
#include "early/strv.h"
#include "mounts.h"

#define UPPER_ROOT "/run/early/upper"
#define MAX_RESTARTS 2
#define WHY_LEN 1024

const char *union_state_name(enum union_state state)
{
	static const char *const names[] = { "mounting", "mounted", "merging", "merged",
					     "gone",     "failed",  "left out" };

	return names[state];
}

/* All that count are at least in @state. */
static bool all_reached(const struct unions *unions, enum union_state state)
{
	for (uint32_t i = 0; i < unions->n_mounts; i++) {
		if (unions->mounts[i].state < state)
			return false;
	}
	return true;
}

bool unions_are_settled(const struct unions *unions)
{
	for (uint32_t i = 0; i < unions->n_mounts; i++) {
		const struct union_mount *mount = &unions->mounts[i];

		if (mount->state < UNION_GONE && !mount->stays && !unions->keep)
			return false;
	}
	return true;
}

bool unions_any_left_out(const struct unions *unions)
{
	for (uint32_t i = 0; i < unions->n_mounts; i++) {
		if (unions->mounts[i].state == UNION_LEFT_OUT)
			return true;
	}
	return false;
}

static bool is_beneath(const char *path, const char *above)
{
	size_t len = strlen(above);

	return strncmp(path, above, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

bool unions_is_separate(const char *path, const struct disks_mounted *root)
{
	const char *at = NULL;

	while ((at = wire_list_next(&root->local, at))) {
		if (is_beneath(at, path) || is_beneath(path, at))
			return true;
	}
	while ((at = wire_list_next(&root->network, at))) {
		if (strcmp(at, path) == 0)
			return true;
	}
	return false;
}

int unions_list_overlaid(const struct unions *unions, char ***paths)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < unions->n_mounts; i++)
		if (unions->mounts[i].state < UNION_GONE)
			r = strv_append(paths, unions->mounts[i].path);
	return r;
}

bool unions_are_merging(const struct unions *unions)
{
	for (uint32_t i = 0; i < unions->n_mounts; i++) {
		const struct union_mount *mount = &unions->mounts[i];

		if (mount->state == UNION_MERGING ||
		    (mount->state == UNION_MERGED && !mount->stays))
			return true;
	}
	return false;
}

/*
 * All of it is on the disks now, and it was memory. By a child: freeing gigabytes takes a while. What a daemon still serves
 * from it (files that were unlinked while open) stays until it closes them. Of one that failed it is all there is.
 */
static void release_upper(struct unions *unions)
{
	for (uint32_t i = 0; i < unions->n_mounts; i++) {
		if (unions->mounts[i].state == UNION_FAILED)
			return;
	}
	if (fork() != 0)
		return; /* the loop reaps it; without it the memory stays in use */
	(void)close_range(3, ~0U, 0);
	(void)umount2(UPPER_ROOT, MNT_DETACH | UMOUNT_NOFOLLOW);
	_exit(0);
}

static void tell(struct unions *unions, uint64_t t_us)
{
	if (!unions->told_mounted && all_reached(unions, UNION_MOUNTED)) {
		unions->told_mounted = true;
		unions->on_mounted(unions);
	}
	if (!unions->told_merged && unions->merge_wanted && all_reached(unions, UNION_MERGED)) {
		unions->told_merged = true;
		unions->on_merged(unions, t_us);
	}
	if (!unions->told_gone && unions->merge_wanted && all_reached(unions, UNION_GONE)) {
		unions->told_gone = true;
		release_upper(unions);
		unions->on_gone(unions, t_us);
	}
}

uint32_t unions_percent(const struct unions *unions)
{
	uint64_t done = 0, total = 0;

	for (uint32_t i = 0; i < unions->n_mounts; i++) {
		done += unions->mounts[i].files_done;
		total += unions->mounts[i].files_total;
	}
	return total > 0 && done < total ? (uint32_t)(done * 100 / total) : 100;
}

static void handle_progress(struct union_mount *mount, const struct overlay_progress *progress)
{
	struct unions *unions = mount->unions;
	bool advanced = progress->files_done != mount->files_done ||
			progress->files_total != mount->files_total;

	mount->files_done = progress->files_done;
	mount->files_total = progress->files_total;
	if (advanced && unions->on_progress)
		unions->on_progress(unions);
}

static void set_state(struct union_mount *mount, enum union_state state, uint64_t t_us)
{
	mount->state = state;
	mount->stays = false;
	if (state >= UNION_MERGED && mount->unions->on_progress)
		mount->unions->on_progress(mount->unions);
	tell(mount->unions, t_us);
}

/* What early-overlay names lies in the union: "/" is all of it. */
static void handle_failed(struct union_mount *mount, const struct overlay_failed *failed)
{
	enum union_state before = mount->state;
	bool is_all = strcmp(failed->path, "/") == 0;
	char why[WHY_LEN];

	mount->state = before == UNION_MOUNTING ? UNION_FAILED : UNION_MOUNTED;
	(void)snprintf(why, sizeof(why), "%s%.500s%s%.200s", is_all ? "" : mount->path,
		       is_all ? "" : failed->path, is_all ? "" : ": ", failed->why);
	mount->unions->on_failed(mount, why, failed->advice);
	if (before == UNION_MOUNTING)
		tell(mount->unions, clock_boottime_us());
}

static void handle_message(struct helper *helper, struct channel_message *message)
{
	struct union_mount *mount = helper->data;
	union {
		struct overlay_mounted mounted;
		struct overlay_merged merged;
		struct overlay_gone gone;
		struct overlay_failed failed;
		struct overlay_progress progress;
		struct overlay_stays stays;
	} m;

	if (channel_unpack(&helper->channel, message, &m, sizeof(m)) < 0) {
		log_warning("early-overlay of %s sent a message that makes no sense", mount->path);
		return;
	}
	switch ((enum overlay_opcode)message->opcode) {
	case OVERLAY_MOUNTED:
		set_state(mount, UNION_MOUNTED, m.mounted.t_us);
		if (mount->unions->merge_wanted)
			unions_merge(mount->unions); /* a restarted one missed the order */
		break;
	case OVERLAY_MERGED:
		log_info("%s: merged %llu files, %llu bytes, %llu conflicts", mount->path,
			 (unsigned long long)m.merged.files, (unsigned long long)m.merged.bytes,
			 (unsigned long long)m.merged.conflicts);
		set_state(mount, UNION_MERGED, m.merged.t_us);
		break;
	case OVERLAY_GONE:
		log_info("%s: the overlay is gone; %llu handles are still served", mount->path,
			 (unsigned long long)m.gone.handles);
		set_state(mount, UNION_GONE, m.gone.t_us);
		break;
	case OVERLAY_FAILED:
		handle_failed(mount, &m.failed);
		break;
	case OVERLAY_STAYS:
		mount->stays = true;
		mount->unions->on_stays(mount->unions, mount->path, m.stays.why, m.stays.advice);
		break;
	case OVERLAY_PROGRESS:
		handle_progress(mount, &m.progress);
		break;
	case OVERLAY_MERGE:
		break;
	}
}

static int start_mount(struct union_mount *mount);

/*
 * Directories that it still served are bound over the real ones, and answer ENOTCONN now. By a child, since looking at a mount
 * may take its time; the loop reaps it.
 */
static void detach_dead_binds(const char *path)
{
	if (fork() != 0)
		return;
	log_close_others();
	(void)dead_mounts_detach(path); /* it has logged */
	_exit(0);
}

/* What was open is gone, but not what was written: the upper layer outlives its daemon. */
static bool start_again(struct union_mount *mount)
{
	if (mount->state == UNION_MOUNTING || mount->n_restarts == MAX_RESTARTS)
		return false;
	mount->n_restarts++;
	if (start_mount(mount) < 0)
		return false;
	log_error("early-overlay of %s ended unexpectedly and is started again; files that were "
		  "open there are no longer served",
		  mount->path);
	mount->state = UNION_MOUNTING;
	return true;
}

static void handle_exit(struct helper *helper, int status)
{
	struct union_mount *mount = helper->data;
	struct overlay_failed failed = {
		.path = "/",
		.why = "early-overlay ended unexpectedly",
		.advice = "look at its last lines in the kernel's log (dmesg); what was written "
			  "beneath this path since the boot is in " UPPER_ROOT
			  " until the machine is switched off",
	};

	if (mount->state == UNION_FAILED || (mount->state == UNION_GONE && status == 0))
		return; /* with its last handle, as it should */
	if (mount->state == UNION_GONE || mount->state == UNION_MERGED)
		detach_dead_binds(mount->path);
	if (mount->state == UNION_GONE) {
		log_error("early-overlay of %s ended unexpectedly; files that were open from "
			  "before its merge are no longer served",
			  mount->path);
		return;
	}
	(void)dead_mounts_detach_top(mount->path); /* it has logged */
	if (mount->state == UNION_MERGED) {
		set_state(mount, UNION_GONE, clock_boottime_us());
		return;
	}
	if (start_again(mount))
		return;
	mount->state = UNION_MOUNTING; /* so that the failure counts as "not mounted" */
	handle_failed(mount, &failed);
}

static struct helper_spec make_spec(struct union_mount *mount, const char *const *argv)
{
	return (struct helper_spec){
		.name = "early-overlay",
		.argv = argv,
		.protocol = &overlay_protocol,
		.on_message = handle_message,
		.on_exit = handle_exit,
		.data = mount,
	};
}

/* /var/lib as var-lib: a name for the upper directory. */
static void flat_name(const char *path, char *name, size_t size)
{
	(void)snprintf(name, size, "%s", path + 1);
	for (; *name; name++) {
		if (*name == '/')
			*name = '-';
	}
}

static int start_mount(struct union_mount *mount)
{
	char name[OVERLAY_PATH_SIZE], upper[OVERLAY_PATH_SIZE + 64], work[OVERLAY_PATH_SIZE + 64];
	char options[4 * OVERLAY_PATH_SIZE];
	const char *argv[] = {
		EARLY_SBINDIR "/early-overlay", "-f", mount->path, "-o", options, NULL
	};
	const struct helper_spec spec = make_spec(mount, argv);
	int r;

	flat_name(mount->path, name, sizeof(name));
	(void)snprintf(upper, sizeof(upper), UPPER_ROOT "/%s/upper", name);
	(void)snprintf(work, sizeof(work), UPPER_ROOT "/%s/work", name);
	r = fs_mkdir_p_at(AT_FDCWD, upper, 0755);
	if (r >= 0)
		r = fs_mkdir_p_at(AT_FDCWD, work, 0700);
	if (r < 0)
		return r;
	(void)snprintf(options, sizeof(options),
		       "lowerdir=%s,upperdir=%s,workdir=%s,rw,dev,suid,exec,link_fd=%d",
		       mount->path, upper, work, CHANNEL_HELPER_FD);
	return helper_start(&mount->helper, mount->unions->loop, &spec);
}

static struct union_mount *add_mount(struct unions *unions, const char *path,
				     enum union_state state)
{
	struct union_mount *mount;

	if (unions->n_mounts == OVERLAY_PATHS_MAX)
		return NULL;
	mount = &unions->mounts[unions->n_mounts++];
	mount->unions = unions;
	mount->state = state;
	(void)snprintf(mount->path, sizeof(mount->path), "%s", path);
	return mount;
}

static bool any_to_mount(const struct unions *unions)
{
	for (uint32_t i = 0; i < unions->n_mounts; i++) {
		if (unions->mounts[i].state == UNION_MOUNTING)
			return true;
	}
	return false;
}

void unions_start(struct unions *unions, struct loop *loop, const struct overlay_paths *paths,
		  const struct disks_mounted *root)
{
	unions->loop = loop;
	for (uint32_t i = 0; i < paths->n; i++) {
		bool separate = unions_is_separate(paths->paths[i], root);

		if (separate)
			log_info("no overlay on %s: /etc/fstab mounts something of its own there",
				 paths->paths[i]);
		(void)add_mount(unions, paths->paths[i],
				separate ? UNION_LEFT_OUT : UNION_MOUNTING);
	}
	if (any_to_mount(unions) && mounts_tmpfs(UPPER_ROOT, "mode=0700,size=50%") < 0)
		log_warning("no tmpfs for " UPPER_ROOT ": it shares the one of /run");
	for (uint32_t i = 0; i < unions->n_mounts; i++) {
		int r = unions->mounts[i].state == UNION_MOUNTING ? start_mount(&unions->mounts[i])
								  : 0;

		if (r < 0) {
			log_errno(r, "cannot start early-overlay for %s", unions->mounts[i].path);
			unions->mounts[i].state = UNION_FAILED;
		}
	}
	tell(unions, clock_boottime_us());
}

void unions_merge(struct unions *unions)
{
	static const struct overlay_merge merge = { .into = "" };

	if (unions->keep)
		return;
	unions->merge_wanted = true;
	for (uint32_t i = 0; i < unions->n_mounts; i++) {
		struct union_mount *mount = &unions->mounts[i];

		if (mount->state == UNION_MERGED && mount->stays &&
		    helper_send(&mount->helper, OVERLAY_MERGE, &merge) == 0)
			mount->stays = false; /* until it says so again */
		if (mount->state == UNION_MOUNTED &&
		    helper_send(&mount->helper, OVERLAY_MERGE, &merge) == 0)
			mount->state = UNION_MERGING;
	}
	tell(unions, clock_boottime_us());
}

int unions_adopt(struct unions *unions, struct loop *loop, const char *path, enum union_state state,
		 pid_t pid, int link_fd)
{
	struct union_mount *mount = add_mount(unions, path, state);
	struct helper_spec spec;

	unions->loop = loop;
	unions->told_mounted = true;
	if (!mount)
		return -E2BIG;
	if (pid <= 0)
		return 0; /* its daemon has ended */
	spec = make_spec(mount, NULL);
	return helper_adopt(&mount->helper, loop, &spec, pid, link_fd);
}

void unions_leave_out(struct unions *unions, struct loop *loop, const struct overlay_paths *paths)
{
	unions->loop = loop;
	for (uint32_t i = 0; i < unions->n_mounts; i++)
		(void)fd_close(helper_release(&unions->mounts[i].helper));
	memset(unions->mounts, 0, sizeof(unions->mounts));
	unions->n_mounts = 0;
	for (uint32_t i = 0; i < paths->n; i++) {
		if (umount2(paths->paths[i], MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL &&
		    errno != ENOENT)
			log_errno(-errno, "cannot detach the overlay on %s", paths->paths[i]);
		(void)add_mount(unions, paths->paths[i], UNION_LEFT_OUT);
	}
	unions->told_mounted = true; /* nobody waits for it in stage 2 */
}
