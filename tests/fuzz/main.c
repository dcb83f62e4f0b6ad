/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_fuzz [events [seed]]: runs of random events, with fixed seeds.
 * kernel_fuzz [-v] FILE...: each file is an input (fuzz.h), of a failure or of
 * the corpus; -v prints every event.
 * kernel_fuzz -m FILE: makes a failing input shorter.
 * kernel_fuzz -x FOLDER: puts the inputs of corpus.txt into files.
 *
 * A failing input is written to $B/fuzz-failure. The random runs begin with the
 * inputs of corpus.txt, each of which once found a bug.
 */
#include "tests/fuzz/fuzz.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define INPUT_MOST (HEAD_BYTES + EVENTS_MAX * EVENT_BYTES)

/* The input of the run that goes on, to be saved when it does not come back. */
static uint8_t input[INPUT_MOST];
static size_t input_size;
static char failure[256];

#define SECONDS_MOST 10u

/* Not there in a build without sanitizers, as for coverage. */
void __sanitizer_print_stack_trace(void) __attribute__((weak));
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void save(const char *path, const uint8_t *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");

	if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
		perror(path);
	}
}

static void save_failure(void)
{
	save(failure, input, input_size);
	printf("  the input is in %s; replay: %s %s\n", failure, "build/host-tests/kernel_fuzz -v",
	       failure);
	fflush(stdout);
}

static void out_of_time(int signal)
{
	(void)signal;
	if (__sanitizer_print_stack_trace != NULL) {
		__sanitizer_print_stack_trace();
	}
	save_failure();
	_exit(3);
}

static bool run(void)
{
	bool ok;

	alarm(SECONDS_MOST);
	ok = fuzz_run(input, input_size);
	alarm(0);
	return ok;
}

/* In a process of its own. How it failed, "" if not, in a place that is overwritten. */
static const char *run_apart(void)
{
	static char *reason;
	int status = 0;
	pid_t child;

	if (reason == NULL) {
		reason = mmap(NULL, sizeof(failure_reason), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	}
	strcpy(reason, "it does not come back");
	child = fork();
	if (child == 0) {
		close(STDOUT_FILENO);
		close(STDERR_FILENO);
		strcpy(reason, run() ? "" : failure_reason);
		_exit(0);
	}
	waitpid(child, &status, 0);
	return reason;
}

static bool load(const char *path)
{
	FILE *file = fopen(path, "rb");

	if (file == NULL) {
		perror(path);
		return false;
	}
	input_size = fread(input, 1, sizeof(input), file);
	fclose(file);
	return true;
}

/* Leave out events, in pieces of falling size, as long as it fails in the same way. */
static int shorten(const char *path)
{
	static uint8_t best[INPUT_MOST];
	char reason[sizeof(failure_reason)];
	size_t best_size, piece;

	if (!load(path)) {
		return 1;
	}
	strcpy(reason, run_apart());
	if (reason[0] == '\0') {
		printf("%s does not fail\n", path);
		return 1;
	}
	printf("  %s\n", reason);
	memcpy(best, input, sizeof(best));
	best_size = input_size;
	for (piece = 256; piece > 0; piece /= 2) {
		size_t bytes = piece * EVENT_BYTES;

		for (size_t at = HEAD_BYTES; at < best_size;) {
			size_t end = at + bytes < best_size ? at + bytes : best_size;

			memcpy(input, best, at);
			memcpy(input + at, best + end, best_size - end);
			input_size = best_size - (end - at);
			if (strcmp(reason, run_apart()) == 0) {
				memcpy(best, input, input_size);
				best_size = input_size;
			} else {
				at += bytes;
			}
		}
	}
	snprintf(failure, sizeof(failure), "%s.short", path);
	save(failure, best, best_size);
	printf("%lu events left, in %s\n", (best_size - HEAD_BYTES) / EVENT_BYTES, failure);
	return 0;
}

static void print_counts(void)
{
	const struct fuzz_counts *c = &fuzz_counts;

	printf("  %lu runs, %lu events: %lu calls, %lu without error, %lu preempted; %lu fast "
	       "switches, %lu page faults, %lu races, %lu evictions; %lu runs ended early\n",
	       c->runs, c->events, c->calls, c->calls_ok, c->preempted, c->fast, c->faults,
	       c->races, c->evictions, c->ended_early);
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 16;
}

static bool random_run(uint64_t seed)
{
	uint64_t state = (seed + 1) * 0x9e3779b97f4a7c15ull;

	input_size = HEAD_BYTES + (20 + next_random(&state) % 500) * EVENT_BYTES;
	for (size_t i = 0; i < input_size; i++) {
		input[i] = (uint8_t)next_random(&state);
	}
	return run();
}

static int run_all_random(uint64_t events, uint64_t seed)
{
	bool ok = true;

	while (ok && fuzz_counts.events < events) {
		ok = random_run(seed++);
	}
	print_counts();
	if (!ok) {
		save_failure();
		printf("FAIL fuzz_random seed %lu\n0 passed, 1 failed\n", seed - 1);
		return 1;
	}
	/* Else it tests little. */
	if (fuzz_counts.calls_ok < fuzz_counts.events / 10 ||
	    fuzz_counts.fast < fuzz_counts.events / 200) {
		printf("FAIL fuzz_random most events are refused\n0 passed, 1 failed\n");
		return 1;
	}
	printf("PASS fuzz_random\n2 passed, 0 failed\n");
	return 0;
}

/* --- the corpus: a line for each input, in hexadecimal ----------------------------------- */

#define CORPUS "tests/fuzz/corpus.txt"

static bool parse(const char *line)
{
	unsigned byte;

	for (input_size = 0; input_size < INPUT_MOST && sscanf(line, "%2x", &byte) == 1;
	     line += 2) {
		input[input_size++] = (uint8_t)byte;
	}
	return input_size > HEAD_BYTES;
}

/* Calls `with` with each input in its place, and its number; false once that is false. */
static bool each_of_corpus(bool (*with)(unsigned number))
{
	static char line[2 * INPUT_MOST + 2];
	FILE *file = fopen(CORPUS, "r");
	unsigned number = 0;
	bool ok = file != NULL;

	while (ok && fgets(line, sizeof(line), file) != NULL) {
		ok = !parse(line) || with(++number);
	}
	if (file != NULL) {
		fclose(file);
	}
	return ok && number > 0;
}

static const char *corpus_folder;

static bool extract(unsigned number)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/corpus-%u", corpus_folder, number);
	save(path, input, input_size);
	return true;
}

