/* SPDX-License-Identifier: BSD-2-Clause */
/* A naive file system in memory, to compare with. */
#ifndef TESTS_FILES_MODEL_H
#define TESTS_FILES_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define MODEL_CHILDREN 400

struct node {
	uint64_t ino; /* the server's number for it */
	uint32_t mode;
	unsigned names, openers;
	struct node *parent; /* directories */
	unsigned children;
	struct {
		char name[256];
		struct node *node;
	} * child;
	unsigned char *data; /* files, and targets of links */
	uint64_t size;
	struct node *next; /* all nodes */
};

/* Statuses are the server's: 0 or negative. */
struct node *model_new(uint32_t mode);
struct node *model_find(struct node *directory, const char *name);
int64_t model_add(struct node *directory, const char *name, struct node *node);
int64_t model_unlink(struct node *directory, const char *name, bool is_directory);
int64_t model_link(struct node *directory, const char *name, struct node *node);
int64_t model_rename(struct node *from, const char *name, struct node *to, const char *new_name,
		     bool no_replace, struct node **replaced);
void model_resize(struct node *node, uint64_t size);
void model_write(struct node *node, uint64_t offset, const void *data, uint64_t bytes);
uint32_t model_links(const struct node *node);
/* Free nodes without name and opener; all of them if `everything`. */
void model_collect(bool everything);
struct node *model_first(void);

#endif
