/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every connected output shows the picture. What the firmware or an earlier driver lit stays where it is: a connector keeps
 * its CRTC, and its mode too when that is as large as the preferred one, so that nothing flickers. A mode of another size
 * gives way to the preferred one, as the display manager would change it a moment later in any case. Connectors that already
 * have a CRTC choose first, then the others take what is left in the kernel's order.
 */
#include "kms_pick.h"

static bool same_size(const struct kms_pick_mode *a, const struct kms_pick_mode *b)
{
	return a->width == b->width && a->height == b->height;
}

/* The preferred mode; without one the first, which is the largest. */
static size_t preferred_mode(const struct kms_pick_connector *connector)
{
	for (size_t i = 0; i < connector->n_modes; i++)
		if (connector->modes[i].preferred)
			return i;
	return 0;
}

static size_t pick_mode(const struct kms_pick_connector *connector,
			const struct kms_pick_crtc *crtc)
{
	const size_t preferred = preferred_mode(connector);

	if (!crtc->active || !same_size(&crtc->mode, &connector->modes[preferred]))
		return preferred;
	for (size_t i = 0; i < connector->n_modes; i++)
		if (same_size(&crtc->mode, &connector->modes[i]) &&
		    crtc->mode.refresh == connector->modes[i].refresh)
			return i;
	return preferred;
}

static bool usable(const struct kms_pick_connector *connector)
{
	return connector->connected && connector->n_modes > 0;
}

/* The lowest CRTC that the connector can use and nobody has, or -1. */
static int free_crtc(const struct kms_pick_connector *connector, size_t n_crtcs, uint32_t taken)
{
	for (size_t i = 0; i < n_crtcs && i < 32; i++)
		if (connector->possible_crtcs & ~taken & 1u << i)
			return (int)i;
	return -1;
}

size_t kms_pick(const struct kms_pick_connector *connectors, size_t n_connectors,
		const struct kms_pick_crtc *crtcs, size_t n_crtcs,
		struct kms_pick_choice ret_choices[KMS_PICK_MAX])
{
	uint32_t taken = 0;
	size_t n = 0;

	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < n_connectors && n < KMS_PICK_MAX; i++) {
			const struct kms_pick_connector *connector = &connectors[i];
			const bool has_crtc = connector->crtc >= 0 &&
					      (size_t)connector->crtc < n_crtcs &&
					      connector->crtc < 32;
			int crtc = connector->crtc;

			if (!usable(connector) || has_crtc != (round == 0))
				continue;
			if (!has_crtc || taken & 1u << crtc)
				crtc = free_crtc(connector, n_crtcs, taken);
			if (crtc < 0)
				continue;
			taken |= 1u << crtc;
			ret_choices[n++] = (struct kms_pick_choice){
				i, (size_t)crtc, pick_mode(connector, &crtcs[crtc])
			};
		}
	}
	return n;
}
