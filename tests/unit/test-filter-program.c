/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Filter programs, run by a machine that does what the kernel's does. */
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <string.h>

#include "early_test.h"
#include "filter_program.h"

#define ALLOW SECCOMP_RET_ALLOW
#define KILL SECCOMP_RET_KILL_PROCESS
#define EPERM_ (SECCOMP_RET_ERRNO | 1)
#define ENOSYS_ (SECCOMP_RET_ERRNO | 38)

static uint32_t run(const struct filter_program *program, uint32_t arch, uint32_t number)
{
	struct seccomp_data data = { .nr = (int)number, .arch = arch };
	uint32_t accumulator = 0;

	for (size_t at = 0; at < program->len; at++) {
		const struct sock_filter *code = &program->code[at];

		switch (code->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(code->k + sizeof(accumulator) <= sizeof(data));
			memcpy(&accumulator, (const char *)&data + code->k, sizeof(accumulator));
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			at += accumulator >= code->k ? code->jt : code->jf;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			at += accumulator == code->k ? code->jt : code->jf;
			break;
		case BPF_JMP | BPF_JA:
			at += code->k;
			break;
		case BPF_RET | BPF_K:
			return code->k;
		default:
			fail_msg("what is instruction %x?", code->code);
		}
	}
	fail_msg("the program has no end");
	return 0;
}

TEST(two_architectures)
{
	struct filter_call native[] = {
		{ 7, ALLOW },  { 3, ALLOW },           { 4, ALLOW },
		{ 9, EPERM_ }, { 0, ALLOW },           { 3, KILL },
		{ 8, KILL },   { UINT32_MAX, EPERM_ }, { 0x40000003, ALLOW },
	};
	struct filter_call other[] = { { 5, KILL } };
	static const struct {
		uint32_t arch, number, action;
	} cases[] = {
		{ AUDIT_ARCH_X86_64, 0, ALLOW },
		{ AUDIT_ARCH_X86_64, 1, ENOSYS_ },
		{ AUDIT_ARCH_X86_64, 2, ENOSYS_ },
		{ AUDIT_ARCH_X86_64, 4, ALLOW },
		{ AUDIT_ARCH_X86_64, 5, ENOSYS_ },
		{ AUDIT_ARCH_X86_64, 7, ALLOW },
		{ AUDIT_ARCH_X86_64, 8, KILL },
		{ AUDIT_ARCH_X86_64, 9, EPERM_ },
		{ AUDIT_ARCH_X86_64, 10, ENOSYS_ },
		{ AUDIT_ARCH_X86_64, 0x40000003, ALLOW },
		{ AUDIT_ARCH_X86_64, 0x40000004, ENOSYS_ },
		{ AUDIT_ARCH_X86_64, UINT32_MAX, EPERM_ },
		{ AUDIT_ARCH_I386, 5, KILL },
		{ AUDIT_ARCH_I386, 0, ALLOW },
		{ AUDIT_ARCH_I386, UINT32_MAX, ALLOW },
		{ AUDIT_ARCH_ARM, 5, ALLOW },
	};
	struct filter_program program CLEANUP_FILTER_PROGRAM = { 0 };

	filter_program_add(&program, AUDIT_ARCH_X86_64, native, ARRAY_SIZE(native), ENOSYS_);
	filter_program_add(&program, AUDIT_ARCH_I386, other, ARRAY_SIZE(other), ALLOW);
	assert_int_equal(filter_program_finish(&program), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (run(&program, cases[i].arch, cases[i].number) != cases[i].action)
			fail_msg("number %u: %x instead of %x", cases[i].number,
				 run(&program, cases[i].arch, cases[i].number), cases[i].action);
}

/* As many ranges as there can be: every jump must reach. */
TEST(every_other_number)
{
	static struct filter_call calls[600];
	struct filter_program program CLEANUP_FILTER_PROGRAM = { 0 };

	for (uint32_t i = 0; i < ARRAY_SIZE(calls); i++)
		calls[i] = (struct filter_call){ 2 * i, i % 4 ? ALLOW : KILL };
	filter_program_add(&program, AUDIT_ARCH_X86_64, calls, ARRAY_SIZE(calls), EPERM_);
	assert_int_equal(filter_program_finish(&program), 0);
	for (uint32_t i = 0; i < 2 * ARRAY_SIZE(calls); i++)
		assert_int_equal(run(&program, AUDIT_ARCH_X86_64, i), i % 2       ? EPERM_
								      : i / 2 % 4 ? ALLOW
										  : KILL);
}

TEST(more_than_the_kernel_takes)
{
	static struct filter_call calls[BPF_MAXINSNS];
	struct filter_program program CLEANUP_FILTER_PROGRAM = { 0 };

	for (uint32_t i = 0; i < ARRAY_SIZE(calls); i++)
		calls[i] = (struct filter_call){ 2 * i, ALLOW };
	filter_program_add(&program, AUDIT_ARCH_X86_64, calls, ARRAY_SIZE(calls), KILL);
	assert_int_equal(filter_program_finish(&program), -7 /* E2BIG */);
}

TEST(neighbours_are_one_range)
{
	struct filter_call calls[] = { { 0, KILL }, { 1, KILL }, { 2, KILL } };
	struct filter_program program CLEANUP_FILTER_PROGRAM = { 0 };

	filter_program_add(&program, AUDIT_ARCH_X86_64, calls, ARRAY_SIZE(calls), ALLOW);
	assert_int_equal(filter_program_finish(&program), 0);
	/* architecture: 3; load, one node of 2, two answers; the end */
	assert_int_equal(program.len, 3 + 1 + 2 + 2 + 1);
}

TEST_MAIN(cmocka_unit_test(two_architectures), cmocka_unit_test(every_other_number),
	  cmocka_unit_test(more_than_the_kernel_takes), cmocka_unit_test(neighbours_are_one_range))
