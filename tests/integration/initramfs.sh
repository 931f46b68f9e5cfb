#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# early-mkinitramfs on this machine's own programs and a made-up kernel: the same input gives the same bytes, what is
# unpacked runs by itself, and each error says what to do.
#   initramfs.sh MKINITRAMFS MODULES DISKS SPLASH
set -u
if [ -z "${EARLY_TEST_NAMESPACE-}" ]; then
	EARLY_TEST_NAMESPACE=1 exec unshare -m --propagation private "$0" "$@"
fi
mkinitramfs=$1 modules=$2 disks=$3 splash=$4
export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C
unset SOURCE_DATE_EPOCH
dir=$(mktemp -d) || exit 1
stage=$dir/stage kernel=6.1.0-test
failed=0 count=0

finish()
{
	umount "$dir/small" 2>/dev/null
	rm -rf "$dir"
}
trap finish EXIT

fails() { ! "$@"; }

expect() # WHAT COMMAND…
{
	local what=$1
	shift
	count=$((count + 1))
	"$@" && return
	failed=$((failed + 1))
	echo "not ok: $what"
	sed 's/^/    /' "$dir/log"
}

make() { "$mkinitramfs" --early-root "$stage" --kernel $kernel "$@" >"$dir/log" 2>&1; }
run_in() { chroot "$@" >"$dir/log" 2>&1; }
# The loader knows \$ORIGIN by /proc; mounted for the one program only.
# shellcheck disable=SC2016 # expanded by the inner shell
run_with_proc() { unshare -m sh -c 'mount --bind /proc "$1/proc" && exec chroot "$@"' sh "$@" >"$dir/log" 2>&1; }
said() { grep -qF -- "$1" "$dir/log"; }
unpack() # IMAGE DIR
{
	mkdir -p "$2" && (cd "$2" && cpio -idm --quiet <"$1")
}

# A kernel module as far as depmod and libkmod look into it: symbols and modinfo.
module() # PATH MODINFO-LINES EXPORTS USES
{
	local path=$stage/lib/modules/$kernel/$1
	mkdir -p "${path%/*}"
	{
		printf 'asm(".section .modinfo,\\"a\\"\\n.asciz \\"name=x\\"\\n");\n'
		while read -r line; do
			[ -z "$line" ] || printf 'asm(".section .modinfo,\\"a\\"\\n.asciz \\"%s\\"\\n");\n' "$line"
		done <<<"$2"
		[ -z "$3" ] || printf 'int %s; asm(".section __ksymtab_strings,\\"a\\"\\n.asciz \\"%s\\"\\n"); const long __ksymtab_%s __attribute__((section("__ksymtab"))) = 1;\n' "$3" "$3" "$3"
		[ -z "$4" ] || printf 'extern int %s; int use(void); int use(void) { return %s; }\n' "$4" "$4"
	} | gcc -x c -c -o "$path" -
}

make_stage()
{
	mkdir -p "$stage/usr/sbin" "$stage/usr/libexec/early" "$stage/etc/modprobe.d"
	cp /bin/true "$stage/usr/sbin/early-init" # any program: what /init does is not looked at here
	cp "$modules" "$disks" "$splash" "$stage/usr/libexec/early/"
	module kernel/drivers/gpu/drm/drm.ko "" drm_symbol ""
	module kernel/drivers/gpu/drm/virtio/virtio-gpu.ko "alias=virtio:d00000010v*
firmware=test/gpu.bin
firmware=test/missing.bin" "" drm_symbol
	module kernel/drivers/gpu/drm/qxl/qxl.ko "alias=pci:v00001B36d00000100sv*sd*bc*sc*i*" "" ""
	module kernel/drivers/gpu/drm/amd/amdgpu/amdgpu.ko "alias=pci:v00001002d0000687Fsv*sd*bc*sc*i*
firmware=amdgpu/a.bin
firmware=amdgpu/b.bin
firmware=amdgpu/c.bin" "" drm_symbol
	module kernel/fs/ext4/ext4.ko "alias=fs-ext4
softdep=pre: crc32c" "" ""
	module kernel/crypto/crc32c_generic.ko "alias=crc32c" "" ""
	module kernel/drivers/ata/ahci.ko "alias=pci:v00008086d00002922sv*sd*bc*sc*i*" "" ""
	module kernel/drivers/net/e1000.ko "alias=pci:v00008086d0000100Esv*sd*bc*sc*i*" "" ""
	mkdir -p "$stage/lib/firmware/test" "$stage/lib/firmware/amdgpu"
	echo firmware >"$stage/lib/firmware/amdgpu/c.bin"
	echo firmware >"$stage/lib/firmware/test/gpu.bin"
	printf 'blacklist qxl\noptions virtio-gpu modeset=1\n' >"$stage/etc/modprobe.d/test.conf"
	touch "$stage/lib/modules/$kernel/modules.order" "$stage/lib/modules/$kernel/modules.builtin" \
		"$stage/lib/modules/$kernel/modules.builtin.modinfo"
	depmod -b "$stage" $kernel
}