static bool run_one_of_corpus(unsigned number)
{
	if (!run()) {
		printf("  input %u of " CORPUS "\n", number);
		return false;
	}
	return true;
}

static int run_all(uint64_t events, uint64_t seed)
{
	if (!each_of_corpus(run_one_of_corpus)) {
		save_failure();
		printf("FAIL fuzz_corpus\n0 passed, 1 failed\n");
		return 1;
	}
	printf("PASS fuzz_corpus\n");
	return run_all_random(events, seed);
}

static int replay(char **paths)
{
	unsigned failed = 0, passed = 0;

	for (; *paths != NULL; paths++) {
		bool ok = load(*paths) && run();

		printf("%s %s\n", ok ? "PASS" : "FAIL", *paths);
		passed += ok;
		failed += !ok;
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}

int main(int argc, char **argv)
{
	const char *build = getenv("B");

	snprintf(failure, sizeof(failure), "%s/fuzz-failure", build != NULL ? build : "build");
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (__sanitizer_set_death_callback != NULL) {
		__sanitizer_set_death_callback(save_failure);
	}
	signal(SIGALRM, out_of_time);
	fuzz_init();
	if (argc == 3 && strcmp(argv[1], "-m") == 0) {
		return shorten(argv[2]);
	}
	if (argc == 3 && strcmp(argv[1], "-x") == 0) {
		corpus_folder = argv[2];
		return !each_of_corpus(extract);
	}
	if (argc > 1 && strcmp(argv[1], "-v") == 0) {
		fuzz_verbose = true;
		argv++;
		argc--;
	}
	if (argc > 1 && access(argv[1], R_OK) == 0) {
		return replay(argv + 1);
	}
	return run_all(argc > 1 ? strtoull(argv[1], NULL, 0) : 200000,
		       argc > 2 ? strtoull(argv[2], NULL, 0) : 1);
}
