#!/bin/sh
# Run by mmdebstrap before the packages are installed, $1 is the tree: settings that the
# initramfs takes up, so that it is made only once (a minute each on a slow machine).
set -eu
tree=$1

mkdir -p "$tree/etc/plymouth" "$tree/etc/initramfs-tools"
cat > "$tree/etc/plymouth/plymouthd.conf" <<END
[Daemon]
Theme=spinner
END
