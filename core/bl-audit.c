// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-audit"

#include "bl-audit.h"
#include "bl-audit-chain.h"
#include "bl-log.h"
#include "bowline-private.h"
#include "common/bl-json.h"
#include "common/bl-variant.h"
#include <string.h>

#define AUDIT_RETRY_MIN_MS 1000u
#define AUDIT_RETRY_MAX_MS 30000u
#define AUDIT_BATCH 100u
#define AUDIT_EXPIRE_SECONDS 3600u

struct _BlAudit
{
  BlDirectory *directory;
  guint keep_days;
  GQueue waiting;   /* GVariant a{sv}, not yet chained */
  guint lost;       /* records there was no room for */
  guint writing;    /* how many of the waiting ones the store has */
  gboolean is_busy; /* a commit that moves the head is under way */
  guint source;
  guint retry_ms; /* 0: the store takes records */
  guint expire_source;
  GPtrArray *flushes; /* GTask: complete when nothing waits */
  guint verifying;    /* nothing expires under a verification */
  GCancellable *end;  /* cancelled: the audit is gone */
};

static BlAudit *installed_audit;
static BlEventLog *installed_log;

static void bl_audit_write (BlAudit *audit);
static gboolean bl_audit_expire_cb (gpointer user_data);

BlAudit *
bl_audit_new (BlDirectory *directory, guint keep_days)
{
  BlAudit *audit = g_new0 (BlAudit, 1);

  audit->directory = directory;
  audit->keep_days = keep_days;
  audit->flushes = g_ptr_array_new ();
  audit->end = g_cancellable_new ();
  g_queue_init (&audit->waiting);
  if (keep_days > 0)
    audit->expire_source = g_timeout_add_seconds (AUDIT_EXPIRE_SECONDS, bl_audit_expire_cb, audit);
  return audit;
}

void
bl_audit_free (BlAudit *audit)
{
  if (audit == NULL)
    return;
  if (installed_audit == audit)
    {
      bowline_private_install_event_ops (NULL);
      installed_audit = NULL;
      installed_log = NULL;
    }
  g_clear_handle_id (&audit->source, g_source_remove);
  g_clear_handle_id (&audit->expire_source, g_source_remove);
  g_cancellable_cancel (audit->end);
  g_object_unref (audit->end);
  for (guint i = 0; i < audit->flushes->len; i++)
    {
      g_autoptr (GTask) task = g_ptr_array_index (audit->flushes, i);

      g_task_return_new_error (task, BOWLINE_ERROR, BOWLINE_ERROR_STORAGE, "the server stops");
    }
  g_ptr_array_unref (audit->flushes);
  g_queue_clear_full (&audit->waiting, (GDestroyNotify)g_variant_unref);
  g_free (audit);
}

/* ---- recording --------------------------------------------------------------------------------------------
 */

static void
bl_audit_log (GVariant *record)
{
  bl_log ("audit", BOWLINE_LOG_INFO,
          g_variant_new_parsed (
              "{'user': <%s>, 'object': <%s>, 'address': <%s>, 'record': <%x>, 'hash': <%s>}",
              bl_variant_get_string (record, "userid"), bl_variant_get_string (record, "object"),
              bl_variant_get_string (record, "address"), bl_variant_get_int (record, "seq", 0),
              bl_variant_get_string (record, "hash")),
          "%s: %s", bl_variant_get_string (record, "action"),
          bl_variant_get_bool (record, "allowed", FALSE) ? "allowed" : "refused");
}

/* At once, so that a record is with the store before the change it tells of is confirmed; those that come
 * while one batch is under way form the next. After a failure with growing distances. */
static void
bl_audit_schedule (BlAudit *audit)
{
  if (audit->is_busy || g_queue_is_empty (&audit->waiting))
    return;
  if (audit->retry_ms == 0)
    bl_audit_write (audit);
  else if (audit->source == 0)
    audit->source = g_timeout_add_once (audit->retry_ms, (GSourceOnceFunc)bl_audit_write, audit);
}

static void
bl_audit_complete_flushes (BlAudit *audit, const GError *error)
{
  g_autoptr (GPtrArray) flushes = g_steal_pointer (&audit->flushes);

  audit->flushes = g_ptr_array_new ();
  for (guint i = 0; i < flushes->len; i++)
    {
      g_autoptr (GTask) task = g_ptr_array_index (flushes, i);

      if (error != NULL)
        g_task_return_error (task, g_error_copy (error));
      else
        g_task_return_boolean (task, TRUE);
    }
}

