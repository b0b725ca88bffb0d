/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Extension point "store": where documents and events are kept. One module provides it.
 *
 * Functions are called on the main context and must not block apart from @load, which runs once before the server
 * listens. Completion callbacks arrive on the main context: those of changes and flushes in the order of the requests,
 * and those of reads in the order of the requests; a read never waits for a change that was requested after it.
 */
#ifndef BOWLINE_STORE_H
#define BOWLINE_STORE_H

#include <bowline/abi.h>
#include <bowline/error.h>

G_BEGIN_DECLS

/** @document: (transfer none): a{sv} */
typedef void (*BowlineStoreRowFunc) (GVariant *document, gpointer user_data);

typedef struct
{
  guint32 struct_size;
  guint32 flags; /* none defined in 1.0 */
  /** load: calls @func for every document of the hot @types (zero-terminated). Main context, may block. */
  gboolean (*load) (gpointer self, const char *const *types, BowlineStoreRowFunc func, gpointer user_data, GError **error);
  /**
   * commit: one transaction. @puts: (nullable) (transfer none): aa{sv}; @deletes: (nullable).
   * @flags: BOWLINE_COMMIT_*. @done gets %NULL or the error, after the commit; @done is nullable.
   * With BOWLINE_COMMIT_RELAXED the store may keep it for some 50 ms; read need not see it before @done runs, list does.
   */
  void (*commit) (gpointer self, GVariant *puts, const char *const *deletes, guint32 flags,
                  void (*done) (const GError *error, gpointer user_data), gpointer user_data);
  /** read: @done gets the document, or %NULL; and an error or %NULL. Sees earlier commits. */
  void (*read) (gpointer self, const char *id, void (*done) (GVariant *document, const GError *error, gpointer user_data),
                gpointer user_data);
  /** list: as bowline_directory_list_async(); @documents is aa{sv} */
  void (*list) (gpointer self, const char *type, const char *prefix, guint32 limit,
                void (*done) (GVariant *documents, const GError *error, gpointer user_data), gpointer user_data);
  /** add_event: keeps one event; write-behind. @targets as in bowline_event_emit(); @time_ms since the epoch. */
  void (*add_event) (gpointer self, const char *const *targets, gint64 time_ms, GVariant *event);
  /** query_events: @filter as bowline_event_query_async() */
  void (*query_events) (gpointer self, GVariant *filter, void (*done) (GVariant *events, const GError *error, gpointer user_data),
                        gpointer user_data);
  /** flush: @done runs when everything requested before is kept; used at the end and by back-up. */
  void (*flush) (gpointer self, void (*done) (const GError *error, gpointer user_data), gpointer user_data);
  /** status: Returns: (transfer full): a{sv}: "engine" (s), "schema" (x), "healthy" (b), "problem" (s, optional),
   * "documents" (x), "events" (x), "queued" (x), "bytes" (x) */
  GVariant *(*status) (gpointer self);
  /** backup: (nullable): copies the whole store consistently into the new file @path. */
  void (*backup) (gpointer self, const char *path, void (*done) (const GError *error, gpointer user_data), gpointer user_data);
} BowlineStore;

/** Returns: %FALSE when there is a store already, or a mandatory slot (all but backup) is empty. */
BOWLINE_AVAILABLE_IN_1_0 gboolean
bowline_host_register_store (BowlineHost *host, const BowlineStore *store, gpointer self, GError **error);

G_END_DECLS
#endif
