// SPDX-License-Identifier: Apache-2.0
/**
 * BlAudit: the audit trail: who did what to what, and whether it was allowed. Main context.
 *
 * Records are documents of type "audit", numbered without a gap; each holds the SHA-256 over the record
 * before it and its own canonical JSON, and document "audit-head" tells how far the chain goes. A record that
 * was changed, removed, inserted or cut off at the end is found by bl_audit_verify_async(). Each record also
 * goes to the log with its hash, so that a copy elsewhere anchors the chain.
 */
#pragma once

#include "bl-directory.h"
#include "bl-event-log.h"
#include <bowline/principal.h>

G_BEGIN_DECLS

#define BL_AUDIT_MAX_WAITING 10000u /* records in memory while the store does not take them */
#define BL_AUDIT_MAX_DETAILS                                                                                 \
  (16u * 1024u) /* bytes of details, serialised; larger ones are replaced by a note */

typedef struct _BlAudit BlAudit;

/** @directory: borrowed. @keep_days: older records are removed from the front; 0: never */
BlAudit *bl_audit_new (BlDirectory *directory, guint keep_days);
void bl_audit_free (BlAudit *audit);
/** Puts both behind the functions bowline_event_*() and bowline_audit(). Once. */
void bl_audit_install (BlAudit *audit, BlEventLog *log);

/** @details: (nullable) (transfer floating): a{sv} */
void bl_audit_record (BlAudit *audit,
                      BowlinePrincipal *principal,
                      const char *action,
                      const char *object_id,
                      gboolean allowed,
                      GVariant *details);
/** The same for what no principal does (system start, failed logins): @info may have every string %NULL. */
void bl_audit_record_info (BlAudit *audit,
                           const BowlinePrincipalInfo *info,
                           const char *action,
                           const char *object_id,
                           gboolean allowed,
                           GVariant *details);

/** Gives waiting records to the store; complete when they are kept. */
void bl_audit_flush_async (BlAudit *audit,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data);
gboolean bl_audit_flush_finish (BlAudit *audit, GAsyncResult *result, GError **error);

/** Walks the whole chain; for `bowlinectl audit verify`. */
void bl_audit_verify_async (BlAudit *audit,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
/**
 * bl_audit_verify_finish:
 * Returns: (transfer full): a{sv}: "valid" (b), "records" (x), "first" (x), "last" (x): their numbers, "hash"
 * (s) of the last one, "problem" (s, when not valid): which record, what was expected and found. %NULL with
 * @error when the store could not be read
 */
GVariant *bl_audit_verify_finish (BlAudit *audit, GAsyncResult *result, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlAudit, bl_audit_free)

G_END_DECLS
