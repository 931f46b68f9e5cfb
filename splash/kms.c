/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A DRM device by the old mode-setting calls: they work on every driver that has dumb buffers, and the picture needs no more.
 *
 * Outputs are read from what the kernel knows already; a probe, which may read EDID over a slow bus, is done only when nothing
 * is known to be connected. Framebuffers and master belong to the open file, not to this process: PID 1 holds a duplicate,
 * so closing ours changes nothing on the screen.
 */
#include "kms.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <xf86drm.h>

#include "kms_device.h"
#include "paint.h"

#include "early/fd.h"
#include "early/log.h"
#include "early/macros.h"

#define MAX_CONNECTORS 32
#define MAX_CRTCS 32

/* The kernel's view, in its own structs and in those of kms_pick. */
struct scan {
	drmModeResPtr resources;
	drmModeConnectorPtr connectors[MAX_CONNECTORS];
	struct kms_pick_mode *modes[MAX_CONNECTORS];
	struct kms_pick_connector pick_connectors[MAX_CONNECTORS];
	struct kms_pick_crtc pick_crtcs[MAX_CRTCS];
	uint32_t shown_fbs[MAX_CRTCS];
	size_t n_connectors;
	size_t n_crtcs;
};

static void scan_done(struct scan *scan)
{
	for (size_t i = 0; i < scan->n_connectors; i++) {
		free(scan->modes[i]);
		drmModeFreeConnector(scan->connectors[i]);
	}
	if (scan->resources)
		drmModeFreeResources(scan->resources);
}

static struct kms_pick_mode mode_of(const drmModeModeInfo *mode)
{
	return (struct kms_pick_mode){ mode->hdisplay, mode->vdisplay, mode->vrefresh,
				       mode->type & DRM_MODE_TYPE_PREFERRED };
}

static void scan_crtcs(int fd, struct scan *scan)
{
	scan->n_crtcs = MIN((size_t)scan->resources->count_crtcs, (size_t)MAX_CRTCS);
	for (size_t i = 0; i < scan->n_crtcs; i++) {
		drmModeCrtcPtr crtc = drmModeGetCrtc(fd, scan->resources->crtcs[i]);

		if (!crtc)
			continue;
		scan->pick_crtcs[i].active = crtc->mode_valid;
		scan->pick_crtcs[i].mode = mode_of(&crtc->mode);
		scan->shown_fbs[i] = crtc->buffer_id;
		drmModeFreeCrtc(crtc);
	}
}

static int crtc_index(const struct scan *scan, uint32_t crtc_id)
{
	for (size_t i = 0; i < scan->n_crtcs; i++)
		if (scan->resources->crtcs[i] == crtc_id)
			return (int)i;
	return -1;
}

static int scan_connector(int fd, struct scan *scan, drmModeConnectorPtr connector)
{
	struct kms_pick_connector *pick = &scan->pick_connectors[scan->n_connectors];
	struct kms_pick_mode *modes;

	modes = calloc((size_t)connector->count_modes + 1, sizeof(*modes));
	if (!modes)
		return -ENOMEM;
	for (int i = 0; i < connector->count_modes; i++)
		modes[i] = mode_of(&connector->modes[i]);
	*pick = (struct kms_pick_connector){ .connected = connector->connection ==
							  DRM_MODE_CONNECTED,
					     .crtc = -1,
					     .modes = modes,
					     .n_modes = (size_t)connector->count_modes };
	for (int i = 0; i < connector->count_encoders; i++) {
		drmModeEncoderPtr encoder = drmModeGetEncoder(fd, connector->encoders[i]);

		if (!encoder)
			continue;
		pick->possible_crtcs |= encoder->possible_crtcs;
		if (encoder->encoder_id == connector->encoder_id)
			pick->crtc = crtc_index(scan, encoder->crtc_id);
		drmModeFreeEncoder(encoder);
	}
	scan->modes[scan->n_connectors] = modes;
	scan->connectors[scan->n_connectors++] = connector;
	return 0;
}

static int scan_connectors(int fd, struct scan *scan, bool probe)
{
	for (int i = 0; i < scan->resources->count_connectors; i++) {
		const uint32_t id = scan->resources->connectors[i];
		drmModeConnectorPtr connector = probe ? drmModeGetConnector(fd, id)
						      : drmModeGetConnectorCurrent(fd, id);

		if (!connector)
			continue;
		if (scan->n_connectors == MAX_CONNECTORS ||
		    connector->connector_type == DRM_MODE_CONNECTOR_WRITEBACK ||
		    scan_connector(fd, scan, connector) < 0)
			drmModeFreeConnector(connector);
	}
	return 0;
}

