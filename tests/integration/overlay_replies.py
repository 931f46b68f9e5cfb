# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who has the answer may close, unlink and unmount before the thread that gave it goes on: it must not need anything of that then."""
import os

import overlay_lib
from overlay_lib import check, equal, read, write

# Memory that was freed is filled with what makes a lock in it abort.
FILL = {"MALLOC_PERTURB_": "64", "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0",
        "ASAN_OPTIONS": "verify_asan_link_order=0:max_free_fill_size=4096:free_fill_byte=64"}


def closed_before_the_thread_goes_on(new):
    union = new()
    for i in range(5):
        os.makedirs(union.at(f"dir{i}/in"))
        write(union.at(f"dir{i}/file"), b"%d" % i)
    union.env = dict(FILL, LD_PRELOAD=os.environ["EARLY_OVERLAY_SHIM"], EARLY_OVERLAY_LINGERS="1")
    union.mount()
    for i in range(5):
        equal(sorted(os.listdir(union.at(f"dir{i}"))), ["file", "in"], "the names")
        equal(read(union.at(f"dir{i}/file")), b"%d" % i, "the bytes")
        os.unlink(union.at(f"dir{i}/file"))
        os.rmdir(union.at(f"dir{i}/in"))
        os.rmdir(union.at(f"dir{i}"))
    overlay_lib.wait_for(lambda: overlay_lib.ask(union.socket, overlay_lib.VERB_STATUS)["handles"] == 0, "the last release")
    check(union.daemon.poll() is None, "the daemon's end")
    union.merged()
    equal(os.listdir(union.path), [], "what is left")
    union.ended()


if __name__ == "__main__":
    overlay_lib.main([closed_before_the_thread_goes_on])
