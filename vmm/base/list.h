/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BASE_LIST_H
#define THUNDERLAKE_VMM_BASE_LIST_H

#include <stdbool.h>

#include "vmm/base/compiler.h"

/* A circular list through the objects themselves; the head is a node without an object. */
struct list {
	struct list *prev;
	struct list *next;
};

#define LIST_INIT(name)          \
	{                        \
		&(name), &(name) \
	}

static inline void list_init(struct list *head)
{
	head->prev = head;
	head->next = head;
}

static inline bool list_is_empty(const struct list *head)
{
	return head->next == head;
}

/* Puts `node` before `position`; with a head as position that is the end of the list. */
static inline void list_insert_before(struct list *position, struct list *node)
{
	node->prev = position->prev;
	node->next = position;
	position->prev->next = node;
	position->prev = node;
}

static inline void list_append(struct list *head, struct list *node)
{
	list_insert_before(head, node);
}

/* Leaves `node` empty, so that a second removal is harmless. */
static inline void list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* Moves all nodes of `from` to `to`, which is empty. */
static inline void list_move_all(struct list *from, struct list *to)
{
	list_insert_before(from, to);
	list_remove(from);
}

#define list_entry(node, type, member) container_of(node, type, member)

/* The loop body may remove the entry it is given, and no other. */
#define list_for_each(entry, head, type, member)                                   \
	for (struct list *node_ = (head)->next, *next_ = node_->next;              \
	     node_ != (head) && ((entry) = list_entry(node_, type, member), true); \
	     node_ = next_, next_ = node_->next)

#endif
