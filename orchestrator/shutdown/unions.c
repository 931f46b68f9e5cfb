/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "early/fs.h"
#include "early/log.h"
#include "early/macros.h"
#include "processes.h"
#include "timed.h"
#include "unions.h"

#define CMDLINE_MAX 65536
#define LOOK_TIMEOUT_MS 1000

char *unions_find_upper(const char *cmdline, size_t len)
{
	static const char word[] = "upperdir=";
	const char *end = cmdline + len;

	for (const char *at = cmdline; at < end; at += strnlen(at, (size_t)(end - at)) + 1) {
		const char *option = at;

		/* Each argument may be a list of options, behind "-o" or joined to it. */
		while (option < end && *option) {
			size_t option_len = strcspn(option, ",");
			const char *value = strncmp(option, "-o", 2) == 0 ? option + 2 : option;

			if (strncmp(value, word, strlen(word)) == 0 && value[strlen(word)] == '/')
				return strndup(value + strlen(word),
					       (size_t)(option + option_len - value) -
						       strlen(word));
			option += option_len;
			option += *option == ',';
		}
	}
	return NULL;
}

static int has_entries(const char *path)
{
	struct dirent *entry;
	int found = 0;
	DIR *dir = opendir(path);

	if (!dir)
		return -errno;
	while (!found && (entry = readdir(dir)))
		found = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(dir);
	return found;
}

/* In a child with a deadline: command line and directory may both be slow to answer. */
static int run_look(void *data)
{
	const struct process *process = data;
	CLEANUP(free_charp)
	char *cmdline = NULL;
	char path[PATH_MAX], *upper;
	size_t len;
	char file[64];
	int r;

	snprintf(file, sizeof(file), "/proc/%d/cmdline", process->pid);
	r = fs_read_file_at(AT_FDCWD, file, CMDLINE_MAX, &cmdline, &len);
	if (r < 0)
		return r;
	upper = unions_find_upper(cmdline, len); /* NUL-terminated by fs_read_file_at */
	if (!upper)
		return 0;
	r = snprintf(path, sizeof(path), "/proc/%d/root%s", process->pid, upper);
	if (r < (int)sizeof(path) && has_entries(path) > 0)
		log_warning("an overlay ends before its merge: what %s holds is lost", upper);
	free(upper);
	return 0;
}

void unions_warn(void)
{
	struct processes processes = { NULL, 0 };
	int r = processes_read(&processes);

	for (size_t i = 0; r == 0 && i < processes.n; i++)
		if (processes.list[i].is_union)
			(void)timed_run(run_look, &processes.list[i],
					LOOK_TIMEOUT_MS); /* only a warning */
	processes_done(&processes);
}
