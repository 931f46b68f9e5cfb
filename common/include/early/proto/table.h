/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/wire.h"

/*
 * What early-load writes: the manifests as a sequence of messages in a sealed memfd.
 *
 * HEADER, then for each unit SERVICE followed by its EXEC, SOCKET, PATH and (of a .timer) TIMER lines, DIAGNOSTIC anywhere, END last. Without END the
 * table is not whole and must not be used. All times in microseconds, UINT64_MAX is infinity.
 */

enum table_opcode {
	TABLE_HEADER = 1,
	TABLE_SERVICE = 2,
	TABLE_EXEC = 3, /* one command line of the service before it */
	TABLE_SOCKET = 4, /* one address of the service before it */
	TABLE_DIAGNOSTIC = 5,
	TABLE_END = 6,
	TABLE_PATH = 7, /* one path that starts the service before it */
	TABLE_TIMER = 8, /* one time at which the timer before it elapses */
};

#define TABLE_VERSION 5

/* What may be said of one unit: lines of a kind, and bytes of all of them. More is refused by the reader, so the writer tells an error. */
#define TABLE_MAX_EXECS 64
#define TABLE_MAX_SOCKETS 32
#define TABLE_MAX_PATHS 64
#define TABLE_MAX_TIMERS 64
#define TABLE_MAX_UNIT_BYTES (256 * 1024)

enum table_load {
	TABLE_LOAD_LOADED = 0,
	TABLE_LOAD_NOT_FOUND = 1,
	TABLE_LOAD_MASKED = 2,
	TABLE_LOAD_ERROR = 3,
};

enum table_type {
	TABLE_TYPE_SIMPLE = 0,
	TABLE_TYPE_EXEC = 1,
	TABLE_TYPE_FORKING = 2,
	TABLE_TYPE_ONESHOT = 3,
	TABLE_TYPE_NOTIFY = 4,
	TABLE_TYPE_DBUS = 5,
	TABLE_TYPE_IDLE = 6,
	TABLE_TYPE_TARGET = 7, /* a synchronization point without processes */
	TABLE_TYPE_NOTIFY_RELOAD = 8,
};

enum table_stage {
	TABLE_STAGE_DEMAND = 0,
	TABLE_STAGE_SPLASH = 1,
	TABLE_STAGE_DISPLAY = 2,
	TABLE_STAGE_DISKS = 3,
	TABLE_STAGE_MERGED = 4,
	TABLE_STAGE_GREETER = 5, /* enabled, no activation: started after the greeter */
};

enum table_flag {
	TABLE_FLAG_NEEDS_EXEC = 1, /* start through early-exec; otherwise executed directly */
	TABLE_FLAG_REMAIN_AFTER_EXIT = 2,
	TABLE_FLAG_DELEGATE = 4,
	TABLE_FLAG_PRESERVE_RUNTIME_DIRECTORY = 16,
	TABLE_FLAG_KEEP_SIGPIPE = 32, /* IgnoreSIGPIPE=no */
	TABLE_FLAG_SEND_SIGHUP = 64,
	TABLE_FLAG_SEND_SIGKILL_NO = 128,
	TABLE_FLAG_LISTEN_FDS = 256, /* sockets are handed over by LISTEN_FDS */
	TABLE_FLAG_SET_LOGIN_ENVIRONMENT = 512,
	TABLE_FLAG_RESTART_SEC = 1 << 16, /* RestartSec= was given: the pause is the manifest's */
	TABLE_FLAG_EXIT_CGROUP =
		1 << 17, /* ExitType=cgroup: it runs as long as anything of it does */
	TABLE_FLAG_NO_GUESS_MAIN_PID = 1 << 18, /* GuessMainPID=no */
	TABLE_FLAG_STOP_WHEN_UNNEEDED = 1 << 19,
	TABLE_FLAG_REFUSE_MANUAL_START = 1 << 20, /* only others' dependencies start it */
	TABLE_FLAG_REFUSE_MANUAL_STOP = 1 << 21,
	TABLE_FLAG_NON_BLOCKING = 1 << 22, /* its sockets come with O_NONBLOCK */
	TABLE_FLAG_SCREEN_AT_START =
		1 << 23, /* it takes the screen before a session of logind's is opened */
};

