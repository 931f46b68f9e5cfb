/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spawn.h"

#include "early/channel.h"
#include "early/fd.h"

int spawn_linked(const char *program, char *const argv[], int *ret_fd)
{
	char *envp[] = { (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	CLEANUP_FD
	int ours = -1;
	CLEANUP_FD
	int theirs = -1;
	struct spawn what = {
		.program = program,
		.argv = argv,
		.envp = envp,
		.fds = &theirs,
		.n_fds = 1,
		.output_fd = -1,
		.status_fd = -1,
		.place_fd = -1,
	};
	pid_t pid;
	int r = channel_pair(&ours, &theirs);

	if (r == 0)
		r = spawn(&what, &pid);
	if (r == 0)
		*ret_fd = TAKE_FD(ours);
	return r;
}
