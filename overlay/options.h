/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/*
 * The command line: early-overlay [SOURCE] MOUNTPOINT -o …, with overlayfs's option names. Each option of overlayfs is
 * honoured or refused by its name.
 */
#define OPTIONS_MAX_LOWER 64

struct options {
	char *source; /* NULL: none given */
	char *mountpoint;
	char **lower; /* uppermost first */
	char *upper; /* NULL: none, the union is read-only */
	char *work;
	char *fsname;
	char *run_dir; /* the control socket is RUN/overlay/NAME.sock */
	char *tmpfs_size; /* size= of a private tmpfs as the upper layer; NULL: upperdir is given */
	unsigned long mount_flags; /* MS_* */
	int link_fd; /* -1: none */
	bool foreground;
	bool volatile_upper; /* fsync of the upper layer does nothing */
	bool debug;
	bool help;
};

void options_init(struct options *options);
void options_done(struct options *options);

/* Takes the whole command line. -EINVAL after a message on stderr that names the option and the way out. */
int options_parse(struct options *options, int argc, char **argv);

/* One comma-separated list as it follows -o. `\,` is a comma, in lowerdir `\:` a colon. *ret_why (free) says what is wrong. */
int options_parse_list(struct options *options, const char *text, char **ret_why);

/* What must hold between the options. *ret_why (free) as above. */
int options_check(const struct options *options, char **ret_why);

/* The name of the control socket for a mount point: "/var/lib" is "var-lib", "/" is "root". Free *ret_name. */
int options_socket_name(const char *mountpoint, char **ret_name);

void options_print_help(void);
