/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

struct channel;
struct manager;
struct scope;
struct service;
struct timeline;

/* What the control socket answers: messages made of the manager's objects. A client that is gone is no error here. */

void control_answer_done(struct channel *channel, int error, const char *text);
/* @closely: with its memory and its tasks. */
void control_answer_service(struct channel *channel, struct manager *manager,
			    const struct service *service, bool closely);
void control_answer_scope(struct channel *channel, struct manager *manager,
			  const struct scope *scope);
void control_answer_reasons(struct channel *channel, struct manager *manager,
			    const struct service *service);
void control_answer_list(struct channel *channel, struct manager *manager);
void control_answer_machine(struct channel *channel, struct manager *manager);
void control_answer_timeline(struct channel *channel, struct manager *manager);
