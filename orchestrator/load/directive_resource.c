/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Directives about what a unit's cgroup may use, in the order of systemd.resource-control(5). Stock files have them in
 * [Service], as here; the table as a whole is described in directive_table.c.
 */
#include "directive_table.h"

#include "early/macros.h"

#include "resource.h"

#define reason_accounting "the kernel counts wherever the controller is on"
#define reason_startup "a value for the time of the boot only; the lasting one holds from the start"
#define reason_below "speaks to groups below it, of which a service has none of Early's making"
#define reason_oomd                                                                                \
	"systemd-oomd's business, which asks systemd for it; the kernel's own choice stands"
#define reason_pressure "a service that wants to know of memory pressure asks the kernel itself"
#define reason_zswap "the machine's own choice stands"
#define reason_disable "Early switches no controller on below a service"
#define reason_traffic "numbers for people; no traffic depends on them"
#define reason_sets "sets of nftables are not filled: match the cgroup by its path instead"
#define reason_subgroup                                                                            \
	"processes start in the service's own group: let the service make groups below it"
#define reason_programs "programs of others are not attached"
#define reason_ports "ports are not restricted: leave the line out, or use the machine's firewall"

static const struct directive resource_directives[] = {
	{ "Service", "CPUAccounting", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_accounting },
	{ "Service", "MemoryAccounting", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_accounting },
	{ "Service", "TasksAccounting", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_accounting },
	{ "Service", "IOAccounting", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_accounting },
	{ "Service", "BlockIOAccounting", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_accounting },
	{ "Service", "CPUWeight", apply_resource, 0, RESOURCE_CPU_WEIGHT, DIRECTIVE_HONOURED,
	  NULL },
	{ "Service", "CPUShares", apply_resource, 0, RESOURCE_CPU_SHARES, DIRECTIVE_HONOURED,
	  NULL },
	{ "Service", "CPUQuota", apply_quota, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "CPUQuotaPeriodSec", apply_span, offsetof(struct service, cpu_period_us), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Service", "AllowedCPUs", apply_resource, 0, RESOURCE_CPUS, DIRECTIVE_HONOURED, NULL },
	{ "Service", "AllowedMemoryNodes", apply_resource, 0, RESOURCE_NODES, DIRECTIVE_HONOURED,
	  NULL },
	{ "Service", "MemoryMin", apply_resource, 0, RESOURCE_MEMORY_MIN, DIRECTIVE_HONOURED,
	  NULL },
	{ "Service", "MemoryLow", apply_resource, 0, RESOURCE_MEMORY_LOW, DIRECTIVE_HONOURED,
	  NULL },
	{ "Service", "MemoryHigh", apply_resource, 0, RESOURCE_MEMORY_HIGH, DIRECTIVE_HONOURED,
	  NULL },
	{ "Service", "MemoryMax", apply_resource, 0, RESOURCE_MEMORY_MAX, DIRECTIVE_HONOURED,
	  NULL },
	{ "Service", "MemoryLimit", apply_resource, 0, RESOURCE_MEMORY_MAX, DIRECTIVE_HONOURED,
	  NULL },
	{ "Service", "MemorySwapMax", apply_resource, 0, RESOURCE_MEMORY_SWAP_MAX,
	  DIRECTIVE_HONOURED, NULL },
	{ "Service", "MemoryZSwapMax", apply_resource, 0, RESOURCE_MEMORY_ZSWAP_MAX,
	  DIRECTIVE_HONOURED, NULL },
	{ "Service", "TasksMax", apply_resource, 0, RESOURCE_TASKS_MAX, DIRECTIVE_HONOURED, NULL },
	{ "Service", "IOWeight", apply_resource, 0, RESOURCE_IO_WEIGHT, DIRECTIVE_HONOURED, NULL },
	{ "Service", "BlockIOWeight", apply_resource, 0, RESOURCE_BLOCK_IO_WEIGHT,
	  DIRECTIVE_HONOURED, NULL },
	{ "Service", "IODeviceWeight", apply_resource, 0, RESOURCE_IO_DEVICE_WEIGHT,
	  DIRECTIVE_HONOURED, NULL },
	{ "Service", "BlockIODeviceWeight", apply_resource, 0, RESOURCE_BLOCK_IO_DEVICE_WEIGHT,
	  DIRECTIVE_HONOURED, NULL },
	{ "Service", "IOReadBandwidthMax", apply_resource, 0, RESOURCE_IO_READ_BANDWIDTH,
	  DIRECTIVE_HONOURED, NULL },
	{ "Service", "BlockIOReadBandwidth", apply_resource, 0, RESOURCE_IO_READ_BANDWIDTH,
	  DIRECTIVE_HONOURED, NULL },
	{ "Service", "IOWriteBandwidthMax", apply_resource, 0, RESOURCE_IO_WRITE_BANDWIDTH,
	  DIRECTIVE_HONOURED, NULL },
	{ "Service", "BlockIOWriteBandwidth", apply_resource, 0, RESOURCE_IO_WRITE_BANDWIDTH,
	  DIRECTIVE_HONOURED, NULL },
	{ "Service", "IOReadIOPSMax", apply_resource, 0, RESOURCE_IO_READ_IOPS, DIRECTIVE_HONOURED,
	  NULL },
	{ "Service", "IOWriteIOPSMax", apply_resource, 0, RESOURCE_IO_WRITE_IOPS,
	  DIRECTIVE_HONOURED, NULL },
	{ "Service", "IODeviceLatencyTargetSec", apply_resource, 0, RESOURCE_IO_LATENCY,
	  DIRECTIVE_HONOURED, NULL },
	{ "Service", "StartupCPUWeight", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_startup },
	{ "Service", "StartupCPUShares", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_startup },
	{ "Service", "StartupAllowedCPUs", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_startup },
	{ "Service", "StartupAllowedMemoryNodes", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_startup },
	{ "Service", "StartupMemoryLow", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_startup },
	{ "Service", "StartupMemoryHigh", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_startup },
	{ "Service", "StartupMemoryMax", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_startup },
	{ "Service", "StartupMemorySwapMax", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_startup },
	{ "Service", "StartupMemoryZSwapMax", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_startup },
	{ "Service", "MemoryZSwapWriteback", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_zswap },
	{ "Service", "MemoryPressureWatch", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_pressure },
	{ "Service", "MemoryPressureThresholdSec", NULL, 0, 0, DIRECTIVE_HARMLESS,
	  reason_pressure },
	{ "Service", "ManagedOOMMemoryPressureDurationSec", NULL, 0, 0, DIRECTIVE_HARMLESS,
	  reason_oomd },
	{ "Service", "NFTSet", NULL, 0, 0, DIRECTIVE_REFUSED, reason_sets },
	{ "Service", "DelegateSubgroup", NULL, 0, 0, DIRECTIVE_REFUSED, reason_subgroup },
	{ "Service", "StartupIOWeight", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_startup },
	{ "Service", "StartupBlockIOWeight", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_startup },
	{ "Service", "DefaultMemoryMin", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_below },
	{ "Service", "DefaultMemoryLow", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_below },
	{ "Service", "ManagedOOMSwap", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_oomd },
	{ "Service", "ManagedOOMMemoryPressure", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_oomd },
	{ "Service", "ManagedOOMMemoryPressureLimit", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_oomd },
	{ "Service", "ManagedOOMPreference", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_oomd },
	{ "Service", "DisableControllers", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_disable },
	{ "Service", "IPAccounting", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_traffic },
	{ "Service", "DevicePolicy", apply_device_policy, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "DeviceAllow", apply_device_allow, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "OOMPolicy", apply_oom_policy, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "IPAddressAllow", apply_addresses, 0, 1, DIRECTIVE_HONOURED, NULL },
	{ "Service", "IPAddressDeny", apply_addresses, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "IPIngressFilterPath", NULL, 0, 0, DIRECTIVE_REFUSED, reason_programs },
	{ "Service", "IPEgressFilterPath", NULL, 0, 0, DIRECTIVE_REFUSED, reason_programs },
	{ "Service", "BPFProgram", NULL, 0, 0, DIRECTIVE_REFUSED, reason_programs },
	{ "Service", "SocketBindAllow", NULL, 0, 0, DIRECTIVE_REFUSED, reason_ports },
	{ "Service", "SocketBindDeny", NULL, 0, 0, DIRECTIVE_REFUSED, reason_ports },
	{ "Service", "RestrictNetworkInterfaces", NULL, 0, 0, DIRECTIVE_REFUSED, reason_ports },
};

const struct directive_group directive_group_resource = {
	resource_directives,
	ARRAY_SIZE(resource_directives),
};
