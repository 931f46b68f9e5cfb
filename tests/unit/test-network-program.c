/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program about addresses, run by an interpreter of the few instructions that it may consist of. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <stdbool.h>
#include <string.h>

#include "early/macros.h"
#include "early_test.h"
#include "network_program.h"

struct packet {
	uint32_t protocol;
	uint8_t header[40];
	size_t len;
};

/* What the kernel's bpf_skb_load_bytes does; the stack begins 16 bytes below the frame. */
static uint64_t load_bytes(const struct packet *packet, const uint64_t *regs, uint8_t stack[16])
{
	size_t offset = regs[2], len = regs[4];

	if (offset + len > packet->len)
		return (uint64_t)-EFAULT;
	memcpy(stack + 16 + (int64_t)regs[3], packet->header + offset, len);
	return 0;
}

static bool run(const struct bpf_insn *insns, size_t n, const struct packet *packet)
{
	uint64_t regs[11] = { 0 };
	uint8_t stack[16] = { 0 };
	uint32_t word;

	for (size_t at = 0; at < n; at++) {
		const struct bpf_insn *insn = &insns[at];
		uint64_t *dst = &regs[insn->dst_reg];

		switch (insn->code) {
		case BPF_ALU64 | BPF_MOV | BPF_X:
			*dst = regs[insn->src_reg];
			break;
		case BPF_ALU64 | BPF_MOV | BPF_K:
			*dst = (uint64_t)(int64_t)insn->imm;
			break;
		case BPF_ALU64 | BPF_ADD | BPF_K:
			*dst += (uint64_t)(int64_t)insn->imm;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			*dst = (uint32_t)*dst & (uint32_t)insn->imm;
			break;
		case BPF_LDX | BPF_MEM | BPF_W:
			if (insn->src_reg == 10) {
				memcpy(&word, stack + 16 + insn->off, sizeof(word));
				*dst = word;
			} else {
				*dst = packet->protocol;
			}
			break;
		case BPF_JMP | BPF_CALL:
			assert_int_equal(insn->imm, BPF_FUNC_skb_load_bytes);
			regs[0] = load_bytes(packet, regs, stack);
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			at += *dst == (uint64_t)(int64_t)insn->imm ? (size_t)insn->off : 0;
			break;
		case BPF_JMP | BPF_JNE | BPF_K:
			at += *dst != (uint64_t)(int64_t)insn->imm ? (size_t)insn->off : 0;
			break;
		case BPF_JMP32 | BPF_JNE | BPF_K:
			at += (uint32_t)*dst != (uint32_t)insn->imm ? (size_t)insn->off : 0;
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

/* A packet between @address and one that no rule knows; as wide as its header. */
static struct packet make_packet(const char *address, bool egress)
{
	struct packet packet = { 0 };

	if (strchr(address, ':')) {
		packet.protocol = htons(ETH_P_IPV6);
		packet.len = 40;
		assert_int_equal(inet_pton(AF_INET6, address, packet.header + (egress ? 24 : 8)),
				 1);
	} else {
		packet.protocol = htons(ETH_P_IP);
		packet.len = 20;
		assert_int_equal(inet_pton(AF_INET, address, packet.header + (egress ? 16 : 12)),
				 1);
	}
	return packet;
}

static bool passes(const char *const *lines, const char *address, bool egress)
{
	struct network_rule rules[8];
	struct bpf_insn insns[NETWORK_PROGRAM_MAX];
	struct packet packet = make_packet(address, egress);
	size_t n_rules = 0;
	size_t n;

	for (; lines[n_rules]; n_rules++)
		assert_int_equal(network_parse(lines[n_rules], &rules[n_rules]), 0);
	n = network_program(rules, n_rules, egress, insns);
	assert_true(n <= NETWORK_PROGRAM_MAX);
	return run(insns, n, &packet);
}

TEST(what_passes)
{
	static const char *const none[] = { "deny 0.0.0.0/0", "deny ::/0", NULL };
	static const char *const local[] = { "deny 0.0.0.0/0", "deny ::/0", "allow 127.0.0.0/8",
					     "allow ::1/128", NULL };
	static const char *const odd[] = { "deny 10.0.0.0/9", "deny 255.255.255.255/32",
					   "deny 2001:db8:ffff::/47", "allow 2001:db8:ffff:1::/64",
					   NULL };
	static const char *const empty[] = { NULL };
	static const struct {
		const char *const *lines;
		const char *address;
		bool passes;
	} cases[] = {
		{ none, "8.8.8.8", false },
		{ none, "::1", false },
		{ local, "127.0.0.1", true },
		{ local, "127.255.0.1", true },
		{ local, "128.0.0.1", false },
		{ local, "::1", true },
		{ local, "::2", false },
		{ local, "1::1", false },
		{ odd, "10.127.255.255", false },
		{ odd, "10.128.0.0", true },
		{ odd, "255.255.255.255", false },
		{ odd, "255.255.255.254", true },
		{ odd, "2001:db8:ffff::1", false },
		{ odd, "2001:db8:fffe::1", false },
		{ odd, "2001:db8:fffd::1", true },
		{ odd, "2001:db8:ffff:1::9", true },
		{ empty, "1.2.3.4", true },
		{ empty, "::3", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (int egress = 0; egress < 2; egress++)
			if (passes(cases[i].lines, cases[i].address, egress) != cases[i].passes)
				fail_msg("case %zu, %s", i, egress ? "out" : "in");
}

TEST(other_packets)
{
	static const char line[] = "deny 0.0.0.0/0";
	struct packet arp = { .protocol = htons(ETH_P_ARP), .len = 28 };
	struct packet cut = { .protocol = htons(ETH_P_IP), .len = 10 };
	struct network_rule rule;
	struct bpf_insn insns[NETWORK_PROGRAM_MAX];
	size_t n;

	assert_int_equal(network_parse(line, &rule), 0);
	n = network_program(&rule, 1, true, insns);
	assert_true(run(insns, n, &arp));
	n = network_program(NULL, 0, true, insns);
	assert_false(run(insns, n, &cut));
}

TEST(what_is_no_rule)
{
	static const char *const bad[] = { "",
					   "allow",
					   "allow 1.2.3.4",
					   "permit 1.2.3.4/8",
					   "deny 1.2.3/8",
					   "deny 1.2.3.4/33",
					   "deny ::/129",
					   "deny ::/8 x",
					   "deny any/0" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct network_rule rule;

		if (network_parse(bad[i], &rule) != -EINVAL)
			fail_msg("\"%s\" was taken", bad[i]);
	}
}

TEST(many_rules_fit)
{
	static struct network_rule rules[NETWORK_RULES_MAX];
	static struct bpf_insn insns[NETWORK_PROGRAM_MAX];

	for (size_t i = 0; i < NETWORK_RULES_MAX; i++)
		rules[i] = (struct network_rule){ .ipv6 = true, .prefix = 128 };
	assert_true(network_program(rules, NETWORK_RULES_MAX, true, insns) <= NETWORK_PROGRAM_MAX);
}

TEST_MAIN(cmocka_unit_test(what_passes), cmocka_unit_test(other_packets),
	  cmocka_unit_test(what_is_no_rule), cmocka_unit_test(many_rules_fit))
