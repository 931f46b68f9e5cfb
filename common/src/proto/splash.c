/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/proto/splash.h"

static const struct wire_field progress_fields[] = {
	WIRE_FIELD(struct splash_progress, percent, WIRE_U32),
	WIRE_FIELD(struct splash_progress, caption, WIRE_TEXT),
};

static const struct wire_field message_fields[] = {
	WIRE_FIELD(struct splash_message, kind, WIRE_U32),
	WIRE_FIELD(struct splash_message, title, WIRE_TEXT),
	WIRE_FIELD(struct splash_message, text, WIRE_TEXT),
};

static const struct wire_field frame_fields[] = {
	WIRE_FIELD(struct splash_frame, t_us, WIRE_U64),
	WIRE_FIELD(struct splash_frame, device, WIRE_TEXT),
};

static const struct wire_field greeter_fields[] = {
	WIRE_FIELD(struct splash_greeter, t_us, WIRE_U64),
};

static const struct wire_field failed_fields[] = {
	WIRE_FIELD(struct splash_failed, why, WIRE_TEXT),
};

static const struct wire_field offer_vt_fields[] = {
	WIRE_FIELD(struct splash_offer_vt, vt, WIRE_U32),
};

static const struct wire_message messages[] = {
	WIRE_MESSAGE(SPLASH_PROGRESS, struct splash_progress, progress_fields),
	WIRE_MESSAGE(SPLASH_MESSAGE, struct splash_message, message_fields),
	WIRE_EMPTY(SPLASH_ADOPT),
	WIRE_EMPTY(SPLASH_DROP_MASTER),
	WIRE_EMPTY(SPLASH_TAKE),
	WIRE_EMPTY(SPLASH_QUIT),
	WIRE_MESSAGE(SPLASH_FRAME, struct splash_frame, frame_fields),
	WIRE_EMPTY(SPLASH_MASTER_DROPPED),
	WIRE_MESSAGE(SPLASH_GREETER, struct splash_greeter, greeter_fields),
	WIRE_MESSAGE(SPLASH_FAILED, struct splash_failed, failed_fields),
	WIRE_MESSAGE(SPLASH_OFFER_VT, struct splash_offer_vt, offer_vt_fields),
	{ 0, NULL, 0, 0, NULL },
};

const struct wire_protocol splash_protocol = { "splash", messages };
