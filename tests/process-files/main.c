/* SPDX-License-Identifier: BSD-2-Clause */
/* Host tests of the files half of the personality server. */
#include <stdio.h>

#include "tests/process-files/fake.h"

static unsigned passed, failed;
static const char *reason_file, *reason;
static int reason_line;

void check(bool ok, const char *what, const char *file, int line)
{
	if (!ok && reason == NULL) {
		reason = what;
		reason_file = file;
		reason_line = line;
	}
}

/* "walk: names and errors" as one word: "walk.names-and-errors". */
static const char *one_word(const char *name)
{
	static char word[128];
	size_t used = 0;

	for (; *name != 0 && used + 1 < sizeof(word); name++) {
		if (*name == ':') {
			word[used++] = '.';
			name++;
		} else if (*name != ',') {
			word[used++] = *name == ' ' ? '-' : *name;
		}
	}
	word[used] = 0;
	return word;
}

void test_run(const char *name, void (*test)(void))
{
	reason = NULL;
	test();
	if (reason == NULL) {
		passed++;
		printf("PASS %s\n", one_word(name));
	} else {
		failed++;
		printf("FAIL %s %s:%d: %s\n", one_word(name), reason_file, reason_line, reason);
	}
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_line();
	test_walk();
	test_descriptors();
	test_data();
	test_pipes();
	test_terminal();
	test_polling();
	test_proc();
	test_hostile();
	test_memory();
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
