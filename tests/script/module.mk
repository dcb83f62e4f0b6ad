# SPDX-License-Identifier: BSD-2-Clause
DISK_FILES += tests/script/applets.sh=usr/lib/ravelin/tests/applets.sh
