/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage 1, in the initramfs: picture, then disks, then overlays, then the real root.
 *
 *	modules(display), splash --FRAME or deadline--> modules(storage) --> early-disks ROOT --> switch of the root
 *	--> early-overlay for each path --> exec of stage 2
 *
 * The order is by events, never by sleeping. Storage drivers wait for the first frame because both compete for the same
 * processors; if there is no display device the deadline lets them go.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot.h"
#include "early/clock.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/log.h"
#include "mounts.h"
#include "other_init.h"

#define FRAME_DEADLINE_US (3 * USEC_PER_SEC)
#define MODULES EARLY_LIBEXECDIR "/early-modules"

static void find_root(struct boot *boot);

static int start_modules(struct boot *boot, struct helper *helper, const char *phase,
			 const char *option)
{
	const char *const argv[] = { MODULES, phase, option, NULL };
	const struct helper_spec spec = { .name = "early-modules", .argv = argv, .data = boot };

	return helper_start(helper, boot->loop, &spec);
}

static void start_storage(struct boot *boot)
{
	int r;

	if (boot->storage_started || boot->cmdline.rescue || boot->power != BOOT_POWER_NONE)
		return;
	boot->storage_started = true;
	loop_timer_stop(&boot->deadline);
	r = start_modules(boot, &boot->modules[1], "--phase=storage", NULL);
	if (r < 0)
		log_errno(r, "cannot load storage drivers");
	/* Not after the drivers: the root's disk may be there long before the last controller has answered. */
	find_root(boot);
}

static void handle_frame_deadline(struct loop_timer *timer)
{
	struct boot *boot = container_of(timer, struct boot, deadline);

	if (boot->cmdline.splash)
		log_warning("no picture after %llu s; the boot goes on without one",
			    FRAME_DEADLINE_US / USEC_PER_SEC);
	start_storage(boot);
}

static void handle_frame(struct display *display, uint64_t t_us, const char *device)
{
	struct boot *boot = display->data;

	if (!boot->storage_started)
		manager_event(boot->manager, "first-frame", t_us, device);
	start_storage(boot);
}

static void handle_splash_failed(struct display *display, const char *why)
{
	log_warning("no picture: %s", why);
	start_storage(display->data);
}

static void find_root(struct boot *boot)
{
	if (boot->cmdline.root[0] == '\0') {
		boot_fail(boot, "No root file system is named",
			  "The kernel command line has no root= word.",
			  "At the boot loader add root=UUID=… (blkid in the shell shows what there "
			  "is) and boot again.");
		return;
	}
	display_progress(&boot->display, 10, "Looking for the disk");
	if (mkdir(BOOT_SYSROOT, 0755) < 0 && errno != EEXIST)
		log_errno(-errno, "cannot make " BOOT_SYSROOT);
	storage_find_root(&boot->storage, &boot->cmdline, BOOT_SYSROOT);
}

static void handle_progress(struct storage *storage, const struct disks_progress *progress)
{
	struct boot *boot = storage->data;

	display_progress(&boot->display, 10 + progress->percent / 5, progress->what);
}

static void handle_disks_failed(struct storage *storage, uint16_t order,
				const struct disks_failed *failed)
{
	boot_fail(storage->data, failed->what, failed->why, failed->advice);
}

/* Returns only if none of them can be executed; the last reason. */
static int execute_first(const struct other_inits *inits)
{
	static char *const environment[] = { (char *)"HOME=/", (char *)"TERM=linux", NULL };
	sigset_t none, before;
	int r = -ENOENT;

	/* Masks and ignored signals go over an exec; that init has its own ideas of both. */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, &before);
	(void)signal(SIGPIPE, SIG_DFL);
	for (size_t i = 0; i < inits->n_paths; i++) {
		char *const argv[] = { (char *)inits->paths[i], NULL };

		(void)execve(argv[0], argv, environment);
		r = -errno;
		log_errno(r, "cannot execute %s", argv[0]);
	}
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

static void let_go_of_root(struct boot *boot)
{
	for (uint32_t i = 0; i < boot->unions.n_mounts; i++) {
		if (boot->unions.mounts[i].state == UNION_MOUNTED)
			(void)umount2(boot->unions.mounts[i].path, MNT_DETACH);
		helper_kill(&boot->unions.mounts[i].helper, SIGTERM);
	}
	(void)umount2("/tmp", MNT_DETACH);
	display_text_console_now(&boot->display);
}

/* The way back: this root has no Early (any more), or another init is wanted. That one knows what to do with a read-only root. */
static void execute_other_init(struct boot *boot, const char *why)
{
	static const char advice[] =
		"Is it the right root? Check root= at the boot loader. If Early is to boot it, "
		"leave "
		"early.stock and init= out; else install the distribution's own init in the shell "
		"(Debian: apt install systemd-sysv).";
	struct other_inits inits;
	CLEANUP_FD
	int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	other_init_find(&inits, root_fd, EARLY_SBINDIR "/early-init", boot->cmdline.init);
	if (inits.n_paths == 0) {
		log_warning("%s, but this root has no other init: %s", why, inits.why);
		boot_fail(boot, "This root has no init but Early", inits.why, advice);
		return;
	}
	log_warning("%s: %s of the root takes over", why, inits.paths[0]);
	let_go_of_root(boot);
	r = execute_first(&inits);
	boot_fail(boot, "The root's own init cannot be executed", strerrordesc_np(-r), advice);
}

