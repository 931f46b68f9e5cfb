/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Directives that start a service when somebody needs it: [Socket], [Path] and [Timer] of stock units. [Activate] of our own manifests
 * takes all of them as well, apart from those that name the unit to start.
 */
#include "directive_table.h"

#include "early/macros.h"

#define reason_kept "a socket stays for as long as Early runs, so that no connection is lost"
#define reason_connections "counts processes of Accept=yes, which is refused"
#define reason_queue "speaks to ListenMessageQueue=, which is refused"
#define reason_special "speaks to ListenSpecial=, which is refused"
#define reason_commands "speaks to commands of the socket, which are refused"
#define reason_limit "the service's own start limit ends what starts too often"
#define reason_labels "labels are given by the policy, which knows the socket's path and port"

/* What early-init is told of, but does not act on. */
#define reason_path "no path starts a service yet"
#define reason_timer "no time starts a service yet"
#define PATH_CLASS DIRECTIVE_REFUSED, reason_path
#define TIMER_CLASS DIRECTIVE_REFUSED, reason_timer

static const struct directive socket_directives[] = {
	{ "Socket", "ListenStream", apply_listen, 0, TABLE_SOCKET_STREAM, DIRECTIVE_HONOURED,
	  NULL },
	{ "Socket", "ListenDatagram", apply_listen, 0, TABLE_SOCKET_DATAGRAM, DIRECTIVE_HONOURED,
	  NULL },
	{ "Socket", "ListenSequentialPacket", apply_listen, 0, TABLE_SOCKET_SEQPACKET,
	  DIRECTIVE_HONOURED, NULL },
	{ "Socket", "ListenFIFO", apply_listen, 0, TABLE_SOCKET_FIFO, DIRECTIVE_HONOURED, NULL },
	{ "Socket", "ListenNetlink", apply_listen, 0, TABLE_SOCKET_NETLINK, DIRECTIVE_HONOURED,
	  NULL },
	{ "Socket", "SocketMode", apply_mode, offsetof(struct service, activation.socket.mode), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Socket", "DirectoryMode", apply_mode,
	  offsetof(struct service, activation.socket.directory_mode), 0, DIRECTIVE_HONOURED, NULL },
	{ "Socket", "SocketUser", apply_string, offsetof(struct service, activation.socket.user), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Socket", "SocketGroup", apply_string, offsetof(struct service, activation.socket.group),
	  0, DIRECTIVE_HONOURED, NULL },
	{ "Socket", "FileDescriptorName", apply_string,
	  offsetof(struct service, activation.socket.fd_name), 0, DIRECTIVE_HONOURED, NULL },
	{ "Socket", "Symlinks", apply_words, offsetof(struct service, activation.socket.symlinks),
	  0, DIRECTIVE_HONOURED, NULL },
	{ "Socket", "Service", apply_string, offsetof(struct service, activation.unit), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Socket", "Accept", apply_accept, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Socket", "FlushPending", apply_only_no, 0, 0, DIRECTIVE_HONOURED, NULL },
	{ "Socket", "Backlog", apply_socket_option, 0, SOCKET_OPTION_NUMBER, DIRECTIVE_HONOURED,
	  NULL },
	{ "Socket", "BindIPv6Only", apply_socket_option, 0, SOCKET_OPTION_IPV6_ONLY,
	  DIRECTIVE_HONOURED, NULL },
	{ "Socket", "BindToDevice", apply_socket_option, 0, SOCKET_OPTION_TEXT, DIRECTIVE_HONOURED,
	  NULL },
	{ "Socket", "KeepAlive", apply_socket_option, 0, SOCKET_OPTION_BOOL, DIRECTIVE_HONOURED,
	  NULL },
	{ "Socket", "KeepAliveTimeSec", apply_socket_option, 0, SOCKET_OPTION_SECONDS,
	  DIRECTIVE_HONOURED, NULL },
	{ "Socket", "KeepAliveIntervalSec", apply_socket_option, 0, SOCKET_OPTION_SECONDS,
	  DIRECTIVE_HONOURED, NULL },
	{ "Socket", "KeepAliveProbes", apply_socket_option, 0, SOCKET_OPTION_NUMBER,
	  DIRECTIVE_HONOURED, NULL },
	{ "Socket", "NoDelay", apply_socket_option, 0, SOCKET_OPTION_BOOL, DIRECTIVE_HONOURED,
	  NULL },
	{ "Socket", "Priority", apply_socket_option, 0, SOCKET_OPTION_NUMBER, DIRECTIVE_HONOURED,
	  NULL },
	{ "Socket", "DeferAcceptSec", apply_socket_option, 0, SOCKET_OPTION_SECONDS,
	  DIRECTIVE_HONOURED, NULL },
	{ "Socket", "ReceiveBuffer", apply_socket_option, 0, SOCKET_OPTION_SIZE, DIRECTIVE_HONOURED,
	  NULL },
	{ "Socket", "SendBuffer", apply_socket_option, 0, SOCKET_OPTION_SIZE, DIRECTIVE_HONOURED,
	  NULL },
	{ "Socket", "IPTOS", apply_socket_option, 0, SOCKET_OPTION_TOS, DIRECTIVE_HONOURED, NULL },
	{ "Socket", "IPTTL", apply_socket_option, 0, SOCKET_OPTION_NUMBER, DIRECTIVE_HONOURED,
	  NULL },
	{ "Socket", "Mark", apply_socket_option, 0, SOCKET_OPTION_NUMBER, DIRECTIVE_HONOURED,
	  NULL },
	{ "Socket", "ReusePort", apply_socket_option, 0, SOCKET_OPTION_BOOL, DIRECTIVE_HONOURED,
	  NULL },
	{ "Socket", "PipeSize", apply_socket_option, 0, SOCKET_OPTION_SIZE, DIRECTIVE_HONOURED,
	  NULL },
	{ "Socket", "FreeBind", apply_socket_option, 0, SOCKET_OPTION_BOOL, DIRECTIVE_HONOURED,
	  NULL },
	{ "Socket", "Transparent", apply_socket_option, 0, SOCKET_OPTION_BOOL, DIRECTIVE_HONOURED,
	  NULL },
	{ "Socket", "Broadcast", apply_socket_option, 0, SOCKET_OPTION_BOOL, DIRECTIVE_HONOURED,
	  NULL },
	{ "Socket", "PassCredentials", apply_socket_option, 0, SOCKET_OPTION_BOOL,
	  DIRECTIVE_HONOURED, NULL },
	{ "Socket", "PassSecurity", apply_socket_option, 0, SOCKET_OPTION_BOOL, DIRECTIVE_HONOURED,
	  NULL },
	{ "Socket", "PassPacketInfo", apply_socket_option, 0, SOCKET_OPTION_BOOL,
	  DIRECTIVE_HONOURED, NULL },
	{ "Socket", "Timestamping", apply_socket_option, 0, SOCKET_OPTION_TIMESTAMPS,
	  DIRECTIVE_HONOURED, NULL },
	{ "Socket", "TCPCongestion", apply_socket_option, 0, SOCKET_OPTION_TEXT, DIRECTIVE_HONOURED,
	  NULL },
	{ "Socket", "RemoveOnStop", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_kept },
	{ "Socket", "MaxConnections", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_connections },
	{ "Socket", "MaxConnectionsPerSource", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_connections },
	{ "Socket", "MessageQueueMaxMessages", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_queue },
	{ "Socket", "MessageQueueMessageSize", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_queue },
	{ "Socket", "Writable", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_special },
	{ "Socket", "TimeoutSec", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_commands },
	{ "Socket", "TriggerLimitIntervalSec", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_limit },
	{ "Socket", "TriggerLimitBurst", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_limit },
	{ "Socket", "SmackLabel", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_labels },
	{ "Socket", "SmackLabelIPIn", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_labels },
	{ "Socket", "SmackLabelIPOut", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_labels },
	{ "Socket", "SELinuxContextFromNet", NULL, 0, 0, DIRECTIVE_HARMLESS, reason_labels },
	{ "Socket", "SocketProtocol", NULL, 0, 0, DIRECTIVE_REFUSED,
	  "sockets are TCP and UDP: leave the line out" },
	{ "Socket", "ListenSpecial", NULL, 0, 0, DIRECTIVE_REFUSED,
	  "special files are not opened ahead of the service" },
	{ "Socket", "ListenMessageQueue", NULL, 0, 0, DIRECTIVE_REFUSED,
	  "message queues are not made" },
	{ "Socket", "ListenUSBFunction", NULL, 0, 0, DIRECTIVE_REFUSED,
	  "gadget functions are set up by their own tools" },
	{ "Socket", "ExecStartPre", NULL, 0, 0, DIRECTIVE_REFUSED,
	  "commands of a socket are not executed: put them into the service" },
	{ "Socket", "ExecStartPost", NULL, 0, 0, DIRECTIVE_REFUSED,
	  "commands of a socket are not executed: put them into the service" },
	{ "Socket", "ExecStopPre", NULL, 0, 0, DIRECTIVE_REFUSED,
	  "commands of a socket are not executed: put them into the service" },
	{ "Socket", "ExecStopPost", NULL, 0, 0, DIRECTIVE_REFUSED,
	  "commands of a socket are not executed: put them into the service" },
};

