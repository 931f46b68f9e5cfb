/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "control_words.h"

#include <errno.h>
#include <string.h>

const char *control_explain(int error)
{
	switch (error) {
	case -ENOENT:
		return "no such unit";
	case -ERFKILL:
		return "the unit is masked";
	case -EBADMSG:
		return "its manifest has an error; see status";
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
