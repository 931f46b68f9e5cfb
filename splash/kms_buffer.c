/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory that a CRTC can show. Ours are dumb buffers. Others are reached through their framebuffer's id: the kernel gives
 * a handle for it to the master or to CAP_SYS_ADMIN, and the handle is mapped as a dumb buffer or, where the driver refuses
 * that, exported as a dma-buf and mapped as such.
 */
#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <xf86drm.h>

#include "kms_device.h"

#include "early/fd.h"

static int map_dumb(int fd, uint32_t handle, uint64_t size, int protection, uint8_t **ret_data)
{
	uint64_t offset;
	void *data;
	int r;

	r = drmModeMapDumbBuffer(fd, handle, &offset);
	if (r < 0)
		return r;
	data = mmap(NULL, size, protection, MAP_SHARED, fd, (off_t)offset);
	if (data == MAP_FAILED)
		return -errno;
	*ret_data = data;
	return 0;
}

static int map_prime(int fd, uint32_t handle, uint64_t size, int protection, uint8_t **ret_data)
{
	CLEANUP_FD
	int prime_fd = -1;
	void *data;

	if (drmPrimeHandleToFD(fd, handle, DRM_CLOEXEC | DRM_RDWR, &prime_fd) < 0)
		return -errno;
	data = mmap(NULL, size, protection, MAP_SHARED, prime_fd, 0);
	if (data == MAP_FAILED)
		return -errno;
	*ret_data = data;
	return 0;
}

int kms_buffer_new(int fd, uint32_t width, uint32_t height, struct kms_buffer *ret_buffer,
		   struct surface *ret_surface)
{
	struct kms_buffer buffer = { 0 };
	struct surface surface = { .width = width, .height = height };
	uint32_t handles[4] = { 0 }, pitches[4] = { 0 }, offsets[4] = { 0 };
	int r;

	r = drmModeCreateDumbBuffer(fd, width, height, 32, 0, &buffer.handle, &surface.stride,
				    &buffer.size);
	if (r < 0)
		return r;
	handles[0] = buffer.handle;
	pitches[0] = surface.stride;
	r = drmModeAddFB2(fd, width, height, DRM_FORMAT_XRGB8888, handles, pitches, offsets,
			  &buffer.fb_id, 0);
	if (r == 0)
		r = map_dumb(fd, buffer.handle, buffer.size, PROT_READ | PROT_WRITE, &surface.data);
	if (r < 0) {
		kms_buffer_done(fd, &buffer, &surface);
		return r;
	}
	*ret_buffer = buffer;
	*ret_surface = surface;
	return 0;
}

void kms_buffer_unmap(struct kms_buffer *buffer, struct surface *surface)
{
	if (surface->data)
		munmap(surface->data, buffer->size);
	surface->data = NULL;
}

void kms_buffer_done(int fd, struct kms_buffer *buffer, struct surface *surface)
{
	kms_buffer_unmap(buffer, surface);
	if (buffer->fb_id)
		drmModeRmFB(fd, buffer->fb_id);
	if (buffer->handle)
		drmModeDestroyDumbBuffer(fd, buffer->handle);
	*buffer = (struct kms_buffer){ 0 };
}

void kms_buffer_close_handle(int fd, uint32_t handle)
{
	if (handle)
		drmCloseBufferHandle(fd, handle);
}

static bool is_plain(const drmModeFB2 *fb)
{
	if (fb->flags & DRM_MODE_FB_MODIFIERS && fb->modifier != DRM_FORMAT_MOD_LINEAR)
		return false;
	return fb->pixel_format == DRM_FORMAT_XRGB8888 || fb->pixel_format == DRM_FORMAT_ARGB8888 ||
	       fb->pixel_format == DRM_FORMAT_XBGR8888 || fb->pixel_format == DRM_FORMAT_ABGR8888 ||
	       fb->pixel_format == DRM_FORMAT_XRGB2101010 ||
	       fb->pixel_format == DRM_FORMAT_XBGR2101010;
}

int kms_buffer_of_fb(int fd, uint32_t fb_id, bool writable, struct kms_buffer *ret_buffer,
		     struct surface *ret_surface)
{
	const int protection = PROT_READ | (writable ? PROT_WRITE : 0);
	struct kms_buffer buffer = { .fb_id = fb_id };
	struct surface surface = { 0 };
	drmModeFB2Ptr fb = drmModeGetFB2(fd, fb_id);
	int r = -ENOTSUP;

	if (!fb)
		return -errno;
	buffer.handle = fb->handles[0];
	if (buffer.handle && is_plain(fb) && fb->offsets[0] == 0) {
		surface.width = fb->width;
		surface.height = fb->height;
		surface.stride = fb->pitches[0];
		buffer.size = (uint64_t)surface.stride * surface.height;
		r = map_dumb(fd, buffer.handle, buffer.size, protection, &surface.data);
		if (r < 0)
			r = map_prime(fd, buffer.handle, buffer.size, protection, &surface.data);
	}
	for (int i = 1; i < 4; i++)
		if (fb->handles[i] != buffer.handle)
			kms_buffer_close_handle(fd, fb->handles[i]);
	drmModeFreeFB2(fb);
	if (r < 0) {
		kms_buffer_close_handle(fd, buffer.handle);
		return r;
	}
	*ret_buffer = buffer;
	*ret_surface = surface;
	return 0;
}