test_same_bytes()
{
	expect "makes an image" make --hardware virtual --compress none -o "$dir/1-none"
	touch "$stage/usr/sbin/early-init" # a new time on the same contents
	expect "makes it again" make --hardware virtual --compress none -o "$dir/2-none"
	expect "same bytes" cmp "$dir/1-none" "$dir/2-none"
	expect "packs it" make --hardware virtual --compress lz4 -o "$dir/1-lz4" # of several blocks
	lz4 -dc <"$dir/1-lz4" >"$dir/from-lz4" 2>/dev/null
	expect "lz4 unpacks to the plain image" cmp "$dir/1-none" "$dir/from-lz4"
	SOURCE_DATE_EPOCH=86400 make --hardware virtual --compress none -o "$dir/dated"
	expect "SOURCE_DATE_EPOCH is in it" fails cmp -s "$dir/1-none" "$dir/dated"
	expect "the file is root's alone" test "$(stat -c %a "$dir/1-none")" = 600
}

# All three are e2fsck's to repair.
test_checker_of_the_root()
{
	expect "for ext3" make --hardware virtual --rootfs ext3 --list
	expect "e2fsck is in it" said sbin/e2fsck
	expect "for xfs" make --hardware virtual --rootfs xfs --list
	expect "it is not" fails said sbin/e2fsck
}

# Of less than a whole image: zstd packs two megabytes in a second.
test_packed_same_bytes()
{
	local method program stage=$dir/little
	cp -a "$dir/stage" "$stage"
	for program in modules disks splash; do
		cp /bin/true "$stage/usr/libexec/early/early-$program"
	done
	expect "makes a plain image" make --hardware virtual --compress none -o "$dir/little-none"
	for method in lz4 zstd; do
		expect "makes an image ($method)" make --hardware virtual --compress $method -o "$dir/1-little"
		touch "$stage/usr/sbin/early-init"
		expect "makes it again ($method)" make --hardware virtual --compress $method -o "$dir/2-little"
		expect "same bytes ($method)" cmp "$dir/1-little" "$dir/2-little"
		expect "is smaller ($method)" test "$(stat -c %s "$dir/1-little")" -lt "$(stat -c %s "$dir/little-none")"
		$method -dc <"$dir/1-little" >"$dir/from-little" 2>/dev/null
		expect "$method unpacks to the plain image" cmp "$dir/little-none" "$dir/from-little"
	done
	rm -r "$stage"
}

test_runs_unpacked()
{
	local root=$dir/unpacked program
	unpack "$dir/1-none" "$root"
	for program in early-modules early-disks early-splash; do
		chroot "$root" /usr/libexec/early/$program --help >"$dir/log" 2>&1
		# A loader that misses a library exits with 127 and names it.
		expect "$program runs" test $? -ne 127
		expect "$program finds its libraries" fails said "shared librar"
	done
	expect "e2fsck runs" run_in "$root" /sbin/e2fsck -V
	expect "fsck.ext4 is there" run_in "$root" /sbin/fsck.ext4 -V
	expect "/init runs" run_in "$root" /init
	expect "/lib is what it is on the root" test "$(readlink "$root/lib")" = "$(readlink /lib)"
	expect "the kernel finds modprobe" test "$(readlink "$root/sbin/modprobe")" = /usr/libexec/early/early-modules
	expect "nothing but the image's own in it" test ! -e "$root/etc/passwd"
	expect "console is a device" test -c "$root/dev/console"
}