static void
bl_audit_written (BlAudit *audit)
{
  if (audit->retry_ms > 0)
    g_message ("audit records are stored again");
  audit->retry_ms = 0;
  for (; audit->writing > 0; audit->writing--)
    g_variant_unref (g_queue_pop_head (&audit->waiting));
  if (audit->lost > 0)
    {
      guint lost = audit->lost;

      audit->lost = 0;
      bl_audit_record_info (audit, NULL, "audit.lost", NULL, TRUE,
                            g_variant_new_parsed ("{'records': <%x>}", (gint64)lost));
    }
  if (g_queue_is_empty (&audit->waiting))
    bl_audit_complete_flushes (audit, NULL);
  else if (audit->flushes->len > 0)
    bl_audit_write (audit);
}

static void
bl_audit_write_failed (BlAudit *audit, const GError *error)
{
  if (audit->retry_ms == 0)
    g_warning ("audit records wait in memory, the store refuses them: %s", error->message);
  audit->retry_ms = CLAMP (audit->retry_ms * 2, AUDIT_RETRY_MIN_MS, AUDIT_RETRY_MAX_MS);
  audit->writing = 0;
  bl_audit_complete_flushes (audit, error);
}

typedef struct
{
  BlAudit *audit;
  GCancellable *end;
  GPtrArray *records; /* as stored */
} AuditWrite;

static void
audit_write_free (AuditWrite *write)
{
  g_object_unref (write->end);
  g_ptr_array_unref (write->records);
  g_free (write);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AuditWrite, audit_write_free)

static void
bl_audit_commit_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (AuditWrite) write = user_data;
  g_autoptr (GError) error = NULL;
  BlAudit *audit = write->audit;
  gboolean ok = bl_directory_commit_finish (NULL, result, &error);

  if (g_cancellable_is_cancelled (write->end))
    return;
  audit->is_busy = FALSE;
  if (ok)
    {
      for (guint i = 0; i < write->records->len; i++)
        bl_audit_log (g_ptr_array_index (write->records, i));
      bl_audit_written (audit);
    }
  else
    bl_audit_write_failed (audit, error);
  bl_audit_schedule (audit);
}

static void
bl_audit_commit (BlAudit *audit, GVariant *puts, const char *const *deletes, GPtrArray *records)
{
  AuditWrite *write = g_new0 (AuditWrite, 1);

  write->audit = audit;
  write->end = g_object_ref (audit->end);
  write->records = g_ptr_array_ref (records);
  audit->is_busy = TRUE;
  bl_directory_commit_async (audit->directory, puts, deletes, 0, NULL, bl_audit_commit_cb, write);
}

/* Chains what waits to the head and commits both together. */
static void
bl_audit_write (BlAudit *audit)
{
  g_autoptr (GPtrArray) records = g_ptr_array_new_with_free_func ((GDestroyNotify)g_variant_unref);
  g_autoptr (GVariant) document = bl_directory_dup (audit->directory, BL_AUDIT_HEAD_ID);
  GVariantBuilder puts = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  BlAuditHead head;
  GList *l = audit->waiting.head;

  g_clear_handle_id (&audit->source, g_source_remove);
  if (audit->is_busy || l == NULL)
    {
      g_variant_builder_clear (&puts);
      return;
    }
  bl_audit_head_read (document, &head);
  for (guint i = 0; i < AUDIT_BATCH && l != NULL; i++, l = l->next)
    {
      GVariant *record = bl_audit_chain_append (&head, l->data);

      g_variant_builder_add_value (&puts, record);
      g_ptr_array_add (records, record);
    }
  audit->writing = records->len;
  g_variant_builder_add_value (&puts, bl_audit_head_write (&head));
  bl_audit_commit (audit, g_variant_builder_end (&puts), NULL, records);
}

/* Plain JSON types only, so that what is hashed now is what is read back later. */
static GVariant *
details_normalise (GVariant *details)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) normal = NULL;
  g_autofree char *text = bl_json_to_string (details, &error);

  if (text != NULL && strlen (text) <= BL_AUDIT_MAX_DETAILS)
    normal = bl_json_parse_object (text, strlen (text), NULL, BL_JSON_DEFAULT, &error);
  if (normal != NULL)
    return g_steal_pointer (&normal);
  return bl_doc_set_string (NULL, "left-out", error != NULL ? error->message : "too large");
}

static void
builder_add_text (GVariantBuilder *builder, const char *key, const char *text)
{
  g_variant_builder_add (builder, "{sv}", key, g_variant_new_string (text != NULL ? text : ""));
}

