// SPDX-License-Identifier: Apache-2.0
/* The action "report": who sees which events, and the queries. Follows control-channel 6 */
#include "bl-control-actions.h"
#include "bl-control-report.h"

#include <string.h>

#define MAX_EVENTS 10000
#define MAX_SECONDS G_GINT64_CONSTANT (253402300799) /* the end of the year 9999 */

typedef struct
{
  BlControl *control;
  BowlineActionCall *call;
  BlControlReport report;
  const char *const *actions; /* what is still to be read, NULL-terminated */
  GPtrArray *events;
} Query;

static void
query_free (Query *query)
{
  bowline_action_call_unref (query->call);
  bl_control_unref (query->control);
  g_ptr_array_unref (query->events);
  g_free (query);
}

static gboolean
counts_for (BlControlReportType type, GVariant *event)
{
  gint64 number = bl_variant_get_int (event, "msgid", 0);

  if (type == BL_CONTROL_REPORT_LOGINS)
    return number >= 107 && number <= 110;
  return (number >= 10 && number <= 12) || (number >= 122 && number <= 126) || number == 144;
}

static gboolean
is_of_group (GVariant *event, const char *mesh_id)
{
  g_auto (GStrv) ids = bl_variant_get_strv (event, "ids");

  return mesh_id == NULL || (ids != NULL && g_strv_contains ((const char *const *)ids, mesh_id));
}

static gboolean
may_read (Query *query, GVariant *event)
{
  g_auto (GStrv) ids = bl_variant_get_strv (event, "ids");

  return ids != NULL
         && bowline_may_receive (query->control->host, bowline_action_call_get_principal (query->call),
                                 (const char *const *)ids, event);
}

static void
take_events (Query *query, GVariant *events)
{
  const char *mesh_id = bl_variant_get_string (bowline_action_call_get_arguments (query->call), "devGroup");

  for (gsize i = 0; i < g_variant_n_children (events); i++)
    {
      g_autoptr (GVariant) event = g_variant_get_child_value (events, i);

      if (counts_for (query->report.type, event) && is_of_group (event, mesh_id) && may_read (query, event))
        g_ptr_array_add (query->events, g_steal_pointer (&event));
    }
}

static gint
compare_times (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (bl_variant_get_string (*(GVariant *const *)a, "time"),
                    bl_variant_get_string (*(GVariant *const *)b, "time"));
}

static void
answer (BowlineActionCall *call, GVariant *data)
{
  GVariantDict frame;

  g_variant_dict_init (&frame, NULL);
  g_variant_dict_insert_value (&frame, "data", data);
  bowline_action_call_answer (call, g_variant_dict_end (&frame));
}

static void on_events (GObject *source, GAsyncResult *result, gpointer user_data);

/* Whoever does not manage accounts sees what he did himself. */
static void
read_next (Query *query)
{
  BowlinePrincipal *who = bowline_action_call_get_principal (query->call);
  GVariant *arguments = bowline_action_call_get_arguments (query->call);
  guint32 site = bowline_site_rights (query->control->host, who);
  GVariantDict filter;

  g_variant_dict_init (&filter, NULL);
  g_variant_dict_insert (&filter, "action", "s", *query->actions);
  g_variant_dict_insert (&filter, "start", "x", bl_variant_get_int (arguments, "start", 0) * 1000);
  g_variant_dict_insert (&filter, "end", "x", bl_variant_get_int (arguments, "end", 0) * 1000);
  g_variant_dict_insert (&filter, "limit", "x", (gint64)MAX_EVENTS);
  if (site != BL_SITE_FULL && (site & BL_SITE_MANAGE_USERS) == 0)
    g_variant_dict_insert (&filter, "userid", "s", bowline_principal_get_user_id (who));
  query->actions++;
  bowline_event_query_async (query->control->host, g_variant_dict_end (&filter), NULL, on_events, query);
}

