/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SystemCallFilter= from words to a list of calls; groups and their members. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/strbuf.h"
#include "early/syscall_groups.h"
#include "early_test.h"
#include "syscall_list.h"

/* The entries, each with a NUL, for words that are separated by blanks. */
static struct wire_list settings_of(const char *words, char *buf, size_t size)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;
	const char *word;
	size_t len;

	while ((word = syscall_group_next(&words, &len))) {
		strbuf_printf(&out, "SystemCallFilter=%.*s", (int)len, word);
		strbuf_putc(&out, '\0');
	}
	assert_true(out.len < size);
	memcpy(buf, out.data ? out.data : "", out.len);
	return (struct wire_list){ buf, (uint32_t)out.len };
}

/* "+" for a list that allows; then the members that are not of @default, with their errors. */
static char *render(const struct syscall_list *list)
{
	const struct wire_list only_default = { "SystemCallFilter=@default", 26 };
	struct syscall_list defaults CLEANUP_SYSCALL_LIST = { 0 };
	struct strbuf out = STRBUF_INIT;

	assert_int_equal(syscall_list_read(&only_default, "SystemCallFilter", &defaults), 0);
	strbuf_puts(&out, !list->given ? "none" : list->allows ? "+" : "-");
	for (size_t i = 0; i < list->n_entries; i++) {
		const struct syscall_entry *entry = &list->entries[i];

		if (list->allows && entry->error == SYSCALL_DEFAULT &&
		    syscall_list_find(&defaults, entry->name, entry->len))
			continue;
		strbuf_printf(&out, " %.*s", (int)entry->len, entry->name);
		if (entry->error == SYSCALL_KILL)
			strbuf_puts(&out, ":kill");
		else if (entry->error != SYSCALL_DEFAULT)
			strbuf_printf(&out, ":%d", entry->error);
	}
	return strbuf_take(&out);
}

TEST(lists)
{
	static const struct {
		const char *words, *list;
	} cases[] = {
		{ "", "none" },
		{ "open", "+ open" },
		{ "~open ~chroot:1 ~mount:kill", "- chroot:1 mount:kill open" },
		{ "@chown ~@chown chown", "+ chown" },
		{ "~@chown fchown lchown", "- chown chown32 fchown32 fchownat lchown32" },
		{ "@swap ~swapoff:38", "+ swapoff:38 swapon" },
		{ "~@swap swapon", "- swapoff" },
		{ "@timer ~@timer mount:5 mount", "+ mount" },
		/* a group of groups */
		{ "~@raw-io ~@module",
		  "- delete_module finit_module init_module ioperm iopl pciconfig_iobase "
		  "pciconfig_read pciconfig_write s390_pci_mmio_read "
		  "s390_pci_mmio_write" },
		{ "~", "-" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char buf[1024];
		struct wire_list settings = settings_of(cases[i].words, buf, sizeof(buf));
		struct syscall_list list CLEANUP_SYSCALL_LIST = { 0 };
		char *text;

		assert_int_equal(syscall_list_read(&settings, "SystemCallFilter", &list), 0);
		text = render(&list);
		assert_string_equal(text, cases[i].list);
		free(text);
	}
}

TEST(groups_within_groups)
{
	const struct wire_list settings = { "SystemCallFilter=@system-service", 33 };
	static const char *const in[] = { "read",   "socket", "execve", "clone3",
					  "setuid", "chown",  "ioctl" };
	static const char *const out[] = { "mount",  "reboot", "init_module",
					   "swapon", "ptrace", "chroot" };
	struct syscall_list list CLEANUP_SYSCALL_LIST = { 0 };

	assert_int_equal(syscall_list_read(&settings, "SystemCallFilter", &list), 0);
	for (size_t i = 0; i < ARRAY_SIZE(in); i++)
		if (!syscall_list_find(&list, in[i], strlen(in[i])))
			fail_msg("%s is not in @system-service", in[i]);
	for (size_t i = 0; i < ARRAY_SIZE(out); i++)
		if (syscall_list_find(&list, out[i], strlen(out[i])))
			fail_msg("%s is in @system-service", out[i]);
}

TEST(what_is_no_group)
{
	const struct wire_list settings = { "SystemCallFilter=@nonsense", 27 };
	struct syscall_list list CLEANUP_SYSCALL_LIST = { 0 };

	assert_int_equal(syscall_list_read(&settings, "SystemCallFilter", &list), -EINVAL);
}

/* Every member is a call, or a group that is there. */
static void check_group(const char *name)
{
	const char *rest = syscall_group_members(name);
	const char *word;
	size_t len;

	if (!rest)
		fail_msg("there is no %s", name);
	while ((word = syscall_group_next(&rest, &len))) {
		char member[64];

		assert_true(len < sizeof(member));
		memcpy(member, word, len);
		member[len] = '\0';
		if (*member == '@')
			check_group(member);
		else
			assert_true(syscall_is_known(member));
	}
}

TEST(tables)
{
	/* those of systemd.exec(5) */
	static const char *const names[] = {
		"@aio",           "@basic-io",       "@chown",       "@clock",
		"@cpu-emulation", "@debug",          "@file-system", "@io-event",
		"@ipc",           "@keyring",        "@memlock",     "@module",
		"@mount",         "@network-io",     "@obsolete",    "@pkey",
		"@privileged",    "@process",        "@raw-io",      "@reboot",
		"@resources",     "@setuid",         "@signal",      "@swap",
		"@sync",          "@system-service", "@timer",       "@known",
		"@default",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		check_group(names[i]);
	assert_true(syscall_is_known("openat2"));
	assert_false(syscall_is_known("open@"));
	assert_false(syscall_is_known("ope"));
}

TEST_MAIN(cmocka_unit_test(lists), cmocka_unit_test(groups_within_groups),
	  cmocka_unit_test(what_is_no_group), cmocka_unit_test(tables))
