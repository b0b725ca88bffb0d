// SPDX-License-Identifier: Apache-2.0
/**
 * What the parts of the directory share: reading and patching (bl-directory.c) and commits, which overlap,
 * wait for each other and can fail (bl-directory-commit.c).
 */
#pragma once

#include "bl-directory.h"
#include "bl-document-index.h"

G_BEGIN_DECLS

typedef struct _Commit Commit;

/** What is under way for one document; exists while a commit that names it is unfinished. */
typedef struct
{
  char *id;
  Commit *last;      /* the newest unfinished commit that names it */
  GVariant *patches; /* a{sv} (nullable): what was patched since the oldest of them began */
} Flight;

struct _BlDirectory
{
  BlStore *store;
  BlEventBus *bus;
  BlDocumentIndex *index;

  GQueue unfinished;   /* Commit, in order of request */
  GHashTable *flights; /* id: Flight */
  guint64 last_seq;
  GQueue waiters; /* Waiter, in order of request */

  GHashTable *dirty; /* ids whose patched state the store does not have yet */
  guint patch_source;
  guint patch_delay_ms; /* grows while the store refuses */
  GPtrArray *writes;    /* PatchWrite under way */
};

gboolean bl_directory_is_hot_type (const char *type);
/** Publishes "directory.changed". */
void bl_directory_publish (BlDirectory *directory, const char *id, gboolean is_put);
/** Replaces, or with %NULL removes, a hot document, without publishing. */
void bl_directory_set (BlDirectory *directory, const char *id, BlDocument *document);
/** Puts the fields of @patch into hot document @id. Returns: whether there is such a document. */
gboolean bl_directory_merge (BlDirectory *directory, const char *id, GVariant *patch);
void bl_directory_mark_dirty (BlDirectory *directory, const char *id);
/** Makes the timer run when something is dirty. */
void bl_directory_schedule_patches (BlDirectory *directory);

GHashTable *bl_directory_flights_new (void);
/** Fails what is under way; the store's late answers find nothing. */
void bl_directory_commit_abandon (BlDirectory *directory);
/** Returns: whether a commit of @id is under way; @value: (out) (transfer full) (nullable): what it will be
 */
gboolean bl_directory_commit_peek (BlDirectory *directory, const char *id, GVariant **value);

/**
 * bl_directory_commit_wait: calls @func, at once or later, when every commit requested so far was given to
 * the store or, if @finished, was answered by it.
 */
typedef void (*BlDirectoryWaitFunc) (BlDirectory *directory, gpointer user_data);
void bl_directory_commit_wait (BlDirectory *directory,
                               gboolean finished,
                               BlDirectoryWaitFunc func,
                               gpointer user_data);

G_END_DECLS
