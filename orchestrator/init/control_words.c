/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "control_words.h"

#include <errno.h>
#include <string.h>

#include "early/macros.h"

const char *control_explain(int error)
{
	switch (error) {
	case -ENOENT:
		return "no such unit";
	case -ERFKILL:
		return "the unit is masked";
	case -EBADMSG:
		return "its manifest has an error; see status";
	case -EBADRQC:
		return "only other units may start or stop it: its manifest has "
		       "RefuseManualStart= or RefuseManualStop=";
	case -EINVAL:
		return "that is no unit's name";
	case -ENOTSUP:
		return "it has no ExecReload=";
	case -ESHUTDOWN:
		return "the machine is stopping";
	case -EAGAIN:
		return "too many requests at once; try again";
	}
	return strerror(-error);
}

static const struct {
	const char *suffix;
	const char *text;
} out_of_reach[] = {
	{ ".mount",
	  "Early starts and stops no mounts: mount and umount do, and what /etc/fstab has "
	  "is mounted at boot" },
	{ ".automount",
	  "Early has no automounts: mount mounts it now, a line in /etc/fstab at boot" },
	{ ".swap",
	  "Early starts and stops no swap: swapon and swapoff do, and what /etc/fstab has is "
	  "used from the boot on" },
	{ ".device",
	  "a device is neither started nor stopped: it is there when udev has found it" },
	{ ".scope",
	  "no such scope runs, and only the program whose processes they are can make one" },
	{ ".slice", "a slice is there while a service of it runs: start or stop the service" },
	{ ".path", "Early does not watch paths yet: start or stop the service that it is for" },
	{ ".snapshot", "there are no snapshots" },
};

const char *control_out_of_reach(const char *name)
{
	const char *suffix = strrchr(name, '.');

	for (size_t i = 0; suffix && i < ARRAY_SIZE(out_of_reach); i++)
		if (strcmp(suffix, out_of_reach[i].suffix) == 0)
			return out_of_reach[i].text;
	return NULL;
}

const char *control_verb_word(enum manager_verb verb)
{
	switch (verb) {
	case MANAGER_VERB_START:
		break;
	case MANAGER_VERB_STOP:
		return "stop";
	case MANAGER_VERB_RESTART:
		return "restart";
	case MANAGER_VERB_TRY_RESTART:
		return "try-restart";
	case MANAGER_VERB_RELOAD:
		return "reload";
	case MANAGER_VERB_RELOAD_OR_RESTART:
		return "reload-or-restart";
	}
	return "start";
}
