#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# A day's work for a shell: the same busybox must print the same bytes here and
# on Linux. All that may differ (times, numbers of processes, the order of
# directories) is kept out. Run by verify.sh, which says how `expected` is made.

exec </dev/null >/root/applets.out 2>&1
PATH=/bin:/sbin:/usr/bin:/usr/sbin
TZ=UTC0
LC_ALL=C
export PATH TZ LC_ALL
umask 022
work=/var/tmp/applets
rm -rf $work
mkdir -p $work && cd $work || exit 1

echo "SPDX-License-Identifier: BSD-2-Clause" # for the file of expected output
title() { printf '\n== %s ==\n' "$*"; }

title "files and folders"
mkdir -p a/b/c d
echo one >a/one
echo two >a/b/two
printf 'three\n' >a/b/c/three
touch d/empty
ln -s ../a/one d/link
ln a/one d/hard
cp a/one d/copy
cp -r a e
mv e/one e/uno
rm -f e/b/two
rmdir e/b/c 2>&1
rm -r e/b
find . | sort
find . -type f -name '*o*' | sort
find a -type d -exec echo dir {} \; | sort
find . -type l -exec readlink {} \;
find a -newer /none 2>&1
test -e a/one && echo "a/one is there"
test -d a/one || echo "a/one is no folder"
[ -s d/empty ] || echo "d/empty is empty"
[ -L d/link -a -h d/link ] && echo "d/link is a link"
[ a/one -ef d/hard ] && echo "one file, two names"
stat -c '%n %s %h %A %F' a/one d/hard d/copy d/empty
stat -c '%n %F %N' d/link
chmod 640 a/one && stat -c '%a %A' a/one
chmod u+x,g-r,o+r a/one && stat -c '%a %A' a/one
chown 1000:1000 d/copy && stat -c '%u:%g' d/copy
ls d
ls -l d/empty | cut -c1-10
ls -1 a/b
basename /usr/lib/file.txt .txt
dirname /usr/lib/file.txt
realpath d/../a/one
readlink -f d/link
du -s d/none 2>&1
truncate -s 5000 d/sparse && wc -c <d/sparse
touch -d '2020-02-03 04:05:06' d/dated && stat -c '%y' d/dated
date -r d/dated '+%Y-%m-%d %H:%M:%S'
mktemp -d $work/tmp.XXXXXX >name && [ -d "$(cat name)" ] && echo "a folder for now"

title "text"
seq 1 20 >numbers
head -n 3 numbers
tail -n 3 numbers
tail -n +18 numbers
sed -n '5,7p' numbers
sed -e 's/1/one /' -e '/0$/d' numbers | head -n 12
sed '/^5$/,/^8$/{s/^/> /;s/$/ </;}' numbers | sed -n '4,9p'
awk '{ s += $1; if ($1 % 5 == 0) print "row", NR, "sum", s }
     END { printf "total %d mean %.3f\n", s, s / NR }' numbers
awk 'BEGIN { for (i = 1; i <= 5; i++) printf "%s%d", (i > 1 ? "," : ""), i * i; print ""
     x = sprintf("%08.3f|%-6s|%x", 3.14159, "ab", 255); print x, length(x), toupper("abc"),
     substr("hello", 2, 3), index("hello", "l"), split("a:b:c", p, ":"), p[2] }'
awk -F: '{ count[$NF]++ } END { for (k in count) print count[k], k }' /etc/passwd | sort
tr a-z A-Z <a/b/two
echo 'hello   world' | tr -s ' ' | tr -d l
echo 'the quick brown fox' | tr ' ' '\n' | sort | tr '\n' ' '; echo
printf 'b 2\na 10\nc 1\na 9\n' >table
sort table
sort -k2 -n table
sort -r table | uniq -c 2>/dev/null | awk '{ print $1, $2, $3 }'
sort -u -k1,1 table
printf 'x\nx\ny\nx\n' | uniq
printf 'x\nx\ny\n' | uniq -d
printf 'x\nx\ny\n' | uniq -c | awk '{ print $1 $2 }'
cut -d' ' -f1 table | paste -s -d+ -
cut -c2- table
wc numbers | awk '{ print $1, $2, $3 }'
wc -l <numbers
grep -n 1 numbers | head -n 4
grep -c '^1' numbers
grep -v '[0-5]' numbers
grep -E '^(3|17)$' numbers
echo 'a.b' | grep -F . && echo found
grep -o '[a-z]*' table | sort -u
egrep 'a|c' table | fgrep 1
grep -q nothing numbers || echo "not there: $?"
grep -l one -r a | sort
rev table
tac numbers | head -n 2
nl -ba table | tr -d '\t '
fold -w 7 <<END
a line that is folded after seven columns
END
expand -t 4 <<'END' | unexpand -a | od -c | head -n 2
	tab		two
