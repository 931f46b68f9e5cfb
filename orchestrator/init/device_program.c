/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device_program.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The program
 *
 * The kernel hands over { access << 16 | type, major, minor }. They are taken apart once into registers 2 (type), 3 (access), 4 and 5;
 * then each rule compares and, if anything differs, jumps behind itself. Jumps lead forward only, to the next rule, so their lengths
 * are known when a rule is written. What no rule allows ends at the last two instructions: 0, denied.
 */

enum { TYPE = 2, ACCESS = 3, MAJOR = 4, MINOR = 5, SCRATCH = 1 };

uint32_t device_access(const char *text)
{
	uint32_t access = 0;

	for (; *text; text++) {
		if (*text == 'r')
			access |= BPF_DEVCG_ACC_READ;
		else if (*text == 'w')
			access |= BPF_DEVCG_ACC_WRITE;
		else if (*text == 'm')
			access |= BPF_DEVCG_ACC_MKNOD;
		else
			return 0;
	}
	return access;
}

static struct bpf_insn load_word(uint8_t reg, int16_t offset)
{
	return (struct bpf_insn){
		.code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = reg, .src_reg = SCRATCH, .off = offset
	};
}

static struct bpf_insn compute(uint8_t operation, uint8_t reg, uint32_t value)
{
	return (struct bpf_insn){ .code = BPF_ALU | operation | BPF_K,
				  .dst_reg = reg,
				  .imm = (int32_t)value };
}

static struct bpf_insn copy_register(uint8_t to, uint8_t from)
{
	return (struct bpf_insn){ .code = BPF_ALU | BPF_MOV | BPF_X,
				  .dst_reg = to,
				  .src_reg = from };
}

static struct bpf_insn jump_unless(uint8_t reg, uint32_t value, size_t distance)
{
	return (struct bpf_insn){ .code = BPF_JMP | BPF_JNE | BPF_K,
				  .dst_reg = reg,
				  .off = (int16_t)distance,
				  .imm = (int32_t)value };
}

static struct bpf_insn leave(void)
{
	return (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT };
}

static size_t rule_length(const struct device_rule *rule)
{
	/* type, three for the access, major, minor, two to allow */
	return 6 + (rule->major != DEVICE_ANY) + (rule->minor != DEVICE_ANY);
}

static size_t put_rule(const struct device_rule *rule, struct bpf_insn *insns)
{
	size_t len = rule_length(rule);
	size_t n = 0;

	insns[n] = jump_unless(TYPE, rule->type, len - n - 1);
	n++;
	/* What is asked for beyond what the rule gives: it must be nothing. */
	insns[n++] = copy_register(SCRATCH, ACCESS);
	insns[n++] = compute(BPF_AND, SCRATCH, ~rule->access);
	insns[n] = jump_unless(SCRATCH, 0, len - n - 1);
	n++;
	if (rule->major != DEVICE_ANY) {
		insns[n] = jump_unless(MAJOR, rule->major, len - n - 1);
		n++;
	}
	if (rule->minor != DEVICE_ANY) {
		insns[n] = jump_unless(MINOR, rule->minor, len - n - 1);
		n++;
	}
	insns[n++] = compute(BPF_MOV, 0, 1);
	insns[n++] = leave();
	return n;
}

size_t device_program(const struct device_rule *rules, size_t n_rules,
		      struct bpf_insn insns[DEVICE_PROGRAM_MAX])
{
	size_t n = 0;

	insns[n++] = load_word(TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	insns[n++] = load_word(MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
	insns[n++] = load_word(MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
	insns[n++] = copy_register(ACCESS, TYPE);
	insns[n++] = compute(BPF_RSH, ACCESS, 16);
	insns[n++] = compute(BPF_AND, TYPE, 0xffff);
	for (size_t i = 0; i < n_rules && i < DEVICE_RULES_MAX; i++)
		n += put_rule(&rules[i], insns + n);
	insns[n++] = compute(BPF_MOV, 0, 0);
	insns[n++] = leave();
	return n;
}

/* --- /proc/devices --- */

static int add_rule(struct device_rule rule, struct device_rule rules[DEVICE_RULES_MAX],
		    size_t *n_rules)
{
	if (*n_rules == DEVICE_RULES_MAX)
		return -E2BIG;
	rules[(*n_rules)++] = rule;
	return 0;
}

int device_rules_of_driver(const char *devices, uint32_t type, const char *pattern, uint32_t access,
			   struct device_rule rules[DEVICE_RULES_MAX], size_t *n_rules)
{
	struct device_rule rule = { type, DEVICE_ANY, DEVICE_ANY, access };
	bool within = false;
	size_t before = *n_rules;
	int r = 0;

	if (strcmp(pattern, "*") == 0)
		return add_rule(rule, rules, n_rules);
	for (const char *line = devices; r == 0 && *line; line += strcspn(line, "\n") + 1) {
		char name[64];

		if (strncmp(line, "Character", 9) == 0 || strncmp(line, "Block", 5) == 0)
			within = (line[0] == 'C') == (type == BPF_DEVCG_DEV_CHAR);
		else if (within && sscanf(line, " %u %63[^\n]", &rule.major, name) == 2 &&
			 fnmatch(pattern, name, 0) == 0)
			r = add_rule(rule, rules, n_rules);
		if (!line[strcspn(line, "\n")])
			break;
	}
	return r < 0 ? r : *n_rules == before ? -ENODEV : 0;
}
