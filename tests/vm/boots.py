"""The two boots that are compared: one image, one machine, two inits."""

import os

import buildroot
import host
import image as images
import stage
from machine import CONSOLE, Boot

BUILD_DIR = os.environ.get("EARLY_BUILD_DIR") or os.path.join(host.REPO, "build")


def stock(image, extra=""):
    """Debian's own: initramfs-tools, plymouth, systemd. Plymouth shows text when there is a serial console, unless told."""
    append = f"root=UUID={image.root_uuid} ro {CONSOLE} splash plymouth.ignore-serial-consoles {extra}"
    return Boot(image.path("vmlinuz"), image.path("stock.img"), append, image.path("root.ext4"), image.path("data.ext4"),
                image.text_greeter)


def early(image, extra="", staged=None):
    staged = staged or stage.get(image, buildroot.build(image.suite, BUILD_DIR))
    append = f"root=UUID={image.root_uuid} ro {CONSOLE} {extra}"
    return Boot(image.path("vmlinuz"), staged.initrd, append, staged.root, image.path("data.ext4"), image.text_greeter)


def get(init, suite="bookworm", dm="gdm3"):
    image = images.get(suite, dm)
    return stock(image) if init == "stock" else early(image)