static const struct directive path_directives[] = {
	{ "Path", "PathExists", apply_watched_path, 0, TABLE_PATH_EXISTS, PATH_CLASS },
	{ "Path", "PathExistsGlob", apply_watched_path, 0, TABLE_PATH_EXISTS_GLOB, PATH_CLASS },
	{ "Path", "PathChanged", apply_watched_path, 0, TABLE_PATH_CHANGED, PATH_CLASS },
	{ "Path", "PathModified", apply_watched_path, 0, TABLE_PATH_MODIFIED, PATH_CLASS },
	{ "Path", "DirectoryNotEmpty", apply_watched_path, 0, TABLE_PATH_DIRECTORY_NOT_EMPTY,
	  PATH_CLASS },
	{ "Path", "Unit", apply_string, offsetof(struct service, activation.unit), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Path", "MakeDirectory", apply_bool,
	  offsetof(struct service, activation.path.make_directory), 0, DIRECTIVE_HONOURED, NULL },
	{ "Path", "DirectoryMode", apply_mode,
	  offsetof(struct service, activation.path.directory_mode), 0, DIRECTIVE_HONOURED, NULL },
	{ "Path", "TriggerLimitIntervalSec", apply_span,
	  offsetof(struct service, activation.path.trigger_limit_interval_us), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Path", "TriggerLimitBurst", apply_u32,
	  offsetof(struct service, activation.path.trigger_limit_burst), 0, DIRECTIVE_HONOURED,
	  NULL },
};

