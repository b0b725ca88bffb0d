// SPDX-License-Identifier: Apache-2.0
/**
 * Documents and events of MeshCentral as ours (migration.md sections 3 and 4). Pure; any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What kinds of documents there are, in the order in which they are taken over. */
typedef enum
{
  BL_IMPORT_KEY,
  BL_IMPORT_USER,
  BL_IMPORT_USER_GROUP,
  BL_IMPORT_DEVICE_GROUP,
  BL_IMPORT_DEVICE,
  BL_IMPORT_LAST_CONNECTION,
  BL_IMPORT_NETWORK,
  BL_IMPORT_SYSTEM,
  BL_IMPORT_NOTE,
  BL_IMPORT_LOGIN_TOKEN,
  BL_IMPORT_SHARE,
  BL_IMPORT_PAGE_STATE,
  BL_IMPORT_PICTURE,
  BL_IMPORT_OTHER,
  BL_IMPORT_N_KINDS,
} BlImportKind;

/** Returns: how @kind is called in the report. */
const char *bl_import_kind_name (BlImportKind kind);
/** Returns: whether it has links: accounts, user groups, device groups and devices. */
gboolean bl_import_kind_has_links (BlImportKind kind);

typedef struct
{
  BlImportKind kind;
  GVariant *document; /* NULL: it is left */
  const char *why;    /* it is left; constant */
  char *owner;        /* (nullable): id that must exist, or this is left too */
  char *second_owner; /* (nullable): the same */
} BlImportDocument;

/**
 * bl_import_convert:
 * @source: as it is stored, with opened secrets and plain keys
 * @now_ms: what has expired at this time is left
 */
void bl_import_convert (GVariant *source, gint64 now_ms, BlImportDocument *result);
void bl_import_document_clear (BlImportDocument *document);

/**
 * bl_import_convert_event:
 * @targets: (out) (transfer full): ids whose watchers may see it
 * @time_ms: (in) (out): when it has no time of its own; the time it happened
 * Returns: (transfer full) (nullable): the event as the store keeps it, or %NULL with a constant text in @why
 */
GVariant *
bl_import_convert_event (GVariant *source, gint64 now_ms, char ***targets, gint64 *time_ms, const char **why);

/**
 * bl_import_convert_power: one entry of the power history as the event that stands for it here, which nobody but its device
 * names. Arguments and result as bl_import_convert_event().
 */
GVariant *
bl_import_convert_power (GVariant *source, gint64 now_ms, char ***targets, gint64 *time_ms, const char **why);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BlImportDocument, bl_import_document_clear)

G_END_DECLS
