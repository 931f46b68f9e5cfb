/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program about devices, run by an interpreter of the few instructions that it may consist of. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "device_program.h"
#include "early/macros.h"
#include "early_test.h"

#define CHAR BPF_DEVCG_DEV_CHAR
#define BLOCK BPF_DEVCG_DEV_BLOCK
#define R BPF_DEVCG_ACC_READ
#define W BPF_DEVCG_ACC_WRITE
#define M BPF_DEVCG_ACC_MKNOD

static uint32_t load(const struct bpf_cgroup_dev_ctx *context, int offset)
{
	uint32_t value;

	memcpy(&value, (const char *)context + offset, sizeof(value));
	return value;
}

static bool run(const struct bpf_insn *insns, size_t n, struct bpf_cgroup_dev_ctx context)
{
	uint32_t regs[11] = { 0 };
	bool context_is_in_1 = true;

	for (size_t at = 0; at < n; at++) {
		const struct bpf_insn *insn = &insns[at];

		switch (insn->code) {
		case BPF_LDX | BPF_MEM | BPF_W:
			assert_true(context_is_in_1 && insn->src_reg == 1);
			regs[insn->dst_reg] = load(&context, insn->off);
			break;
		case BPF_ALU | BPF_MOV | BPF_X:
			context_is_in_1 &= insn->dst_reg != 1;
			regs[insn->dst_reg] = regs[insn->src_reg];
			break;
		case BPF_ALU | BPF_MOV | BPF_K:
			regs[insn->dst_reg] = (uint32_t)insn->imm;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			regs[insn->dst_reg] &= (uint32_t)insn->imm;
			break;
		case BPF_ALU | BPF_RSH | BPF_K:
			regs[insn->dst_reg] >>= insn->imm;
			break;
		case BPF_JMP | BPF_JNE | BPF_K:
			assert_true(insn->off >= 0);
			if (regs[insn->dst_reg] != (uint32_t)insn->imm)
				at += (size_t)insn->off;
			break;
		case BPF_JMP | BPF_EXIT:
			return regs[0] == 1;
		default:
			fail_msg("instruction %zu: code %#x", at, insn->code);
		}
	}
	fail_msg("the program has no end");
	return false;
}

TEST(what_is_allowed)
{
	static const struct device_rule rules[] = {
		{ CHAR, 1, 3, R | W | M },
		{ CHAR, 136, DEVICE_ANY, R | W },
		{ BLOCK, 8, 0, R },
		{ BLOCK, 8, 0, W },
	};
	static const struct {
		uint32_t type, access, major, minor;
		bool allowed;
	} cases[] = {
		{ CHAR, R, 1, 3, true },         { CHAR, R | W | M, 1, 3, true },
		{ CHAR, R, 1, 4, false },        { BLOCK, R, 1, 3, false },
		{ CHAR, R | W, 136, 77, true },  { CHAR, M, 136, 77, false },
		{ CHAR, R | M, 136, 77, false }, { BLOCK, R, 8, 0, true },
		{ BLOCK, W, 8, 0, true },        { BLOCK, R | W, 8, 0, false },
		{ BLOCK, R, 8, 1, false },       { CHAR, R, 2, 3, false },
	};
	struct bpf_insn insns[DEVICE_PROGRAM_MAX];
	size_t n = device_program(rules, ARRAY_SIZE(rules), insns);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bpf_cgroup_dev_ctx context = { cases[i].access << 16 | cases[i].type,
						      cases[i].major, cases[i].minor };

		if (run(insns, n, context) != cases[i].allowed)
			fail_msg("case %zu", i);
	}
	n = device_program(NULL, 0, insns);
	assert_false(run(insns, n, (struct bpf_cgroup_dev_ctx){ R << 16 | CHAR, 1, 3 }));
}

TEST(many_rules_fit)
{
	struct device_rule rules[DEVICE_RULES_MAX];
	struct bpf_insn insns[DEVICE_PROGRAM_MAX];
	size_t n;

	for (uint32_t i = 0; i < DEVICE_RULES_MAX; i++)
		rules[i] = (struct device_rule){ CHAR, i, i, R };
	n = device_program(rules, DEVICE_RULES_MAX, insns);
	assert_true(n <= DEVICE_PROGRAM_MAX);
	assert_true(run(insns, n, (struct bpf_cgroup_dev_ctx){ R << 16 | CHAR, 127, 127 }));
	assert_false(run(insns, n, (struct bpf_cgroup_dev_ctx){ R << 16 | CHAR, 128, 128 }));
}

TEST(drivers)
{
	static const char text[] = "Character devices:\n  1 mem\n  4 tty\n136 pts\n137 pts\n"
				   "\nBlock devices:\n  7 loop\n  8 sd\n253 virtblk";
	static const struct {
		uint32_t type;
		const char *pattern;
		int error;
		size_t n;
		uint32_t first;
	} cases[] = {
		{ CHAR, "pts", 0, 2, 136 },      { CHAR, "loop", -ENODEV, 0, 0 },
		{ BLOCK, "loop", 0, 1, 7 },      { BLOCK, "virt*", 0, 1, 253 },
		{ BLOCK, "pts", -ENODEV, 0, 0 }, { CHAR, "*", 0, 1, DEVICE_ANY },
		{ CHAR, "t?y", 0, 1, 4 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct device_rule rules[DEVICE_RULES_MAX];
		size_t n = 0;

		assert_int_equal(
			device_rules_of_driver(text, cases[i].type, cases[i].pattern, R, rules, &n),
			cases[i].error);
		assert_int_equal(n, cases[i].n);
		if (n > 0)
			assert_int_equal(rules[0].major, cases[i].first);
	}
}

TEST(too_many_drivers)
{
	struct device_rule rules[DEVICE_RULES_MAX];
	size_t n = DEVICE_RULES_MAX;

	assert_int_equal(device_rules_of_driver("", CHAR, "*", R, rules, &n), -E2BIG);
}

TEST(access)
{
	assert_int_equal(device_access("rwm"), R | W | M);
	assert_int_equal(device_access("mr"), R | M);
	assert_int_equal(device_access(""), 0);
	assert_int_equal(device_access("rx"), 0);
}

TEST_MAIN(cmocka_unit_test(what_is_allowed), cmocka_unit_test(many_rules_fit),
	  cmocka_unit_test(drivers), cmocka_unit_test(too_many_drivers), cmocka_unit_test(access))
