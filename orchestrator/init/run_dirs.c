/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run_dirs.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/log.h"
#include "early/macros.h"

#define UTMP "/run/utmp"
#define UTMP_GROUP 43 /* Debian's fixed number: names are looked up in files on the disk */

struct directory {
	const char *path;
	mode_t mode;
};

static const struct directory directories[] = {
	{ "/run/dbus", 0755 },
	{ "/run/log", 0755 },
	{ "/run/user", 0755 },
	{ "/run/systemd", 0755 },
	{ "/run/systemd/system", 0755 }, /* "is systemd there?" */
	{ "/run/systemd/ask-password", 0755 },
	{ "/run/systemd/inhibit", 0755 },
	{ "/run/systemd/machines", 0755 },
	{ "/run/systemd/seats", 0755 },
	{ "/run/systemd/sessions", 0755 },
	{ "/run/systemd/shutdown", 0755 },
	{ "/run/systemd/users", 0755 },
	{ "/tmp/.X11-unix", 01777 },
	{ "/tmp/.ICE-unix", 01777 },
	{ "/tmp/.XIM-unix", 01777 },
	{ "/tmp/.font-unix", 01777 },
};

static void make_directory(const struct directory *directory)
{
	CLEANUP_FD
	int fd = -1;

	if (mkdir(directory->path, directory->mode) < 0 && errno != EEXIST) {
		log_warning_errno(-errno, "cannot make %s", directory->path);
		return;
	}
	/* If /tmp is not a fresh tmpfs, what has that name may be anybody's link. */
	fd = open(directory->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, directory->mode) < 0) /* the umask took bits */
		log_warning_errno(-errno, "cannot set the mode of %s", directory->path);
}

static void make_utmp(void)
{
	CLEANUP_FD
	int fd = open(UTMP, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0664);

	if (fd < 0 || fchown(fd, 0, UTMP_GROUP) < 0 || fchmod(fd, 0664) < 0)
		log_warning_errno(-errno, "cannot make " UTMP);
}

void run_dirs_make(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		make_directory(&directories[i]);
	make_utmp();
}
