/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "style.h"

/* What the options say. */
struct settings {
	const char *control;
	const char *output; /* -o; NULL: stdout */
	const char *input; /* timeline: a file instead of early-init; NULL: none */
	const char *loader; /* early-load's path */
	const char *root; /* enable, disable: a tree that does not run; NULL: this system */
	const char *into; /* overlay merge: the real directory; "": beneath the mount point */
	uint64_t since_us; /* log: not older than that; UINT64_MAX: however old */
	long lines; /* log: the last ones only; -1: all */
	enum color_mode color;
	bool json;
	bool svg;
	bool png;
	bool follow;
	bool boot; /* log: this boot's alone */
	bool dry_run;
	bool help;
};

/* Each returns an exit code. The settings come as @target, operands only in @argv. */
int verb_status(void *target, int argc, char **argv);
int verb_list(void *target, int argc, char **argv);
int verb_tree(void *target, int argc, char **argv);
int verb_enable(void *target, int argc, char **argv);
int verb_disable(void *target, int argc, char **argv);
int verb_compare(void *target, int argc, char **argv);
int verb_overlay(void *target, int argc, char **argv);
int verb_start(void *target, int argc, char **argv);
int verb_stop(void *target, int argc, char **argv);
int verb_restart(void *target, int argc, char **argv);
int verb_reload(void *target, int argc, char **argv);
int verb_log(void *target, int argc, char **argv);
int verb_why(void *target, int argc, char **argv);
int verb_timeline(void *target, int argc, char **argv);
int verb_poweroff(void *target, int argc, char **argv);
int verb_reboot(void *target, int argc, char **argv);
int verb_halt(void *target, int argc, char **argv);
int verb_rescue(void *target, int argc, char **argv);
int verb_merge(void *target, int argc, char **argv);
int verb_daemon_reexec(void *target, int argc, char **argv);
int verb_daemon_reload(void *target, int argc, char **argv);
int verb_verify(void *target, int argc, char **argv);
int verb_import(void *target, int argc, char **argv);

/* "gdm" is gdm.service. The result is static. */
const char *verb_unit_name(const char *name);

/* The directory that holds the socket's siblings: DIR of DIR/control. Free it. */
char *verb_run_dir(const struct settings *settings);
