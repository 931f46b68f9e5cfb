/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which devices the processes of a group may use, as a program that the kernel runs at each open and mknod. Pure. */
#define DEVICE_RULES_MAX 128
#define DEVICE_PROGRAM_MAX (DEVICE_RULES_MAX * 8 + 8)
#define DEVICE_ANY UINT32_MAX

struct device_rule {
	uint32_t type; /* BPF_DEVCG_DEV_CHAR, BPF_DEVCG_DEV_BLOCK */
	uint32_t major; /* DEVICE_ANY: all */
	uint32_t minor;
	uint32_t access; /* BPF_DEVCG_ACC_…, or-ed */
};

/* Access of "rwm" in any order; 0 for anything else. */
uint32_t device_access(const char *text);

/* Allows what one of the rules allows as a whole, and nothing else. Returns how many instructions it has. */
size_t device_program(const struct device_rule *rules, size_t n_rules,
		      struct bpf_insn insns[DEVICE_PROGRAM_MAX]);

/*
 * The rules of the drivers in @devices, the text of /proc/devices, whose names match @pattern, appended to @rules.
 * -ENODEV if none does, -E2BIG if they are too many.
 */
int device_rules_of_driver(const char *devices, uint32_t type, const char *pattern, uint32_t access,
			   struct device_rule rules[DEVICE_RULES_MAX], size_t *n_rules);
