/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Numbers in a row with one answer are one range, which leaves about a hundred of the four hundred calls of a list; eight comparisons
 * find one. libseccomp can make such filters, too, but copies its whole list with each rule that is added: that took most of a
 * service's start.
 *
 * A conditional jump reaches 255 instructions, an unconditional one any: each node is a comparison and a jump to its right half.
 */
#include "filter_program.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>

void filter_program_done(struct filter_program *program)
{
	free(program->code);
	*program = (struct filter_program){ 0 };
}

static size_t emit(struct filter_program *program, struct sock_filter instruction)
{
	if (program->error)
		return 0;
	if (program->len == program->size) {
		size_t size = program->size ? 2 * program->size : 256;
		struct sock_filter *code = reallocarray(program->code, size, sizeof(*code));

		if (!code) {
			program->error = -ENOMEM;
			return 0;
		}
		program->code = code;
		program->size = size;
	}
	program->code[program->len] = instruction;
	return program->len++;
}

static void emit_load(struct filter_program *program, size_t offset)
{
	emit(program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void emit_return(struct filter_program *program, uint32_t action)
{
	emit(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* A jump whose end is not known yet. */
static size_t emit_jump(struct filter_program *program)
{
	return emit(program, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
}

static void land_here(struct filter_program *program, size_t jump)
{
	if (!program->error)
		program->code[jump].k = (uint32_t)(program->len - jump - 1);
}

/* --- ranges --- */

/* From its number on, up to the next one's. */
struct range {
	uint32_t first;
	uint32_t action;
};

struct ranges {
	struct range *items;
	size_t n_items;
};

static void put_range(struct ranges *ranges, uint32_t first, uint32_t action)
{
	size_t n = ranges->n_items;

	if (n > 0 && ranges->items[n - 1].first == first) /* an empty one */
		n--;
	if (n > 0 && ranges->items[n - 1].action == action) {
		ranges->n_items = n;
		return;
	}
	ranges->items[n] = (struct range){ first, action };
	ranges->n_items = n + 1;
}

static int compare_calls(const void *a, const void *b)
{
	const struct filter_call *left = a;
	const struct filter_call *right = b;

	return (left->number > right->number) - (left->number < right->number);
}

static int make_ranges(const struct filter_call *calls, size_t n_calls, uint32_t other,
		       struct ranges *ret_ranges)
{
	struct ranges ranges = { calloc(2 * n_calls + 1, sizeof(struct range)), 0 };

	if (!ranges.items)
		return -ENOMEM;
	put_range(&ranges, 0, other);
	for (size_t i = 0; i < n_calls; i++) {
		if (i > 0 && calls[i].number == calls[i - 1].number)
			continue;
		put_range(&ranges, calls[i].number, calls[i].action);
		if (calls[i].number < UINT32_MAX)
			put_range(&ranges, calls[i].number + 1, other);
	}
	*ret_ranges = ranges;
	return 0;
}

static void emit_tree(struct filter_program *program, const struct range *ranges, size_t n)
{
	size_t middle = n / 2;
	size_t jump;

	if (n == 1) {
		emit_return(program, ranges[0].action);
		return;
	}
	emit(program,
	     (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, ranges[middle].first, 0, 1));
	jump = emit_jump(program);
	emit_tree(program, ranges, middle);
	land_here(program, jump);
	emit_tree(program, ranges + middle, n - middle);
}

void filter_program_add(struct filter_program *program, uint32_t arch, struct filter_call *calls,
			size_t n_calls, uint32_t other)
{
	struct ranges ranges;
	size_t jump;
	int r;

	if (program->error)
		return;
	if (n_calls > 0)
		qsort(calls, n_calls, sizeof(calls[0]), compare_calls);
	r = make_ranges(calls, n_calls, other, &ranges);
	if (r < 0) {
		program->error = r;
		return;
	}
	emit_load(program, offsetof(struct seccomp_data, arch));
	emit(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch, 1, 0));
	jump = emit_jump(program);
	emit_load(program, offsetof(struct seccomp_data, nr));
	emit_tree(program, ranges.items, ranges.n_items);
	land_here(program, jump);
	free(ranges.items);
}

int filter_program_finish(struct filter_program *program)
{
	emit_return(program, SECCOMP_RET_ALLOW);
	if (!program->error && program->len > BPF_MAXINSNS)
		program->error = -E2BIG;
	return program->error;
}