enum table_restart {
	TABLE_RESTART_NO = 0,
	TABLE_RESTART_ON_SUCCESS = 1,
	TABLE_RESTART_ON_FAILURE = 2,
	TABLE_RESTART_ON_ABNORMAL = 3,
	TABLE_RESTART_ON_WATCHDOG = 4,
	TABLE_RESTART_ON_ABORT = 5,
	TABLE_RESTART_ALWAYS = 6,
};

enum table_notify {
	TABLE_NOTIFY_DEFAULT = 0, /* as its type needs it: main or none */
	TABLE_NOTIFY_NONE = 1,
	TABLE_NOTIFY_MAIN = 2,
	TABLE_NOTIFY_EXEC = 3, /* the main process and the commands of the manifest */
	TABLE_NOTIFY_ALL = 4,
};

/* What a service gets that took too long. */
enum table_failure_mode {
	TABLE_FAILURE_TERMINATE = 0, /* its stop signal, then the final one */
	TABLE_FAILURE_ABORT = 1, /* the watchdog's signal, then the final one */
	TABLE_FAILURE_KILL = 2, /* the final one at once */
};

/* What becomes of the machine when a unit ends. */
enum table_action {
	TABLE_ACTION_NONE = 0,
	TABLE_ACTION_REBOOT = 1,
	TABLE_ACTION_POWEROFF = 2,
	TABLE_ACTION_HALT = 3,
	TABLE_ACTION_EXIT =
		4, /* a container's early-init ends as the service did; a machine is switched off */
};

enum table_kill {
	TABLE_KILL_CONTROL_GROUP = 0,
	TABLE_KILL_MIXED = 1,
	TABLE_KILL_PROCESS = 2,
	TABLE_KILL_NONE = 3,
};

enum table_phase {
	TABLE_PHASE_CONDITION = 0,
	TABLE_PHASE_START_PRE = 1,
	TABLE_PHASE_START = 2,
	TABLE_PHASE_START_POST = 3,
	TABLE_PHASE_RELOAD = 4,
	TABLE_PHASE_STOP = 5,
	TABLE_PHASE_STOP_POST = 6,
	TABLE_PHASE_CLEAN =
		7, /* no line of a manifest: PID 1 has early-exec take away what the starts made */
};

enum table_exec_flag {
	TABLE_EXEC_IGNORE_FAILURE = 1, /* - */
	TABLE_EXEC_FULL_PRIVILEGE = 2, /* + */
	TABLE_EXEC_NO_ENVIRONMENT = 4, /* : (no $VARIABLE expansion) */
	TABLE_EXEC_HAS_VARIABLES = 8, /* a $VARIABLE must be expanded: needs early-exec */
	TABLE_EXEC_KEEP_IDENTITY = 16, /* !: all but User= and Group= holds */
};

enum table_socket_kind {
	TABLE_SOCKET_STREAM = 0,
	TABLE_SOCKET_DATAGRAM = 1,
	TABLE_SOCKET_SEQPACKET = 2,
	TABLE_SOCKET_FIFO = 3,
	TABLE_SOCKET_NETLINK = 4,
};

enum table_socket_flag {
	TABLE_SOCKET_ACCEPT = 1, /* Accept=yes: a process for each connection */
};

enum table_path_kind {
	TABLE_PATH_EXISTS = 0,
	TABLE_PATH_EXISTS_GLOB = 1,
	TABLE_PATH_CHANGED = 2,
	TABLE_PATH_MODIFIED = 3,
	TABLE_PATH_DIRECTORY_NOT_EMPTY = 4,
};

