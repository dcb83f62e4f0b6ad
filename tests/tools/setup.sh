#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Installs the tools on Debian 12 and fetches third-party sources and riscv64
# packages into .cache/. Each step leaves a mark, so an interrupted run
# resumes and a complete one does no network access.
#
# No mirror is named here: every source is derived from the Debian mirror that
# this machine's apt already uses. The machine's own apt configuration is left
# as it is; ours lives below .cache/apt.
set -eu

cd "$(dirname "$0")/../.."
top=$PWD
cache=$top/.cache
marks=$cache/setup
suite=bookworm        # what the host runs
target_suite=trixie   # where riscv64 is a release architecture
log=$cache/setup.log

# Tools for building and testing. Kept one per line, sorted, for reviewers.
host_packages="
binutils
cpio
device-tree-compiler
e2fsprogs
gcc
gcc-riscv64-linux-gnu
gcc-riscv64-unknown-elf
gdb-multiarch
libc6-dev
libc6-dev-riscv64-cross
picolibc-riscv64-unknown-elf
qemu-user
xz-utils
"
# From backports: the suite's own versions are too old (Svadu, AIA, IOMMU).
backports_packages="
opensbi
qemu-system-riscv
"
# Only `make check` and `make format` need these.
check_packages="
clang-format
cppcheck
"
# Only `make fuzz` needs these: a compiler that instruments for coverage, and its runtime.
fuzz_packages="
clang
libclang-rt-14-dev
"
# Only `make protocol` and `make test-long` need this: a checker of protocol models.
protocol_packages="
spin
"

say() { echo "setup: $*"; }

die() {
	echo "setup: error: $1" >&2
	shift
	for line in "$@"; do
		echo "setup:        $line" >&2
	done
	exit 1
}

is_done() { [ -e "$marks/$1" ]; }
mark_done() { : >"$marks/$1"; }

# run COMMAND...: quietly; on failure show the end of the log.
run() {
	echo "+ $*" >>"$log"
	"$@" >>"$log" 2>&1
}

show_log() { tail -n 12 "$log" | sed 's/^/setup: | /' >&2; }

installed() {
	dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed
}

missing() {
	for package in "$@"; do
		installed "$package" || printf '%s ' "$package"
	done
}

# The mirror from which the host's suite comes, and the key it is signed with.
# apt itself parses its sources, one-line and deb822 alike, and says what it
# would fetch (which works before any list was fetched); only Signed-By has to
# be read from the file that names the mirror.
find_mirror() {
	mirror=$(apt-get -o Debug::NoLocking=1 update --print-uris 2>/dev/null |
		sed -n -E "s,^'([^']+)/dists/($suite|stable|oldstable)/main/binary-.*/Packages.*,\1,p" |
		grep -v '^cdrom:' | head -n 1)
	[ -n "$mirror" ] || die "apt on this machine has no mirror for Debian $suite (main)." \
		"Add one to /etc/apt/sources.list and run make setup again."
	files=$(grep -lsF "$mirror" /etc/apt/sources.list /etc/apt/sources.list.d/* || true)
	signed_by=
	[ -z "$files" ] || signed_by=$(sed -n -E \
		-e 's/^Signed-By:[[:space:]]*(\/[^[:space:]]+).*/\1/Ip' \
		-e 's/^deb[[:space:]]+\[[^]]*signed-by=([^] ]+).*/\1/p' $files | head -n 1)
	keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	[ -n "$signed_by" ] || [ ! -e "$keyring" ] || signed_by=$keyring
	option=${signed_by:+"[signed-by=$signed_by] "}
}

# apt_new NAME: an apt with its own lists and archives; `apt_in NAME tool ...`
# runs a tool with it. Proxy settings of the machine still apply.
apt_new() {
	dir=$cache/apt/$1
	mkdir -p "$dir/lists/partial" "$dir/archives/partial" "$dir/sources.d"
	cat >"$dir/apt.conf" <<-CONF
		Dir::Etc::sourcelist "/dev/null";
		Dir::Etc::sourceparts "$dir/sources.d";
		Dir::State::lists "$dir/lists";
		Dir::Cache::archives "$dir/archives";
		Dir::Cache::pkgcache "";
		Dir::Cache::srcpkgcache "";
		APT::Sandbox::User "root";
		APT::Get::Assume-Yes "true";
		APT::Install-Recommends "false";
		Acquire::Retries "3";
		Acquire::Languages "none";
	CONF
}

