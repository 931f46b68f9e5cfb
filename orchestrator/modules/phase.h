/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The steps in which a boot loads modules: the picture's first, then the disks', then what is left. */
enum phase {
	PHASE_DISPLAY,
	PHASE_STORAGE,
	PHASE_REST,
};

int phase_parse(const char *text, enum phase *ret);

/* Is the module at @path (below /lib/modules/VERSION), which covers the device @modalias, loaded in @phase? */
bool phase_wants(enum phase phase, const char *path, const char *modalias);

/* Does the driver at @path make new devices appear, displays or disks? */
bool phase_is_bus(const char *path);

/* Can a device on @bus (a name in /sys/bus) matter to @phase? */
bool phase_reads_bus(enum phase phase, const char *bus);

/*
 * The modalias of the virtio device that a virtio PCI function will turn into once virtio_pci has it, so that both modules
 * are loaded at the same time. False if @modalias is no such function.
 */
bool phase_predict(const char *modalias, char *ret, size_t size);

/*
 * Modules (names separated by spaces) that the disks behind the driver at @path will need. They appear at a time of their own
 * (a USB bus is searched in the background), so their drivers are loaded with the controller's. "" for none; also for SATA,
 * whose ports the kernel has searched when the controller's module counts as loaded.
 */
const char *phase_companions(const char *path);

/*
 * Has the module at @path no driver that a device could wait for? The kernel then need not wait for the searches of all
 * other drivers (disks that spin up) before its loading counts as done.
 */
bool phase_is_passive(const char *path);