enum table_timer_kind {
	TABLE_TIMER_CALENDAR = 0, /* OnCalendar= */
	TABLE_TIMER_ACTIVE = 1, /* OnActiveSec=: since the timer was started */
	TABLE_TIMER_BOOT = 2, /* OnBootSec=: since the kernel's start */
	TABLE_TIMER_STARTUP = 3, /* OnStartupSec=: since PID 1's start */
	TABLE_TIMER_UNIT_ACTIVE = 4, /* OnUnitActiveSec=: since the service was last started */
	TABLE_TIMER_UNIT_INACTIVE = 5, /* OnUnitInactiveSec=: since it last ended */
	TABLE_TIMER_CLOCK_CHANGE = 6, /* OnClockChange=yes */
	TABLE_TIMER_TIMEZONE_CHANGE = 7, /* OnTimezoneChange=yes */
};

enum table_timer_flag {
	TABLE_TIMER_PERSISTENT = 1, /* what was missed while the machine was off is made up for */
	TABLE_TIMER_FIXED_RANDOM = 2, /* the same random delay each time */
	TABLE_TIMER_WAKE_SYSTEM = 4,
	TABLE_TIMER_FORGET = 8, /* RemainAfterElapse=no */
};

struct table_header {
	uint32_t version; /* TABLE_VERSION */
	uint32_t services;
};

struct table_service {
	const char *name; /* with its suffix: gdm.service */
	const char *description;
	const char *path; /* manifest's file, "" for a unit that exists by its name only */
	uint32_t load_state; /* enum table_load */
	const char *load_error; /* file:line: text, when load_state is an error */
	struct wire_list aliases;
	uint32_t type; /* enum table_type */
	uint32_t stage; /* enum table_stage */
	uint32_t flags; /* enum table_flag, or-ed */
	uint32_t restart; /* enum table_restart */
	uint64_t restart_us;
	uint64_t start_timeout_us;
	uint64_t stop_timeout_us;
	uint64_t watchdog_us;
	uint32_t start_limit_burst;
	uint64_t start_limit_interval_us;
	uint32_t kill_mode; /* enum table_kill */
	int32_t kill_signal;
	int32_t restart_kill_signal; /* the same on the way to a restart; 0: kill_signal */
	int32_t final_kill_signal; /* for what outlives its time; 0: SIGKILL */
	int32_t watchdog_signal; /* 0: SIGABRT */
	uint64_t abort_timeout_us; /* after the watchdog's signal; 0: stop_timeout_us */
	uint64_t runtime_max_us; /* 0: as long as it likes */
	struct wire_list success_codes; /* numbers and signal names that count as success */
	struct wire_list restart_prevent_codes;
	struct wire_list restart_force_codes;
	struct wire_list after;
	struct wire_list before;
	struct wire_list requires;
	struct wire_list wants;
	struct wire_list conflicts;
	struct wire_list binds_to;
	struct wire_list requisite; /* must be up already, is not started */
	struct wire_list part_of; /* stops and restarts with these */
	struct wire_list stop_to; /* these stop with it */
	struct wire_list stop_from; /* stops with these */
	struct wire_list reload_to; /* these are reloaded with it */
	struct wire_list reload_from; /* is reloaded with these */
	struct wire_list on_failure; /* started when it failed */
	struct wire_list on_success; /* started when it ended well */
	const char *bus_name;
	const char *slice; /* "system.slice" if not given */
	const char *seat;
	const char *on_give_up;
	const char *pid_file;
	struct wire_list
		conditions; /* "path-exists:[!|]/x", "directory-not-empty:…": evaluated by early-exec */
	const char *user;
	const char *group;
	struct wire_list supplementary_groups;
	const char *pam_name;
	const char *working_directory;
	const char *root_directory;
	struct wire_list environment;
	struct wire_list environment_files; /* "-" in front: may be missing */
	struct wire_list pass_environment;
	struct wire_list unset_environment;
	struct wire_list runtime_directory;
	uint32_t runtime_directory_mode;
	struct wire_list state_directory;
	uint32_t state_directory_mode;
	struct wire_list cache_directory;
	uint32_t cache_directory_mode;
	struct wire_list logs_directory;
	uint32_t logs_directory_mode;
	const char *standard_input; /* null, tty, … */
	const char *standard_output; /* inherit (log), null, tty, … */
	const char *standard_error;
	const char *tty_path;
	struct wire_list limits; /* "NOFILE=1024:524288" */
	int32_t nice;
	uint32_t umask;
	int32_t oom_score_adjust;
	struct wire_list capabilities; /* CapabilityBoundingSet=, not applied when empty */
	struct wire_list ambient_capabilities;
	struct wire_list settings; /* "Key=canonical value", for early-exec alone */
	uint32_t remarks; /* how many DIAGNOSTICs are about this unit */
	/*
	 * Files of its cgroup and what goes into them, in their order: "memory.max=1073741824", "memory.max=50%" (of the
	 * machine's memory), "pids.max=10%", "io.max=/dev/sda rbps=1048576" (the device's number is found at the start).
	 */
	struct wire_list cgroup;
	struct wire_list delegate; /* controllers that are handed over with TABLE_FLAG_DELEGATE */
	struct wire_list devices; /* "policy=closed", "/dev/null rwm", "char-pts rw", "block-* r" */
	struct wire_list addresses; /* "allow 10.0.0.0/8", "deny ::/0" */
	struct wire_list upholds; /* started whenever they are down while it is up */
	uint32_t notify_access; /* enum table_notify */
	int32_t reload_signal; /* of notify-reload; 0: SIGHUP */
	uint32_t start_failure_mode; /* enum table_failure_mode */
	uint32_t stop_failure_mode;
	uint32_t restart_steps; /* from restart_us to restart_max_delay_us; 0: none */
	uint64_t restart_max_delay_us; /* 0: not given */
	int32_t ready_fd; /* a newline on it says that it is ready; 0: none */
	uint64_t
		changed_us; /* CLOCK_REALTIME: when the newest of its files was changed; 0: no file */
	uint32_t failure_action; /* enum table_action */
	uint32_t success_action;
};

