/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Units name each other freely, so what is drawn as a tree is a graph: each unit is unfolded where it first comes, and a mark stands
 * for it elsewhere. That also ends every circle. Roots are the units that nobody names; what is left after those is only in
 * circles, and begins wherever it comes first.
 */
#include "tree.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "early/cause.h"
#include "early/macros.h"

#define DEPTH_MAX 64

enum view { VIEW_NEEDS, VIEW_STARTED };

static const char *const need_lists[] = { "requires", "binds_to", "wants" };

struct node {
	struct json_object *service;
	const char *name;
	char by[256]; /* by whose manifest it was started last; "": not by one */
	bool is_child;
	bool unfolded;
};

struct tree {
	struct node *nodes;
	size_t n_nodes;
	enum view view;
	const struct style *style;
	struct strbuf *out;
	struct strbuf indent;
};

static struct node *find_node(const struct tree *tree, const char *name)
{
	for (size_t i = 0; i < tree->n_nodes; i++)
		if (strcmp(tree->nodes[i].name, name) == 0)
			return &tree->nodes[i];
	return NULL;
}

static struct json_object *list_of(const struct node *node, const char *list)
{
	return json_object_object_get(node->service, list);
}

static size_t list_length(struct json_object *list)
{
	return list ? json_object_array_length(list) : 0;
}

static const char *list_name(struct json_object *list, size_t i)
{
	return json_object_get_string(json_object_array_get_idx(list, i));
}

static void read_cause(struct node *node)
{
	char buf[CAUSE_MAX];
	struct cause cause;

	cause_parse(answer_text(node->service, "why"), buf, &cause);
	(void)snprintf(node->by, sizeof(node->by), "%s", cause.unit);
}

static void mark_children(struct tree *tree)
{
	for (size_t i = 0; i < tree->n_nodes; i++) {
		struct node *node = &tree->nodes[i];

		if (tree->view == VIEW_STARTED)
			node->is_child = node->by[0] && find_node(tree, node->by);
		for (size_t k = 0; tree->view == VIEW_NEEDS && k < ARRAY_SIZE(need_lists); k++) {
			struct json_object *list = list_of(node, need_lists[k]);

			for (size_t j = 0; j < list_length(list); j++) {
				struct node *child = find_node(tree, list_name(list, j));

				if (child && child != node)
					child->is_child = true;
			}
		}
	}
}

static int tree_init(struct tree *tree, struct json_object *services, enum view view)
{
	size_t n = json_object_array_length(services);

	*tree = (struct tree){ .nodes = calloc(n + 1, sizeof(struct node)), .view = view };
	if (!tree->nodes)
		return -1;
	for (; tree->n_nodes < n; tree->n_nodes++) {
		struct node *node = &tree->nodes[tree->n_nodes];

		node->service = json_object_array_get_idx(services, tree->n_nodes);
		node->name = answer_text(node->service, "name");
		read_cause(node);
	}
	mark_children(tree);
	return 0;
}

static void tree_done(struct tree *tree)
{
	free(tree->nodes);
	strbuf_done(&tree->indent);
}

/* --- text --- */

struct branch {
	const char *name;
	struct node *node; /* NULL: nobody knows it */
	const char *remark;
};

/* @n counts to the end even with @ret NULL. */
static void take_branch(const struct tree *tree, const char *name, const char *remark,
			struct branch *ret, size_t *n)
{
	if (ret)
		ret[*n] = (struct branch){ name, find_node(tree, name), remark };
	(*n)++;
}

static size_t list_branches(const struct tree *tree, const struct node *node, struct branch *ret)
{
	size_t n = 0;

	for (size_t i = 0; tree->view == VIEW_STARTED && i < tree->n_nodes; i++)
		if (strcmp(tree->nodes[i].by, node->name) == 0)
			take_branch(tree, tree->nodes[i].name, "", ret, &n);
	for (size_t k = 0; tree->view == VIEW_NEEDS && k < ARRAY_SIZE(need_lists); k++) {
		struct json_object *list = list_of(node, need_lists[k]);
		const char *remark = strcmp(need_lists[k], "wants") == 0 ? " (wanted)" : "";

		for (size_t i = 0; i < list_length(list); i++)
			take_branch(tree, list_name(list, i), remark, ret, &n);
	}
	return n;
}

static void put_branches(struct tree *tree, struct node *node, int depth);

static void put_node(struct tree *tree, const struct branch *branch, bool is_root, int depth)
{
	const char *active = branch->node ? answer_text(branch->node->service, "active_state")
					  : "not known";
	bool again = branch->node && branch->node->unfolded &&
		     list_branches(tree, branch->node, NULL) > 0;

	style_put(tree->style, tree->out, is_root ? TONE_STRONG : TONE_PLAIN, branch->name);
	strbuf_puts(tree->out, "  ");
	style_put(tree->style, tree->out, branch->node ? style_state_tone(active) : TONE_FAINT,
		  active);
	style_put(tree->style, tree->out, TONE_FAINT, branch->remark);
	if (is_root && tree->view == VIEW_STARTED && branch->node)
		strbuf_printf(tree->out, "  %s", answer_text(branch->node->service, "why"));
	style_put(tree->style, tree->out, TONE_FAINT, again ? "  (see above)" : "");
	strbuf_putc(tree->out, '\n');
	if (branch->node && !again && depth < DEPTH_MAX)
		put_branches(tree, branch->node, depth + 1);
}

