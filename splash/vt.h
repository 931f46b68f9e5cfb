/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Puts VT @number to the front, if it is not there, and into graphics mode, so that the kernel's console paints nothing. VT_AUTO
 * stays: in process mode a dead splash would bring the text console back at the next switch. The mode belongs to the VT and
 * stays when the descriptor is closed.
 */
int vt_set_graphics(unsigned int number);
