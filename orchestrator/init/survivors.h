/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Ends all that the program before left running, but this process: for a plain start after a state that is of another version, where
 * everything would be started beside it. Blocks for some seconds at most.
 */
void survivors_end(void);
