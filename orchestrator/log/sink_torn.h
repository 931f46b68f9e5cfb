/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

struct sink;

/*
 * Ends the last line of each file that an early-log was killed in the midst of: a datagram's or the kernel's, of which nobody knows how
 * it went on. Before anything is written, and before anybody copies.
 */
void sink_end_torn(struct sink *sink);