static bool another_is_wanted(const struct boot *boot)
{
	CLEANUP_FD
	int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (boot->cmdline.stock)
		return true;
	return boot->cmdline.init[0] &&
	       !other_init_is_early(root_fd, EARLY_SBINDIR "/early-init", boot->cmdline.init);
}

static void execute_stage_2(struct boot *boot)
{
	char option[32];
	char *const argv[] = { (char *)"early-init", option, NULL };
	static char *const environment[] = { (char *)"TERM=linux", NULL };
	int fd, r;

	loop_settle(boot->loop); /* stage 2 does not hear again what was heard */
	r = boot_state_write(boot, &fd);
	if (r < 0) {
		boot_fail(boot, "The state of stage 1 cannot be handed on", strerrordesc_np(-r),
			  "Boot again; if it stays, boot with early.stock.");
		return;
	}
	(void)snprintf(option, sizeof(option), "--state=%d", fd);
	(void)execve(EARLY_SBINDIR "/early-init", argv, environment);
	r = -errno;
	manager_serialize_undo(boot->manager);
	fd_close(fd);
	execute_other_init(boot, r == -ENOENT ? "Early is not installed in this root"
					      : strerrordesc_np(-r));
}

static void handle_unions_mounted(struct unions *unions)
{
	struct boot *boot = unions->data;

	manager_event(boot->manager, "overlay", 0, NULL);
	execute_stage_2(boot);
}

static void handle_union_failed(struct union_mount *mount, const char *why, const char *advice)
{
	log_error("no overlay on %s: %s; %s", mount->path, why, advice);
}

/* What the kernel line says goes before early.conf. */
static void take_overlay_paths(struct overlay_paths *paths, const struct disks_mounted *mounted)
{
	int r;

	if (!mounted->overlays_given || paths->given)
		return;
	r = overlay_paths_parse(mounted->overlays, " ", paths);
	if (r < 0)
		log_errno(r, "early-disks told no paths: \"%s\"", mounted->overlays);
}

static void handle_mounted(struct storage *storage, const struct disks_mounted *mounted)
{
	struct boot *boot = storage->data;
	char why[128];
	int r;

	(void)snprintf(why, sizeof(why), "%s (%s)", mounted->device, mounted->fstype);
	manager_event(boot->manager, "root", mounted->t_us, why);
	display_progress(&boot->display, 30, "Starting the login");
	r = mounts_switch_root(BOOT_SYSROOT);
	if (r < 0) {
		boot_fail(boot, "The root file system cannot be entered", strerrordesc_np(-r),
			  "Is it a Linux root with /dev, /proc, /sys and /run? Check root=.");
		return;
	}
	boot->rescue.in_initramfs = false;
	if (another_is_wanted(boot)) {
		execute_other_init(boot, boot->cmdline.stock ? "early.stock" : "init=");
		return;
	}
	r = mounts_tmpfs("/tmp", "mode=1777,size=50%");
	if (r < 0)
		log_errno(r, "no tmpfs on /tmp");
	take_overlay_paths(&boot->cmdline.unions, mounted);
	unions_start(&boot->unions, boot->loop, &boot->cmdline.unions, mounted);
}

void boot_early_serve_rescue(struct boot *boot)
{
	struct helper *helper = &boot->modules[2];
	int r = helper_is_running(helper) ? 0
					  : start_modules(boot, helper, "--phase=rest", "--stay");

	if (r < 0)
		log_errno(r, "cannot load drivers of keyboards");
}

void boot_early_start(struct boot *boot)
{
	int r;

	manager_event(boot->manager, "init", 0, NULL);
	boot->rescue.in_initramfs = true;
	boot->display.on_frame = handle_frame;
	boot->display.on_failed = handle_splash_failed;
	boot->display.data = boot;
	boot->storage.on_mounted = handle_mounted;
	boot->storage.on_progress = handle_progress;
	boot->storage.on_failed = handle_disks_failed;
	boot->storage.data = boot;
	boot->unions.on_mounted = handle_unions_mounted;
	boot->unions.on_failed = handle_union_failed;
	boot->unions.data = boot;

	r = start_modules(boot, &boot->modules[0], "--phase=display", NULL);
	if (r < 0)
		log_errno(r, "cannot load display drivers");
	display_progress(&boot->display, 2, "Starting");
	display_start(&boot->display);
	if (boot->cmdline.rescue) {
		boot_fail(boot, "Rescue", "The kernel command line asks for a rescue shell.",
			  "Leave rescue, single or emergency out to boot as usual.");
		return;
	}
	if (!boot->cmdline.splash) {
		start_storage(boot);
		return;
	}
	r = loop_timer_start(boot->loop, &boot->deadline, clock_monotonic_us() + FRAME_DEADLINE_US,
			     handle_frame_deadline);
	if (r < 0)
		start_storage(boot);
}
