/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capability.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "early/capability_names.h"

#define ALL_CAPABILITIES UINT64_MAX

static int find(const char *name, uint64_t *ret_bits)
{
	int number;

	if (strcmp(name, "none") == 0) {
		*ret_bits = 0;
		return 0;
	}
	if (strcmp(name, "all") == 0) {
		*ret_bits = ALL_CAPABILITIES;
		return 0;
	}
	number = capability_number(name);
	if (number < 0)
		return number;
	*ret_bits = UINT64_C(1) << number;
	return 0;
}

int capability_parse(const struct wire_list *words, uint64_t *ret_set)
{
	const char *first = wire_list_next(words, NULL);
	uint64_t set = first && *first == '~' ? ALL_CAPABILITIES : 0;

	for (const char *word = first; word; word = wire_list_next(words, word)) {
		uint64_t bits;
		int r = find(*word == '~' ? word + 1 : word, &bits);

		if (r < 0)
			return r;
		if (*word == '~')
			set &= ~bits;
		else
			set |= bits;
	}
	*ret_set = set;
	return 0;
}

int capability_limit(uint64_t set)
{
	for (int i = 0; i < 64; i++) {
		if (set & (UINT64_C(1) << i))
			continue;
		if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) < 0)
			break; /* beyond the kernel's last one */
		if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0)
			return -errno;
	}
	return 0;
}

int capability_set_secure_bits(unsigned int bits, bool keep_capabilities)
{
	if (keep_capabilities) /* the execution takes it back by itself */
		bits |= 1U << SECURE_KEEP_CAPS;
	return bits && prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) < 0 ? -errno : 0;
}

int capability_raise_ambient(uint64_t set)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	set &= data[0].permitted | (uint64_t)data[1].permitted << 32;
	data[0].inheritable |= (uint32_t)set;
	data[1].inheritable |= (uint32_t)(set >> 32);
	data[0].effective = data[0].permitted;
	data[1].effective = data[1].permitted;
	if (syscall(SYS_capset, &header, data) < 0)
		return -errno;
	for (int i = 0; i < 64; i++)
		if ((set & (UINT64_C(1) << i)) &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0)
			return -errno;
	return 0;
}

bool capability_may_administrate(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return false;
	return data[0].effective & (1U << CAP_SYS_ADMIN);
}
