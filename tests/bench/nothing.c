/* SPDX-License-Identifier: BSD-2-Clause */
/* The small static program that proc.fork_exec_wait starts. */
int main(void)
{
	return 0;
}
