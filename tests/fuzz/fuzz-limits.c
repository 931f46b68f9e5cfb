/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "device_program.h"
#include "limit_line.h"
#include "network_program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is taken as a limit leads to a file of the group; any text can be /proc/devices. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct limit_machine machine = { UINT64_MAX, UINT32_MAX };
	struct device_rule rules[DEVICE_RULES_MAX];
	struct bpf_insn insns[DEVICE_PROGRAM_MAX];
	char *text = strndup((const char *)data, size);
	static struct bpf_insn network[NETWORK_PROGRAM_MAX];
	struct network_rule address;
	struct limit_line line;
	char buf[64];
	size_t n_rules = 0;

	if (!text)
		abort();
	if (limit_line_parse(text, &line) == 0) {
		if (strchr(line.file, '/') || !strchr(line.file, '.') || line.file[0] == '.')
			abort();
		(void)limit_line_text(&line, &machine, "8:0 ", buf, sizeof(buf)); /* fits or not */
	}
	(void)device_rules_of_driver(text, BPF_DEVCG_DEV_CHAR, "p*", BPF_DEVCG_ACC_READ, rules,
				     &n_rules); /* some, none or too many */
	if (device_program(rules, n_rules, insns) > DEVICE_PROGRAM_MAX)
		abort();
	if (network_parse(text, &address) == 0 &&
	    (address.prefix > (address.ipv6 ? 128 : 32) ||
	     network_program(&address, 1, true, network) > NETWORK_PROGRAM_MAX))
		abort();
	free(text);
	return 0;
}