void
bl_audit_record_info (BlAudit *audit,
                      const BowlinePrincipalInfo *info,
                      const char *action,
                      const char *object_id,
                      gboolean allowed,
                      GVariant *details)
{
  g_autoptr (GVariant) held = details != NULL ? g_variant_ref_sink (details) : NULL;
  g_autofree char *time = bl_event_log_format_time (g_get_real_time () / 1000);
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  if (g_queue_get_length (&audit->waiting) >= BL_AUDIT_MAX_WAITING)
    {
      if (audit->lost++ == 0)
        g_warning ("audit records are lost: %u wait for the store", BL_AUDIT_MAX_WAITING);
      g_variant_builder_clear (&builder);
      return;
    }
  builder_add_text (&builder, "type", "audit");
  builder_add_text (&builder, "time", time);
  g_variant_builder_add (&builder, "{sv}", "kind", g_variant_new_int64 (info != NULL ? info->kind : 0));
  builder_add_text (&builder, "userid", info != NULL ? info->user_id : NULL);
  builder_add_text (&builder, "tokenid", info != NULL ? info->token_id : NULL);
  builder_add_text (&builder, "address", info != NULL ? info->address : NULL);
  builder_add_text (&builder, "action", action);
  builder_add_text (&builder, "object", object_id);
  g_variant_builder_add (&builder, "{sv}", "allowed", g_variant_new_boolean (allowed));
  if (held != NULL)
    {
      g_autoptr (GVariant) normal = details_normalise (held);

      g_variant_builder_add (&builder, "{sv}", "details", normal);
    }
  g_queue_push_tail (&audit->waiting, g_variant_ref_sink (g_variant_builder_end (&builder)));
  bl_audit_schedule (audit);
}

void
bl_audit_record (BlAudit *audit,
                 BowlinePrincipal *principal,
                 const char *action,
                 const char *object_id,
                 gboolean allowed,
                 GVariant *details)
{
  BowlinePrincipalInfo info = { .struct_size = sizeof info };

  if (principal != NULL)
    bowline_principal_get_info (principal, &info);
  bl_audit_record_info (audit, principal != NULL ? &info : NULL, action, object_id, allowed, details);
}

void
bl_audit_flush_async (BlAudit *audit,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, bl_audit_flush_async);
  if (g_queue_is_empty (&audit->waiting))
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  g_ptr_array_add (audit->flushes, g_steal_pointer (&task));
  g_clear_handle_id (&audit->source, g_source_remove);
  bl_audit_write (audit);
}

gboolean
bl_audit_flush_finish (BlAudit *audit, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- expiry: whole records from the front, with the head in the same commit
 * -------------------------------- */

/* The oldest page of the chain is here. */
static void
bl_audit_expire_page_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (AuditWrite) write = user_data;
  g_autoptr (GVariant) page = bl_directory_list_finish (NULL, result, NULL);
  g_autoptr (GVariant) document = NULL;
  g_autoptr (GStrvBuilder) ids = g_strv_builder_new ();
  g_auto (GStrv) deletes = NULL;
  g_autoptr (GPtrArray) none = g_ptr_array_new ();
  GVariantBuilder puts = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  BlAudit *audit = write->audit;
  BlAuditHead head;
  gint64 cutoff;

  if (g_cancellable_is_cancelled (write->end) || page == NULL || audit->is_busy || audit->verifying > 0)
    {
      g_variant_builder_clear (&puts);
      return;
    }
  cutoff = g_get_real_time () / 1000 - (gint64)audit->keep_days * G_TIME_SPAN_DAY / 1000;
  document = bl_directory_dup (audit->directory, BL_AUDIT_HEAD_ID);
  bl_audit_head_read (document, &head);
  bl_audit_chain_expire (&head, page, cutoff, ids);
  deletes = g_strv_builder_end (ids);
  if (deletes[0] == NULL)
    {
      g_variant_builder_clear (&puts);
      return;
    }
  g_variant_builder_add_value (&puts, bl_audit_head_write (&head));
  bl_audit_commit (audit, g_variant_builder_end (&puts), (const char *const *)deletes, none);
}

static gboolean
bl_audit_expire_cb (gpointer user_data)
{
  BlAudit *audit = user_data;
  g_autoptr (GVariant) document = bl_directory_dup (audit->directory, BL_AUDIT_HEAD_ID);
  g_autofree char *prefix = NULL;
  AuditWrite *write;
  BlAuditHead head;

  bl_audit_head_read (document, &head);
  if (head.first >= head.last)
    return G_SOURCE_CONTINUE;
  write = g_new0 (AuditWrite, 1);
  write->audit = audit;
  write->end = g_object_ref (audit->end);
  write->records = g_ptr_array_new ();
  prefix = bl_audit_chain_page_prefix (head.first);
  bl_directory_list_async (audit->directory, "audit", prefix, BL_AUDIT_PAGE, NULL, bl_audit_expire_page_cb,
                           write);
  return G_SOURCE_CONTINUE;
}

