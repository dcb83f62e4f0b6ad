#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# broken.verify.sh IMAGE LOG: did root say why each server is left out?
while read -r message; do
	grep -qF "$message" "$2" || {
		echo "root did not say: $message"
		exit 1
	}
done <<END
server 'ghost': no file 'no-such-program' in the boot archive
server 'follower' is not started: it uses 'ghost'
server 'second-follower' is not started: it uses 'follower'
server 'greedy' is not started: no memory for
server 'deviceless': the machine has no 'no-such,device'
root: 2 of 7 servers run
END
