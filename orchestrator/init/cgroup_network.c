/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cgroup_network.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "cgroup_program.h"
#include "early/fd.h"
#include "early/log.h"
#include "early/macros.h"
#include "network_program.h"

/*
 * Two programs, for what comes in and for what goes out. They are too long for the stack beside others, so they are made on
 * the heap; the kernel keeps its own copy.
 */

struct filter {
	struct network_rule rules[NETWORK_RULES_MAX];
	size_t n_rules;
	struct bpf_insn insns[NETWORK_PROGRAM_MAX];
};

static int read_rules(struct filter *filter, const struct wire_list *addresses)
{
	const char *line = NULL;

	while ((line = wire_list_next(addresses, line))) {
		int r = filter->n_rules < NETWORK_RULES_MAX
				? network_parse(line, &filter->rules[filter->n_rules])
				: -E2BIG;

		if (r < 0)
			return r;
		filter->n_rules++;
	}
	return 0;
}

static int attach(struct filter *filter, const struct cgroup *group, bool egress)
{
	size_t n = network_program(filter->rules, filter->n_rules, egress, filter->insns);

	return cgroup_attach(group->fd, BPF_PROG_TYPE_CGROUP_SKB,
			     egress ? BPF_CGROUP_INET_EGRESS : BPF_CGROUP_INET_INGRESS,
			     filter->insns, n);
}

int cgroup_restrict_network(struct cgroup *group, const struct wire_list *addresses)
{
	struct filter *filter;
	int r;

	if (addresses->len == 0 || !cgroup_tree_is_real(group->tree))
		return 0;
	filter = calloc(1, sizeof(*filter));
	r = filter ? read_rules(filter, addresses) : -ENOMEM;
	if (r == 0)
		r = attach(filter, group, false);
	if (r == 0)
		r = attach(filter, group, true);
	free(filter);
	if (r < 0)
		log_warning_errno(r, "%s: cannot restrict its addresses", group->path);
	return r;
}
