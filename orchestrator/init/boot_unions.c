/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How the overlays of a boot end. As a rule all are merged and go, and the boot is complete. One that is merged but cannot be
 * unmounted loses nothing, so the boot is complete as well, and the timeline says what stays. With a root that is read-only on
 * purpose they are meant to stay.
 */
#include <stdio.h>

#include "boot.h"
#include "early/log.h"
#include "early/proto/logs.h"
#include "timeline.h"

static void complete(struct boot *boot, const char *why)
{
	(void)helper_send(&boot->log, LOGS_FLUSH, NULL);
	if (!timeline_when(manager_timeline(boot->manager), "complete"))
		manager_event(boot->manager, "complete", 0, why);
}

static void handle_merged(struct unions *unions, uint64_t t_us)
{
	struct boot *boot = unions->data;

	manager_event(boot->manager, "merged", t_us, NULL);
	boot_real_start_stage(boot, TABLE_STAGE_MERGED, "the overlays are merged");
}

static void handle_gone(struct unions *unions, uint64_t t_us)
{
	struct boot *boot = unions->data;

	manager_event(boot->manager, "overlay-gone", t_us, NULL);
	if (boot->power == BOOT_POWER_NONE)
		complete(boot, NULL);
	else
		boot_power_step(boot);
}

/* Nothing is lost by it, so the boot is complete; but it is no overlay that has gone. */
static void handle_stays(struct unions *unions, const char *path, const char *why,
			 const char *advice)
{
	struct boot *boot = unions->data;
	char text[400];

	(void)snprintf(text, sizeof(text), "%s is merged but cannot be unmounted: %s; %s", path,
		       why, advice);
	log_error("the overlay on %s", text);
	manager_event(boot->manager, "overlay-stays", 0, text);
	if (boot->power != BOOT_POWER_NONE)
		boot_power_step(boot);
	else if (unions_are_settled(unions))
		complete(boot, "an overlay is still mounted");
}

void boot_unions_keep(struct boot *boot)
{
	static const char why[] = "the overlays stay: /etc/fstab has the root read-only";

	boot->unions.keep = true;
	log_info("%s; what is written there is dropped when the machine is switched off", why);
	boot_real_start_stage(boot, TABLE_STAGE_MERGED, why);
	if (boot->power == BOOT_POWER_NONE)
		complete(boot, why);
	else
		boot_power_step(boot);
}

static void handle_union_failed(struct union_mount *mount, const char *why, const char *advice)
{
	struct boot *boot = mount->unions->data;
	char what[320];

	(void)snprintf(what, sizeof(what), "The overlay on %s could not be %s", mount->path,
		       mount->state == UNION_FAILED ? "mounted again" : "merged");
	boot_fail(boot, what, why, advice);
	boot_power_step(boot);
}

static void handle_union_progress(struct unions *unions)
{
	struct boot *boot = unions->data;

	boot_power_progress(boot);
	/* This one may be the last that was under way, beside one that failed. */
	if (!unions_are_settled(unions))
		boot_power_step(boot);
}

void boot_unions_connect(struct boot *boot)
{
	boot->unions.on_merged = handle_merged;
	boot->unions.on_gone = handle_gone;
	boot->unions.on_stays = handle_stays;
	boot->unions.on_failed = handle_union_failed;
	boot->unions.on_progress = handle_union_progress;
	boot->unions.data = boot;
}
