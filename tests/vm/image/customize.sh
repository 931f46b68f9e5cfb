#!/bin/sh
# Run by mmdebstrap when all packages are in, $1 is the tree. ROOT_UUID and DATA_UUID name the disks to come.
set -eu
tree=$1
here=$(dirname "$0")

cp -r --no-preserve=ownership "$here/files/." "$tree/"
find "$here/files" -mindepth 1 -printf '%P\n' | while read -r path; do
	if [ -d "$here/files/$path" ] || [ -x "$here/files/$path" ]; then mode=755; else mode=644; fi
	chmod "$mode" "$tree/$path"
	chown 0:0 "$tree/$path"
done

cat > "$tree/etc/fstab" <<END
UUID=$ROOT_UUID / ext4 errors=remount-ro 0 1
UUID=$DATA_UUID /srv/data ext4 defaults 0 2
END
mkdir -p "$tree/srv/data"
echo early-vm > "$tree/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 early-vm\n' > "$tree/etc/hosts"
echo 'LANG=C.UTF-8' > "$tree/etc/default/locale"

# An empty machine-id would be invented anew by each boot with a read-only root.
rm -f "$tree/etc/machine-id" "$tree/var/lib/dbus/machine-id"
chroot "$tree" systemd-machine-id-setup
mkdir -p "$tree/var/lib/dbus"
ln -s /etc/machine-id "$tree/var/lib/dbus/machine-id"

chroot "$tree" useradd --create-home --uid 1000 --shell /bin/bash --comment test test
printf 'test:test\nroot:root\n' | chroot "$tree" chpasswd

chroot "$tree" systemctl enable vm-shell.service
# Each would wait for a network or a clock that the machine has not got, the same under both inits.
chroot "$tree" systemctl disable systemd-timesyncd.service apt-daily.timer apt-daily-upgrade.timer

rm -rf "$tree/var/lib/apt/lists" "$tree/var/cache/apt" "$tree/var/log/apt" "$tree/var/log/dpkg.log"
mkdir -p "$tree/var/lib/apt/lists/partial" "$tree/var/cache/apt/archives/partial"
