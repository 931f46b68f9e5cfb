/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What systemd says of the machine. */

/* systemd's name of a vendor in CPUID's hypervisor leaf; "vm-other" for one that it does not know. Pure. */
const char *machine_hypervisor_name(const char *vendor);

/* "" on bare metal, "kvm", "qemu", "docker" … Free *ret_name. */
int machine_virtualization(char **ret_name);

/* "x86-64", "arm64" …; the kernel's own word for one that is not in the table. */
const char *machine_architecture(void);
