/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "picture.h"
#include "plugin.h"
#include "splash.h"

#include "early/log.h"
#include "early/opts.h"
#include "early/parse.h"

struct options {
	struct splash_options splash;
	bool help;
	const char *render; /* the PNG to write */
	uint32_t width, height;
	uint32_t percent;
	const char *caption;
	enum picture_page page;
	const char *title;
};

static int set_vt(void *target, const char *value)
{
	struct options *options = target;
	uint32_t vt;

	if (parse_u32(value, &vt) < 0 || vt < 1 || vt > 63)
		return -EINVAL;
	options->splash.vt = vt;
	return 0;
}

static int set_device(void *target, const char *value)
{
	((struct options *)target)->splash.device = value;
	return 0;
}

static int set_render(void *target, const char *value)
{
	((struct options *)target)->render = value;
	return 0;
}

static int set_size(void *target, const char *value)
{
	struct options *options = target;
	uint32_t width, height;
	char end;

	if (sscanf(value, "%ux%u%c", &width, &height, &end) != 2 || width < 1 || height < 1 ||
	    width > 16384 || height > 16384)
		return -EINVAL;
	options->width = width;
	options->height = height;
	return 0;
}

static int set_percent(void *target, const char *value)
{
	struct options *options = target;
	uint32_t percent;

	if (parse_u32(value, &percent) < 0 || percent > 100)
		return -EINVAL;
	options->percent = percent;
	return 0;
}

static int set_caption(void *target, const char *value)
{
	((struct options *)target)->caption = value;
	return 0;
}

static int set_failure(void *target, const char *value)
{
	((struct options *)target)->page = PICTURE_FAILURE;
	((struct options *)target)->title = value;
	return 0;
}

static int set_info(void *target, const char *value)
{
	((struct options *)target)->page = PICTURE_INFO;
	((struct options *)target)->title = value;
	return 0;
}

static int set_help(void *target, const char *value)
{
	((struct options *)target)->help = true;
	return 0;
}

static const struct opt opts[] = {
	{ 0, "vt", "N", "the VT to paint on (1)", set_vt },
	{ 0, "device", "PATH", "this DRM node or framebuffer device only", set_device },
	{ 0, "render", "FILE", "write the picture as a PNG and end", set_render },
	{ 0, "size", "WxH", "of the PNG (1024x768)", set_size },
	{ 0, "percent", "N", "where the bar of the PNG is", set_percent },
	{ 0, "caption", "TEXT", "beneath the bar of the PNG", set_caption },
	{ 0, "failure", "TITLE", "the PNG shows a failure page; TEXT is its operand", set_failure },
	{ 0, "info", "TITLE", "the PNG shows a page of information; TEXT is its operand",
	  set_info },
	{ 'h', "help", NULL, "print this help", set_help },
};

static int render(const struct options *options, const char *text)
{
	struct surface surface = { options->width, options->height, options->width * 4, NULL };
	struct picture picture = { 0 };
	const struct plugin *plugin;
	struct layout layout;
	struct damage damage;
	int r;

	r = plugin_get_without_font(&plugin);
	if (r < 0)
		return log_errno(r, "cannot write a PNG without the canvas plug-in");
	surface.data = calloc(surface.height, surface.stride);
	r = picture_set_progress(&picture, options->percent, options->caption);
	if (r >= 0)
		r = picture_set_page(&picture, options->page, options->title, text);
	if (r < 0 || !surface.data) {
		r = log_errno(-ENOMEM, "cannot render %s", options->render);
		goto out;
	}
	picture.shown_permille = picture.target_permille;
	layout_compute(surface.width, surface.height, &layout);
	picture_paint(&picture, &surface, &layout, PICTURE_PART_ALL, &damage);
	r = plugin->api->save_png(&surface, options->render);
	if (r < 0)
		log_errno(r, "cannot write %s", options->render);
out:
	picture_done(&picture);
	free(surface.data);
	return r;
}

static int run(const struct splash_options *options)
{
	struct splash splash;
	struct loop *loop = NULL;
	int r;

	r = loop_new(&loop);
	if (r < 0)
		return log_errno(r, "cannot make an event loop");
	r = splash_init(&splash, loop, options);
	if (r == 0)
		r = loop_run(loop);
	splash_done(&splash);
	loop_free(loop);
	return r;
}

int main(int argc, char **argv)
{
	struct options options = {
		.splash.vt = 1, .width = 1024, .height = 768, .caption = "", .title = ""
	};
	int n;

	log_init("early-splash", LOG_SINK_STDERR, LOG_LEVEL_INFO);
	n = opts_parse(opts, ARRAY_SIZE(opts), &options, argc, argv);
	if (n < 0)
		return 2;
	if (options.help) {
		printf("early-splash [OPTION]...\nShows the boot's picture and obeys PID 1 on "
		       "descriptor 3.\n\n");
		opts_print_help(stdout, opts, ARRAY_SIZE(opts));
		return EXIT_SUCCESS;
	}
	if (n > (options.page != PICTURE_PROGRESS)) {
		log_error("too many operands: %s; see early-splash --help", argv[n]);
		return 2;
	}
	if (options.render)
		return render(&options, n ? argv[1] : "") < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	return run(&options.splash) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
