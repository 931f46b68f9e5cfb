/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include "early/fs.h"
#include "early/macros.h"

struct pair {
	const char *key;
	const char *name;
};

static const struct pair hypervisors[] = {
	{ "KVMKVMKVM", "kvm" },          { "TCGTCGTCGTCG", "qemu" }, { "VMwareVMware", "vmware" },
	{ "Microsoft Hv", "microsoft" }, { "XenVMMXenVMM", "xen" },  { "VBoxVBoxVBox", "oracle" },
	{ "bhyve bhyve ", "bhyve" },     { "QNXQVMBSQG", "qnx" },    { "ACRNACRNACRN", "acrn" },
};

static const struct pair dmi_vendors[] = {
	{ "QEMU", "qemu" },           { "VMware", "vmware" },       { "VMW", "vmware" },
	{ "innotek GmbH", "oracle" }, { "VirtualBox", "oracle" },   { "Xen", "xen" },
	{ "Bochs", "bochs" },         { "Parallels", "parallels" }, { "Amazon EC2", "amazon" },
};

static const struct pair architectures[] = {
	{ "x86_64", "x86-64" }, { "i386", "x86" },
	{ "i486", "x86" },      { "i586", "x86" },
	{ "i686", "x86" },      { "aarch64", "arm64" },
	{ "armv6l", "arm" },    { "armv7l", "arm" },
	{ "armv8l", "arm" },    { "ppc64le", "ppc64-le" },
	{ "ppc64", "ppc64" },   { "riscv64", "riscv64" },
	{ "s390x", "s390x" },   { "loongarch64", "loongarch64" },
};

const char *machine_hypervisor_name(const char *vendor)
{
	for (size_t i = 0; i < ARRAY_SIZE(hypervisors); i++) {
		if (strcmp(vendor, hypervisors[i].key) == 0)
			return hypervisors[i].name;
	}
	return "vm-other";
}

/* NULL: the processor knows of no hypervisor. */
static const char *cpuid_hypervisor(void)
{
#if defined(__x86_64__) || defined(__i386__)
	unsigned int eax, ebx, ecx, edx;
	char vendor[13] = "";

	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & 0x80000000U))
		return NULL;
	__cpuid(0x40000000U, eax, ebx, ecx, edx);
	memcpy(vendor, &ebx, 4);
	memcpy(vendor + 4, &ecx, 4);
	memcpy(vendor + 8, &edx, 4);
	return machine_hypervisor_name(vendor);
#else
	return NULL;
#endif
}

static const char *dmi_hypervisor(void)
{
	static const char *const files[] = {
		"/sys/class/dmi/id/product_name",
		"/sys/class/dmi/id/sys_vendor",
		"/sys/class/dmi/id/board_vendor",
		"/sys/class/dmi/id/bios_vendor",
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		CLEANUP(free_charp)
		char *line = NULL;

		if (fs_read_line_at(AT_FDCWD, files[i], &line) < 0)
			continue;
		for (size_t j = 0; j < ARRAY_SIZE(dmi_vendors); j++) {
			if (strncmp(line, dmi_vendors[j].key, strlen(dmi_vendors[j].key)) == 0)
				return dmi_vendors[j].name;
		}
	}
	return NULL;
}

int machine_virtualization(char **ret_name)
{
	const char *name;

	/* A container manager says who it is in a file of the container interface. */
	if (fs_read_line_at(AT_FDCWD, "/run/systemd/container", ret_name) >= 0)
		return 0;
	name = cpuid_hypervisor();
	if (name == NULL)
		name = dmi_hypervisor();
	*ret_name = strdup(name != NULL ? name : "");
	return *ret_name == NULL ? -ENOMEM : 0;
}

const char *machine_architecture(void)
{
	static struct utsname names;

	if (uname(&names) < 0)
		return "";
	for (size_t i = 0; i < ARRAY_SIZE(architectures); i++) {
		if (strcmp(names.machine, architectures[i].key) == 0)
			return architectures[i].name;
	}
	return names.machine;
}
