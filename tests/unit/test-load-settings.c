/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What early-load makes of the keys that early-exec reads: canonical values, resets, merges, and what it refuses. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "directive.h"
#include "early/strbuf.h"
#include "early_test.h"

static const struct specifiers specifiers = { .name = "foo@bar.service", .host_name = "host" };

/* The settings that @lines make, each with a "|" behind it; *ret_refused counts the remarks about lines. */
static char *settings_of(const char *lines, size_t *ret_refused)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT;
	struct strbuf out = STRBUF_INIT;
	struct unit_lines parsed CLEANUP_UNIT_LINES = { 0 };
	struct diags diags CLEANUP_DIAGS = { 0 };
	struct service *service CLEANUP_SERVICE = NULL;

	strbuf_printf(&text, "[Service]\n%s\n", lines);
	assert_int_equal(service_new("foo@bar.service", &service), 0);
	assert_int_equal(unit_file_parse("f", text.data, text.len, &parsed, &diags), 0);
	assert_int_equal(directives_apply(service, &parsed, &specifiers, AT_FDCWD, &diags), 0);
	for (size_t i = 0; service->settings && service->settings[i]; i++)
		strbuf_printf(&out, "%s|", service->settings[i]);
	*ret_refused = 0;
	for (size_t i = 0; i < diags.n_items; i++)
		*ret_refused += diags.items[i].level <= DIAG_WARNING;
	return strbuf_take(&out);
}

struct example {
	const char *lines;
	const char *settings;
	size_t n_refused;
};

static void check(const struct example *examples, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t refused;
		char *settings = settings_of(examples[i].lines, &refused);

		if (strcmp(settings, examples[i].settings) != 0)
			fail_msg("%s\nmakes\n%s\ninstead of\n%s", examples[i].lines, settings,
				 examples[i].settings);
		if (refused != examples[i].n_refused)
			fail_msg("%s\n%zu refused instead of %zu", examples[i].lines, refused,
				 examples[i].n_refused);
		free(settings);
	}
}

TEST(scheduling)
{
	static const struct example examples[] = {
		{ "CPUSchedulingPolicy=rr\nCPUSchedulingPolicy=fifo", "CPUSchedulingPolicy=fifo|",
		  0 },
		{ "CPUSchedulingPolicy=other", "", 0 },
		{ "CPUSchedulingPolicy=deadline", "", 1 },
		{ "CPUSchedulingPriority=0\nCPUSchedulingPriority=100\nCPUSchedulingPriority=x", "",
		  3 },
		{ "CPUSchedulingPriority=99\nCPUSchedulingResetOnFork=1",
		  "CPUSchedulingPriority=99|CPUSchedulingResetOnFork=yes|", 0 },
		{ "CPUSchedulingResetOnFork=true\nCPUSchedulingResetOnFork=no", "", 0 },
		{ "CPUAffinity=0-3 5,7\nCPUAffinity=9", "CPUAffinity=0-3,5,7,9|", 0 },
		{ "CPUAffinity=1\nCPUAffinity=\nCPUAffinity=2", "CPUAffinity=2|", 0 },
		{ "CPUAffinity=3-1\nCPUAffinity=8192\nCPUAffinity=a", "", 3 },
		{ "CPUAffinity=numa\nNUMAMask=all\nNUMAPolicy=default",
		  "CPUAffinity=numa|NUMAMask=all|", 0 },
		{ "IOSchedulingClass=2\nIOSchedulingPriority=0",
		  "IOSchedulingClass=best-effort|IOSchedulingPriority=0|", 0 },
		{ "IOSchedulingClass=4\nIOSchedulingPriority=8", "", 2 },
		{ "TimerSlackNSec=5", "TimerSlackNSec=5|", 0 },
		{ "TimerSlackNSec=2ms", "TimerSlackNSec=2000000|", 0 },
		{ "TimerSlackNSec=7 ns", "TimerSlackNSec=7|", 0 },
		{ "TimerSlackNSec=soon", "", 1 },
		{ "CoredumpFilter=private-dax 0x3\nCoredumpFilter=default", "CoredumpFilter=b3|",
		  0 },
		{ "CoredumpFilter=some", "", 1 },
		{ "Personality=vax", "", 1 },
	};

	check(examples, ARRAY_SIZE(examples));
}