test_modules()
{
	local root=$dir/unpacked list=$dir/unpacked/usr/lib/early/modules.list
	cp "$list" "$dir/log"
	expect "the driver" said "m virtio_gpu "
	expect "what it needs" said "d drm"
	expect "drm's file" test -s "$root/lib/modules/$kernel/kernel/drivers/gpu/drm/drm.ko"
	expect "a soft need" said "p crc32c_generic"
	expect "options" said "o modeset=1"
	expect "a blacklisted module" said "m qxl "
	expect "has no alias" fails said "a pci:v00001B36"
	expect "no network" fails said "m e1000 "
	expect "firmware" test -s "$root/lib/firmware/test/gpu.bin"
	expect "early-modules reads it" fails run_in "$root" /usr/libexec/early/early-modules none-such
	expect "without a complaint about it" fails said modules.list
	sed -i 's/^d drm/d other/' "$list"
	chroot "$root" /usr/libexec/early/early-modules --phase=rest >"$dir/log" 2>&1
	expect "a broken list fails" test $? -eq 1
	expect "and is named" said "modules.list"
}

test_this_machine()
{
	mkdir -p "$dir/sys/bus/pci/devices/a" "$dir/sys/bus/pci/devices/b"
	echo pci:v00008086d00002922sv1sd1bc01sc06i01 >"$dir/sys/bus/pci/devices/a/modalias"
	echo pci:v00008086d0000100Esv1sd1bc02sc00i00 >"$dir/sys/bus/pci/devices/b/modalias"
	expect "an image of this machine" make --hardware this --sysfs "$dir/sys" --list
	expect "no word on the firmware of others" fails said "firmware"
	expect "its disk" said ata/ahci.ko
	expect "not its network" fails said e1000
	expect "not what it lacks" fails said virtio-gpu
	expect "with the network when asked for" make --hardware this --sysfs "$dir/sys" --modules e1000 --list
	expect "here it is" said e1000
	mkdir -p "$dir/sys/bus/pci/devices/gpu"
	echo pci:v00001002d0000687Fsv1sd1bc03sc00i00 >"$dir/sys/bus/pci/devices/gpu/modalias"
	expect "an image with a GPU" make --hardware this --sysfs "$dir/sys" --compress none -o "$dir/gpu"
	expect "its firmware is missing" said "early-mkinitramfs: amdgpu: 2 of 3 firmware files are not installed (amdgpu/a.bin, ...)"
	expect "and where it is to be had" said "package: firmware-amd-graphics"
	expect "in one line" test "$(grep -c "firmware files" "$dir/log")" = 1
	expect "an image for all machines" make --hardware any --compress none -o "$dir/all"
	expect "does not speak of it" fails said "firmware files"
	echo firmware >"$stage/lib/firmware/amdgpu/a.bin"
	echo firmware >"$stage/lib/firmware/amdgpu/b.bin.xz"
	expect "with all of it" make --hardware this --sysfs "$dir/sys" --compress none -o "$dir/gpu"
	expect "nothing is said" fails said "firmware"
	rm "$dir/sys/bus/pci/devices/gpu/modalias"
	expect "unknown module" fails make --modules nonesuch --list
	expect "is named" said "no module nonesuch"
}

