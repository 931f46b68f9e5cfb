/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cgroup_program.h"

#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "early/fd.h"

static int load_program(enum bpf_prog_type type, enum bpf_attach_type where,
			const struct bpf_insn *insns, size_t n_insns, int *ret_fd)
{
	union bpf_attr attr = { 0 };
	long fd;

	attr.prog_type = type;
	attr.expected_attach_type = type == BPF_PROG_TYPE_CGROUP_SKB ? where : 0;
	attr.insn_cnt = (uint32_t)n_insns;
	attr.insns = (uint64_t)(uintptr_t)insns;
	attr.license = (uint64_t)(uintptr_t) "LGPL-2.1-or-later";
	fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd < 0)
		return -errno;
	*ret_fd = (int)fd;
	return 0;
}

int cgroup_attach(int group_fd, enum bpf_prog_type type, enum bpf_attach_type where,
		  const struct bpf_insn *insns, size_t n_insns)
{
	int program_fd CLEANUP_FD
	= -1;
	union bpf_attr attr = { 0 };
	int r = load_program(type, where, insns, n_insns, &program_fd);

	if (r < 0)
		return r;
	attr.target_fd = (uint32_t)group_fd;
	attr.attach_bpf_fd = (uint32_t)program_fd;
	attr.attach_type = where;
	/* Several: a manager within a delegated group adds its own, and all must agree. */
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	return syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof(attr)) < 0 ? -errno : 0;
}