static const struct directive timer_directives[] = {
	{ "Timer", "OnCalendar", apply_timer, 0, TABLE_TIMER_CALENDAR, TIMER_CLASS },
	{ "Timer", "OnActiveSec", apply_timer, 0, TABLE_TIMER_ACTIVE, TIMER_CLASS },
	{ "Timer", "OnBootSec", apply_timer, 0, TABLE_TIMER_BOOT, TIMER_CLASS },
	{ "Timer", "OnStartupSec", apply_timer, 0, TABLE_TIMER_STARTUP, TIMER_CLASS },
	{ "Timer", "OnUnitActiveSec", apply_timer, 0, TABLE_TIMER_UNIT_ACTIVE, TIMER_CLASS },
	{ "Timer", "OnUnitInactiveSec", apply_timer, 0, TABLE_TIMER_UNIT_INACTIVE, TIMER_CLASS },
	{ "Timer", "OnClockChange", apply_timer_change, 0, TABLE_TIMER_CLOCK_CHANGE, TIMER_CLASS },
	{ "Timer", "OnTimezoneChange", apply_timer_change, 0, TABLE_TIMER_TIMEZONE_CHANGE,
	  TIMER_CLASS },
	{ "Timer", "Unit", apply_string, offsetof(struct service, activation.unit), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Timer", "AccuracySec", apply_span,
	  offsetof(struct service, activation.timer.accuracy_us), 0, DIRECTIVE_HONOURED, NULL },
	{ "Timer", "RandomizedDelaySec", apply_span,
	  offsetof(struct service, activation.timer.randomized_us), 0, DIRECTIVE_HONOURED, NULL },
	{ "Timer", "FixedRandomDelay", apply_timer_flag, 0, TABLE_TIMER_FIXED_RANDOM,
	  DIRECTIVE_HONOURED, NULL },
	{ "Timer", "Persistent", apply_timer_flag, 0, TABLE_TIMER_PERSISTENT, DIRECTIVE_HONOURED,
	  NULL },
	{ "Timer", "WakeSystem", apply_timer_flag, 0, TABLE_TIMER_WAKE_SYSTEM, DIRECTIVE_HONOURED,
	  NULL },
	{ "Timer", "RemainAfterElapse", apply_timer_flag, 0, TABLE_TIMER_FORGET, DIRECTIVE_HONOURED,
	  NULL },
};

static const struct directive activate_directives[] = {
	{ "Activate", "BusName", apply_string, offsetof(struct service, bus_name), 0,
	  DIRECTIVE_HONOURED, NULL },
	{ "Activate", "Adopt", NULL, 0, 0, DIRECTIVE_REFUSED, later },
	{ "Activate", "IdleStopSec", NULL, 0, 0, DIRECTIVE_REFUSED, later },
	{ "Activate", "Device", NULL, 0, 0, DIRECTIVE_REFUSED, later },
};

const struct directive_group directive_group_socket = { socket_directives,
							ARRAY_SIZE(socket_directives) };
const struct directive_group directive_group_path = { path_directives,
						      ARRAY_SIZE(path_directives) };
const struct directive_group directive_group_timer = { timer_directives,
						       ARRAY_SIZE(timer_directives) };
const struct directive_group directive_group_activate = { activate_directives,
							  ARRAY_SIZE(activate_directives) };
