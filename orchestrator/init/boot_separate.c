/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A path of the overlay list for which fstab has a disk of its own (a separate /home) gets no overlay: it would hide that disk,
 * and the person would find an empty home. The display's units wait until such disks are mounted, checked first if that is
 * due. If one cannot be, nothing that needs it is started at all: it would find an empty directory in the place of what it
 * knows, and write into it. The person is told what to do.
 */
#include <string.h>

#include "boot.h"

void boot_separate_start(struct boot *boot)
{
	char data[OVERLAY_PATHS_MAX * OVERLAY_PATH_SIZE];
	struct wire_list paths = { data, 0 };

	if (!unions_any_left_out(&boot->unions))
		return;
	for (uint32_t i = 0; i < boot->unions.n_mounts; i++) {
		const struct union_mount *mount = &boot->unions.mounts[i];
		size_t len = strlen(mount->path) + 1;

		if (mount->state != UNION_LEFT_OUT)
			continue;
		memcpy(data + paths.len, mount->path, len);
		paths.len += (uint32_t)len;
	}
	boot->separate = BOOT_SEPARATE_WAITING;
	display_progress(&boot->display, 30, "Mounting the disks");
	storage_separate(&boot->storage, &paths, boot->cmdline.fsck);
}

void boot_separate_ready(struct boot *boot, uint64_t t_us)
{
	boot->separate = BOOT_SEPARATE_NONE;
	manager_event(boot->manager, "separate-disks", t_us,
		      "mounted before the display: they lie where an overlay would have been");
	boot_real_maybe_display(boot);
}

void boot_separate_stop(struct boot *boot)
{
	if (boot->separate != BOOT_SEPARATE_WAITING)
		return;
	boot->separate = BOOT_SEPARATE_FAILED;
	loop_timer_stop(&boot->deadline);
}

void boot_separate_failed(struct boot *boot, const struct disks_failed *failed)
{
	boot_separate_stop(boot);
	if (boot->power != BOOT_POWER_NONE)
		return; /* nobody waits for them any more; early-disks has logged it */
	boot_fail(boot, failed->what, failed->why, failed->advice);
}
