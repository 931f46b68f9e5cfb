/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Conditions, checked in a process of their own because each of them looks at a path that may block. A kind that cannot be judged here
 * counts as met: starting a service that could have been left out is the smaller harm.
 */
#include "condition.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "condition_machine.h"
#include "condition_system.h"
#include "early/dir.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/kernel_line.h"
#include "early/macros.h"
#include "early/parse.h"

static const char *below(int root_fd, const char *path)
{
	return root_fd == AT_FDCWD || *path != '/' ? path : path[1] ? path + 1 : ".";
}

static bool look(int root_fd, const char *path, struct stat *st)
{
	return fstatat(root_fd, below(root_fd, path), st, 0) == 0;
}

static bool path_exists(int root_fd, const char *path)
{
	struct stat st;

	return look(root_fd, path, &st);
}

static bool path_exists_glob(int root_fd, const char *pattern)
{
	glob_t found;
	bool any = glob(pattern, GLOB_NOSORT, NULL, &found) == 0 && found.gl_pathc > 0;

	(void)root_fd; /* glob(3) knows the process's root only */
	globfree(&found);
	return any;
}

static bool path_is_directory(int root_fd, const char *path)
{
	struct stat st;

	return look(root_fd, path, &st) && S_ISDIR(st.st_mode);
}

static bool path_is_socket(int root_fd, const char *path)
{
	struct stat st;

	return look(root_fd, path, &st) && S_ISSOCK(st.st_mode);
}

/* The kernel writes names with underscores, people with hyphens as well. */
static bool kernel_module_loaded(int root_fd, const char *name)
{
	char path[128];
	struct stat st;
	int n = snprintf(path, sizeof(path), "/sys/module/%s", name);

	if (n < 0 || (size_t)n >= sizeof(path) || strchr(name, '/') || *name == '.')
		return false;
	for (char *c = path; *c; c++)
		if (*c == '-')
			*c = '_';
	return look(root_fd, path, &st);
}

