/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "early/fs.h"
#include "early/macros.h"
#include "early/strbuf.h"
#include "settings.h"

#define BIT(capability) (UINT64_C(1) << (capability))

uint64_t confine_capabilities(const struct wire_list *settings)
{
	static const struct {
		const char *key;
		uint64_t bits;
	} implied[] = {
		{ "PrivateDevices", BIT(CAP_MKNOD) | BIT(CAP_SYS_RAWIO) },
		{ "ProtectClock", BIT(CAP_SYS_TIME) | BIT(CAP_WAKE_ALARM) },
		{ "ProtectKernelLogs", BIT(CAP_SYSLOG) },
		{ "ProtectKernelModules", BIT(CAP_SYS_MODULE) },
	};
	uint64_t bits = 0;

	for (size_t i = 0; i < ARRAY_SIZE(implied); i++)
		if (settings_is_on(settings, implied[i].key))
			bits |= implied[i].bits;
	return bits;
}

bool confine_wants_no_new_privileges(const struct wire_list *settings)
{
	return settings_is_on(settings, "NoNewPrivileges") ||
	       settings_is_on(settings, "DynamicUser");
}

int confine_set_no_new_privileges(struct failure *failure)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return failure_set(failure, STEP_NO_NEW_PRIVILEGES, -errno,
				   "cannot set NoNewPrivileges=");
	return 0;
}

/* --- keyring --- */

/* The user's own keyring is found by the real user, so for a moment this process is that one. */
static int link_user_keyring(const struct identity *identity)
{
	int r = 0;

	if (identity->has_group && setregid(identity->gid, (gid_t)-1) < 0)
		return -errno;
	if (identity->has_user && setreuid(identity->uid, (uid_t)-1) < 0)
		return -errno;
	if (syscall(SYS_keyctl, KEYCTL_LINK, KEY_SPEC_USER_KEYRING, KEY_SPEC_SESSION_KEYRING, 0,
		    0) < 0)
		r = -errno;
	if (setreuid(0, (uid_t)-1) < 0 || setregid(0, (gid_t)-1) < 0)
		return -errno;
	return r;
}

int confine_join_keyring(const struct wire_list *settings, const struct identity *identity,
			 bool has_session, struct failure *failure)
{
	const char *mode = settings_get(settings, "KeyringMode");
	int r = 0;

	if (mode ? strcmp(mode, "inherit") == 0 : has_session)
		return 0;
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0) < 0)
		r = -errno;
	if (r == 0 && mode && strcmp(mode, "shared") == 0)
		r = link_user_keyring(identity);
	if (r == 0 || r == -ENOSYS || r == -EDQUOT || r == -EPERM || r == -EACCES)
		return 0; /* a kernel without keyrings, or one that has enough: no reason to fail */
	return failure_set(failure, STEP_KEYRING, r, "cannot make a session keyring");
}

/* --- security modules --- */

static const struct label {
	const char *key;
	const char *present; /* this file tells that the module is there */
	const char *paths[2]; /* where to write, the newer one first */
	const char *prefix;
	enum step step;
} labels[] = {
	{ "SELinuxContext",
	  "/sys/fs/selinux/enforce",
	  { "/proc/thread-self/attr/exec", NULL },
	  "",
	  STEP_SELINUX_CONTEXT },
	{ "SmackProcessLabel",
	  "/sys/fs/smackfs/load2",
	  { "/proc/thread-self/attr/smack/current", "/proc/thread-self/attr/current" },
	  "",
	  STEP_SMACK_PROCESS_LABEL },
	{ "AppArmorProfile",
	  "/sys/kernel/security/apparmor/profiles",
	  { "/proc/thread-self/attr/apparmor/exec", "/proc/thread-self/attr/exec" },
	  "exec ",
	  STEP_APPARMOR_PROFILE },
};

static int write_label(const struct label *label, const char *value)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT;
	int r;

	strbuf_printf(&text, "%s%s", label->prefix, value);
	r = strbuf_error(&text);
	if (r < 0)
		return r;
	r = fs_write_at(AT_FDCWD, label->paths[0], text.data);
	if (r == -ENOENT && label->paths[1])
		r = fs_write_at(AT_FDCWD, label->paths[1], text.data);
	return r;
}

int confine_set_labels(const struct wire_list *settings, struct failure *failure)
{
	for (size_t i = 0; i < ARRAY_SIZE(labels); i++) {
		const char *value = settings_get(settings, labels[i].key);
		bool optional = value && *value == '-';
		int r;

		if (!value || access(labels[i].present, F_OK) < 0)
			continue;
		r = write_label(&labels[i], value + optional);
		if (r < 0 && !optional)
			return failure_set(failure, labels[i].step, r, "cannot set %s=%s",
					   labels[i].key, value);
	}
	return 0;
}