# An apt for another architecture must not see what this machine has installed.
apt_foreign() {
	: >"$dir/status"
	cat >>"$dir/apt.conf" <<-CONF
		APT::Architecture "$1";
		APT::Architectures { "$1"; };
		Dir::State::status "$dir/status";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
	CONF
}

apt_in() {
	name=$1
	tool=$2
	shift 2
	DEBIAN_FRONTEND=noninteractive "$tool" -c "$cache/apt/$name/apt.conf" "$@"
}

apt_update() {
	say "reading package lists ($2)"
	run apt_in "$1" apt-get update || true
	ls "$cache/apt/$1/lists" | grep -q "_dists_${3}_.*$4" || {
		show_log
		die "no package list for $3 could be fetched from the mirror apt uses here." \
			"Is the machine on line, and does that mirror carry $3? Full log: $log"
	}
}

# ---- 1. tools on this machine -----------------------------------------------

# install_host_packages [PACKAGE...]: these too.
install_host_packages() {
	want=$(missing $host_packages $backports_packages $check_packages "$@")
	[ -n "$want" ] || return 0
	[ "$(id -u)" = 0 ] || die "these packages are missing, and installing them needs root:" \
		"$want" "Run make setup as root once."
	find_mirror
	apt_new host
	# The machine's own sources, as they are, plus backports.
	rm -f "$dir"/sources.d/*
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
		/etc/apt/sources.list.d/*.sources; do
		[ ! -e "$file" ] || ln -s "$file" "$dir/sources.d/${file##*/}"
	done
	echo "deb ${option}$mirror $suite-backports main" >"$dir/sources.d/ravelin-backports.list"
	apt_update host "$suite and backports" "$suite-backports" Packages
	say "installing:" $want
	backports=$(missing $backports_packages)
	run apt_in host apt-get install $(missing $host_packages $check_packages "$@") \
		$(for package in $backports; do echo "$package/$suite-backports"; done) ||
		run apt_in host apt-get install -t "$suite-backports" $want || {
		show_log
		die "apt-get could not install the packages above. Full log: $log"
	}
	run apt_in host apt-get clean
}

# ---- 2. third-party sources, as Debian source packages ----------------------

# fetch_source PACKAGE SUITE FOLDER: unpacks the upstream tarball into
# .cache/src/FOLDER. Mirrors do not always keep the packaging half (.dsc and
# .debian.tar), which we do not use; apt checks the tarball's hash against the
# signed index either way.
fetch_source() {
	is_done "src-$3" && return 0
	find_mirror
	if [ ! -e "$cache/apt/source-$2/updated" ]; then
		apt_new "source-$2"
		apt_foreign "$(dpkg --print-architecture)"
		echo "deb-src ${option}$mirror $2 main" >"$dir/sources.d/source.list"
		apt_update "source-$2" "sources of $2" "$2" Sources
		: >"$cache/apt/source-$2/updated"
	fi
	say "fetching the source of $1"
	mkdir -p "$cache/src/download"
	(cd "$cache/src/download" && run apt_in "source-$2" apt-get source --download-only "$1") || true
	tarball=$(ls -v "$cache/src/download/$1"_*.orig.tar.?z 2>/dev/null | tail -n 1)
	[ -n "$tarball" ] || {
		show_log
		die "the source package $1 could not be fetched. Full log: $log"
	}
	rm -rf "$cache/src/$3" "$cache/src/$3.new"
	mkdir -p "$cache/src/$3.new"
	tar -xf "$tarball" -C "$cache/src/$3.new" --strip-components 1
	mv "$cache/src/$3.new" "$cache/src/$3"
	mark_done "src-$3"
}

# ---- 3. riscv64 packages ----------------------------------------------------

# fetch_riscv64 PACKAGE [PATH...]: downloads and unpacks into .cache/riscv64;
# only the given paths if there are any.
fetch_riscv64() {
	package=$1
	shift
	is_done "riscv64-$package" && return 0
	find_mirror
	if [ ! -e "$cache/apt/riscv64/updated" ]; then
		apt_new riscv64
		apt_foreign riscv64
		echo "deb ${option}$mirror $target_suite main" >"$dir/sources.d/target.list"
		apt_update riscv64 "riscv64 of $target_suite" "$target_suite" riscv64_Packages
		: >"$cache/apt/riscv64/updated"
	fi
	real=$package
	# The Linux package only points to the one with a version in its name.
	[ "$package" != linux-image-riscv64 ] ||
		real=$(apt_in riscv64 apt-cache depends "$package" |
			awk '$1 == "Depends:" && $2 ~ /^linux-image-/ { print $2; exit }')
	say "fetching $real (riscv64)"
	mkdir -p "$cache/riscv64/download"
	rm -f "$cache/riscv64/download/$real"_*.deb
	(cd "$cache/riscv64/download" && run apt_in riscv64 apt-get download "$real") || {
		show_log
		die "the riscv64 package $real could not be fetched. Full log: $log"
	}
	dpkg-deb --fsys-tarfile "$cache/riscv64/download/$real"_*.deb |
		tar -xf - -C "$cache/riscv64" --wildcards "$@"
	rm -f "$cache/riscv64/download/$real"_*.deb
	mark_done "riscv64-$package"
}

