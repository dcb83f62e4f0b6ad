# SPDX-License-Identifier: BSD-2-Clause
# Benchmarks inside an ordinary static Linux program; the same binary measures Linux.
