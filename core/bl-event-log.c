// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-events"

#include "bl-event-log.h"
#include "common/bl-variant.h"
#include <bowline/error.h>
#include <string.h>

#define EVENT_MAX_IDS 10000u /* targets in one filter */

struct _BlEventLog
{
  BlStore *store;
  BlEventBus *bus;
};

BlEventLog *
bl_event_log_new (BlStore *store, BlEventBus *bus)
{
  BlEventLog *log = g_new0 (BlEventLog, 1);

  log->store = store;
  log->bus = bus;
  return log;
}

void
bl_event_log_free (BlEventLog *log)
{
  g_free (log);
}

char *
bl_event_log_format_time (gint64 time_ms)
{
  g_autoptr (GDateTime) seconds = g_date_time_new_from_unix_utc (time_ms / 1000);
  g_autofree char *text = NULL;

  if (seconds == NULL) /* beyond the year 9999 */
    return g_strdup ("1970-01-01T00:00:00.000Z");
  text = g_date_time_format (seconds, "%Y-%m-%dT%H:%M:%S");
  return g_strdup_printf ("%s.%03dZ", text, (int)(time_ms % 1000));
}

static gboolean
event_check (GVariant *event, const char *const *targets)
{
  if (!g_variant_is_of_type (event, G_VARIANT_TYPE_VARDICT))
    g_warning ("event: expected a{sv}, found %s", g_variant_get_type_string (event));
  else if (bl_variant_get_string (event, "action") == NULL)
    g_warning ("event: it has no action");
  else if (g_strv_length ((char **)targets) > BL_EVENT_LOG_MAX_TARGETS)
    g_warning ("event %s: more than %u targets", bl_variant_get_string (event, "action"),
               BL_EVENT_LOG_MAX_TARGETS);
  else
    return TRUE;
  return FALSE;
}

/* "nolog" comes as 1 or true. */
static gboolean
event_is_stored (GVariant *event)
{
  return bl_variant_get_int (event, "nolog", 0) == 0 && !bl_variant_get_bool (event, "nolog", FALSE);
}

/* Returns: (transfer full): the event as all sessions get it */
static GVariant *
event_complete (GVariant *event, gint64 now_ms, gboolean is_stored)
{
  g_autoptr (GVariant) dated = NULL;

  if (is_stored)
    {
      g_autofree char *time = bl_event_log_format_time (now_ms);

      dated = bl_doc_set_string (event, "time", time);
    }
  else
    dated = g_variant_ref (event);
  if (bl_variant_has (dated, "domain"))
    return g_steal_pointer (&dated);
  return bl_doc_set_string (dated, "domain", "");
}

/* What is kept of an event: not the device, and of an account not whom it knows: that is long, and would be kept
 * once for each change of it. */
static GVariant *
event_shorten (GVariant *event)
{
  g_autoptr (GVariant) without_node = bl_doc_remove (event, "node");
  g_autoptr (GVariant) account = bl_variant_get_object (without_node, "account");
  g_autoptr (GVariant) without_links = NULL;

  if (account == NULL || !bl_variant_has (account, "links"))
    return g_steal_pointer (&without_node);
  without_links = bl_doc_remove (account, "links");
  return bl_doc_set (without_node, "account", without_links);
}

static void
bl_event_log_keep (BlEventLog *log, const char *const *targets, GVariant *event, gint64 now_ms)
{
  GVariantBuilder ids = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("av"));
  gpointer self;
  const BowlineStore *table = bl_store_get (log->store, &self);
  g_autoptr (GVariant) shortened = event_shorten (event);
  g_autoptr (GVariant) kept = NULL;

  for (guint i = 0; targets[i] != NULL; i++)
    g_variant_builder_add (&ids, "v", g_variant_new_string (targets[i]));
  kept = bl_doc_set (shortened, "ids", g_variant_builder_end (&ids));
  if (g_variant_get_size (kept) > BL_EVENT_LOG_MAX_EVENT)
    g_warning ("event %s: %" G_GSIZE_FORMAT " bytes, at most %u are stored",
               bl_variant_get_string (event, "action"), g_variant_get_size (kept), BL_EVENT_LOG_MAX_EVENT);
  else if (table != NULL)
    table->add_event (self, targets, now_ms, kept);
}

