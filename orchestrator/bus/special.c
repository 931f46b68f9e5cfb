/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "special.h"

#include "early/macros.h"

static const char *const targets[][2] = {
	{ "poweroff.target", "Power Off" },
	{ "reboot.target", "Reboot" },
	{ "halt.target", "Halt" },
	{ "kexec.target", "Reboot via kexec" },
	{ "suspend.target", "Suspend" },
	{ "hibernate.target", "Hibernate" },
	{ "hybrid-sleep.target", "Suspend and Hibernate" },
	{ "suspend-then-hibernate.target", "Suspend, then Hibernate" },
	{ "rescue.target", "Rescue" },
	{ "emergency.target", "Emergency" },
	{ "shutdown.target", "Shutdown" },
};

int special_add(struct mirror *mirror)
{
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		int r = mirror_add_special(mirror, targets[i][0], targets[i][1]);

		if (r < 0)
			return r;
	}
	return 0;
}