static void put_branches(struct tree *tree, struct node *node, int depth)
{
	size_t n = list_branches(tree, node, NULL);
	struct branch *branches = calloc(n + 1, sizeof(*branches));
	size_t len = tree->indent.len;
	bool utf8 = tree->style->utf8;

	if (!branches)
		return;
	node->unfolded = true;
	(void)list_branches(tree, node, branches);
	for (size_t i = 0; i < n; i++) {
		bool last = i + 1 == n;

		if (tree->indent.data)
			strbuf_add(tree->out, tree->indent.data, tree->indent.len);
		if (utf8)
			strbuf_puts(tree->out, last ? "└─ " : "├─ ");
		else
			strbuf_puts(tree->out, last ? "`- " : "|- ");
		strbuf_puts(&tree->indent, last ? "   " : utf8 ? "│  " : "|  ");
		put_node(tree, &branches[i], false, depth);
		if (strbuf_error(&tree->indent) == 0) {
			tree->indent.len = len;
			tree->indent.data[len] = '\0';
		}
	}
	free(branches);
}

/* What neither needs anything nor was ever started says nothing in a tree. */
static bool is_interesting(const struct tree *tree, const struct node *node)
{
	if (tree->view == VIEW_STARTED)
		return answer_text(node->service, "why")[0] != '\0' ||
		       list_branches(tree, node, NULL) > 0;
	return list_branches(tree, node, NULL) > 0;
}

static void put_root(struct tree *tree, struct node *node)
{
	const struct branch root = { node->name, node, "" };

	put_node(tree, &root, true, 0);
}

static void put_view(struct tree *tree, const char *name)
{
	struct node *only = name ? find_node(tree, name) : NULL;

	if (only)
		put_root(tree, only);
	if (name)
		return;
	for (size_t i = 0; i < tree->n_nodes; i++)
		if (!tree->nodes[i].is_child && is_interesting(tree, &tree->nodes[i]))
			put_root(tree, &tree->nodes[i]);
	for (size_t i = 0; i < tree->n_nodes; i++)
		if (tree->nodes[i].is_child && !tree->nodes[i].unfolded &&
		    list_branches(tree, &tree->nodes[i], NULL) > 0)
			put_root(tree, &tree->nodes[i]);
}

static bool is_known(struct json_object *services, const char *name)
{
	for (size_t i = 0; i < json_object_array_length(services); i++)
		if (strcmp(answer_text(json_object_array_get_idx(services, i), "name"), name) == 0)
			return true;
	return false;
}

bool tree_put(struct json_object *services, const char *name, const struct style *style,
	      struct strbuf *out)
{
	static const char *const titles[] = { "What needs what", "\nWhat started what" };

	if (name && !is_known(services, name))
		return false;
	for (enum view view = VIEW_NEEDS; view <= VIEW_STARTED; view++) {
		struct tree tree;

		if (tree_init(&tree, services, view) < 0)
			return true; /* the output has run out of memory as well */
		tree.style = style;
		tree.out = out;
		style_put(style, out, TONE_STRONG, titles[view]);
		strbuf_putc(out, '\n');
		put_view(&tree, name);
		tree_done(&tree);
	}
	return true;
}

/* --- JSON --- */

static struct json_object *needs_of(const struct node *node)
{
	static const char *const copied[] = { "name", "active_state", "requires", "binds_to",
					      "wants" };
	struct json_object *object = json_object_new_object();

	for (size_t i = 0; i < ARRAY_SIZE(copied); i++)
		json_object_object_add(object, copied[i],
				       json_object_get(list_of(node, copied[i])));
	return object;
}

static struct json_object *started_of(const struct node *node)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "name", json_object_new_string(node->name));
	json_object_object_add(object, "by", json_object_new_string(node->by));
	json_object_object_add(object, "why",
			       json_object_new_string(answer_text(node->service, "why")));
	return object;
}

/* Marks what hangs on a node, whatever the depth. */
static void reach(const struct tree *tree, struct node *node)
{
	size_t n = list_branches(tree, node, NULL);
	struct branch *branches = calloc(n + 1, sizeof(*branches));

	node->unfolded = true;
	if (!branches)
		return;
	(void)list_branches(tree, node, branches);
	for (size_t i = 0; i < n; i++)
		if (branches[i].node && !branches[i].node->unfolded)
			reach(tree, branches[i].node);
	free(branches);
}

static struct json_object *list_view(struct json_object *services, enum view view, const char *name)
{
	struct json_object *list = json_object_new_array();
	struct tree tree;

	if (tree_init(&tree, services, view) < 0)
		return list;
	if (name)
		reach(&tree, find_node(&tree, name));
	for (size_t i = 0; i < tree.n_nodes; i++) {
		const struct node *node = &tree.nodes[i];

		if (name && !node->unfolded)
			continue;
		if (view == VIEW_NEEDS)
			json_object_array_add(list, needs_of(node));
		else if (answer_text(node->service, "why")[0])
			json_object_array_add(list, started_of(node));
	}
	tree_done(&tree);
	return list;
}

struct json_object *tree_json(struct json_object *services, const char *name)
{
	struct json_object *object;

	if (name && !is_known(services, name))
		return NULL;
	object = json_object_new_object();
	json_object_object_add(object, "needs", list_view(services, VIEW_NEEDS, name));
	json_object_object_add(object, "started", list_view(services, VIEW_STARTED, name));
	return object;
}
