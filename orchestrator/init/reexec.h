/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/loop.h"

/*
 * `earlyctl daemon-reexec`: the program that is at @path now takes the place of this one, if it says that it can read the state. A
 * refusal is told to whoever asked, and all goes on.
 */
#define REEXEC_DEADLINE_US (10 * 1000000ULL)
#define REEXEC_QUESTION "--reads-state="

struct manager;

struct reexec {
	struct loop *loop;
	struct manager *manager;
	const char *path; /* not copied */
	struct loop_child child; /* the new program, asked */
	struct loop_timer timer; /* its deadline, then the time for our answer to go out */
};

void reexec_init(struct reexec *reexec, struct loop *loop, struct manager *manager,
		 const char *path);
void reexec_done(struct reexec *reexec);

/* As the answer to CONTROL_VERB_DAEMON_REEXEC: -EINPROGRESS, manager_verb_done() follows. */
int reexec_start(struct reexec *reexec);

/* In the new program, before all else: its exit status if argv is that question, -1 if not. */
int reexec_answer(int argc, char *const *argv);
