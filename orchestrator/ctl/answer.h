/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "client.h"

struct json_object;

/* What early-init said, kept as JSON, which both forms of output are made of. */
struct answer {
	struct json_object *services; /* array */
	struct json_object *events;
	struct json_object *reasons;
	struct json_object *lines;
	struct json_object *error; /* why it refused or failed, as text; NULL: it did not */
};

int answer_init(struct answer *answer);
void answer_done(struct answer *answer);

/* Asks and collects; an exit code, after a message. To be answer_done() in any case. */
int answer_ask(struct answer *answer, const char *control, enum control_verb verb,
	       const char *name);
int answer_ask_quietly(struct answer *answer, const char *control, enum control_verb verb,
		       const char *name);

/* A client_fn; @data is the answer. */
void answer_take(enum control_opcode opcode, const void *value, void *data);

/* Prints JSON with a newline behind it; the object stays the caller's. */
void answer_print_json(struct json_object *object);

/* A member's text, "" if there is none. */
const char *answer_text(struct json_object *object, const char *name);
long long answer_number(struct json_object *object, const char *name);
