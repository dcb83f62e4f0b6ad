# SPDX-License-Identifier: BSD-2-Clause
DISK_FILES += tests/script/applets.sh=usr/lib/ravelin/tests/applets.sh
DISK_FILES += tests/script/persist.sh=usr/lib/ravelin/tests/persist.sh