static bool path_is_symbolic_link(int root_fd, const char *path)
{
	struct stat st;

	return fstatat(root_fd, below(root_fd, path), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISLNK(st.st_mode);
}

static bool path_is_mount_point(int root_fd, const char *path)
{
	struct statx stx;

	return statx(root_fd, below(root_fd, path), AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &stx) ==
		       0 &&
	       (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

static bool path_is_read_write(int root_fd, const char *path)
{
	int fd CLEANUP_FD
	= openat(root_fd, below(root_fd, path), O_PATH | O_CLOEXEC);
	struct statvfs st;

	return fd >= 0 && fstatvfs(fd, &st) == 0 && !(st.f_flag & ST_RDONLY);
}

static bool directory_not_empty(int root_fd, const char *path)
{
	DIR *dir CLEANUP_DIR = NULL;
	struct dirent *dirent;
	bool found = false;

	if (dir_open_at(root_fd, below(root_fd, path), &dir) < 0)
		return false;
	while (!found && (dirent = readdir(dir)))
		found = strcmp(dirent->d_name, ".") != 0 && strcmp(dirent->d_name, "..") != 0;
	return found;
}

static bool file_not_empty(int root_fd, const char *path)
{
	struct stat st;

	return look(root_fd, path, &st) && S_ISREG(st.st_mode) && st.st_size > 0;
}

static bool file_is_executable(int root_fd, const char *path)
{
	struct stat st;

	return look(root_fd, path, &st) && S_ISREG(st.st_mode) && (st.st_mode & 0111);
}

bool condition_has_word(const char *command_line, const char *word)
{
	size_t len = strlen(word), n;
	const char *next;

	while ((next = kernel_line_next(&command_line, &n)) != NULL) {
		char plain[KERNEL_LINE_MAX];

		if (kernel_line_unquote(next, n, plain, sizeof(plain)) < sizeof(plain) &&
		    strncmp(plain, word, len) == 0 &&
		    (!plain[len] || (!strchr(word, '=') && plain[len] == '=')))
			return true;
	}
	return false;
}

static bool kernel_command_line(int root_fd, const char *word)
{
	char *line CLEANUP(free_charp)
	= NULL;
	size_t len;

	return fs_read_file_at(root_fd, below(root_fd, "/proc/cmdline"), 64 * 1024, &line, &len) ==
		       0 &&
	       condition_has_word(line, word);
}

/* Known only what can be told without privileges: a hypervisor's flag, or a container manager's variable. */
static bool virtualization(int root_fd, const char *kind)
{
	char *cpuinfo CLEANUP(free_charp)
	= NULL;
	size_t len;
	bool container = fs_exists_at(root_fd, below(root_fd, "/run/systemd/container"));
	bool vm = fs_read_file_at(root_fd, below(root_fd, "/proc/cpuinfo"), 4 * 1024 * 1024,
				  &cpuinfo, &len) == 0 &&
		  strstr(cpuinfo, " hypervisor");
	bool wanted;

	if (parse_bool(kind, &wanted) == 0)
		return (vm || container) == wanted;
	if (strcmp(kind, "container") == 0)
		return container;
	if (strcmp(kind, "vm") == 0)
		return vm && !container;
	return false;
}

static bool security(int root_fd, const char *module)
{
	char *lsm CLEANUP(free_charp)
	= NULL;

	if (strcmp(module, "apparmor") != 0 && strcmp(module, "selinux") != 0 &&
	    strcmp(module, "smack") != 0 && strcmp(module, "tomoyo") != 0)
		return strcmp(module, "audit") == 0;
	if (fs_read_line_at(root_fd, below(root_fd, "/sys/kernel/security/lsm"), &lsm) < 0)
		return false;
	return strstr(lsm, module) != NULL;
}

static bool host_name(int root_fd, const char *pattern)
{
	struct utsname name;

	(void)root_fd;
	return uname(&name) == 0 && fnmatch(pattern, name.nodename, FNM_CASEFOLD) == 0;
}

static bool user(int root_fd, const char *name)
{
	const struct passwd *passwd;
	uint32_t uid;

	(void)root_fd;
	if (parse_u32(name, &uid) == 0)
		return uid == getuid();
	if (strcmp(name, "@system") == 0)
		return true; /* Early's services are the system's */
	passwd = getpwnam(name);
	return passwd && passwd->pw_uid == getuid();
}

static bool group(int root_fd, const char *name)
{
	const struct group *entry = getgrnam(name);

	(void)root_fd;
	return entry && entry->gr_gid == getgid();
}

static bool first_boot(int root_fd, const char *value)
{
	bool wanted;

	return parse_bool(value, &wanted) < 0 ||
	       wanted == fs_exists_at(root_fd, below(root_fd, "/run/systemd/first-boot"));
}

static const struct {
	const char *name;
	bool (*check)(int root_fd, const char *argument);
} kinds[] = {
	{ "path-exists", path_exists },
	{ "path-exists-glob", path_exists_glob },
	{ "path-is-directory", path_is_directory },
	{ "path-is-socket", path_is_socket },
	{ "path-is-symbolic-link", path_is_symbolic_link },
	{ "path-is-mount-point", path_is_mount_point },
	{ "path-is-read-write", path_is_read_write },
	{ "directory-not-empty", directory_not_empty },
	{ "file-not-empty", file_not_empty },
	{ "file-is-executable", file_is_executable },
	{ "kernel-command-line", kernel_command_line },
	{ "kernel-module-loaded", kernel_module_loaded },
	{ "kernel-version", machine_kernel_version },
	{ "architecture", machine_architecture },
	{ "acpower", machine_ac_power },
	{ "capability", machine_capability },
	{ "environment", machine_environment },
	{ "needs-update", machine_needs_update },
	{ "memory", machine_memory },
	{ "cpus", machine_cpus },
	{ "cpufeature", machine_cpu_feature },
	{ "control-group-controller", machine_controllers },
	{ "virtualization", virtualization },
	{ "security", security },
	{ "host", host_name },
	{ "user", user },
	{ "group", group },
	{ "first-boot", first_boot },
	{ "osrelease", system_os_release },
	{ "firmware", system_firmware },
	{ "credential", system_credential },
	{ "cpupressure", system_cpu_pressure },
	{ "iopressure", system_io_pressure },
	{ "memory-pressure", system_memory_pressure },
};

struct parsed {
	const char *name;
	size_t name_len;
	const char *argument;
	bool assertion;
	bool trigger;
	bool negated;
};

static bool parse(const char *text, struct parsed *ret_parsed)
{
	struct parsed parsed = { .name = text };
	const char *colon = strchr(text, ':');

	if (!colon)
		return false;
	if (strncmp(text, "assert-", 7) == 0) {
		parsed.assertion = true;
		parsed.name += 7;
	}
	parsed.name_len = (size_t)(colon - parsed.name);
	parsed.argument = colon + 1;
	if (*parsed.argument == '|') {
		parsed.trigger = true;
		parsed.argument++;
	}
	if (*parsed.argument == '!') {
		parsed.negated = true;
		parsed.argument++;
	}
	*ret_parsed = parsed;
	return true;
}

static bool holds(const struct parsed *parsed, int root_fd)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strlen(kinds[i].name) == parsed->name_len &&
		    strncmp(kinds[i].name, parsed->name, parsed->name_len) == 0)
			return kinds[i].check(root_fd, parsed->argument) != parsed->negated;
	return true;
}

enum condition_verdict condition_check(const struct wire_list *conditions, int root_fd,
				       const char **ret_culprit)
{
	const char *failed_trigger = NULL;
	bool triggered = false;

	for (const char *text = wire_list_next(conditions, NULL); text;
	     text = wire_list_next(conditions, text)) {
		struct parsed parsed;
		bool met;

		if (!parse(text, &parsed))
			continue;
		met = holds(&parsed, root_fd);
		if (parsed.trigger) {
			triggered = triggered || met;
			failed_trigger = text;
		} else if (!met) {
			*ret_culprit = text;
			return parsed.assertion ? CONDITION_FAIL : CONDITION_SKIP;
		}
	}
	if (!failed_trigger || triggered)
		return CONDITION_MET;
	*ret_culprit = failed_trigger;
	return strncmp(failed_trigger, "assert-", 7) == 0 ? CONDITION_FAIL : CONDITION_SKIP;
}
