# SPDX-License-Identifier: BSD-2-Clause
# Hostile input: executables, system-call arguments, images, and no memory.
