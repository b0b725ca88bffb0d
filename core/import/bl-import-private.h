// SPDX-License-Identifier: Apache-2.0
/** What the steps of an import share. */
#pragma once

#include "bl-import.h"
#include "bl-import-links.h"
#include "bl-import-source.h"

G_BEGIN_DECLS

#define BL_IMPORT_BATCH 200u                       /* documents read, compared and written together */
#define BL_IMPORT_BATCH_BYTES (8u * 1024u * 1024u) /* the same, serialised */
#define BL_IMPORT_EVENT_BATCH 2000u
#define BL_IMPORT_EVENT_PAGE 10000u

typedef struct
{
  BlStore *store;
  BlDirectory *directory;
  char *data_dir;
  char *path;
  gboolean dry_run;
  gboolean replace;
  gboolean fresh; /* nobody uses this server yet */
  gint64 now_ms;

  BlImportSource *source;
  BlImportReport *report;
  char *settings; /* text of the drop-in */

  GHashTable *items; /* id: BlImportItem */
  GPtrArray *order;  /* BlImportItem, in the order they are written; borrowed */
  guint next;        /* in order */
  guint batch_end;
  guint reads; /* under way */
  GError *error;

  GPtrArray *events;  /* Event */
  GHashTable *stored; /* digests of events that are here */
  guint next_event;
} BlImport;

/** Reads the source's documents into items and order, with all decisions that need nothing from the store. */
gboolean bl_import_collect (BlImport *import, GError **error);

/** Compares, counts and writes everything in order; the task returns TRUE. @task: its task data is the import
 */
void bl_import_write_documents (GTask *task, void (*next) (GTask *task));
/** The same for events and power history. */
void bl_import_write_events (GTask *task, void (*next) (GTask *task));

G_END_DECLS
