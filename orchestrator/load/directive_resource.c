/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Directives about what a unit's cgroup may use, in the order of systemd.resource-control(5). Stock files have them in
 * [Service], as here; the table as a whole is described in directive_table.c.
 */
#include "directive_table.h"

#include "early/macros.h"

#define reason_resources "a limit of resources: not applied in this version"
#define reason_sandbox "a protection that only forbids: not applied in this version"

static const struct directive resource_directives[] = {
	{ "Service", "CPUAccounting", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "CPUWeight", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "StartupCPUWeight", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "CPUShares", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "StartupCPUShares", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "CPUQuota", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "CPUQuotaPeriodSec", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "AllowedCPUs", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "StartupAllowedCPUs", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "AllowedMemoryNodes", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "StartupAllowedMemoryNodes", NULL, 0, 0, DIRECTIVE_HARMLESS,
	  reason_resources },
	{ "Service", "MemoryAccounting", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "MemoryMin", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "MemoryLow", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "MemoryHigh", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "MemoryMax", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "MemorySwapMax", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "MemoryZSwapMax", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "MemoryLimit", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "DefaultMemoryMin", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "DefaultMemoryLow", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "TasksAccounting", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "TasksMax", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "IOAccounting", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "IOWeight", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "StartupIOWeight", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "IODeviceWeight", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "IOReadBandwidthMax", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "IOWriteBandwidthMax", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "IOReadIOPSMax", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "IOWriteIOPSMax", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "IODeviceLatencyTargetSec", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "BlockIOAccounting", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "BlockIOWeight", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "StartupBlockIOWeight", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "BlockIODeviceWeight", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "BlockIOReadBandwidth", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "BlockIOWriteBandwidth", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "ManagedOOMSwap", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "ManagedOOMMemoryPressure", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "ManagedOOMMemoryPressureLimit", NULL, 0, 0, DIRECTIVE_HARMLESS,
	  reason_resources },
	{ "Service", "ManagedOOMPreference", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "DisableControllers", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_resources },
	{ "Service", "IPAccounting", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_sandbox },
	{ "Service", "IPAddressAllow", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_sandbox },
	{ "Service", "IPAddressDeny", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_sandbox },
	{ "Service", "IPIngressFilterPath", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_sandbox },
	{ "Service", "IPEgressFilterPath", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_sandbox },
	{ "Service", "BPFProgram", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_sandbox },
	{ "Service", "SocketBindAllow", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_sandbox },
	{ "Service", "SocketBindDeny", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_sandbox },
	{ "Service", "RestrictNetworkInterfaces", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_sandbox },
	{ "Service", "NFTSet", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_sandbox },
	{ "Service", "DeviceAllow", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_sandbox },
	{ "Service", "DevicePolicy", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_sandbox },
};

const struct directive_group directive_group_resource = {
	resource_directives,
	ARRAY_SIZE(resource_directives),
};