static int scan_device(int fd, struct scan *scan, bool probe)
{
	scan->resources = drmModeGetResources(fd);
	if (!scan->resources)
		return -errno;
	scan_crtcs(fd, scan);
	return scan_connectors(fd, scan, probe);
}

/* The earlier splash's buffer, if the CRTC still shows it in full. */
static int adopt_buffer(struct kms *kms, struct kms_output *output, uint32_t fb_id)
{
	struct kms_screen *screen = &output->screen;
	struct kms_buffer buffer;
	struct surface surface;
	int r;

	r = kms_buffer_of_fb(kms->fd, fb_id, true, &buffer, &surface);
	if (r < 0)
		return r;
	layout_compute(output->mode.hdisplay, output->mode.vdisplay, &screen->layout);
	if (surface.width != output->mode.hdisplay || surface.height != output->mode.vdisplay ||
	    !paint_has_brand(&surface, &premade_brands[screen->layout.scale_index],
			     screen->layout.brand.x, screen->layout.brand.y)) {
		kms_buffer_unmap(&buffer, &surface);
		kms_buffer_close_handle(kms->fd, buffer.handle);
		return -ESTALE;
	}
	output->buffer = buffer;
	screen->surface = surface;
	screen->shown = true;
	return 0;
}

static int output_init(struct kms *kms, struct kms_output *output, const struct scan *scan,
		       const struct kms_pick_choice *choice, bool adopt)
{
	const drmModeConnectorPtr connector = scan->connectors[choice->connector];
	const uint32_t shown_fb = scan->shown_fbs[choice->crtc];
	int r;

	*output = (struct kms_output){ .connector_id = connector->connector_id,
				       .crtc_id = scan->resources->crtcs[choice->crtc],
				       .mode = connector->modes[choice->mode] };
	if (adopt && shown_fb && adopt_buffer(kms, output, shown_fb) == 0)
		return 0;
	r = kms_buffer_new(kms->fd, output->mode.hdisplay, output->mode.vdisplay, &output->buffer,
			   &output->screen.surface);
	if (r < 0)
		return r;
	layout_compute(output->mode.hdisplay, output->mode.vdisplay, &output->screen.layout);
	output->old_fb_id = adopt ? shown_fb : 0;
	/* without master it may be a compositor's already */
	output->before_fb_id = kms_is_master(kms) ? shown_fb : 0;
	return 0;
}

static int setup(struct kms *kms, bool adopt, bool probe)
{
	struct kms_pick_choice choices[KMS_PICK_MAX];
	struct scan scan = { 0 };
	size_t n = 0;
	int r;

	r = scan_device(kms->fd, &scan, probe);
	if (r == 0)
		n = kms_pick(scan.pick_connectors, scan.n_connectors, scan.pick_crtcs, scan.n_crtcs,
			     choices);
	for (size_t i = 0; i < n && r == 0; i++) {
		r = output_init(kms, &kms->outputs[kms->n_outputs], &scan, &choices[i], adopt);
		if (r == 0)
			kms->n_outputs++;
	}
	scan_done(&scan);
	if (kms->n_outputs > 0)
		return 0; /* the outputs that work are enough */
	return r < 0 ? r : -ENXIO;
}

static int setup_or_probe(struct kms *kms, bool adopt)
{
	int r = setup(kms, adopt, false);

	return r == -ENXIO ? setup(kms, adopt, true) : r;
}

static int kms_new(int fd, bool adopt, struct kms **ret_kms)
{
	struct kms *kms;
	uint64_t has_dumb = 0;
	int r;

	if (drmGetCap(fd, DRM_CAP_DUMB_BUFFER, &has_dumb) < 0 || !has_dumb) {
		fd_close(fd);
		return -EOPNOTSUPP;
	}
	kms = calloc(1, sizeof(*kms));
	if (!kms) {
		fd_close(fd);
		return -ENOMEM;
	}
	kms->fd = fd;
	/* An adopted file is master already, or was made to drop that, which is then not undone here. */
	r = adopt ? 0 : kms_take_master(kms);
	if (r == 0)
		r = setup_or_probe(kms, adopt);
	if (r < 0) {
		kms_free(kms);
		return r;
	}
	*ret_kms = kms;
	return 0;
}

