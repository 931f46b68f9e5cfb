/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Conditions about the machine: what it is, what it has, and whether its files were updated since. Numbers may come with a comparison;
 * versions are compared digit group by digit group.
 */
#include "condition_machine.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "capability.h"
#include "early/arch.h"
#include "early/dir.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/macros.h"
#include "early/parse.h"
#include "early/strbuf.h"
#include "early/strv.h"

#define FILE_MAX (4 * 1024 * 1024)

static const char *below(int root_fd, const char *path)
{
	return root_fd == AT_FDCWD || *path != '/' ? path : path[1] ? path + 1 : ".";
}

static char *read_text(int root_fd, const char *path)
{
	char *text = NULL;
	size_t len;

	return fs_read_file_at(root_fd, below(root_fd, path), FILE_MAX, &text, &len) < 0 ? NULL
											 : text;
}

/* True if @word stands in @text between blanks. */
static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	while (text && *text) {
		size_t n = strcspn(text, " \t\n:");

		if (n == len && strncmp(text, word, n) == 0)
			return true;
		text += n + (text[n] != '\0');
	}
	return false;
}

/* --- comparisons --- */

static const struct {
	const char *text;
	bool less, equal, greater;
} operators[] = {
	{ "<=", true, true, false },  { ">=", false, true, true }, { "!=", true, false, true },
	{ "==", false, true, false }, { "<", true, false, false }, { ">", false, false, true },
	{ "=", false, true, false },
};

/* Takes an operator off *text. False if there is none. */
static bool read_operator(const char **text, size_t *ret_operator)
{
	for (size_t i = 0; i < ARRAY_SIZE(operators); i++) {
		if (strncmp(*text, operators[i].text, strlen(operators[i].text)) == 0) {
			*text += strlen(operators[i].text);
			*text += strspn(*text, " \t");
			*ret_operator = i;
			return true;
		}
	}
	return false;
}

static bool decide(size_t operator, int order)
{
	return order < 0 ? operators[operator].less : order> 0
		? operators[operator].greater : operators[operator].equal;
}

bool machine_is_within(const char *bound, uint64_t number)
{
	size_t operator= 1; /* >= */
	uint64_t limit;

	(void)read_operator(&bound, &operator); /* without one it is the default */
	if (parse_size(bound, &limit) < 0)
		return false;
	return decide(operator, number<limit ? -1 : number> limit);
}

bool machine_kernel_version(int root_fd, const char *patterns)
{
	char **words CLEANUP_STRV = NULL;
	struct utsname name;

	(void)root_fd;
	if (uname(&name) < 0 || strv_split(patterns, " \t", &words) < 0)
		return false;
	for (size_t i = 0; words && words[i]; i++) {
		const char *text = words[i];
		size_t operator;

		/* ">= 5.10" is one comparison in two words */
		if (!read_operator(&text, &operator)) {
			if (fnmatch(text, name.release, 0) != 0)
				return false;
			continue;
		}
		if (!*text && words[i + 1])
			text = words[++i];
		if (!decide(operator, strverscmp(name.release, text)))
			return false;
	}
	return true;
}

/* --- what the machine is and has --- */

bool machine_architecture(int root_fd, const char *name)
{
	struct utsname uts;

	(void)root_fd;
	return uname(&uts) == 0 &&
	       (strcmp(name, "native") == 0 || strcmp(name, arch_name(uts.machine)) == 0);
}

bool machine_memory(int root_fd, const char *bound)
{
	struct sysinfo info = { 0 };

	(void)root_fd;
	(void)sysinfo(&info); /* cannot fail with a valid pointer */
	return machine_is_within(bound, (uint64_t)info.totalram * info.mem_unit);
}

bool machine_cpus(int root_fd, const char *bound)
{
	cpu_set_t set;

	(void)root_fd;
	return sched_getaffinity(0, sizeof(set), &set) == 0 &&
	       machine_is_within(bound, (uint64_t)CPU_COUNT(&set));
}

bool machine_cpu_feature(int root_fd, const char *name)
{
	char *text CLEANUP(free_charp)
	= read_text(root_fd, "/proc/cpuinfo");
	const char *flags = text ? strstr(text, "\nflags") : NULL;
	char *line CLEANUP(free_charp)
	= flags ? strndup(flags + 1, strcspn(flags + 1, "\n")) : NULL;

	return has_word(line, name);
}

