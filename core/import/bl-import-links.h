// SPDX-License-Identifier: Apache-2.0
/**
 * Links between accounts, user groups, device groups and devices: each is written on both ends, and only what
 * both ends say is taken over. Pure; one thread.
 */
#pragma once

#include "bl-import-convert.h"
#include "bl-import-report.h"

G_BEGIN_DECLS

/** One document on its way into the store. */
typedef struct
{
  BlImportKind kind;
  GVariant *source;   /* as converted */
  GVariant *existing; /* (nullable): the one that is here already */
  GVariant *final;    /* what is to be stored, when @outcome says so */
  char *owner;        /* (nullable): see BlImportDocument */
  char *second_owner;
  BlImportOutcome outcome;
} BlImportItem;

void bl_import_item_free (gpointer item);

/** What was wrong with links. */
typedef struct
{
  guint unknown;   /* the other end does not exist */
  guint one_sided; /* the other end does not say so */
  guint differing; /* ends said different rights; those of the account or user group count */
  guint ours;      /* to something that is here already and does not have it */
} BlImportLinks;

/**
 * bl_import_links_clean: makes the links among the documents of the source agree.
 * @items: (element-type utf8 BlImportItem): by id
 */
void bl_import_links_clean (GHashTable *items, BlImportLinks *links);

/**
 * bl_import_links_join: decides what becomes of each document with links, and makes them agree with what is
 * here.
 * @replace: whether what is here gives way
 *
 * Something that is here already stays as it is; an account or user group gets the links to what is new.
 * Something here never becomes open to anybody by the import.
 */
void bl_import_links_join (GHashTable *items, gboolean replace, BlImportLinks *links);

G_END_DECLS