void
bl_event_log_emit (BlEventLog *log, const char *const *targets, GVariant *event)
{
  static const char *const nobody[] = { NULL };
  g_autoptr (GVariant) held = g_variant_ref_sink (event);
  g_autoptr (GVariant) complete = NULL;
  gint64 now_ms = g_get_real_time () / 1000;
  gboolean is_stored;

  if (targets == NULL)
    targets = nobody;
  if (!event_check (held, targets))
    return;
  is_stored = event_is_stored (held);
  complete = event_complete (held, now_ms, is_stored);
  if (is_stored)
    bl_event_log_keep (log, targets, complete, now_ms);
  bl_event_bus_publish (log->bus, "event", g_variant_new ("(^as@a{sv})", targets, complete));
}

/* A wrong filter must never turn into a wider one (K13). */
static gboolean
filter_check (GVariant *filter, GError **error)
{
  static const struct
  {
    const char *key;
    const char *type;
  } keys[] = {
    { "ids", "as" },  { "nodeid", "s" }, { "userid", "s" }, { "action", "s" },
    { "limit", "x" }, { "start", "x" },  { "end", "x" },
  };
  GVariantIter iter;
  const char *key;
  GVariant *value;
  gint64 limit = 1;

  if (!g_variant_is_of_type (filter, G_VARIANT_TYPE_VARDICT))
    {
      g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "event filter: expected a{sv}");
      return FALSE;
    }
  g_variant_iter_init (&iter, filter);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value))
    {
      g_autoptr (GVariant) held = value;
      guint i = 0;

      while (i < G_N_ELEMENTS (keys) && !g_str_equal (keys[i].key, key))
        i++;
      if (i == G_N_ELEMENTS (keys) || !g_variant_is_of_type (held, G_VARIANT_TYPE (keys[i].type)))
        {
          g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "event filter: %s of type %s is %s", key,
                       g_variant_get_type_string (held),
                       i == G_N_ELEMENTS (keys) ? "not a condition" : "of the wrong type");
          return FALSE;
        }
      if (g_str_equal (key, "ids") && g_variant_n_children (held) > EVENT_MAX_IDS)
        {
          g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT, "event filter: more than %u ids",
                       EVENT_MAX_IDS);
          return FALSE;
        }
      if (g_str_equal (key, "limit"))
        limit = g_variant_get_int64 (held);
    }
  if (limit >= 1 && limit <= BL_EVENT_LOG_MAX_LIMIT)
    return TRUE;
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID,
               "event filter: expected a limit of 1 to %u, found %" G_GINT64_FORMAT, BL_EVENT_LOG_MAX_LIMIT,
               limit);
  return FALSE;
}

static void
bl_event_log_query_cb (GVariant *events, const GError *error, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  if (error != NULL)
    g_task_return_error (task, g_error_copy (error));
  else
    g_task_return_pointer (task, g_variant_ref (events), (GDestroyNotify)g_variant_unref);
}

void
bl_event_log_query_async (BlEventLog *log,
                          GVariant *filter,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_autoptr (GVariant) held = g_variant_ref_sink (filter);
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr (GError) error = NULL;
  gpointer self;
  const BowlineStore *table = bl_store_get (log->store, &self);

  g_task_set_source_tag (task, bl_event_log_query_async);
  if (!filter_check (held, &error))
    g_task_return_error (task, g_steal_pointer (&error));
  else if (table == NULL)
    g_task_return_new_error (task, BOWLINE_ERROR, BOWLINE_ERROR_NOT_SUPPORTED, "no module provides a store");
  else
    table->query_events (self, held, bl_event_log_query_cb, g_steal_pointer (&task));
}

GVariant *
bl_event_log_query_finish (BlEventLog *log, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}
