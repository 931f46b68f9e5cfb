/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

struct options;
struct overlay;

/* Opens what the options name: the lower layers as private clones, the upper layer, and what the mount point hides. */
int setup_layers(struct overlay *overlay, const struct options *options);
