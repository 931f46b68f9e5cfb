/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which addresses the processes of a group may talk with, as a program that the kernel runs at each packet. Pure. */
#define NETWORK_RULES_MAX 128
#define NETWORK_PROGRAM_MAX (NETWORK_RULES_MAX * 14 + 40)

struct network_rule {
	bool allow;
	bool ipv6;
	uint8_t prefix; /* bits that count */
	uint8_t address[16]; /* four of them for IPv4 */
};

/* One line of the table: "allow 10.0.0.0/8", "deny ::/0". -EINVAL for anything else. */
int network_parse(const char *line, struct network_rule *ret_rule);

/*
 * What an allowing rule matches passes, what a denying one matches does not, all else passes. @egress looks at where a packet goes to, otherwise at
 * where it comes from. Returns how many instructions it has.
 */
size_t network_program(const struct network_rule *rules, size_t n_rules, bool egress,
		       struct bpf_insn insns[NETWORK_PROGRAM_MAX]);