test_libraries()
{
	local lib=$stage/opt/early-test
	mkdir -p "$lib" "$stage/etc/ld.so.conf.d"
	echo 'int answer(void); int answer(void) { return 0; }' | gcc -shared -fPIC -x c -o "$lib/libearlytest.so" -
	echo 'int answer(void); int main(void) { return answer(); }' |
		gcc -x c -o "$stage/usr/sbin/needy" - -L"$lib" -learlytest
	expect "a missing library fails" fails make --hardware virtual --add /usr/sbin/needy -o "$dir/missing"
	expect "the library is named" said "needs the library libearlytest.so"
	expect "and who wants it" said "/usr/sbin/needy"
	expect "no image is left" test ! -e "$dir/missing"
	echo /opt/early-test >"$stage/etc/ld.so.conf.d/early-test.conf"
	expect "found by ld.so.conf" make --hardware virtual --compress none --add /usr/sbin/needy -o "$dir/needy"
	unpack "$dir/needy" "$dir/needy-root"
	expect "and found by the loader" run_in "$dir/needy-root" /usr/sbin/needy
	rm "$stage/etc/ld.so.conf.d/early-test.conf"
	# shellcheck disable=SC2016 # the loader's variable
	echo 'int answer(void); int main(void) { return answer(); }' |
		gcc -x c -o "$stage/usr/sbin/needy" - -L"$lib" -learlytest '-Wl,-rpath,$ORIGIN/../../opt/early-test'
	expect "found by its own path" make --hardware virtual --compress none --add /usr/sbin/needy -o "$dir/origin"
	unpack "$dir/origin" "$dir/origin-root"
	expect "and found by the loader" run_with_proc "$dir/origin-root" /usr/sbin/needy
	cp /bin/true "$stage/usr/sbin/foreign"
	printf '\001' | dd of="$stage/usr/sbin/foreign" bs=1 seek=4 conv=notrunc status=none
	expect "32 bits are refused" fails make --add /usr/sbin/foreign --list
	expect "by name" said "/usr/sbin/foreign is not a 64-bit"
	head -c 200 /bin/true >"$stage/usr/sbin/cut"
	expect "a cut file is refused" fails make --add /usr/sbin/cut --list
	expect "by name" said "usr/sbin/cut is a broken ELF file"
}

test_lists()
{
	local lists=$stage/usr/lib/early/initramfs.d
	mkdir -p "$lists"
	printf '# comment\n\n/etc/hostname-test # here\n? /etc/none\n' >"$lists/a.list"
	expect "a listed file that is missing" fails make --list
	expect "is named with its line" said "a.list:3"
	echo host >"$stage/etc/hostname-test"
	expect "now it is there" make --list
	expect "and in the image" said /etc/hostname-test
	printf 'relative\n' >"$lists/b.list"
	expect "a relative path" fails make --list
	expect "is named with its line" said "b.list:1"
	rm "$lists/b.list"
}

test_errors()
{
	expect "unknown kernel" fails make --kernel 9.9.9 --list
	expect "lists those that are there" said $kernel
	expect "missing file" fails make --add /nowhere/file --list
	expect "is named" said /nowhere/file
	expect "no early images" fails make --image erofs --list
	expect "by name" said "--image=erofs"
	expect "no image is fine" make --image none --list
	expect "no verity" fails make --verity --list
	expect "by name" said "--verity"
	expect "unknown hardware" fails make --hardware real --list
	expect "dry run" make --hardware virtual --compress none --dry-run -o "$dir/dry"
	expect "writes nothing" test ! -e "$dir/dry"
	mkdir "$dir/small"
	mount -t tmpfs -o size=256k early-test "$dir/small" || exit 1
	echo old >"$dir/small/image"
	expect "no space" fails make --hardware virtual --compress none -o "$dir/small/image"
	expect "is said" said "No space left"
	expect "the old image is whole" test "$(cat "$dir/small/image")" = old
	expect "and alone" test "$(ls "$dir/small")" = image
	mv "$stage/lib/modules/$kernel/modules.dep.bin" "$dir/"
	expect "no index" fails make --list
	expect "says depmod" said depmod
	mv "$dir/modules.dep.bin" "$stage/lib/modules/$kernel/"
	rm "$stage/usr/libexec/early/early-disks"
	expect "a part of Early is missing" fails make --list
	expect "is named" said early-disks
}

make_stage || exit 1
for name in same_bytes checker_of_the_root packed_same_bytes runs_unpacked modules this_machine libraries lists errors; do
	test_$name
done
echo "$count checked, $failed failed"
[ $failed -eq 0 ] && [ $count -gt 0 ]
