/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "service.h"

/* Between service.c (what it is), service_step.c (the table's shell), service_run.c (commands) and service_notify.c. */

/* Takes the step that the table has for @event, if any. */
void service_dispatch(struct service *service, enum service_event event);

/* The first failure of a run is the one that counts. @detail may be NULL. */
void service_fail(struct service *service, enum verdict_result result, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

/* A good end that a restart follows is remembered, too. */
void service_note_end(struct service *service);

/* The commands of the present state from the first on. */
void service_run_phase(struct service *service);

/* Has early-exec take away what the run made; its end is awaited like any process's. False: there is nothing to do. */
bool service_run_clean(struct service *service);

/* Up: is the main process still there, and if not, what follows? */
void service_settle(struct service *service);

/* In a state that awaits the end of processes: feeds EMPTY if there are none. */
void service_check_empty(struct service *service);

/* An automatic restart is due: counts the death. False: it stays down. */
bool service_comes_again(struct service *service);

/* The next rung of OnGiveUp=. True: it runs again. */
bool service_give_up(struct service *service);

uint64_t service_restart_delay(const struct service *service);

/* True: service_begin() will be called when its rung's unit is up, or took too long. */
bool service_waits_for_software(struct service *service);

/* Somebody asked for it anew. */
void service_climb_down(struct service *service);

/* Makes `control` if it is not there: 0 or -ENOMEM. */
int service_need_control(struct service *service);

/* Makes `watch` if it is not there; NULL: no memory. */
struct service_watch *service_need_watch(struct service *service);

void service_watch_main(struct service *service, pid_t pid);
/* NotifyAccess=, or what its type needs. */
enum table_notify service_notify_access(const struct service *service);
bool service_awaits_notify(const struct service *service); /* READY=1 says that it is up */
void service_handle_notify(struct notify *notify, const struct notify_message *message);
void service_hear_last_words(struct loop_child *child); /* of a service_process */
void service_handle_empty(struct cgroup *group);
void service_drop_stored_fds(struct service *service);
void service_pet_watchdog(struct service *service);
void service_stop_watchdog(struct service *service);

/* A main process that is not PID 1's child is watched by its pidfd. Idempotent. */
void service_forget_stranger(struct service *service);

/* A copy of @name; @fd is taken over. @polled: dropped when its other end is gone. */
void service_store_fd(struct service *service, const char *name, int fd, bool polled);
void service_take_fds(struct service *service, const struct notify_message *message);

/* ReadyFd=: makes the pipe (*ret_write is the caller's), takes one over, closes it (idempotent). */
bool service_awaits_ready_fd(const struct service *service);
int service_ready_open(struct service *service, int *ret_write);
int service_ready_adopt(struct service *service, int fd);
void service_ready_close(struct service *service);

/* PIDFile=: READY when it names the main process, now or later. */
bool service_has_pid_file(const struct service *service);
void service_look_for_main(struct service *service);

/* After an exec: watches the processes again and arms the deadlines. */
struct state_service;
void service_resume(struct service *service, const struct state_service *state);
void service_resume_processes(struct service *service, const struct state_service *state);
void service_resume_prestart(struct service *service, uint64_t deadline_us);

/* The prestart hook is through: counts the start and takes it. */
void service_begin(struct service *service);