TEST(rights)
{
	static const struct example examples[] = {
		{ "NoNewPrivileges=yes\nNoNewPrivileges=maybe", "NoNewPrivileges=yes|", 1 },
		{ "SecureBits=keep-caps noroot\nSecureBits=noroot-locked", "SecureBits=13|", 0 },
		{ "SecureBits=noroot\nSecureBits=", "", 0 },
		{ "SecureBits=root", "", 1 },
		{ "KeyringMode=private", "KeyringMode=private|", 0 },
		{ "KeyringMode=own", "", 1 },
		{ "AppArmorProfile=-a b", "AppArmorProfile=-a b|", 0 },
		{ "CapabilityBoundingSet=CAP_KILL CAP_NONSENSE", "", 1 },
	};

	check(examples, ARRAY_SIZE(examples));
}

TEST(mounts)
{
	static const struct example examples[] = {
		{ "PrivateTmp=yes\nPrivateTmp=no\nPrivateDevices=on", "PrivateDevices=yes|", 0 },
		{ "ProtectSystem=true\nProtectHome=tmpfs", "ProtectSystem=yes|ProtectHome=tmpfs|",
		  0 },
		{ "ProtectSystem=strict\nProtectSystem=no", "", 0 },
		{ "ProtectSystem=most\nProtectHome=full", "", 2 },
		{ "MountAPIVFS=no", "MountAPIVFS=no|", 0 },
		{ "ProtectProc=default\nProcSubset=all\nMountFlags=slave", "MountFlags=slave|", 0 },
		{ "ReadWritePaths=/a//b/./c/ -+/x\nReadWritePaths=%%/y /%i",
		  "ReadWritePaths=/a/b/c|ReadWritePaths=-+/x|", 1 },
		{ "ReadOnlyPaths=/\nReadOnlyDirectories=/%i", "ReadOnlyPaths=/|ReadOnlyPaths=/bar|",
		  0 },
		{ "ReadOnlyPaths=/a\nReadOnlyDirectories=", "", 0 },
		{ "InaccessiblePaths=a", "", 1 },
		{ "InaccessiblePaths=/a/../b", "", 1 },
		{ "InaccessiblePaths=+-+/b", "", 1 },
		{ "BindPaths=/a -/b:/c /d:/e/:norbind \"/with blank\"",
		  "BindPaths=/a:/a:rbind|BindPaths=-/b:/c:rbind|BindPaths=/d:/e:norbind|"
		  "BindPaths=/with blank:/with blank:rbind|",
		  0 },
		{ "BindPaths=/a:b", "", 1 },
		{ "BindReadOnlyPaths=/a:/b:bind", "", 1 },
		{ "TemporaryFileSystem=/a /b:ro,mode=0700",
		  "TemporaryFileSystem=/a:|TemporaryFileSystem=/b:ro,mode=0700|", 0 },
		{ "TemporaryFileSystem=var:ro", "", 1 },
		{ "ConfigurationDirectory=a/b:c d\nConfigurationDirectoryMode=700",
		  "ConfigurationDirectory=a/"
		  "b:c|ConfigurationDirectory=d|ConfigurationDirectoryMode=0700|",
		  0 },
		{ "ConfigurationDirectory=/etc/a\nStateDirectory=../b\nCacheDirectory=.", "", 3 },
		{ "NetworkNamespacePath=/run/netns/x\nIPCNamespacePath=y",
		  "NetworkNamespacePath=/run/netns/x|", 1 },
	};

	check(examples, ARRAY_SIZE(examples));
}