struct table_exec {
	uint32_t phase; /* enum table_phase */
	uint32_t flags; /* enum table_exec_flag */
	const char *program; /* absolute path */
	struct wire_list argv; /* argv[0] included */
};

struct table_socket {
	uint32_t kind; /* enum table_socket_kind */
	const char *address; /* /run/x, @abstract, port, ip:port */
	uint32_t mode;
	const char *user;
	const char *group;
	const char *fd_name;
	uint32_t flags; /* enum table_socket_flag, or-ed */
	uint32_t directory_mode; /* of the directories above a path that are missing */
	struct wire_list
		options; /* "backlog=128", "keep-alive=1", "receive-buffer=65536": listen_options.c */
	struct wire_list symlinks; /* other paths of a path */
};

struct table_path {
	uint32_t kind; /* enum table_path_kind */
	const char *path; /* absolute; a pattern for EXISTS_GLOB */
	uint32_t make_directory; /* 1: MakeDirectory=yes */
	uint32_t directory_mode;
	uint64_t trigger_limit_interval_us;
	uint32_t trigger_limit_burst;
};

struct table_timer {
	uint32_t kind; /* enum table_timer_kind */
	uint64_t span_us; /* of all kinds but CALENDAR and the changes */
	const char *calendar; /* of CALENDAR, in the canonical form of early/calendar.h */
	uint32_t flags; /* enum table_timer_flag, or-ed */
	uint64_t accuracy_us;
	uint64_t randomized_us;
	const char *
		unit; /* that it starts: the same in all lines of a timer, as are the three above */
};

struct table_diagnostic {
	const char *file;
	uint32_t line;
	uint32_t level; /* 3 error, 4 warning */
	const char *directive; /* may be empty */
	const char *text;
	const char *unit; /* whose file, drop-in or import it is; may be empty */
};

extern const struct wire_protocol table_protocol;
