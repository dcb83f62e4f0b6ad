#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# mkreference.sh OUT: makes OUT.cpio, a small initramfs that mounts the disk
# and hands over to what init= and the arguments after -- say, and OUT.kernel,
# a link to Debian's riscv64 Linux. With these, the disk and the programs of
# the tests run on a real Linux under the same emulator.
set -eu

out=$1
riscv64=.cache/riscv64
stage=$out.dir

rm -rf "$stage"
mkdir -p "$stage/bin" "$stage/lib" "$stage/proc" "$stage/dev" "$stage/root"
cp "$riscv64/usr/bin/busybox" "$stage/bin/busybox"
find "$riscv64/usr/lib/modules" -name '*.ko.xz' | while read -r module; do
	xz -dc "$module" >"$stage/lib/$(basename "$module" .xz)"
done
# In the order in which they need each other.
cat >"$stage/init" <<'EOF'
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
for module in crc16 crc32c_generic libcrc32c mbcache jbd2 ext4 virtio_mmio virtio_blk; do
	[ ! -e /lib/$module.ko ] || /bin/busybox insmod /lib/$module.ko
done
init=/sbin/init
for word in $(/bin/busybox cat /proc/cmdline); do
	case $word in
	init=*) init=${word#init=} ;;
	esac
done
while [ ! -e /dev/vda ]; do /bin/busybox usleep 10000; done
/bin/busybox mount -t ext4 /dev/vda /root
/bin/busybox mount --move /dev /root/dev
/bin/busybox umount /proc
exec /bin/busybox switch_root /root "$init" "$@"
EOF
chmod 755 "$stage/init"
(cd "$stage" && find . | cpio --quiet -o -H newc -R 0:0) >"$out.cpio"
ln -sf "$PWD"/$riscv64/boot/vmlinu*-* "$out.kernel"
rm -rf "$stage"
