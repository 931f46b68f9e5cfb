/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "network_program.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <string.h>

/*
 * The program
 *
 * The packet's protocol decides between two parts of the same form, for IPv4 and IPv6: the address is copied from the header to the
 * stack, and each rule compares it word by word under its mask, jumping behind itself at the first difference. All jumps lead
 * forward. Allowing rules come first. A header that cannot be read is no packet that anybody is waiting for: it is dropped.
 *
 * The kernel refuses a program of which a part cannot be reached, so a part ends with a rule that matches everything.
 *
 * Words are compared as they lie in memory, so the constants are made by copying bytes and no order of bytes is assumed.
 */

enum {
	RESULT = 0,
	SCRATCH = 1,
	SECOND = 2,
	THIRD = 3,
	FOURTH = 4,
	PACKET = 6,
	PROTOCOL = 7,
	FRAME = 10
};

#define STACK_ADDRESS (-16)

struct output {
	struct bpf_insn *insns;
	size_t n;
};

int network_parse(const char *line, struct network_rule *ret_rule)
{
	struct network_rule rule = { 0 };
	char verb[8];
	char address[64];
	unsigned int prefix;
	int end = 0;

	if (sscanf(line, "%7s %63[0-9a-fA-F.:]/%3u%n", verb, address, &prefix, &end) != 3 ||
	    line[end])
		return -EINVAL;
	rule.allow = strcmp(verb, "allow") == 0;
	if (!rule.allow && strcmp(verb, "deny") != 0)
		return -EINVAL;
	rule.ipv6 = strchr(address, ':') != NULL;
	if (prefix > (rule.ipv6 ? 128u : 32u) ||
	    inet_pton(rule.ipv6 ? AF_INET6 : AF_INET, address, rule.address) != 1)
		return -EINVAL;
	rule.prefix = (uint8_t)prefix;
	*ret_rule = rule;
	return 0;
}

static void put(struct output *output, uint8_t code, uint8_t dst, uint8_t src, int16_t off,
		int32_t imm)
{
	output->insns[output->n++] = (struct bpf_insn){
		.code = code, .dst_reg = dst, .src_reg = src, .off = off, .imm = imm
	};
}

static void put_result(struct output *output, int32_t result)
{
	put(output, BPF_ALU64 | BPF_MOV | BPF_K, RESULT, 0, 0, result);
	put(output, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* Copies @len bytes at @offset of the header to the stack; a packet without them is dropped. */
static void put_load(struct output *output, int32_t offset, int32_t len)
{
	put(output, BPF_ALU64 | BPF_MOV | BPF_X, SCRATCH, PACKET, 0, 0);
	put(output, BPF_ALU64 | BPF_MOV | BPF_K, SECOND, 0, 0, offset);
	put(output, BPF_ALU64 | BPF_MOV | BPF_X, THIRD, FRAME, 0, 0);
	put(output, BPF_ALU64 | BPF_ADD | BPF_K, THIRD, 0, 0, STACK_ADDRESS);
	put(output, BPF_ALU64 | BPF_MOV | BPF_K, FOURTH, 0, 0, len);
	put(output, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_skb_load_bytes);
	put(output, BPF_JMP | BPF_JEQ | BPF_K, RESULT, 0, 2, 0);
	put_result(output, 0);
}

/* The mask and the masked value of the @nth word of the rule's address. False if none of its bits count. */
static bool word_of(const struct network_rule *rule, unsigned int nth, int32_t *ret_mask,
		    int32_t *ret_value)
{
	uint8_t mask[4] = { 0 };
	uint8_t value[4];

	for (unsigned int bit = 0; bit < 32 && nth * 32 + bit < rule->prefix; bit++)
		mask[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	for (unsigned int i = 0; i < 4; i++)
		value[i] = rule->address[nth * 4 + i] & mask[i];
	memcpy(ret_mask, mask, sizeof(mask));
	memcpy(ret_value, value, sizeof(value));
	return mask[0] != 0;
}

static void put_rule(struct output *output, const struct network_rule *rule)
{
	unsigned int n_words = (rule->prefix + 31u) / 32;
	int32_t mask, value;

	for (unsigned int i = 0; i < n_words && word_of(rule, i, &mask, &value); i++) {
		/* behind what is left of this rule: the other words and its two instructions */
		int16_t distance = (int16_t)((n_words - i - 1) * 3 + 2);

		put(output, BPF_LDX | BPF_MEM | BPF_W, SCRATCH, FRAME,
		    (int16_t)(STACK_ADDRESS + (int)i * 4), 0);
		put(output, BPF_ALU | BPF_AND | BPF_K, SCRATCH, 0, 0, mask);
		put(output, BPF_JMP32 | BPF_JNE | BPF_K, SCRATCH, 0, distance, value);
	}
	put_result(output, rule->allow);
}

static void put_family(struct output *output, const struct network_rule *rules, size_t n_rules,
		       bool ipv6, bool egress)
{
	if (ipv6)
		put_load(output, egress ? 24 : 8, 16);
	else
		put_load(output, egress ? 16 : 12, 4);
	for (int allow = 1; allow >= 0; allow--) {
		for (size_t i = 0; i < n_rules && i < NETWORK_RULES_MAX; i++) {
			if (rules[i].ipv6 != ipv6 || rules[i].allow != allow)
				continue;
			put_rule(output, &rules[i]);
			if (rules[i].prefix == 0)
				return; /* matches all: nothing behind it could be reached */
		}
	}
	put_result(output, 1);
}

size_t network_program(const struct network_rule *rules, size_t n_rules, bool egress,
		       struct bpf_insn insns[NETWORK_PROGRAM_MAX])
{
	struct output output = { insns, 0 };
	size_t branch;

	put(&output, BPF_ALU64 | BPF_MOV | BPF_X, PACKET, SCRATCH, 0, 0);
	put(&output, BPF_LDX | BPF_MEM | BPF_W, PROTOCOL, PACKET,
	    offsetof(struct __sk_buff, protocol), 0);
	branch = output.n;
	put(&output, BPF_JMP | BPF_JNE | BPF_K, PROTOCOL, 0, 0, htons(ETH_P_IP));
	put_family(&output, rules, n_rules, false, egress);
	insns[branch].off = (int16_t)(output.n - branch - 1);
	put(&output, BPF_JMP | BPF_JEQ | BPF_K, PROTOCOL, 0, 2, htons(ETH_P_IPV6));
	put_result(&output, 1);
	put_family(&output, rules, n_rules, true, egress);
	return output.n;
}
