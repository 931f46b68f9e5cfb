/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The server of RUN/control. Root may do all, others may read. */
#define CONTROL_MAX_CLIENTS 64
#define CONTROL_MAX_CLIENTS_OF_A_USER 8

struct control;
struct manager;

int control_new(struct control **ret, struct manager *manager);
struct control *control_free(struct control *control);

/* The socket, for a re-exec; -1 if there is none. */
struct state_client;
void control_each_client(const struct control *control,
			 void (*fn)(const struct state_client *client, void *data), void *data);
/* One of before. After a crash nobody knows whether an idle one asked for something: it is hung up on. Once the jobs are known. */
void control_adopt_client(struct control *control, const struct state_client *message,
			  bool crashed);

/* Answers all who wait for the end of such a verb. */
void control_verb_done(struct control *control, uint32_t verb, int error, const char *text);

int control_fd(const struct control *control);
int control_new_from_fd(struct control **ret, struct manager *manager, int fd);