bool machine_capability(int root_fd, const char *name)
{
	const struct wire_list word = { name, (uint32_t)strlen(name) + 1 };
	uint64_t set = 0;

	(void)root_fd;
	if (capability_parse(&word, &set) < 0 || set == 0)
		return false;
	return prctl(PR_CAPBSET_READ, (unsigned long)__builtin_ctzll(set), 0, 0, 0) == 1;
}

/* "NAME" is set at all, "NAME=VALUE" to this value. */
bool machine_environment(int root_fd, const char *assignment)
{
	size_t len = strcspn(assignment, "=");
	char *name CLEANUP(free_charp)
	= strndup(assignment, len);
	const char *value = name ? getenv(name) : NULL;

	(void)root_fd;
	return value && (!assignment[len] || strcmp(value, assignment + len + 1) == 0);
}

/* "v2", or controllers that the tree has, all of them. */
bool machine_controllers(int root_fd, const char *names)
{
	char *have CLEANUP(free_charp)
	= read_text(root_fd, "/sys/fs/cgroup/cgroup.controllers");
	char **words CLEANUP_STRV = NULL;

	if (strcmp(names, "v1") == 0 || strcmp(names, "v2") == 0)
		return (names[1] == '2') == (have != NULL);
	if (strv_split(names, " \t", &words) < 0)
		return false;
	for (size_t i = 0; words && words[i]; i++)
		if (!has_word(have, words[i]))
			return false;
	return true;
}

/* --- power --- */

/* 1: a supply from the mains that is on, 0: one that is off, -1: something else. */
static int look_at_supply(int dir_fd, const char *name)
{
	struct strbuf type_path CLEANUP_STRBUF = STRBUF_INIT;
	struct strbuf online_path CLEANUP_STRBUF = STRBUF_INIT;
	char *type CLEANUP(free_charp)
	= NULL;
	char *online CLEANUP(free_charp)
	= NULL;

	strbuf_printf(&type_path, "%s/type", name);
	strbuf_printf(&online_path, "%s/online", name);
	if (strbuf_error(&type_path) < 0 || strbuf_error(&online_path) < 0 ||
	    fs_read_line_at(dir_fd, type_path.data, &type) < 0 || strcmp(type, "Mains") != 0 ||
	    fs_read_line_at(dir_fd, online_path.data, &online) < 0)
		return -1;
	return strcmp(online, "1") == 0;
}

/* A machine that knows no mains has nothing but them. */
static bool is_on_mains(int root_fd)
{
	DIR *dir CLEANUP_DIR = NULL;
	struct dirent *entry;
	bool any_off = false;

	if (dir_open_at(root_fd, below(root_fd, "/sys/class/power_supply"), &dir) < 0)
		return true;
	while ((entry = readdir(dir))) {
		int state = entry->d_name[0] == '.' ? -1
						    : look_at_supply(dirfd(dir), entry->d_name);

		if (state == 1)
			return true;
		any_off |= state == 0;
	}
	return !any_off;
}

bool machine_ac_power(int root_fd, const char *value)
{
	bool wanted;

	return parse_bool(value, &wanted) == 0 && is_on_mains(root_fd) == wanted;
}

/* --- updates --- */

/* True if /usr is newer than the mark that the last update of @path (/etc, /var) left. */
bool machine_needs_update(int root_fd, const char *path)
{
	struct strbuf mark CLEANUP_STRBUF = STRBUF_INIT;
	struct stat usr, updated;

	strbuf_printf(&mark, "%s/.updated", path);
	if (path[0] != '/' || strbuf_error(&mark) < 0 ||
	    fstatat(root_fd, below(root_fd, "/usr"), &usr, 0) < 0)
		return true;
	if (fstatat(root_fd, below(root_fd, mark.data), &updated, AT_SYMLINK_NOFOLLOW) < 0)
		return true;
	return usr.st_mtim.tv_sec > updated.st_mtim.tv_sec ||
	       (usr.st_mtim.tv_sec == updated.st_mtim.tv_sec &&
		usr.st_mtim.tv_nsec > updated.st_mtim.tv_nsec);
}