/* ---- verification -----------------------------------------------------------------------------------------
 */

typedef struct
{
  BlAudit *audit;
  GCancellable *end;
  BlAuditVerify state;
} VerifyJob;

static void
verify_job_free (gpointer data)
{
  VerifyJob *job = data;

  if (!g_cancellable_is_cancelled (job->end))
    job->audit->verifying--;
  g_object_unref (job->end);
  bl_audit_verify_clear (&job->state);
  g_free (job);
}

static void bl_audit_verify_next (GTask *task);

static void
bl_audit_verify_page_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  VerifyJob *job = g_task_get_task_data (task);
  g_autoptr (GVariant) page = bl_directory_list_finish (NULL, result, &error);

  if (page == NULL)
    {
      g_prefix_error (&error, "audit trail: ");
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  bl_audit_verify_page (&job->state, page);
  bl_audit_verify_next (task);
}

static void
bl_audit_verify_next (GTask *task)
{
  VerifyJob *job = g_task_get_task_data (task);
  g_autofree char *prefix = NULL;

  if (g_task_return_error_if_cancelled (task))
    return;
  if (g_cancellable_is_cancelled (job->end))
    {
      g_task_return_new_error (task, BOWLINE_ERROR, BOWLINE_ERROR_STORAGE, "the server stops");
      return;
    }
  if (bl_audit_verify_is_done (&job->state))
    {
      g_task_return_pointer (task, bl_audit_verify_dup_report (&job->state), (GDestroyNotify)g_variant_unref);
      return;
    }
  prefix = bl_audit_chain_page_prefix (job->state.next);
  bl_directory_list_async (job->audit->directory, "audit", prefix, BL_AUDIT_PAGE,
                           g_task_get_cancellable (task), bl_audit_verify_page_cb, g_object_ref (task));
}

static void
bl_audit_verify_flushed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  VerifyJob *job = g_task_get_task_data (task);
  g_autoptr (GVariant) document = NULL;
  BlAuditHead head;

  /* a store that refuses changes can still be verified as far as it goes */
  (void)bl_audit_flush_finish (NULL, result, NULL);
  if (!g_cancellable_is_cancelled (job->end))
    {
      document = bl_directory_dup (job->audit->directory, BL_AUDIT_HEAD_ID);
      bl_audit_head_read (document, &head);
      bl_audit_verify_init (&job->state, &head);
    }
  bl_audit_verify_next (task);
}

void
bl_audit_verify_async (BlAudit *audit,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  VerifyJob *job = g_new0 (VerifyJob, 1);

  g_task_set_source_tag (task, bl_audit_verify_async);
  job->audit = audit;
  job->end = g_object_ref (audit->end);
  audit->verifying++;
  g_task_set_task_data (task, job, verify_job_free);
  bl_audit_flush_async (audit, NULL, bl_audit_verify_flushed_cb, task);
}

GVariant *
bl_audit_verify_finish (BlAudit *audit, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- <bowline/event.h> ------------------------------------------------------------------------------------
 */

static void
ops_emit (BowlineHost *host, const char *const *targets, GVariant *event)
{
  bl_event_log_emit (installed_log, targets, event);
}

static void
ops_query_async (BowlineHost *host,
                 GVariant *filter,
                 GCancellable *cancellable,
                 GAsyncReadyCallback callback,
                 gpointer user_data)
{
  bl_event_log_query_async (installed_log, filter, cancellable, callback, user_data);
}

static GVariant *
ops_query_finish (BowlineHost *host, GAsyncResult *result, GError **error)
{
  return bl_event_log_query_finish (installed_log, result, error);
}

static void
ops_audit (BowlineHost *host,
           BowlinePrincipal *principal,
           const char *action,
           const char *object_id,
           gboolean allowed,
           GVariant *details)
{
  bl_audit_record (installed_audit, principal, action, object_id, allowed, details);
}

void
bl_audit_install (BlAudit *audit, BlEventLog *log)
{
  static const BowlineEventOps ops = {
    .emit = ops_emit,
    .query_async = ops_query_async,
    .query_finish = ops_query_finish,
    .audit = ops_audit,
  };

  installed_audit = audit;
  installed_log = log;
  bowline_private_install_event_ops (&ops);
}
