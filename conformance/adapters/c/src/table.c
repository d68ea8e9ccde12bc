#include <stdlib.h>

#include "internal.h"

/* The peer chooses the keys, so their order is mixed with the table's seed (splitmix64). */
static psi_node **bucket(const psi_table *table, uint64_t channel, uint64_t tag)
{
	uint64_t hash = table->seed ^ channel * UINT64_C(0x9e3779b97f4a7c15) ^ tag;
	hash = (hash ^ hash >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	hash = (hash ^ hash >> 27) * UINT64_C(0x94d049bb133111eb);
	hash ^= hash >> 31;
	return &table->buckets[hash & (table->size - 1)];
}

/* place returns where the pointer to a node is, or where its chain ends. */
static psi_node **place(const psi_table *table, uint64_t channel, uint64_t tag)
{
	psi_node **at = bucket(table, channel, tag);
	while (*at && ((*at)->channel != channel || (*at)->tag != tag))
		at = &(*at)->next;
	return at;
}

/* resize moves every node into new buckets. */
static bool resize(psi_table *table, size_t size)
{
	psi_table larger = *table;
	larger.buckets = calloc(size, sizeof *larger.buckets);
	if (!larger.buckets)
		return false;
	larger.size = size;
	for (size_t i = 0; i < table->size; i++) {
		for (psi_node *node = table->buckets[i], *next; node; node = next) {
			next = node->next;
			psi_node **at = bucket(&larger, node->channel, node->tag);
			node->next = *at;
			*at = node;
		}
	}
	free(table->buckets);
	*table = larger;
	return true;
}

psi_node *psi_table_find(const psi_table *table, uint64_t channel, uint64_t tag)
{
	return table->size ? *place(table, channel, tag) : NULL;
}

bool psi_table_add(psi_table *table, psi_node *node)
{
	if (table->count >= table->size && !resize(table, table->size ? table->size * 2 : 16) && !table->size)
		return false;
	psi_node **at = bucket(table, node->channel, node->tag);
	node->next = *at;
	*at = node;
	table->count++;
	return true;
}

psi_node *psi_table_remove(psi_table *table, uint64_t channel, uint64_t tag)
{
	if (!table->size)
		return NULL;
	psi_node **at = place(table, channel, tag);
	psi_node *node = *at;
	if (!node)
		return NULL;
	*at = node->next;
	if (--table->count == 0)
		psi_table_free(table); /* a burst of requests leaves nothing behind (BAD-5) */
	return node;
}

psi_node *psi_table_take(psi_table *table)
{
	psi_node *all = NULL;
	for (size_t i = 0; i < table->size; i++) {
		for (psi_node *node = table->buckets[i], *next; node; node = next) {
			next = node->next;
			node->next = all;
			all = node;
		}
	}
	psi_table_free(table);
	return all;
}

void psi_table_free(psi_table *table)
{
	free(table->buckets);
	table->buckets = NULL;
	table->size = table->count = 0;
}
