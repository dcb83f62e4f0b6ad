#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# mkroot.sh OUT FILE=DEST...: makes the folder that becomes the root of the
# disk: Debian's busybox (the very file), a link for each of its applets where
# it wants it, the usual small files of /etc, and the given files.
set -eu

out=$1
shift
busybox=.cache/riscv64/usr/bin/busybox

rm -rf "$out"
mkdir -p "$out"
for dir in bin sbin dev etc home home/user lib mnt proc root run sys tmp usr usr/bin usr/sbin \
	usr/lib usr/lib/ravelin usr/lib/ravelin/tests var var/log var/tmp; do
	mkdir "$out/$dir"
done
ln -s ../run "$out/var/run"
chmod 1777 "$out/tmp" "$out/var/tmp"
chmod 700 "$out/root"

cp "$busybox" "$out/bin/busybox"
chmod 755 "$out/bin/busybox"
# busybox itself knows its applets and their places.
qemu-riscv64 "$busybox" --list-full | while read -r applet; do
	[ "$applet" = bin/busybox ] || [ "$applet" = linuxrc ] || ln -s /bin/busybox "$out/$applet"
done

cat >"$out/etc/passwd" <<'EOF'
root:x:0:0:root:/root:/bin/ash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
user:x:1000:1000:user:/home/user:/bin/ash
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
EOF
cat >"$out/etc/group" <<'EOF'
root:x:0:
daemon:x:1:
tty:x:5:
disk:x:6:
user:x:1000:
nogroup:x:65534:
EOF
cat >"$out/etc/shadow" <<'EOF'
root::19000:0:99999:7:::
user::19000:0:99999:7:::
EOF
chmod 640 "$out/etc/shadow"
echo ravelin >"$out/etc/hostname"
echo "127.0.0.1 localhost ravelin" >"$out/etc/hosts"
echo /bin/ash >"$out/etc/shells"
cat >"$out/etc/motd" <<'EOF'

Ravelin. This shell is Debian's busybox for riscv64, unmodified, paged in on
demand from an ext4 disk. Try: ps, free, cat /proc/self/smaps, vi, top, poweroff.

EOF
cat >"$out/etc/profile" <<'EOF'
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/ravelin
export HOME=${HOME:-/root}
export TERM=${TERM:-vt100}
export PS1='\u@\h:\w\$ '
[ -e /etc/motd ] && [ -t 0 ] && cat /etc/motd
EOF
# The kernel's servers provide /dev and /proc already; elsewhere they are mounted.
cat >"$out/etc/fstab" <<'EOF'
/dev/vda / ext4 rw 0 1
proc /proc proc defaults 0 0
tmpfs /tmp tmpfs defaults 0 0
EOF
cat >"$out/etc/rc" <<'EOF'
#!/bin/sh
[ -e /proc/self/stat ] || mount -t proc proc /proc
[ -e /dev/null ] || mount -t devtmpfs dev /dev
mount -t tmpfs tmpfs /tmp 2>/dev/null
hostname -F /etc/hostname
EOF
chmod 755 "$out/etc/rc"
# A name in the first field makes init open that terminal as the controlling
# one, which job control needs.
cat >"$out/etc/inittab" <<'EOF'
::sysinit:/etc/rc
ttyS0::respawn:-/bin/ash
::ctrlaltdel:/sbin/reboot
::shutdown:/bin/sync
::shutdown:/bin/umount -a -r
EOF

for entry in "$@"; do
	mkdir -p "$out/$(dirname "${entry#*=}")"
	cp "${entry%%=*}" "$out/${entry#*=}"
done
