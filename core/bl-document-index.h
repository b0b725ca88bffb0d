// SPDX-License-Identifier: Apache-2.0
/**
 * BlDocumentIndex: documents in memory, found by id, and listed by type or, for devices, by group.
 *
 * A BlDocument is immutable and counted: one allocation with a small header and the serialised a{sv}. The
 * GVariant a reader gets points into it and keeps it alive; it may go to another thread. Everything else: one
 * thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _BlDocument BlDocument;
typedef struct _BlDocumentIndex BlDocumentIndex;

/** Returns: %FALSE with %BOWLINE_ERROR_INVALID unless @id can name a document: 1..512 bytes of printable
 * UTF-8 */
gboolean bl_document_check_id (const char *id, GError **error);

/** Returns: %FALSE when bl_document_new() would refuse @document */
gboolean bl_document_check (GVariant *document, GError **error);
/**
 * bl_document_new: copies @document.
 * Returns: (transfer full): or %NULL with %BOWLINE_ERROR_INVALID: no usable "_id" or "type", or
 *   %BOWLINE_ERROR_LIMIT: it is too large
 */
BlDocument *bl_document_new (GVariant *document, GError **error);
BlDocument *bl_document_ref (BlDocument *document);
void bl_document_unref (BlDocument *document);
const char *bl_document_get_id (BlDocument *document);
const char *bl_document_get_type (BlDocument *document);
/** Returns: (transfer full): a{sv} */
GVariant *bl_document_dup_variant (BlDocument *document);

BlDocumentIndex *bl_document_index_new (void);
void bl_document_index_free (BlDocumentIndex *index);
/** Replaces the document with the same id. A document is in one index at a time. */
void bl_document_index_put (BlDocumentIndex *index, BlDocument *document);
gboolean bl_document_index_remove (BlDocumentIndex *index, const char *id);
/** Returns: (transfer none) (nullable) */
BlDocument *bl_document_index_lookup (BlDocumentIndex *index, const char *id);
guint bl_document_index_count (BlDocumentIndex *index, const char *type);
/** Returns: (transfer full) (element-type BlDocument): those of @type; @meshid (nullable) narrows nodes down
 */
GPtrArray *bl_document_index_dup_list (BlDocumentIndex *index, const char *type, const char *meshid);
/** Returns: bytes of documents and index, without the allocator's overhead */
gsize bl_document_index_get_memory (BlDocumentIndex *index);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlDocument, bl_document_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlDocumentIndex, bl_document_index_free)

G_END_DECLS
