#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Writes a tree to the disk in every way a shell can, and a list of what must
# be there; verify-persist.sh looks for it on the build machine.

exec </dev/null >/root/persist.log 2>&1
set -e
top=/root/persist
rm -rf $top
mkdir $top
cd $top

# Many small files, in folders that are renamed and emptied afterwards.
for d in 1 2 3 4 5 6; do
	mkdir -p tree$d/deep/deeper
	for f in 1 2 3 4 5 6 7 8 9 10; do
		seq $f $((f * d * 50)) >tree$d/file$f
		echo "$d $f" >tree$d/deep/deeper/small$f
	done
done
rm tree1/file[3-6]
rm -r tree2/deep
mv tree3 renamed
mv renamed/deep/deeper moved
mv tree4/file1 tree5/file-from-4
mv -f tree4/file2 tree5/file3

# A large one, grown, overwritten in the middle, cut and grown again.
cat /bin/busybox /bin/busybox /bin/busybox >large
i=0
while [ $i -lt 40 ]; do
	echo "patch $i" | dd of=large bs=1 seek=$((i * 104729)) conv=notrunc 2>/dev/null
	i=$((i + 1))
done
cp large cut
truncate -s 1234567 cut
truncate -s 2000000 cut
cat large >>cut
dd if=/bin/busybox of=sparse bs=4096 seek=5000 count=20 2>/dev/null
dd if=/bin/busybox of=sparse bs=1000 seek=777 count=3 conv=notrunc 2>/dev/null
for i in 1 2 3 4 5 6 7 8 9 10; do
	seq $i 300 >>appended
	sync
done

# Links, names, attributes, an archive.
ln large hard
ln -s ../persist/large soft
touch 'a name with blanks' '$HOME' '*'
long=$(printf '%0200d' 7)
echo long >$long
chmod 751 large
chown 1000:100 tree5/file5
touch -d '2001-02-03 04:05:06' tree5/file6
mkdir crowd
for i in $(seq 1 700); do
	: >crowd/this-is-one-of-many-empty-files-$i
done
rm crowd/*7
tar cf - tree6 | gzip >tree6.tar.gz
mkdir out && gzip -dc tree6.tar.gz | tar xf - -C out
sed -i 's/1/one/g' out/tree6/file4
sort -rn tree6/file9 >out/sorted

find . -type f | sort | while read -r name; do
	md5sum "$name"
done >/root/persist.sums
find . | sort | xargs -d '\n' stat -c '%a %u %g %F %n' >/root/persist.modes 2>/dev/null ||
	find . | sort | while read -r name; do
		stat -c '%a %u %g %F %n' "$name"
	done >/root/persist.modes
echo complete