static void
on_events (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Query *query = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) events = bowline_event_query_finish (query->control->host, result, &error);

  if (events == NULL)
    {
      bowline_action_call_fail (query->call, error);
      query_free (query);
      return;
    }
  take_events (query, events);
  if (*query->actions != NULL)
    {
      read_next (query);
      return;
    }
  g_ptr_array_sort (query->events, compare_times);
  answer (query->call, bl_control_report_make (&query->report, query->events));
  query_free (query);
}

/* ---- how many documents there are
 * ------------------------------------------------------------------------------- */

static void
run_records (BlControl *control, BowlineActionCall *call)
{
  static const char *const names[]
      = { "node", "mesh", "user", "ugrp", "deviceshare", "logintoken", "server", NULL };
  guint counts[G_N_ELEMENTS (names)] = { 0 };
  BowlinePrincipal *who = bowline_action_call_get_principal (call);

  if (bowline_site_rights (control->host, who) != BL_SITE_FULL)
    {
      bowline_action_call_result (call, "Access denied");
      return;
    }
  for (guint i = 0; names[i] != NULL; i++)
    counts[i] = bowline_directory_count (control->host, names[i]);
  answer (call, bl_control_report_records (names, counts));
}

static void
run_report (BowlineActionCall *call, gpointer user_data)
{
  static const char *const sessions[] = { "relaylog", NULL };
  static const char *const logins[] = { "login", "authfail", NULL };
  BlControl *control = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  BlControlReport report = {
    .type = (BlControlReportType)bl_variant_get_int (arguments, "type", 0),
    .group_by = (BlControlReportGroup)bl_variant_get_int (arguments, "groupBy", 0),
    .traffic = bl_variant_get_bool (arguments, "showTraffic", FALSE),
    .locale = bl_variant_get_string (arguments, "l"),
    .timezone = bl_variant_get_string (arguments, "tz"),
  };
  Query *query;

  if (bl_variant_get_int (arguments, "start", 0) >= bl_variant_get_int (arguments, "end", 0))
    {
      bowline_action_call_result (call, "Invalid time range");
      return;
    }
  if (report.type == BL_CONTROL_REPORT_RECORDS)
    {
      run_records (control, call);
      return;
    }
  query = g_new0 (Query, 1);
  *query = (Query){ bl_control_ref (control), bowline_action_call_ref (call), report,
                    report.type == BL_CONTROL_REPORT_LOGINS ? logins : sessions,
                    g_ptr_array_new_with_free_func ((GDestroyNotify)g_variant_unref) };
  read_next (query);
}

#define REPORT_NUMBER(word, smallest, largest, text)                                                         \
  {                                                                                                          \
    .name = (word), .type = BOWLINE_ARGUMENT_INTEGER, .flags = BOWLINE_ARGUMENT_REQUIRED, .min = (smallest), \
    .max = (largest), .problem = (text)                                                                      \
  }

const BowlineAction *
bl_control_report_actions (guint *n)
{
  static const BowlineArgument arguments[] = {
    REPORT_NUMBER ("type", 1, 4, "Invalid report type"),
    REPORT_NUMBER ("groupBy", 1, 3, "Invalid grouping"),
    { .name = "devGroup",
      .type = BOWLINE_ARGUMENT_ID,
      .detail = "mesh",
      .flags = BOWLINE_ARGUMENT_NULLABLE,
      .problem = "Invalid device group identifier" },
    REPORT_NUMBER ("start", 0, MAX_SECONDS, "Invalid time range"),
    REPORT_NUMBER ("end", 0, MAX_SECONDS, "Invalid time range"),
    { .name = "showTraffic", .type = BOWLINE_ARGUMENT_BOOLEAN, .flags = BOWLINE_ARGUMENT_NULLABLE },
    BL_CONTROL_TEXT ("tz", 64),
    BL_CONTROL_TEXT ("l", 32),
  };
  static const BowlineAction actions[] = {
    { BL_CONTROL_ROW ("report", 0, "Reports on sessions, traffic, logins and documents", run_report),
      BL_CONTROL_ARGUMENTS (arguments), .object = "devGroup", .denied = "Invalid device group identifier" },
  };

  *n = G_N_ELEMENTS (actions);
  return actions;
}
