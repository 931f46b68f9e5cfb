/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "early/macros.h"

/*
 * Intrusive circular doubly linked list. The head is a link of its own; a link that is in no list points to itself
 * (list_init) and may be removed any number of times. The comment beside a link names its list.
 */
struct list {
	struct list *next;
	struct list *prev;
};

#define LIST_INIT(name)                                                                            \
	{                                                                                          \
		&(name), &(name)                                                                   \
	}

static inline void list_init(struct list *list)
{
	list->next = list->prev = list;
}

static inline bool list_empty(const struct list *list)
{
	return list->next == list;
}

static inline void list_append(struct list *head, struct list *link)
{
	link->prev = head->prev;
	link->next = head;
	head->prev->next = link;
	head->prev = link;
}

static inline void list_remove(struct list *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	list_init(link);
}

/* The first object of the list, or NULL. */
#define list_first(head, type, member)                                                             \
	(list_empty(head) ? NULL : container_of((head)->next, type, member))

/* Visits each object; @pos must not be removed within (see list_for_each_safe). */
#define list_for_each(pos, head, member)                                                           \
	for (pos = container_of((head)->next, typeof(*pos), member); &pos->member != (head);       \
	     pos = container_of(pos->member.next, typeof(*pos), member))

/* The same; @pos itself (but not its neighbour @tmp) may be removed within. */
#define list_for_each_safe(pos, tmp, head, member)                                                 \
	for (pos = container_of((head)->next, typeof(*pos), member),                               \
	    tmp = container_of(pos->member.next, typeof(*pos), member);                            \
	     &pos->member != (head);                                                               \
	     pos = tmp, tmp = container_of(tmp->member.next, typeof(*tmp), member))