int kms_open(const char *path, struct kms **ret_kms)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return -errno;
	return kms_new(fd, false, ret_kms);
}

int kms_adopt(int fd, struct kms **ret_kms)
{
	return kms_new(fd, true, ret_kms);
}

struct kms *kms_free(struct kms *kms)
{
	if (!kms)
		return NULL;
	for (size_t i = 0; i < kms->n_outputs; i++)
		kms_buffer_unmap(&kms->outputs[i].buffer, &kms->outputs[i].screen.surface);
	fd_close(kms->fd);
	free(kms);
	return NULL;
}

int kms_fd(const struct kms *kms)
{
	return kms->fd;
}

size_t kms_n_screens(const struct kms *kms)
{
	return kms->n_outputs;
}

struct kms_screen *kms_screen(struct kms *kms, size_t index)
{
	return &kms->outputs[index].screen;
}

static int flush(struct kms *kms, struct kms_output *output, const struct damage *damage)
{
	drmModeClip clips[DAMAGE_MAX];
	int r;

	for (unsigned int i = 0; i < damage->n_rects; i++) {
		const struct rect *rect = &damage->rects[i];

		clips[i] = (drmModeClip){ (uint16_t)rect->x, (uint16_t)rect->y,
					  (uint16_t)(rect->x + rect->width),
					  (uint16_t)(rect->y + rect->height) };
	}
	r = drmModeDirtyFB(kms->fd, output->buffer.fb_id, clips, damage->n_rects);
	/* drivers that show the memory itself need no flush and say so */
	return r == -ENOSYS || r == -EINVAL ? 0 : r;
}

int kms_commit(struct kms *kms, size_t index, const struct damage *damage)
{
	struct kms_output *output = &kms->outputs[index];
	int r;

	if (output->screen.shown)
		return damage->n_rects ? flush(kms, output, damage) : 0;
	r = drmModeSetCrtc(kms->fd, output->crtc_id, output->buffer.fb_id, 0, 0,
			   &output->connector_id, 1, &output->mode);
	if (r < 0)
		return r;
	output->screen.shown = true;
	(void)flush(kms, output, damage); /* a mode set shows all of the buffer already */
	/* Not ours: refused, and rightly. Else its number is free, and may be the next compositor's. */
	if (output->old_fb_id && drmModeRmFB(kms->fd, output->old_fb_id) == 0 &&
	    output->before_fb_id == output->old_fb_id)
		output->before_fb_id = 0;
	output->old_fb_id = 0;
	return 0;
}

/* The new output on the CRTC removes the framebuffer once it is shown itself; without one it goes now. */
static void inherit_fb(struct kms *kms, uint32_t crtc_id, uint32_t fb_id)
{
	for (size_t i = 0; i < kms->n_outputs; i++) {
		if (kms->outputs[i].crtc_id == crtc_id) {
			kms->outputs[i].old_fb_id = fb_id;
			return;
		}
	}
	(void)drmModeRmFB(kms->fd, fb_id); /* nobody shows it */
}

int kms_rescan(struct kms *kms)
{
	struct kms old = *kms;
	int r;

	kms->n_outputs = 0;
	r = setup_or_probe(kms, false);
	if (r < 0) {
		*kms = old;
		return r;
	}
	/* A framebuffer that is still on the screen would go dark if it were removed now: the mode set removes it. */
	for (size_t i = 0; i < old.n_outputs; i++) {
		struct kms_output *output = &old.outputs[i];
		const uint32_t fb_id = output->buffer.fb_id;

		output->buffer.fb_id = 0;
		kms_buffer_done(kms->fd, &output->buffer, &output->screen.surface);
		inherit_fb(kms, output->crtc_id, fb_id);
	}
	return 0;
}

/* Being master already is success; a file that was never master needs the call. */
int kms_take_master(struct kms *kms)
{
	if (drmIsMaster(kms->fd))
		return 0;
	return drmSetMaster(kms->fd) < 0 ? -errno : 0;
}

bool kms_is_master(const struct kms *kms)
{
	return drmIsMaster(kms->fd);
}

int kms_drop_master(struct kms *kms)
{
	if (!drmIsMaster(kms->fd))
		return 0;
	return drmDropMaster(kms->fd) < 0 ? -errno : 0;
}
