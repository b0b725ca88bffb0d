// SPDX-License-Identifier: Apache-2.0
/**
 * The hash chain of the audit trail: appending, cutting at the front, checking. Pure; no store, no time.
 *
 * A record's "hash" is the SHA-256, in hex, over the 64 hex digits of the record before it and the canonical
 * JSON (keys sorted by bytes, no spaces) of the record without "hash".
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BL_AUDIT_HEAD_ID "audit-head"
#define BL_AUDIT_HASH_LENGTH 64
#define BL_AUDIT_PAGE 256u /* records that share a prefix of their id */

/** Where the chain begins and ends. Empty: first is last + 1. */
typedef struct
{
  gint64 first;                          /* number of the oldest record kept */
  gint64 last;                           /* number of the newest one; 0: none ever */
  char anchor[BL_AUDIT_HASH_LENGTH + 1]; /* hash of record first - 1; zeros before the first one of all */
  char hash[BL_AUDIT_HASH_LENGTH + 1];   /* hash of record last */
} BlAuditHead;

/** @document: (nullable): "audit-head"; without it the chain has not begun */
void bl_audit_head_read (GVariant *document, BlAuditHead *head);
/** Returns: (transfer floating): the document */
GVariant *bl_audit_head_write (const BlAuditHead *head);

/** Returns: (transfer full): canonical JSON of @document, without the member "hash"; %NULL if JSON cannot say
 * it */
char *bl_audit_chain_canonical (GVariant *document);
/** Makes @record the next of the chain. Returns: (transfer full): it with "_id", "seq", "prev" and "hash" */
GVariant *bl_audit_chain_append (BlAuditHead *head, GVariant *record);
/** Returns: (transfer full): what the ids of the page with record @seq begin with */
char *bl_audit_chain_page_prefix (gint64 seq);
/** Moves the front behind the records of @page (aa{sv}) older than @cutoff_ms, whose ids go to @deletes; the
 * last record of all stays. */
void bl_audit_chain_expire (BlAuditHead *head, GVariant *page, gint64 cutoff_ms, GStrvBuilder *deletes);

/** One walk along the chain. */
typedef struct
{
  BlAuditHead head;
  gint64 next; /* number of the record wanted next */
  char previous[BL_AUDIT_HASH_LENGTH + 1];
  char *problem; /* the first one found */
} BlAuditVerify;

void bl_audit_verify_init (BlAuditVerify *verify, const BlAuditHead *head);
void bl_audit_verify_clear (BlAuditVerify *verify);
/** @page: aa{sv}: all records of the page with verify->next, in any order */
void bl_audit_verify_page (BlAuditVerify *verify, GVariant *page);
gboolean bl_audit_verify_is_done (const BlAuditVerify *verify);
/** Returns: (transfer full): as bl_audit_verify_finish() */
GVariant *bl_audit_verify_dup_report (const BlAuditVerify *verify);

G_END_DECLS
