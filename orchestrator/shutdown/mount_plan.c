/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The order of unmounting.
 *
 * mountinfo is a tree by parent ids. Its lines are in the order of mounting as a rule, but not after a mount was moved or
 * the root pivoted; so the depth in the tree decides, and only among equals the newest goes first. A mount whose parent
 * is not in sight (its parent lies outside of our root) is a root of its own.
 *
 * Kept are the root ("/") and /proc, /sys, /dev with all beneath them: the last steps need them, and they hold no data.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "early/macros.h"
#include "mount_plan.h"

static const char *const kept_trees[] = { "/proc", "/sys", "/dev" };
static const char *const network_types[] = { "nfs", "nfs4", "cifs", "smb3", "ceph", "9p", "afs" };

/* Blanks, tabs, newlines and backslashes are written as three octal digits. */
static void unescape(char *text)
{
	char *out = text;

	for (const char *in = text; *in;) {
		if (in[0] == '\\' && in[1] >= '0' && in[1] <= '3' && in[2] >= '0' && in[2] <= '7' &&
		    in[3] >= '0' && in[3] <= '7') {
			*out++ = (char)((in[1] - '0') << 6 | (in[2] - '0') << 3 | (in[3] - '0'));
			in += 4;
		} else {
			*out++ = *in++;
		}
	}
	*out = '\0';
}

static bool is_beneath(const char *path, const char *above)
{
	size_t len = strlen(above);

	return strncmp(path, above, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

static bool is_network(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(network_types); i++)
		if (strcmp(type, network_types[i]) == 0)
			return true;
	return false;
}

static enum mount_action choose(const struct mount_step *step)
{
	if (strcmp(step->target, "/") == 0)
		return MOUNT_ACTION_KEEP;
	for (size_t i = 0; i < ARRAY_SIZE(kept_trees); i++)
		if (is_beneath(step->target, kept_trees[i]))
			return MOUNT_ACTION_KEEP;
	return step->is_union || is_network(step->type) ? MOUNT_ACTION_DETACH : MOUNT_ACTION_UMOUNT;
}

static bool has_word(const char *options, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = options; *at;) {
		size_t option_len = strcspn(at, ",");

		if (option_len == len && strncmp(at, word, len) == 0)
			return true;
		at += option_len;
		at += *at == ',';
	}
	return false;
}

/*
 * "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue". @line is cut to pieces.
 * Returns 1 if it was read, 0 if not.
 */
static int parse_line(char *line, struct mount_step *step)
{
	char *rest = NULL, *fields[5], *separator, *super;

	separator = strstr(line, " - ");
	if (!separator)
		return 0;
	*separator = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		fields[i] = strtok_r(i ? NULL : line, " ", &rest);
		if (!fields[i])
			return 0;
	}
	if (sscanf(fields[0], "%d", &step->id) != 1 || sscanf(fields[1], "%d", &step->parent) != 1)
		return 0;
	step->target = strdup(fields[4]);
	step->type = strdup(strtok_r(separator + 3, " ", &rest) ?: "");
	if (!step->target || !step->type)
		return -ENOMEM;
	unescape(step->target);
	(void)strtok_r(NULL, " ", &rest); /* the source */
	super = strtok_r(NULL, " ", &rest);
	step->super_read_only = super && has_word(super, "ro");
	step->is_union = strcmp(step->type, "fuse.early-overlay") == 0;
	step->action = choose(step);
	return 1;
}

static void step_done(struct mount_step *step)
{
	free(step->target);
	free(step->type);
}

/* Takes @step over. */
static int append(struct mount_plan *plan, struct mount_step *step)
{
	struct mount_step *steps = reallocarray(plan->steps, plan->n_steps + 1,
						sizeof(*plan->steps));

	if (!steps) {
		step_done(step);
		return -ENOMEM;
	}
	plan->steps = steps;
	steps[plan->n_steps++] = *step;
	return 0;
}

static int parse(char *text, struct mount_plan *plan, size_t *ret_bad)
{
	char *rest = NULL;

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		struct mount_step step = { .target = NULL };
		int r = parse_line(line, &step);

		if (r <= 0) {
			step_done(&step);
			*ret_bad += r == 0;
		} else {
			r = append(plan, &step);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static const struct mount_step *find(const struct mount_plan *plan, int id)
{
	for (size_t i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].id == id)
			return &plan->steps[i];
	return NULL;
}

static void measure(struct mount_plan *plan)
{
	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct mount_step *step = &plan->steps[i];
		unsigned int depth = 0;

		/* The root's parent may be itself; a text that lies must not keep us here. */
		while (step && depth <= plan->n_steps && step->parent != step->id) {
			step = find(plan, step->parent);
			depth++;
		}
		plan->steps[i].depth = depth;
	}
}

static int compare(const void *a, const void *b)
{
	const struct mount_step *left = a, *right = b;

	if (left->depth != right->depth)
		return left->depth > right->depth ? -1 : 1;
	return left->id > right->id ? -1 : left->id < right->id;
}

int mount_plan_make(const char *mountinfo, struct mount_plan *ret_plan, size_t *ret_bad)
{
	char *text = strdup(mountinfo);
	struct mount_plan plan = { NULL, 0 };
	size_t bad = 0;
	int r = text ? parse(text, &plan, &bad) : -ENOMEM;

	free(text);
	if (r < 0) {
		mount_plan_done(&plan);
		return r;
	}
	if (plan.steps) {
		measure(&plan);
		qsort(plan.steps, plan.n_steps, sizeof(*plan.steps), compare);
	}
	*ret_plan = plan;
	*ret_bad = bad;
	return 0;
}

void mount_plan_done(struct mount_plan *plan)
{
	for (size_t i = 0; i < plan->n_steps; i++)
		step_done(&plan->steps[i]);
	free(plan->steps);
	*plan = (struct mount_plan){ NULL, 0 };
}

size_t mount_plan_count(const struct mount_plan *plan)
{
	size_t count = 0;

	for (size_t i = 0; i < plan->n_steps; i++)
		count += plan->steps[i].action != MOUNT_ACTION_KEEP;
	return count;
}
