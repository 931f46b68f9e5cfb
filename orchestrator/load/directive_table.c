/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every directive of unit files and what becomes of it: the handler that takes it over, or the reason why it has no effect. The
 * groups follow the manual pages of systemd 252. "Harmless" is what a service works without: protections that only forbid, tuning, and
 * what Early does in a way of its own. What would change a service's behaviour if it were dropped is refused by name.
 */
#include "directive_table.h"

#include <string.h>

#include "early/macros.h"

#define reason_text "for people, not for the machine"
#define reason_order "Early adds no dependencies of its own"
#define reason_jobs "no job of Early isolates a unit or forbids another"
#define reason_record "the record of a unit that rests is kept, and costs memory only"
#define reason_mounts "mounts are early-disks' business and come before what needs them"
#define reason_condition "not judged: the service would start in any case"
#define reason_fdstore                                                                             \
	"each service may keep up to 512 descriptors, over restarts and not over stops"
#define reason_usb "gadget functions are set up by their own tools"
#define reason_sysv "ordering is by After= and Before="
#define reason_install "links are made by systemctl enable"

static const struct directive unit_directives[] = {
	{ "Unit", "After", apply_units, offsetof(struct service, after), 0, DIRECTIVE_HONOURED,
	  NULL },
	{ "Unit", "Before", apply_units, offsetof(struct service, before), 0, DIRECTIVE_HONOURED,
	  NULL },
	{ "Unit", "Requires", apply_units, offsetof(struct service, requires), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Unit", "Wants", apply_units, offsetof(struct service, wants), 0, DIRECTIVE_HONOURED,
	  NULL },
	{ "Unit", "Upholds", apply_units, offsetof(struct service, upholds), 0, DIRECTIVE_HONOURED,
	  NULL },
	{ "Unit", "Conflicts", apply_units, offsetof(struct service, conflicts), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Unit", "BindsTo", apply_units, offsetof(struct service, binds_to), 0, DIRECTIVE_HONOURED,
	  NULL },
	{ "Unit", "BindTo", apply_units, offsetof(struct service, binds_to), 0, DIRECTIVE_HONOURED,
	  NULL },
	{ "Unit", "Requisite", apply_units, offsetof(struct service, requisite), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Unit", "PartOf", apply_units, offsetof(struct service, part_of), 0, DIRECTIVE_HONOURED,
	  NULL },
	{ "Unit", "StopPropagatedFrom", apply_units, offsetof(struct service, stop_from), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Unit", "PropagatesStopTo", apply_units, offsetof(struct service, stop_to), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Unit", "PropagatesReloadTo", apply_units, offsetof(struct service, reload_to), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Unit", "PropagateReloadTo", apply_units, offsetof(struct service, reload_to), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ReloadPropagatedFrom", apply_units, offsetof(struct service, reload_from), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Unit", "PropagateReloadFrom", apply_units, offsetof(struct service, reload_from), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Unit", "OnFailure", apply_units, offsetof(struct service, on_failure), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Unit", "OnSuccess", apply_units, offsetof(struct service, on_success), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Unit", "Description", apply_string, offsetof(struct service, description), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Unit", "StartLimitIntervalSec", apply_span,
	  offsetof(struct service, fields.start_limit_interval_us), 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "StartLimitInterval", apply_span,
	  offsetof(struct service, fields.start_limit_interval_us), 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "StartLimitBurst", apply_u32, offsetof(struct service, fields.start_limit_burst),
	  0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "Import", apply_checked_elsewhere, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "StartLimitAction", apply_no_action, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "FailureAction", apply_action, offsetof(struct service, fields.failure_action), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Unit", "SuccessAction", apply_action, offsetof(struct service, fields.success_action), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionPathExists", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertPathExists", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionPathExistsGlob", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertPathExistsGlob", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionPathIsDirectory", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertPathIsDirectory", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionPathIsSymbolicLink", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertPathIsSymbolicLink", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionPathIsSocket", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertPathIsSocket", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionKernelModuleLoaded", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertKernelModuleLoaded", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionPathIsMountPoint", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertPathIsMountPoint", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionPathIsReadWrite", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertPathIsReadWrite", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionDirectoryNotEmpty", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertDirectoryNotEmpty", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionFileNotEmpty", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertFileNotEmpty", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionFileIsExecutable", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertFileIsExecutable", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionKernelCommandLine", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertKernelCommandLine", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionKernelVersion", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertKernelVersion", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionVirtualization", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertVirtualization", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionSecurity", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertSecurity", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionCapability", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertCapability", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionUser", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertUser", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionGroup", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertGroup", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionHost", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertHost", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionArchitecture", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertArchitecture", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionFirstBoot", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertFirstBoot", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionACPower", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertACPower", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionEnvironment", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertEnvironment", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionNeedsUpdate", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertNeedsUpdate", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionMemory", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertMemory", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionCPUs", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertCPUs", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionControlGroupController", apply_condition, 0, 0, DIRECTIVE_HONOURED,
	  NULL },
	{ "Unit", "AssertControlGroupController", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionCPUFeature", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertCPUFeature", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionCPUPressure", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertCPUPressure", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionMemoryPressure", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertMemoryPressure", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionIOPressure", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertIOPressure", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionOSRelease", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertOSRelease", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionCredential", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertCredential", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionFirmware", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "AssertFirmware", apply_condition, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "ConditionVersion", NULL, 0, 0, DIRECTIVE_REFUSED, reason_condition },
	{ "Unit", "AssertVersion", NULL, 0, 0, DIRECTIVE_REFUSED, reason_condition },
	{ "Unit", "ConditionPathIsEncrypted", NULL, 0, 0, DIRECTIVE_REFUSED, reason_condition },
	{ "Unit", "AssertPathIsEncrypted", NULL, 0, 0, DIRECTIVE_REFUSED, reason_condition },
	{ "Unit", "Documentation", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_text },
	{ "Unit", "SourcePath", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_text },
	{ "Unit", "DefaultDependencies", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_order },
	{ "Unit", "IgnoreOnIsolate", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_jobs },
	{ "Unit", "AllowIsolate", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_jobs },
	{ "Unit", "RefuseManualStart", apply_flag, 0, TABLE_FLAG_REFUSE_MANUAL_START,
	  DIRECTIVE_HONOURED, NULL },
	{ "Unit", "RefuseManualStop", apply_flag, 0, TABLE_FLAG_REFUSE_MANUAL_STOP,
	  DIRECTIVE_HONOURED, NULL },
	{ "Unit", "StopWhenUnneeded", apply_flag, 0, TABLE_FLAG_STOP_WHEN_UNNEEDED,
	  DIRECTIVE_HONOURED, NULL },
	{ "Unit", "OnSuccessJobMode", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_jobs },
	{ "Unit", "OnFailureJobMode", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_jobs },
	{ "Unit", "OnFailureIsolate", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_jobs },
	{ "Unit", "CollectMode", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_record },
	{ "Unit", "RequiresMountsFor", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_mounts },
	{ "Unit", "WantsMountsFor", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_mounts },
	{ "Unit", "SurviveFinalKillSignal", apply_only_no, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Unit", "JoinsNamespaceOf", NULL, 0, 0, DIRECTIVE_REFUSED, later },
	{ "Unit", "JobTimeoutSec", NULL, 0, 0, DIRECTIVE_REFUSED, later },
	{ "Unit", "JobRunningTimeoutSec", NULL, 0, 0, DIRECTIVE_REFUSED, later },
	{ "Unit", "JobTimeoutAction", NULL, 0, 0, DIRECTIVE_REFUSED, later },
	{ "Unit", "JobTimeoutRebootArgument", NULL, 0, 0, DIRECTIVE_REFUSED, later },
	{ "Unit", "FailureActionExitStatus", NULL, 0, 0, DIRECTIVE_REFUSED, later },
	{ "Unit", "SuccessActionExitStatus", NULL, 0, 0, DIRECTIVE_REFUSED, later },
	{ "Unit", "RebootArgument", NULL, 0, 0, DIRECTIVE_REFUSED, later },
};

static const struct directive service_directives[] = {
	{ "Service", "Type", apply_type, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "ExecCondition", apply_exec, 0, TABLE_PHASE_CONDITION, DIRECTIVE_HONOURED,
	  NULL },
	{ "Service", "ExecStartPre", apply_exec, 0, TABLE_PHASE_START_PRE, DIRECTIVE_HONOURED,
	  NULL },
	{ "Service", "ExecStart", apply_exec, 0, TABLE_PHASE_START, DIRECTIVE_HONOURED, NULL },
	{ "Service", "ExecStartPost", apply_exec, 0, TABLE_PHASE_START_POST, DIRECTIVE_HONOURED,
	  NULL },
	{ "Service", "ExecReload", apply_exec, 0, TABLE_PHASE_RELOAD, DIRECTIVE_HONOURED, NULL },
	{ "Service", "ExecStop", apply_exec, 0, TABLE_PHASE_STOP, DIRECTIVE_HONOURED, NULL },
	{ "Service", "ExecStopPost", apply_exec, 0, TABLE_PHASE_STOP_POST, DIRECTIVE_HONOURED,
	  NULL },
	{ "Service", "RemainAfterExit", apply_flag, 0, TABLE_FLAG_REMAIN_AFTER_EXIT,
	  DIRECTIVE_HONOURED, NULL },
	{ "Service", "PIDFile", apply_string, offsetof(struct service, pid_file), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Service", "BusName", apply_string, offsetof(struct service, bus_name), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Service", "NotifyAccess", apply_notify_access, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "Restart", apply_restart, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "RestartSec", apply_restart_sec, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "RestartMode", apply_restart_mode, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "RestartSteps", apply_u32, offsetof(struct service, fields.restart_steps), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Service", "RestartMaxDelaySec", apply_span,
	  offsetof(struct service, fields.restart_max_delay_us), 0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "TimeoutStartSec", apply_timeout_both,
	  offsetof(struct service, fields.start_timeout_us), 0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "TimeoutStopSec", apply_timeout_both,
	  offsetof(struct service, fields.stop_timeout_us), 0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "TimeoutSec", apply_timeout_both,
	  offsetof(struct service, fields.start_timeout_us), 1, DIRECTIVE_HONOURED, NULL },
	{ "Service", "WatchdogSec", apply_span, offsetof(struct service, fields.watchdog_us), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Service", "RuntimeMaxSec", apply_span, offsetof(struct service, fields.runtime_max_us),
	  0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "TimeoutAbortSec", apply_timeout_both,
	  offsetof(struct service, fields.abort_timeout_us), 0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "TimeoutStartFailureMode", apply_failure_mode,
	  offsetof(struct service, fields.start_failure_mode), 0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "TimeoutStopFailureMode", apply_failure_mode,
	  offsetof(struct service, fields.stop_failure_mode), 0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "FailureAction", apply_action, offsetof(struct service, fields.failure_action),
	  0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "SuccessAction", apply_action, offsetof(struct service, fields.success_action),
	  0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "StartLimitAction", apply_no_action, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "StartLimitInterval", apply_span,
	  offsetof(struct service, fields.start_limit_interval_us), 0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "StartLimitIntervalSec", apply_span,
	  offsetof(struct service, fields.start_limit_interval_us), 0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "StartLimitBurst", apply_u32,
	  offsetof(struct service, fields.start_limit_burst), 0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "SuccessExitStatus", apply_words, offsetof(struct service, success_codes), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Service", "RestartPreventExitStatus", apply_words,
	  offsetof(struct service, restart_prevent_codes), 0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "RestartForceExitStatus", apply_words,
	  offsetof(struct service, restart_force_codes), 0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "Sockets", apply_socket_units, offsetof(struct service, socket_units), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Service", "KillMode", apply_kill_mode, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "KillSignal", apply_signal, offsetof(struct service, fields.kill_signal), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Service", "RestartKillSignal", apply_signal,
	  offsetof(struct service, fields.restart_kill_signal), 0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "FinalKillSignal", apply_signal,
	  offsetof(struct service, fields.final_kill_signal), 0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "WatchdogSignal", apply_signal,
	  offsetof(struct service, fields.watchdog_signal), 0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "SendSIGHUP", apply_flag, 0, TABLE_FLAG_SEND_SIGHUP, DIRECTIVE_HONOURED,
	  NULL },
	{ "Service", "SendSIGKILL", apply_flag_inverse, 0, TABLE_FLAG_SEND_SIGKILL_NO,
	  DIRECTIVE_HONOURED, NULL },
	{ "Service", "IgnoreSIGPIPE", apply_flag_inverse, 0, TABLE_FLAG_KEEP_SIGPIPE,
	  DIRECTIVE_HONOURED, NULL },
	{ "Service", "Delegate", apply_delegate, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "Slice", apply_slice, offsetof(struct service, slice), 0, DIRECTIVE_HONOURED,
	  NULL },
	{ "Service", "GuessMainPID", apply_flag_inverse, 0, TABLE_FLAG_NO_GUESS_MAIN_PID,
	  DIRECTIVE_HONOURED, NULL },
	{ "Service", "RootDirectoryStartOnly", apply_only_no, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "PermissionsStartOnly", apply_bool,
	  offsetof(struct service, permissions_start_only), 0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "FileDescriptorStoreMax", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_fdstore },
	{ "Service", "FileDescriptorStorePreserve", NULL, 0, 0, DIRECTIVE_HARMLESS,
	  reason_fdstore },
	{ "Service", "NonBlocking", apply_flag, 0, TABLE_FLAG_NON_BLOCKING, DIRECTIVE_HONOURED,
	  NULL },
	{ "Service", "ExitType", apply_exit_type, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "ReloadSignal", apply_signal, offsetof(struct service, fields.reload_signal),
	  0, DIRECTIVE_HONOURED, NULL },
	{ "Service", "USBFunctionDescriptors", NULL, 0, 0, DIRECTIVE_REFUSED, reason_usb },
	{ "Service", "USBFunctionStrings", NULL, 0, 0, DIRECTIVE_REFUSED, reason_usb },
	{ "Service", "SysVStartPriority", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_sysv },
	{ "Service", "RuntimeRandomizedExtraSec", NULL, 0, 0, DIRECTIVE_REFUSED, later },
	{ "Service", "RebootArgument", NULL, 0, 0, DIRECTIVE_REFUSED, later },
	{ "Service", "BusPolicy", NULL, 0, 0, DIRECTIVE_REFUSED, later },
};

static const struct directive install_directives[] = {
	{ "Early", "Stage", apply_stage, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Early", "ReadyFd", apply_ready_fd, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Early", "Seat", apply_string, offsetof(struct service, seat), 0, DIRECTIVE_HONOURED,
	  NULL },
	{ "Early", "ScreenAtStart", apply_flag, 0, TABLE_FLAG_SCREEN_AT_START, DIRECTIVE_HONOURED,
	  NULL },
	{ "Early", "OnGiveUp", apply_give_up, offsetof(struct service, on_give_up), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Install", "WantedBy", apply_units, offsetof(struct service, wanted_by), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Install", "RequiredBy", apply_units, offsetof(struct service, wanted_by), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Install", "UpheldBy", apply_units, offsetof(struct service, wanted_by), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Install", "Alias", apply_units, offsetof(struct service, install_aliases), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Install", "Also", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_install },
	{ "Install", "DefaultInstance", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_install },
};

static const struct directive_group unit_group = { unit_directives, ARRAY_SIZE(unit_directives) };
static const struct directive_group service_group = { service_directives,
						      ARRAY_SIZE(service_directives) };
static const struct directive_group install_group = { install_directives,
						      ARRAY_SIZE(install_directives) };

static const struct directive_group *const groups[] = {
	&unit_group,
	&service_group,
	&directive_group_exec,
	&directive_group_resource,
	&directive_group_socket,
	&directive_group_path,
	&directive_group_timer,
	&directive_group_activate,
	&install_group,
};

/* [Slice] and [Scope] hold what systemd.resource-control(5) describes, and nothing else. */
static bool is_resources_only(const char *section)
{
	return strcmp(section, "Slice") == 0 || strcmp(section, "Scope") == 0;
}

static const struct directive *find_in(const struct directive_group *group, const char *section,
				       const char *key)
{
	for (size_t i = 0; i < group->n_items; i++)
		if (strcmp(group->items[i].key, key) == 0 &&
		    strcmp(group->items[i].section, section) == 0)
			return &group->items[i];
	return NULL;
}

bool directive_is_activation(const char *section)
{
	return strcmp(section, "Socket") == 0 || strcmp(section, "Path") == 0 ||
	       strcmp(section, "Timer") == 0;
}

/* [Activate] takes what [Socket], [Path] and [Timer] take; the service is the one whose manifest it is. */
static const struct directive *find_activation(const char *key)
{
	static const struct {
		const struct directive_group *group;
		const char *section;
	} places[] = {
		{ &directive_group_activate, "Activate" },
		{ &directive_group_socket, "Socket" },
		{ &directive_group_path, "Path" },
		{ &directive_group_timer, "Timer" },
	};

	if (strcmp(key, "Service") == 0 || strcmp(key, "Unit") == 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const struct directive *directive = find_in(places[i].group, places[i].section,
							    key);

		if (directive)
			return directive;
	}
	return NULL;
}

const struct directive *directive_find(const char *section, const char *key)
{
	if (strcmp(section, "Activate") == 0)
		return find_activation(key);
	if (is_resources_only(section))
		return find_in(&directive_group_resource, "Service", key);
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		const struct directive *directive = find_in(groups[i], section, key);

		if (directive)
			return directive;
	}
	return NULL;
}
