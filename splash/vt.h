/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/*
 * Puts VT @number to the front, if it is not there, and into graphics mode, so that the kernel's console paints nothing. VT_AUTO
 * stays: in process mode a dead splash would bring the text console back at the next switch. The mode belongs to the VT and
 * stays when the descriptor is closed.
 */
int vt_set_graphics(unsigned int number);

/*
 * The kernel ignores a switch away from a VT in graphics mode with VT_AUTO, and who asked for it waits for ever. Offered, VT @number
 * is in process mode with nobody to signal: vt_offer_look() sees that a switch is wished for and lets it happen. VT @next gets graphics
 * mode beforehand, so that the picture stays on the screen when it is the one, and loses what was written on it.
 */
int vt_offer(unsigned int number, unsigned int next, int *ret_fd);
/* True: another VT is at the front now. */
bool vt_offer_look(int fd);
/*
 * The offer is over. A VT that is not at the front is a text console again, so that nobody is caught there; one that is may be
 * somebody's by now, and keeps its mode unless we take it @back.
 */
void vt_offer_end(int fd, unsigned int number, unsigned int next, bool back);

/* What VT @number is: a text console, or one that paints nothing and has nobody either who would (graphics mode, but VT_AUTO). */
enum vt_kind { VT_KIND_OTHER, VT_KIND_TEXT, VT_KIND_BLANK };
/* The one at the front. @ret_number is set unless it is VT_KIND_OTHER. */
enum vt_kind vt_front(unsigned int *ret_number);
/* A text console again: if it is at the front, the kernel paints its characters at once. */
void vt_set_text(unsigned int number);
