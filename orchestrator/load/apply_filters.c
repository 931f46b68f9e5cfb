/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a service may ask of the kernel: system calls, kinds of sockets and of name spaces. Names are checked here, where file and line are
 * known; numbers of system calls are early-exec's business, because they depend on the architecture.
 */
#include "directive_settings.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "early/parse.h"
#include "early/strbuf.h"
#include "early/strv.h"
#include "early/syscall_groups.h"
#include "settings.h"
#include "words.h"

#define ERRNO_MAX 4095

static int drop(const struct apply *apply)
{
	settings_drop(apply->service, apply->directive->key);
	return 0;
}

/* "EPERM", "1" or "kill" to "1" and "kill". */
static int canonical_errno(const char *text, char *ret_text, size_t size)
{
	uint32_t number;

	if (strcmp(text, "kill") == 0) {
		(void)snprintf(ret_text, size, "kill");
		return 0;
	}
	if (parse_u32(text, &number) < 0) {
		for (number = 1; number <= ERRNO_MAX; number++) {
			const char *name = strerrorname_np((int)number);

			if (name && strcmp(name, text) == 0)
				break;
		}
	}
	if (number > ERRNO_MAX)
		return -EINVAL;
	(void)snprintf(ret_text, size, "%u", number);
	return 0;
}

int apply_setting_errno(const struct apply *apply, const char *value)
{
	char text[16];

	if (!*value)
		return drop(apply);
	if (canonical_errno(value, text, sizeof(text)) < 0)
		return apply_refuse(apply, "\"%s\" is no name of an error", value);
	if (strcmp(text, "kill") == 0)
		return drop(apply);
	return settings_set(apply->service, apply->directive->key, text);
}

/*
 * SystemCallFilter=, SystemCallLog=: one entry for each word, with the sign of its line. Whether the first line allows or denies
 * decides what the whole list does.
 */
static int add_syscall(const struct apply *apply, const char *word, bool inverted)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;
	size_t len = strcspn(word, ":");
	char *name CLEANUP(free_charp)
	= strndup(word, len);
	char error[16];
	int r;

	if (!name)
		return -ENOMEM;
	if (*name == '@' ? !syscall_group_members(name) : !syscall_is_known(name))
		return apply_refuse(apply, "\"%s\" is no %s", name,
				    *name == '@' ? "group of system calls" : "system call");
	strbuf_printf(&out, "%s%s", inverted ? "~" : "", name);
	if (word[len]) {
		if (canonical_errno(word + len + 1, error, sizeof(error)) < 0)
			return apply_refuse(apply, "\"%s\" is no name of an error", word + len + 1);
		strbuf_printf(&out, ":%s", error);
	}
	r = strbuf_error(&out);
	return r < 0 ? r : settings_add(apply->service, apply->directive->key, out.data);
}

int apply_setting_syscalls(const struct apply *apply, const char *value)
{
	bool inverted = *value == '~';
	char **words CLEANUP_STRV = NULL;
	bool refused = false;
	int r;

	if (!*value)
		return drop(apply);
	r = words_split(value + inverted, false, &words);
	/* an allow list of nothing, or a deny list of nothing, is still a list */
	if (r == 0 && !settings_get(apply->service, apply->directive->key) &&
	    (!words || strchr(words[0], ':')))
		r = settings_add(apply->service, apply->directive->key, inverted ? "~" : "");
	for (size_t i = 0; r == 0 && words && words[i]; i++) {
		r = add_syscall(apply, words[i], inverted);
		if (r == -EALREADY) { /* the others of the line count all the same */
			refused = true;
			r = 0;
		}
	}
	return r == 0 && refused ? -EALREADY : r;
}

int apply_setting_architectures(const struct apply *apply, const char *value)
{
	static const char *const names[] = { "native",     "x86",     "x86-64",    "x32",
					     "arm",        "arm64",   "mips",      "mips64",
					     "mips64-n32", "mips-le", "mips64-le", "mips64-le-n32",
					     "ppc",        "ppc64",   "ppc64-le",  "riscv64",
					     "s390",       "s390x",   "parisc",    "parisc64",
					     "loongarch64" };
	char **words CLEANUP_STRV = NULL;
	int r;

	if (!*value)
		return drop(apply);
	r = words_split(value, false, &words);
	for (size_t i = 0; r == 0 && words && words[i]; i++) {
		bool known = false;

		for (size_t j = 0; j < ARRAY_SIZE(names); j++)
			known |= strcmp(names[j], words[i]) == 0;
		if (!known)
			return apply_refuse(apply, "\"%s\" is no architecture", words[i]);
		r = settings_add(apply->service, apply->directive->key, words[i]);
	}
	return r;
}

/* --- RestrictAddressFamilies=: "allow 1 2 10" or "deny 17", in numbers --- */

