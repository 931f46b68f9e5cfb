/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "state_collapse.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "early/macros.h"
#include "early/strbuf.h"

#include "state_proto.h"

/*
 * Messages come in groups: a head (an opcode with a class) and what belongs to it. Groups of one class and key are the same
 * thing at different times. Sorted by class, key and time the last of each run is the one that counts; sorted by
 * class and time again they are in the order in which the reader wants them: services before the jobs for them.
 */

enum class {
	CLASS_MANAGER,
	CLASS_EVENT, /* has no key: each counts */
	CLASS_SERVICE,
	CLASS_SCOPE, /* all are in each change */
	CLASS_JOB,
	CLASS_ENDED, /* all are in each change; before the clients, who may wait for one of them */
	CLASS_CLIENT, /* all are in each change */
	CLASS_MACHINE, /* all of it is in each change */
	CLASS_KEPT, /* all of them, where they changed */
};

struct group {
	enum class class;
	bool gone;
	const char *name; /* key, or "" */
	uint32_t id; /* key, or 0 */
	size_t nth;
	const char *data;
	size_t len;
};

union head {
	struct state_service service;
	struct state_scope scope;
	struct state_job job;
	struct state_gone gone;
};

struct groups {
	struct group *list;
	size_t n, size;
	size_t last_manager; /* its number */
};

static int add_group(struct groups *groups, const struct group *group)
{
	if (groups->n == groups->size) {
		size_t bigger = groups->size ? groups->size * 2 : 64;
		struct group *moved = reallocarray(groups->list, bigger, sizeof(*moved));

		if (!moved)
			return -ENOMEM;
		groups->list = moved;
		groups->size = bigger;
	}
	groups->list[groups->n] = *group;
	groups->list[groups->n].nth = groups->n;
	groups->n++;
	return 0;
}

/* 0: it belongs to the group before it. */
static int read_head(uint16_t opcode, const char *data, size_t len, struct group *ret)
{
	union head head;
	int r = 0;

	*ret = (struct group){ .name = "", .data = data, .len = len };
	if (opcode == STATE_SERVICE || opcode == STATE_SCOPE || opcode == STATE_JOB ||
	    opcode == STATE_GONE)
		r = wire_unpack(&manager_state_protocol, data, len, opcode, &head, sizeof(head));
	if (r < 0)
		return -EPROTO;
	switch (opcode) {
	case STATE_MANAGER:
		ret->class = CLASS_MANAGER;
		return 1;
	case STATE_EVENT:
		ret->class = CLASS_EVENT;
		return 1;
	case STATE_SERVICE:
		ret->class = CLASS_SERVICE;
		ret->name = head.service.name;
		return 1;
	case STATE_SCOPE:
		ret->class = CLASS_SCOPE;
		ret->name = head.scope.name;
		return 1;
	case STATE_JOB:
		ret->class = CLASS_JOB;
		ret->id = head.job.id;
		return 1;
	case STATE_CLIENT:
		ret->class = CLASS_CLIENT;
		return 1;
	case STATE_ENDED:
		ret->class = CLASS_ENDED;
		return 1;
	case STATE_KEPT:
		ret->class = CLASS_KEPT;
		return 1;
	case STATE_MACHINE:
	case STATE_HELPER:
	case STATE_OVERLAY:
	case STATE_PAGE:
	case STATE_FORWARD:
	case STATE_LOAD:
	case STATE_RESCUE:
		ret->class = CLASS_MACHINE;
		return 1;
	case STATE_GONE:
		ret->class = head.gone.job ? CLASS_JOB : CLASS_SERVICE;
		ret->name = head.gone.name;
		ret->id = head.gone.job;
		ret->gone = true;
		return 1;
	}
	return 0;
}

static int gather(struct groups *groups, const char *data, size_t len)
{
	while (len > 0) {
		struct group group;
		uint16_t opcode;
		uint32_t n;
		int r;

		if (wire_peek(data, len, &opcode, &n) < 0 || n > len)
			return -EPROTO;
		if (opcode == STATE_END)
			break;
		r = read_head(opcode, data, n, &group);
		if (r > 0)
			r = add_group(groups, &group);
		else if (r == 0 && groups->n > 0)
			groups->list[groups->n - 1].len += n;
		else if (r == 0)
			r = -EPROTO;
		if (r < 0)
			return r;
		if (opcode == STATE_MANAGER)
			groups->last_manager = groups->n - 1;
		data += n;
		len -= n;
	}
	return groups->n > 0 && groups->list[0].class == CLASS_MANAGER ? 0 : -EPROTO;
}

static int compare_keys(const struct group *a, const struct group *b)
{
	int r;

	if (a->class != b->class)
		return a->class < b->class ? -1 : 1;
	r = strcmp(a->name, b->name);
	if (r != 0)
		return r;
	return (a->id > b->id) - (a->id < b->id);
}

static int by_key(const void *left, const void *right)
{
	const struct group *a = left, *b = right;
	int r = compare_keys(a, b);

	return r != 0 ? r : (a->nth > b->nth) - (a->nth < b->nth);
}

static int by_time(const void *left, const void *right)
{
	const struct group *a = left, *b = right;

	if (a->class != b->class)
		return a->class < b->class ? -1 : 1;
	return (a->nth > b->nth) - (a->nth < b->nth);
}

static bool counts(const struct groups *groups, size_t i)
{
	const struct group *group = &groups->list[i];
	bool is_last = i + 1 == groups->n || compare_keys(group, &groups->list[i + 1]) != 0;

	switch (group->class) {
	case CLASS_EVENT:
		return true;
	case CLASS_CLIENT:
	case CLASS_ENDED:
	case CLASS_MACHINE:
		return group->nth > groups->last_manager;
	case CLASS_SCOPE:
		return is_last && group->nth > groups->last_manager;
	case CLASS_MANAGER:
	case CLASS_SERVICE:
	case CLASS_JOB:
	case CLASS_KEPT:
		break;
	}
	return is_last && !group->gone;
}

static void drop_the_old(struct groups *groups)
{
	size_t n = 0;

	qsort(groups->list, groups->n, sizeof(*groups->list), by_key);
	/* counts() looks at the next one only, which is still in its place. */
	for (size_t i = 0; i < groups->n; i++)
		if (counts(groups, i))
			groups->list[n++] = groups->list[i];
	groups->n = n;
	qsort(groups->list, groups->n, sizeof(*groups->list), by_time);
}

int state_collapse(const char *data, size_t len, char **ret, size_t *ret_len)
{
	struct strbuf buf CLEANUP_STRBUF = STRBUF_INIT;
	struct groups groups = { 0 };
	char end[WIRE_HEADER_SIZE];
	int r = gather(&groups, data, len);

	if (r == 0) {
		drop_the_old(&groups);
		for (size_t i = 0; i < groups.n; i++)
			strbuf_add(&buf, groups.list[i].data, groups.list[i].len);
		r = wire_pack(&manager_state_protocol, STATE_END, NULL, end, sizeof(end));
		strbuf_add(&buf, end, sizeof(end));
		r = r < 0 ? r : strbuf_error(&buf);
	}
	free(groups.list);
	if (r < 0)
		return r;
	*ret_len = buf.len;
	*ret = strbuf_take(&buf);
	return *ret ? 0 : -ENOMEM;
}
