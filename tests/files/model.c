/* SPDX-License-Identifier: BSD-2-Clause */
/* See model.h. Written without a look at the server: plain arrays, linear searches. */
#include <stdlib.h>
#include <string.h>

#include "servers/files/file_system.h"
#include "tests/files/model.h"

static struct node *nodes;

static bool is_directory(const struct node *node)
{
	return (node->mode & MODE_TYPE) == MODE_DIRECTORY;
}

struct node *model_new(uint32_t mode)
{
	struct node *node = calloc(1, sizeof(*node));

	node->mode = mode;
	node->next = nodes;
	nodes = node;
	if (is_directory(node)) {
		node->child = calloc(MODEL_CHILDREN, sizeof(*node->child));
	}
	return node;
}

static int find_index(const struct node *directory, const char *name)
{
	for (unsigned i = 0; i < directory->children; i++) {
		if (strcmp(directory->child[i].name, name) == 0) {
			return (int)i;
		}
	}
	return -1;
}

struct node *model_find(struct node *directory, const char *name)
{
	int i = find_index(directory, name);

	return i < 0 ? NULL : directory->child[i].node;
}

int64_t model_add(struct node *directory, const char *name, struct node *node)
{
	if (find_index(directory, name) >= 0) {
		return -STATUS_EXIST;
	}
	strcpy(directory->child[directory->children].name, name);
	directory->child[directory->children++].node = node;
	node->names++;
	if (is_directory(node)) {
		node->parent = directory;
	}
	return 0;
}

static void drop(struct node *directory, int i)
{
	directory->child[i].node->names--;
	directory->child[i] = directory->child[--directory->children];
}

int64_t model_unlink(struct node *directory, const char *name, bool want_directory)
{
	int i = find_index(directory, name);

	if (i < 0) {
		return -STATUS_NOENT;
	}
	if (is_directory(directory->child[i].node) != want_directory) {
		return want_directory ? -STATUS_NOTDIR : -STATUS_ISDIR;
	}
	if (directory->child[i].node->children > 0) {
		return -STATUS_NOTEMPTY;
	}
	drop(directory, i);
	return 0;
}

int64_t model_link(struct node *directory, const char *name, struct node *node)
{
	if (is_directory(node)) {
		return find_index(directory, name) >= 0 ? -STATUS_EXIST : -STATUS_PERM;
	}
	return model_add(directory, name, node);
}

int64_t model_rename(struct node *from, const char *name, struct node *to, const char *new_name,
		     bool no_replace, struct node **replaced)
{
	struct node *source = model_find(from, name);
	struct node *target = model_find(to, new_name);

	*replaced = NULL;
	if (!source) {
		return -STATUS_NOENT;
	}
	for (struct node *at = to; is_directory(source) && at; at = at->parent) {
		if (at == source) {
			return -STATUS_INVAL;
		}
	}
	if (target && no_replace) {
		return -STATUS_EXIST;
	}
	if (target == source) {
		return 0;
	}
	if (target && is_directory(source) && !is_directory(target)) {
		return -STATUS_NOTDIR;
	}
	if (target && !is_directory(source) && is_directory(target)) {
		return -STATUS_ISDIR;
	}
	if (target && target->children > 0) {
		return -STATUS_NOTEMPTY;
	}
	if (target) {
		drop(to, find_index(to, new_name));
		*replaced = target;
	}
	drop(from, find_index(from, name));
	return model_add(to, new_name, source);
}

void model_resize(struct node *node, uint64_t size)
{
	node->data = realloc(node->data, size + 1);
	if (size > node->size) {
		memset(node->data + node->size, 0, size - node->size);
	}
	node->size = size;
}

void model_write(struct node *node, uint64_t offset, const void *data, uint64_t bytes)
{
	if (offset + bytes > node->size) {
		model_resize(node, offset + bytes);
	}
	memcpy(node->data + offset, data, bytes);
}

uint32_t model_links(const struct node *node)
{
	uint32_t links = node->names;

	if (is_directory(node)) {
		if (node->parent && node->names == 0) {
			return 0;
		}
		links = 2;
		for (unsigned i = 0; i < node->children; i++) {
			links += is_directory(node->child[i].node);
		}
	}
	return links;
}

struct node *model_first(void)
{
	return nodes;
}

void model_collect(bool everything)
{
	for (struct node **link = &nodes; *link;) {
		struct node *node = *link;
		bool is_root = is_directory(node) && !node->parent;

		if (everything || (node->names == 0 && node->openers == 0 && !is_root)) {
			*link = node->next;
			free(node->child);
			free(node->data);
			free(node);
		} else {
			link = &node->next;
		}
	}
}