static const struct {
	const char *name;
	int number;
} families[] = {
#define FAMILY(name)                                                                               \
	{                                                                                          \
#name, name                                                                        \
	}
	FAMILY(AF_UNIX),       FAMILY(AF_LOCAL),     FAMILY(AF_INET),    FAMILY(AF_AX25),
	FAMILY(AF_IPX),        FAMILY(AF_APPLETALK), FAMILY(AF_NETROM),  FAMILY(AF_BRIDGE),
	FAMILY(AF_ATMPVC),     FAMILY(AF_X25),       FAMILY(AF_INET6),   FAMILY(AF_ROSE),
	FAMILY(AF_NETBEUI),    FAMILY(AF_SECURITY),  FAMILY(AF_KEY),     FAMILY(AF_NETLINK),
	FAMILY(AF_ROUTE),      FAMILY(AF_PACKET),    FAMILY(AF_ASH),     FAMILY(AF_ECONET),
	FAMILY(AF_ATMSVC),     FAMILY(AF_RDS),       FAMILY(AF_SNA),     FAMILY(AF_IRDA),
	FAMILY(AF_PPPOX),      FAMILY(AF_WANPIPE),   FAMILY(AF_LLC),     FAMILY(AF_IB),
	FAMILY(AF_MPLS),       FAMILY(AF_CAN),       FAMILY(AF_TIPC),    FAMILY(AF_BLUETOOTH),
	FAMILY(AF_IUCV),       FAMILY(AF_RXRPC),     FAMILY(AF_ISDN),    FAMILY(AF_PHONET),
	FAMILY(AF_IEEE802154), FAMILY(AF_CAIF),      FAMILY(AF_ALG),     FAMILY(AF_NFC),
	FAMILY(AF_VSOCK),      FAMILY(AF_KCM),       FAMILY(AF_QIPCRTR), FAMILY(AF_SMC),
	FAMILY(AF_XDP),
#undef FAMILY
};

static int find_family(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		if (strcmp(families[i].name, name) == 0)
			return families[i].number;
	return -EINVAL;
}

#define FAMILY_SET_MAX 64

/* The numbers that stand in a canonical list behind its first word. */
static uint64_t read_families(const char *list)
{
	uint64_t set = 0;

	while ((list = strchr(list, ' '))) {
		list++;
		set |= UINT64_C(1) << (strtoul(list, NULL, 10) % FAMILY_SET_MAX);
	}
	return set;
}

static int write_families(const struct apply *apply, bool allows, uint64_t set)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;
	int r;

	strbuf_puts(&out, allows ? "allow" : "deny");
	for (uint32_t i = 0; i < FAMILY_SET_MAX; i++)
		if (set & (UINT64_C(1) << i))
			strbuf_printf(&out, " %u", i);
	r = strbuf_error(&out);
	return r < 0 ? r : settings_set(apply->service, apply->directive->key, out.data);
}

int apply_setting_families(const struct apply *apply, const char *value)
{
	const char *before = settings_get(apply->service, apply->directive->key);
	bool inverted = *value == '~';
	bool allows = before ? strncmp(before, "allow", 5) == 0 : !inverted;
	uint64_t set = before ? read_families(before) : 0;
	char **words CLEANUP_STRV = NULL;
	int r;

	if (!*value)
		return drop(apply);
	if (strcmp(value, "none") == 0)
		return write_families(apply, true, 0);
	r = words_split(value + inverted, false, &words);
	for (size_t i = 0; r == 0 && words && words[i]; i++) {
		int family = find_family(words[i]);

		if (family < 0)
			return apply_refuse(apply, "\"%s\" is no address family", words[i]);
		if (inverted != allows) /* a line of the list's own kind adds to it */
			set |= UINT64_C(1) << family;
		else
			set &= ~(UINT64_C(1) << family);
	}
	return r < 0 ? r : write_families(apply, allows, set);
}

/* --- RestrictNamespaces=: the clone flags that are allowed, as a number --- */

static const struct {
	const char *name;
	uint32_t flag;
} namespaces[] = {
	{ "cgroup", CLONE_NEWCGROUP }, { "ipc", CLONE_NEWIPC }, { "net", CLONE_NEWNET },
	{ "mnt", CLONE_NEWNS },        { "pid", CLONE_NEWPID }, { "user", CLONE_NEWUSER },
	{ "uts", CLONE_NEWUTS },
};

static int parse_namespaces(const struct apply *apply, const char *value, uint32_t *ret_flags)
{
	char **words CLEANUP_STRV = NULL;
	uint32_t flags = 0;
	int r = words_split(value, false, &words);

	for (size_t i = 0; r == 0 && words && words[i]; i++) {
		uint32_t flag = 0;

		for (size_t j = 0; j < ARRAY_SIZE(namespaces); j++)
			if (strcmp(namespaces[j].name, words[i]) == 0)
				flag = namespaces[j].flag;
		if (!flag)
			return apply_refuse(apply, "\"%s\" is no kind of name space", words[i]);
		flags |= flag;
	}
	*ret_flags = flags;
	return r;
}

int apply_setting_namespaces(const struct apply *apply, const char *value)
{
	const char *before = settings_get(apply->service, apply->directive->key);
	bool inverted = *value == '~';
	uint32_t all = 0;
	uint32_t flags;
	char text[16];
	bool on;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++)
		all |= namespaces[i].flag;
	if (!*value)
		return drop(apply);
	if (parse_bool(value, &on) == 0) {
		flags = on ? 0 : all;
	} else {
		r = parse_namespaces(apply, value + inverted, &flags);
		if (r < 0)
			return r;
		if (before && inverted)
			flags = (uint32_t)strtoul(before, NULL, 16) & ~flags;
		else if (before)
			flags |= (uint32_t)strtoul(before, NULL, 16);
		else if (inverted)
			flags = all & ~flags;
	}
	(void)snprintf(text, sizeof(text), "%x", flags);
	return settings_set(apply->service, apply->directive->key, text);
}
