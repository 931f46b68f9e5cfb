/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <linux/bpf.h>
#include <stddef.h>

/* Loads a program and attaches it to the group whose directory is @group_fd, with which it goes. */
int cgroup_attach(int group_fd, enum bpf_prog_type type, enum bpf_attach_type where,
		  const struct bpf_insn *insns, size_t n_insns);
