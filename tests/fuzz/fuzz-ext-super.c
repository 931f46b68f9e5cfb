/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check_plan.h"
#include "crc32c.h"
#include "ext_super.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As it is, and once more with a checksum that fits, so that what lies behind it is reached. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t buf[EXT_SUPER_SIZE];
	struct ext_super super;
	struct check_facts facts = { .super = &super, .have_fsck = true };
	uint32_t sum;

	(void)ext_super_parse(data, size, &super);
	if (size < sizeof(buf))
		return 0;
	memcpy(buf, data, sizeof(buf));
	sum = crc32c(UINT32_MAX, buf, 0x3FC);
	for (int i = 0; i < 4; i++)
		buf[0x3FC + i] = (uint8_t)(sum >> (8 * i));
	facts.fault = ext_super_parse(buf, sizeof(buf), &super);
	if (facts.fault == EXT_SUPER_CHECKSUM)
		abort();
	if (facts.fault == EXT_SUPER_OK && (strlen(super.label) > 16 || super.block_size > 65536))
		abort();
	(void)check_plan_before_mount(&facts);
	(void)check_plan_due(&facts);
	return 0;
}