TEST(filters)
{
	static const struct example examples[] = {
		{ "SystemCallFilter=@system-service chroot:EPERM\nSystemCallFilter=~@mount",
		  "SystemCallFilter=@system-service|SystemCallFilter=chroot:1|SystemCallFilter=~@"
		  "mount|",
		  0 },
		{ "SystemCallFilter=~chroot mount:kill pivot_root:38",
		  "SystemCallFilter=~chroot|SystemCallFilter=~mount:kill|SystemCallFilter=~pivot_"
		  "root:38|",
		  0 },
		{ "SystemCallFilter=~", "SystemCallFilter=~|", 0 },
		{ "SystemCallFilter=open\nSystemCallFilter=", "", 0 },
		{ "SystemCallFilter=opne @systemservice open:EMISTAKE read",
		  "SystemCallFilter=read|", 3 },
		{ "SystemCallErrorNumber=EPERM", "SystemCallErrorNumber=1|", 0 },
		{ "SystemCallErrorNumber=5\nSystemCallErrorNumber=kill", "", 0 },
		{ "SystemCallErrorNumber=ENONE\nSystemCallErrorNumber=4096", "", 2 },
		{ "SystemCallArchitectures=native x86-64",
		  "SystemCallArchitectures=native|SystemCallArchitectures=x86-64|", 0 },
		{ "SystemCallArchitectures=vax", "", 1 },
		{ "RestrictAddressFamilies=AF_UNIX AF_INET\nRestrictAddressFamilies=~AF_INET "
		  "AF_INET6",
		  "RestrictAddressFamilies=allow 1|", 0 },
		{ "RestrictAddressFamilies=~AF_PACKET\nRestrictAddressFamilies=AF_NETLINK ~x",
		  "RestrictAddressFamilies=deny 17|", 1 },
		{ "RestrictAddressFamilies=none", "RestrictAddressFamilies=allow|", 0 },
		{ "RestrictNamespaces=yes", "RestrictNamespaces=0|", 0 },
		{ "RestrictNamespaces=no", "RestrictNamespaces=7e020000|", 0 },
		{ "RestrictNamespaces=user\nRestrictNamespaces=net\nRestrictNamespaces=~user",
		  "RestrictNamespaces=40000000|", 0 },
		{ "RestrictNamespaces=~user", "RestrictNamespaces=6e020000|", 0 },
		{ "RestrictNamespaces=time", "", 1 },
	};

	check(examples, ARRAY_SIZE(examples));
}

TEST(data)
{
	static const struct example examples[] = {
		{ "StandardInputText=a b \\x41%i", "StandardInputData=YSBiIEFiYXIK|", 0 },
		{ "StandardInputText=a\nStandardInputData= aGVs bG8= ",
		  "StandardInputData=YQo=|StandardInputData=aGVsbG8=|", 0 },
		{ "StandardInputText=a\nStandardInputData=", "", 0 },
		{ "StandardInputData=a$b=\nStandardInputData=aGVsbG8", "", 2 },
		{ "SetCredential=a:b:c\nLoadCredential=%i:/x\nLoadCredential=y",
		  "SetCredential=a:Yjpj|LoadCredential=bar:/x|LoadCredential=y:y|", 0 },
		{ "OpenFile=/a\nOpenFile=/b/c:n:append,graceful\nOpenFile=/d::truncate",
		  "OpenFile=read-write needed a /a|OpenFile=append graceful n "
		  "/b/c|OpenFile=truncate needed d /d|",
		  0 },
		{ "OpenFile=/a\nOpenFile=\nOpenFile=b\nOpenFile=/c:n:append,truncate\nOpenFile=/"
		  "c:n:x\nOpenFile=/c:a b\nOpenFile=/c/",
		  "", 5 },
		{ "SetCredential=a\nSetCredential=../a:b\nLoadCredential=/x", "", 3 },
		{ "TTYRows=24\nTTYColumns=65536\nTTYReset=yes", "TTYRows=24|TTYReset=yes|", 1 },
		{ "UtmpIdentifier=%i\nUtmpMode=init", "UtmpIdentifier=bar|", 0 },
	};

	check(examples, ARRAY_SIZE(examples));
}

TEST_MAIN(cmocka_unit_test(data), cmocka_unit_test(scheduling), cmocka_unit_test(rights),
	  cmocka_unit_test(mounts), cmocka_unit_test(filters))
