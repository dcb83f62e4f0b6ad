# SPDX-License-Identifier: BSD-2-Clause
NATIVE += ns16550
ns16550_SRC := drivers/ns16550/main.c drivers/ns16550/uart.c