END
printf 'a\r\nb\r\n' | dos2unix | od -An -c
paste numbers numbers | sed -n 2p
cat -n table | cat -A 2>/dev/null | head -n 1
strings /bin/busybox | grep -c 'BusyBox v1' | sed 's/[1-9][0-9]*/some/'
printf '%s|%5d|%-5s|%05.1f|%c|%%|%o|%X\n' str 42 left 3.14159 char 8 255
printf '%b' 'tab\there\n'
echo -e 'escape \\ \x41 \0101'
factor 360 97
shuf -i 1-10 | sort -n | tr '\n' ' '; echo
seq -s, 5 -2 -3
seq 1.5 0.5 3
cal 2 2024 | head -n 4
expr 7 + 8 \* 2; expr length abcdef; expr substr abcdef 2 3; expr abc : 'a\(.*\)'
echo '2^64; scale=5; 22/7; sqrt(2)' | bc
echo '5 3 * 2 - p' | dc

title "bytes"
dd if=/dev/zero of=zeros bs=1024 count=64 2>/dev/null && wc -c <zeros
dd if=numbers bs=1 skip=4 count=6 2>/dev/null | od -c | head -n 1
echo patched | dd of=zeros bs=1 seek=1000 conv=notrunc 2>/dev/null
dd if=zeros bs=1000 skip=1 count=1 2>/dev/null | head -c 7; echo
md5sum zeros
sha1sum numbers table
sha256sum zeros | cut -c1-32
sha512sum table | cut -c1-32
md5sum numbers >sums && md5sum -c sums
sha3sum table | cut -c1-32
crc32 numbers
od -An -tx1 -N8 a/one
hexdump -C a/one
xxd table | head -n 2
echo 'some text' | base64
echo 'some text' | base64 | base64 -d
uuencode name <a/one | uudecode -o decoded && cat decoded
cmp zeros zeros && echo same
cmp numbers table || echo "cmp: $?"
cp numbers changed && sed -i 's/^7$/seven/' changed
diff numbers changed; echo "diff: $?"
diff -u numbers changed | sed 1,2d
diff -u numbers changed >patchfile; cp numbers patched; patch patched patchfile; cmp patched changed
sed -n '1,8w part1' numbers; sed -n '9,$w part2' numbers; cat part? | cmp - numbers && echo joined

title "archives"
tar cf all.tar a d/hard d/link
tar tf all.tar | sort
mkdir out && tar xf all.tar -C out && find out | sort
cat out/a/b/c/three
gzip -c numbers >numbers.gz && gzip -dc numbers.gz | cmp - numbers && echo "gzip fits"
zcat numbers.gz | tail -n 1
tar czf all.tgz a && tar tzf all.tgz | wc -l
bzip2 -c numbers | bunzip2 | md5sum
cp numbers n2 && gzip n2 && ls n2* && gunzip n2.gz && ls n2*
find a -type f | sort | cpio -o -H newc 2>/dev/null | cpio -t 2>/dev/null
xz -dc /none 2>&1; lzop -c numbers | lzop -dc | tail -n 1

