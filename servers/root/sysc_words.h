/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading words for sysc.c, its only user: the text as an array of tokens, and
 * functions that take the next words and complain with file and line.
 */
#ifndef SERVERS_ROOT_SYSC_WORDS_H
#define SERVERS_ROOT_SYSC_WORDS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_OPEN, TOKEN_CLOSE };

struct token {
	enum token_kind kind;
	unsigned line;
	const char *text; /* of a word */
};

static const char *path;
static struct token *tokens, *now; /* the last one is TOKEN_END */
static const char *word = "";	   /* the word taken last, and its line */
static unsigned line;
static unsigned errors;

__attribute__((format(printf, 2, 3))) static inline void error_at(unsigned where,
								  const char *format, ...)
{
	va_list arguments;

	errors++;
	fprintf(stderr, "%s:%u: ", path, where);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

/* Cut the text into tokens. */
static inline void read_tokens(const char *at)
{
	size_t count = 0, capacity = strlen(at) + 1;
	unsigned row = 1;

	tokens = now = calloc(capacity, sizeof(*tokens));
	if (tokens == NULL)
		exit(2);
	for (;;) {
		struct token *token = &tokens[count];

		at += strspn(at, " \t\r");
		if (*at == '#')
			at += strcspn(at, "\n");
		token->line = row;
		if (*at == 0)
			return;
		if (*at == '\n') {
			row++;
			at++;
			continue;
		}
		count++;
		if (*at == '{' || *at == '}') {
			token->kind = *at++ == '{' ? TOKEN_OPEN : TOKEN_CLOSE;
			continue;
		}
		token->kind = TOKEN_WORD;
		token->text = strndup(at, strcspn(at, " \t\r\n{}#"));
		at += strcspn(at, " \t\r\n{}#");
	}
}

/* Take the next token if it is a word of the same line as the last one. */
static inline bool more_words(void)
{
	if (now->kind != TOKEN_WORD || now->line != line)
		return false;
	word = now++->text;
	return true;
}

/* Take the next word of the line if it is this one. */
static inline bool take_word(const char *text)
{
	return now->kind == TOKEN_WORD && strcmp(now->text, text) == 0 && more_words();
}

/* Take the word that must come next in the line; false after an error. */
static inline bool want_word(const char *what)
{
	if (more_words())
		return true;
	error_at(line, "%s is missing", what);
	return false;
}

/* Copy word to a name of `size` bytes, which says `what` it is in errors. */
static inline bool take_name(char *name, size_t size, const char *what)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.,";

	if (strlen(word) >= size) {
		error_at(line, "%s '%s' is longer than %zu characters", what, word, size - 1);
		return false;
	}
	if (word[strspn(word, allowed)] != 0) {
		error_at(line, "%s '%s' contains other than letters, digits and -_.,", what, word);
		return false;
	}
	strcpy(name, word);
	return true;
}

/* A number with an optional suffix K, M or G, within bounds and a multiple of `unit`. */
static inline bool take_number(uint64_t *out, const char *what, uint64_t least, uint64_t most,
			       uint64_t unit)
{
	char *end;
	uint64_t value;
	unsigned shift = 0;

	if (!want_word(what))
		return false;
	value = strtoull(word, &end, 0);
	if (end != word && word[0] != '-' && *end != 0 && end[1] == 0)
		shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 64;
	else if (end == word || *end != 0 || word[0] == '-')
		shift = 64;
	if (shift == 64) {
		error_at(line, "%s '%s' is not a number", what, word);
		return false;
	}
	if (value > most >> shift || value << shift < least) {
		error_at(line, "%s %s is out of range (%llu..%llu)", what, word,
			 (unsigned long long)least, (unsigned long long)most);
		return false;
	}
	*out = value << shift;
	if (*out % unit != 0) {
		error_at(line, "%s %s is not a multiple of %llu", what, word,
			 (unsigned long long)unit);
		return false;
	}
	return true;
}

/* A time of 100us..10000ms, in microseconds. */
static inline bool take_time(uint32_t *out, const char *what)
{
	char *end;
	uint64_t value, unit;

	if (!want_word(what))
		return false;
	value = strtoull(word, &end, 10);
	unit = strcmp(end, "us") == 0 ? 1 : strcmp(end, "ms") == 0 ? 1000 : 0;
	if (word[0] < '0' || word[0] > '9' || unit == 0) {
		error_at(line, "%s '%s' is not a time (as 500us or 20ms)", what, word);
		return false;
	}
	if (value > 10000000 / unit || value * unit < 100) {
		error_at(line, "%s %s is out of range (100us..10000ms)", what, word);
		return false;
	}
	*out = (uint32_t)(value * unit);
	return true;
}

static inline bool take_power(uint64_t *out, const char *what, uint64_t least, uint64_t most)
{
	if (!take_number(out, what, least, most, 1))
		return false;
	if ((*out & (*out - 1)) == 0)
		return true;
	error_at(line, "%s %s is not a power of two", what, word);
	return false;
}

#endif
