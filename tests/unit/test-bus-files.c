/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early_test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "early/fs.h"
#include "early/macros.h"
#include "install.h"
#include "install_info.h"
#include "preset.h"
#include "unit_files.h"

static char root[] = "/tmp/early-test-bus-XXXXXX";
static int root_fd = -1;

static void put(const char *path, const char *text)
{
	char parent[256];

	snprintf(parent, sizeof(parent), "%s", path);
	*strrchr(parent, '/') = '\0';
	assert_int_equal(fs_mkdir_p_at(root_fd, parent, 0755), 0);
	assert_int_equal(fs_replace_at(root_fd, path, text, strlen(text), 0644), 0);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int set_up(void **state)
{
	strcpy(root + strlen(root) - 6, "XXXXXX");
	assert_non_null(mkdtemp(root));
	root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(root_fd >= 0);
	put("lib/systemd/system/ssh.service",
	    "[Unit]\nDescription=x\n[Service]\nExecStart=/x\n"
	    "[Install]\nWantedBy=multi-user.target \\\n graphical.target\nAlias=sshd.service\n");
	put("lib/systemd/system/plain.service", "[Service]\nExecStart=/x\n");
	put("lib/systemd/system/also.socket",
	    "[Install]\nAlso=ssh.service also.socket\nRequiredBy=sockets.target\n");
	put("lib/systemd/system/getty@.service",
	    "[Install]\nWantedBy=getty.target\nDefaultInstance=tty1\n");
	return 0;
}

static int tear_down(void **state)
{
	close(root_fd);
	return nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void assert_state(const char *name, const char *expected)
{
	const char *state;
	int r = unit_files_state(root_fd, name, &state);

	if (r < 0)
		fail_msg("%s: %s", name, strerror(-r));
	assert_string_equal(state, expected);
}

static void assert_link(const char *path, const char *expected)
{
	char target[256] = "";

	if (readlinkat(root_fd, path, target, sizeof(target) - 1) < 0)
		fail_msg("%s is no link", path);
	assert_string_equal(target, expected);
}

static struct install begin(void)
{
	return (struct install){ .root_fd = root_fd, .config_dir = UNIT_FILES_CONFIG };
}

TEST(reads_install_sections)
{
	CLEANUP(install_info_done)
	struct install_info info = { .wanted_by = NULL };

	assert_int_equal(install_info_parse("WantedBy=no.target\n[Install]\n# WantedBy=no.target\n"
					    " WantedBy = a.target  b.target\nWantedBy=c.target\n"
					    "Alias=x.service\nAlias=\n[Unit]\nAlso=no.service\n",
					    &info),
			 0);
	assert_string_equal(info.wanted_by[0], "a.target");
	assert_string_equal(info.wanted_by[1], "b.target");
	assert_string_equal(info.wanted_by[2], "c.target");
	assert_null(info.wanted_by[3]);
	assert_null(info.aliases);
	assert_null(info.also);
}

TEST(knows_states)
{
	const char *unset;

	assert_state("ssh.service", "disabled");
	assert_state("plain.service", "static");
	assert_state("getty@tty1.service", "disabled");
	assert_int_equal(unit_files_state(root_fd, "none.service", &unset), -ENOENT);
	assert_int_equal(fs_mkdir_p_at(root_fd, "etc/systemd/system", 0755), 0);
	assert_int_equal(symlinkat("/dev/null", root_fd, "etc/systemd/system/plain.service"), 0);
	assert_state("plain.service", "masked");
	assert_int_equal(symlinkat("/lib/systemd/system/ssh.service", root_fd,
				   "etc/systemd/system/other.service"),
			 0);
	assert_state("other.service", "alias");
	assert_state("ssh.service", "enabled");
}

TEST(enables_and_disables)
{
	CLEANUP(install_done)
	struct install install = begin();
	CLEANUP(install_done)
	struct install undo = begin();

	assert_int_equal(install_enable(&install, "ssh.service"), 0);
	assert_int_equal(install.n_changes, 3);
	assert_true(install.carries_info);
	assert_string_equal(install.changes[0].type, "symlink");
	assert_string_equal(install.changes[0].path,
			    "/etc/systemd/system/multi-user.target.wants/ssh.service");
	assert_string_equal(install.changes[0].source, "/lib/systemd/system/ssh.service");
	assert_link("etc/systemd/system/graphical.target.wants/ssh.service",
		    "/lib/systemd/system/ssh.service");
	assert_link("etc/systemd/system/sshd.service", "/lib/systemd/system/ssh.service");
	assert_state("ssh.service", "enabled");
	assert_int_equal(install_enable(&install, "ssh.service"), 0);
	assert_int_equal(install.n_changes, 3);
	assert_int_equal(install_disable(&undo, "ssh.service"), 0);
	assert_int_equal(undo.n_changes, 3);
	assert_string_equal(undo.changes[0].type, "unlink");
	assert_state("ssh.service", "disabled");
}

static int ignore(int dir_fd, const char *link, const char *path, void *data)
{
	return 0;
}

/* A directory that is not there has no links; one that cannot be read may have. */
TEST(links_that_cannot_be_looked_for)
{
	struct rlimit limit, none;

	assert_int_equal(unit_files_for_each_link(root_fd, "/nowhere", "a.service", ignore, NULL),
			 0);
	assert_int_equal(fs_mkdir_p_at(root_fd, "etc/systemd/system", 0755), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(
		unit_files_for_each_link(root_fd, UNIT_FILES_CONFIG, "a.service", ignore, NULL),
		-EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

TEST(follows_also_to_its_end)
{
	CLEANUP(install_done)
	struct install install = begin();

	assert_int_equal(install_enable(&install, "also.socket"), 0);
	assert_link("etc/systemd/system/sockets.target.requires/also.socket",
		    "/lib/systemd/system/also.socket");
	assert_state("ssh.service", "enabled");
}

TEST(enables_instances)
{
	CLEANUP(install_done)
	struct install install = begin();

	assert_int_equal(install_enable(&install, "getty@tty5.service"), 0);
	assert_link("etc/systemd/system/getty.target.wants/getty@tty5.service",
		    "/lib/systemd/system/getty@.service");
	assert_int_equal(install_enable(&install, "getty@.service"), 0);
	assert_link("etc/systemd/system/getty.target.wants/getty@tty1.service",
		    "/lib/systemd/system/getty@.service");
	assert_state("getty@tty5.service", "enabled");
	assert_state("getty@tty6.service", "disabled");
	assert_int_equal(install_disable(&install, "getty@.service"), 0);
	assert_state("getty@tty5.service", "disabled");
}

TEST(masks_and_unmasks)
{
	CLEANUP(install_done)
	struct install install = begin();

	assert_int_equal(install_mask(&install, "ssh.service"), 0);
	assert_state("ssh.service", "masked");
	assert_int_equal(install_enable(&install, "ssh.service"), -ERFKILL);
	assert_int_equal(install_unmask(&install, "ssh.service"), 0);
	assert_state("ssh.service", "disabled");
	assert_int_equal(install_unmask(&install, "ssh.service"), 0);
	assert_int_equal(install.n_changes, 2);
	/* A file of the administrator's is not thrown away. */
	put("etc/systemd/system/mine.service", "[Service]\n");
	install.force = true;
	assert_int_equal(install_mask(&install, "mine.service"), -EEXIST);
	assert_string_equal(install.failed_path, "/etc/systemd/system/mine.service");
}

TEST(refuses_what_leads_elsewhere)
{
	CLEANUP(install_done)
	struct install install = begin();

	put("lib/systemd/system/evil.service", "[Install]\nWantedBy=../../../x\n");
	assert_int_equal(install_enable(&install, "evil.service"), -EINVAL);
	put("lib/systemd/system/odd.service", "[Install]\nWantedBy=%H.target\n");
	assert_int_equal(install_enable(&install, "odd.service"), -EINVAL);
	put("lib/systemd/system/end.service", "[Install]\nWantedBy=a%\n");
	assert_int_equal(install_enable(&install, "end.service"), -EINVAL);
	assert_int_equal(install_enable(&install, "../x.service"), -EINVAL);
	assert_int_equal(install_enable(&install, "none.service"), -ENOENT);
	assert_int_equal(install.n_changes, 0);
	put("lib/systemd/system/say.service", "[Install]\nAlias=%p-%N.service\n");
	assert_int_equal(install_enable(&install, "say.service"), 0);
	assert_link("etc/systemd/system/say-say.service", "/lib/systemd/system/say.service");
}

TEST(follows_presets)
{
	bool wanted;

	assert_int_equal(preset_parse("# x\ndisable a.service\nenable *\n", "a.service", &wanted),
			 1);
	assert_false(wanted);
	assert_int_equal(preset_parse("enable a*\n", "b.service", &wanted), 0);
	put("lib/systemd/system-preset/90-default.preset", "enable ssh.service\ndisable *\n");
	put("lib/systemd/system-preset/50-x.preset", "disable ssh.service\n");
	assert_int_equal(preset_query(root_fd, "ssh.service", &wanted), 0);
	assert_false(wanted);
	put("etc/systemd/system-preset/50-x.preset", "# hides the other\n");
	assert_int_equal(preset_query(root_fd, "ssh.service", &wanted), 0);
	assert_true(wanted);
	assert_int_equal(preset_query(root_fd, "x.service", &wanted), 0);
	assert_false(wanted);
}

TEST(sets_the_default_target)
{
	CLEANUP(install_done)
	struct install install = begin();

	put("lib/systemd/system/graphical.target", "[Unit]\n");
	assert_int_equal(install_set_default(&install, "none.target"), -ENOENT);
	assert_int_equal(install_set_default(&install, "graphical.target"), 0);
	assert_link("etc/systemd/system/default.target", "/lib/systemd/system/graphical.target");
}

#define WITH_ROOT(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

TEST_MAIN(cmocka_unit_test(reads_install_sections), WITH_ROOT(knows_states),
	  WITH_ROOT(enables_and_disables), WITH_ROOT(follows_also_to_its_end),
	  WITH_ROOT(links_that_cannot_be_looked_for), WITH_ROOT(enables_instances),
	  WITH_ROOT(masks_and_unmasks), WITH_ROOT(refuses_what_leads_elsewhere),
	  WITH_ROOT(follows_presets), WITH_ROOT(sets_the_default_target))