# ---- 4. a model checker, for this machine ------------------------------------

# fetch_proof: CBMC and the CaDiCaL solver from the newer suite, with the
# libraries they need, into .cache/proof. They want a newer libc than this
# machine's: .cache/proof/cbmc and the like start them through the loader that
# came with it.
fetch_proof() {
	is_done proof && return 0
	find_mirror
	apt_new proof
	apt_foreign "$(dpkg --print-architecture)"
	echo "deb ${option}$mirror $target_suite main" >"$dir/sources.d/proof.list"
	apt_update proof "tools of $target_suite" "$target_suite" Packages
	say "fetching cbmc and cadical"
	run apt_in proof apt-get install --download-only cbmc cadical || {
		show_log
		die "cbmc and cadical could not be fetched. Full log: $log"
	}
	rm -rf "$cache/proof" "$cache/proof.new" "$cache/proof.all"
	mkdir -p "$cache/proof.new/bin" "$cache/proof.new/lib" "$cache/proof.all"
	for package in "$cache"/apt/proof/archives/*.deb; do
		dpkg-deb -x "$package" "$cache/proof.all"
	done
	# The compiler that comes along is not needed: cbmc calls this machine's.
	find "$cache/proof.all" -name '*.so.*' ! -type d | while read -r library; do
		cp -L "$library" "$cache/proof.new/lib/" 2>/dev/null || true
	done
	cp -L "$(find "$cache/proof.all" -name 'ld-linux*.so*' ! -type d | head -n 1)" \
		"$cache/proof.new/lib/loader"
	for program in cbmc goto-cc goto-instrument cadical; do
		cp "$cache/proof.all/usr/bin/$program" "$cache/proof.new/bin/"
		cat >"$cache/proof.new/$program" <<-WRAPPER
			#!/bin/sh
			here=\$(dirname "\$0")
			exec "\$here/lib/loader" --library-path "\$here/lib" "\$here/bin/$program" "\$@"
		WRAPPER
		chmod +x "$cache/proof.new/$program"
		run "$cache/proof.new/$program" --version || {
			show_log
			die "$program was fetched but does not start. Full log: $log"
		}
	done
	rm -rf "$cache/proof.all" "$cache/apt/proof/archives"
	mv "$cache/proof.new" "$cache/proof"
	mark_done proof
}

# ---- all of it --------------------------------------------------------------

mkdir -p "$marks"
# Two makes at once must not both install.
exec 9>"$cache/setup.lock"
flock 9

codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-unknown}")
if [ "$codename" != "$suite" ] && [ -n "$(missing $host_packages $backports_packages)" ]; then
	die "this is not Debian 12 ($suite) but '$codename'; packages are known for Debian 12 only." \
		"Install by other means, or use a Debian 12 container."
fi
command -v apt-get >/dev/null || die "there is no apt-get here; Debian 12 is needed."

install_host_packages
if [ "${1:-}" = --fuzz ]; then
	install_host_packages $fuzz_packages
	: >"$cache/fuzz.stamp"
	exit 0
fi
if [ "${1:-}" = --protocol ]; then
	install_host_packages $protocol_packages
	: >"$cache/protocol.stamp"
	exit 0
fi
fetch_source e2fsprogs "$suite" e2fsprogs
# Only the newer suite's mirror folder is complete enough for this one.
fetch_source device-tree-compiler "$target_suite" dtc
fetch_riscv64 busybox-static
# A real Linux, to check that tests expect what Linux does. Large, so only on request.
if [ "${1:-}" = --reference ]; then
	fetch_riscv64 linux-image-riscv64 './boot/*' '*/virtio_blk.ko*' '*/virtio_mmio.ko*' \
		'*/fs/ext4/*' '*/fs/jbd2/*' '*/mbcache.ko*' '*/crc16.ko*' '*/crc32c*' '*/libcrc32c.ko*'
	: >"$cache/reference.stamp"
fi
if [ "${1:-}" = --proof ]; then
	fetch_proof
	: >"$cache/proof.stamp"
fi

: >"$cache/setup.stamp"
say "complete"