title "shell"
f() { local x=$1; shift; echo "f: $x, $# more: $*"; return 3; }
f first second 'third word'
echo "status $?"
set -- a 'b c' d
for word in "$@"; do echo "<$word>"; done
for i in 1 2 3 4 5; do [ $i = 2 ] && continue; [ $i = 4 ] && break; echo "i=$i"; done
n=0; while [ $n -lt 3 ]; do n=$((n + 1)); done; until [ $n -le 1 ]; do n=$((n - 1)); done; echo $n
case file.tar.gz in *.zip) echo zip ;; *.tar.*) echo tar ;; *) echo other ;; esac
v=path/to/file.tar.gz
echo ${v##*/} ${v%%.*} ${v#*/} ${v%.*} ${#v} ${unset:-default} ${v:+set} ${v/to/from}
echo "$((0x1f + 010)) $((7 % 3 ** 2)) $((1 << 10)) $((5 > 3 ? 1 : 2))"
(cd a && pwd && exit 4); echo "subshell $?, still in $(basename "$PWD")"
x=outer; (x=inner; echo $x); echo $x
{ echo to; echo err >&2; } 2>&1 | sort
cat <<END
here $x $((1 + 1)) $(echo nested) \$x
END
cat <<'END'
here $x $(not run)
END
read -r first rest <<END
alpha beta gamma
END
echo "$first/$rest"
IFS=:; set -- $(echo 1:2:3); echo "$# $3"; unset IFS
printf '1 2\n3 4\n' | while read -r p q; do echo $((p * q)); done
echo a/* d/[ch]*
eval "echo \$v"
true && echo yes || echo no
! false && echo negated
false | true; echo "pipe $?"
set -o pipefail; false | true; echo "pipefail $?"; set +o pipefail
(set -e; false; echo "not reached"); echo "errexit $?"
(set -u; echo $nothing) 2>/dev/null || echo "nounset"
type cd | head -n 1
command -v awk
alias ll='ls -l' 2>/dev/null; alias ll
printf 'echo sourced $1\n' >script && . ./script
sh ./script argument
sh -c 'echo $0 $1' name one
/no/such/command; echo "missing $?"
./numbers; echo "not executable $?"
env -i A=1 B=2 env | sort
env A=5 sh -c 'echo A is $A'
getopts ab: option -b value && echo "$option $OPTARG"
echo 3 1 2 | xargs -n 1 | sort | xargs echo sorted:
seq 1 5 | xargs -I{} echo item {}
find a -type f | sort | xargs wc -c | awk '{ print $1 }' | tr '\n' ' '; echo
echo teed | tee tee1 tee2; cat tee1 tee2
yes | head -n 2
which sed awk
id -u; whoami; groups
nproc >/dev/null && echo counted
hostname applets; hostname; uname -n
uname -m
tty; echo "tty $?"
date -u -d @1000000000 '+%Y-%m-%d %H:%M:%S %a %j'
sleep 0.1; usleep 1000; echo slept
time -p true 2>&1 | cut -c1-4

title "jobs"
sleep 0.2 & first=$!
(sleep 0.1; exit 7) & second=$!
wait $second; echo "second: $?"
wait $first; echo "first: $?"
{ sleep 100 & kill $!; wait $!; } 2>/dev/null; echo "killed: $?"
{ sleep 100 & kill -9 $!; wait $!; } 2>/dev/null; echo "killed: $?"
(trap 'echo caught; exit 9' TERM; while :; do sleep 0.05; done) & child=$!
sleep 0.3; kill -TERM $child; wait $child; echo "trapped: $?"
(trap 'echo at exit' EXIT; echo before)
trap 'echo usr1' USR1; kill -USR1 $$; trap - USR1
timeout 1 sleep 0.1; echo "timeout $?"
timeout 0.2 sleep 100; echo "timeout $?"
mkfifo fifo; (echo through the fifo >fifo) & cat fifo; wait
(echo a; sleep 0.1; echo b) | (read -r one; read -r two; echo $two$one)
seq 1 2000 | tee copy | sort -rn | head -n 1; wc -l <copy
i=0; while [ $i -lt 20 ]; do (exit $i) & i=$((i + 1)); done; wait; echo "twenty came home"
for p in 1 2 3; do (for q in 1 2 3; do echo "$p$q"; done) & done | sort | tr '\n' ' '; wait; echo
nohup echo no hangup 2>/dev/null; setsid echo session; renice -n 3 $$ >/dev/null; echo "renice $?"
pidof nothing-here; echo "pidof $?"

title "editors"
printf '1\n2\n3\n' >text
printf '2s/2/two/\n$a\nfour\n.\nw\nq\n' | ed text
cat text
sed -i -e '1i\' -e 'top' -e '$d' text; cat text

title "end"
cd / && rm -rf $work && ls -d $work 2>&1
echo "bye"
