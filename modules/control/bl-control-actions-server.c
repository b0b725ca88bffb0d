// SPDX-License-Identifier: Apache-2.0
/* The server itself, for its administrators. Follows control-channel 7.7 */
#include "bl-control-actions.h"
#include "bl-control-stats.h"

#include <string.h>

#define MIN_INTERVAL 1000
#define MAX_INTERVAL 1000000
#define MAX_CONSOLE 4096
#define MAX_LINES 2000u
#define MAX_DEPTH 4u

/* Back-up, restore or update: any of them, as MeshCentral asks. */
static gboolean
keeps_server (BlControl *control, BowlineActionCall *call)
{
  guint32 site = bowline_site_rights (control->host, bowline_action_call_get_principal (call));

  return (site & (BL_SITE_BACKUP | BL_SITE_RESTORE | BL_SITE_UPDATE)) != 0;
}

static void
answer_member (BowlineActionCall *call, const char *member, GVariant *value)
{
  GVariantDict answer;

  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert_value (&answer, member, value);
  bowline_action_call_answer (call, g_variant_dict_end (&answer));
}

/* ---- numbers
 * ------------------------------------------------------------------------------------------------------ */

static gboolean
send_stats (gpointer user_data)
{
  BlControlSession *session = user_data;

  bl_control_session_send (session, bl_control_stats_frame (session->control));
  return G_SOURCE_CONTINUE;
}

/* Any other interval ends what an earlier request began. */
static void
run_stats (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  BlControlSession *session = bl_control_call_session (control, call);
  gint64 interval = bl_variant_get_int (bowline_action_call_get_arguments (call), "interval", 0);

  if (session == NULL || !keeps_server (control, call))
    return;
  bl_control_session_stop_stats (session);
  if (interval < MIN_INTERVAL || interval > MAX_INTERVAL)
    return;
  bowline_action_call_push (call, bl_control_stats_frame (control));
  session->stats = g_timeout_source_new ((guint)interval);
  g_source_set_callback (session->stats, send_stats, session, NULL);
  g_source_attach (session->stats, bowline_host_get_main_context (control->host));
}

static void
run_timeline (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  gint64 hours = bl_variant_get_int (bowline_action_call_get_arguments (call), "hours", 0);

  if (keeps_server (control, call))
    answer_member (call, "events", bl_control_stats_history (control->stats, hours));
}

typedef struct
{
  BlControl *control;
  BowlineActionCall *call;
} Question;

static void
question_free (gpointer data)
{
  Question *question = data;

  bowline_action_call_unref (question->call);
  bl_control_unref (question->control);
  g_free (question);
}

static Question *
question_new (BlControl *control, BowlineActionCall *call)
{
  Question *question = g_new (Question, 1);

  *question = (Question){ bl_control_ref (control), bowline_action_call_ref (call) };
  return question;
}

/* Returns: (transfer full) (nullable): the numbers of the ports, without their list of paths */
static GVariant *
dup_traffic (GVariant *status)
{
  g_autoptr (GVariant) front = bl_variant_get_object (status, "front");

  return front != NULL ? bl_doc_remove (front, "endpoints") : NULL;
}

static void
on_traffic (GVariant *frame, gpointer user_data)
{
  Question *question = user_data;
  g_autoptr (GVariant) traffic = dup_traffic (frame);

  if (traffic != NULL)
    answer_member (question->call, "stats", traffic);
}

static void
run_traffic (BowlineActionCall *call, gpointer user_data)
{
  GVariantDict request;

  if (!keeps_server (user_data, call))
    return;
  g_variant_dict_init (&request, NULL);
  (void)bl_control_run_locally (user_data, call, "status", &request, on_traffic,
                                question_new (user_data, call), question_free); /* else there is no answer */
}

static GVariant *
difference (GVariant *now, GVariant *before)
{
  GVariantDict delta;
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_dict_init (&delta, NULL);
  g_variant_iter_init (&iter, now);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT64))
        g_variant_dict_insert (&delta, name, "x",
                               g_variant_get_int64 (value) - bl_variant_get_int (before, name, 0));
      g_variant_unref (value);
    }
  return g_variant_dict_end (&delta);
}

static void
on_delta (GVariant *frame, gpointer user_data)
{
  Question *question = user_data;
  BlControlSession *session = bl_control_call_session (question->control, question->call);
  g_autoptr (GVariant) traffic = dup_traffic (frame);

  if (traffic == NULL || session == NULL)
    return;
  answer_member (question->call, "delta", difference (traffic, session->traffic));
  g_clear_pointer (&session->traffic, g_variant_unref);
  session->traffic = g_steal_pointer (&traffic);
}

/* Since the session asked last. */
static void
run_traffic_delta (BowlineActionCall *call, gpointer user_data)
{
  GVariantDict request;

  if (!keeps_server (user_data, call))
    return;
  g_variant_dict_init (&request, NULL);
  (void)bl_control_run_locally (user_data, call, "status", &request, on_delta, question_new (user_data, call),
                                question_free); /* else there is no answer */
}

/* ---- errors and traces
 * -------------------------------------------------------------------------------------------- */

static void
run_errors (BowlineActionCall *call, gpointer user_data)
{
  if (keeps_server (user_data, call))
    answer_member (
        call, "data",
        g_variant_new_string ("Errors are kept by the system's log: journalctl -u bowlined -p err"));
}

static void
run_clear_errors (BowlineActionCall *call, gpointer user_data)
{
  if (keeps_server (user_data, call))
    bowline_action_call_result (call, "Unsupported feature");
}

/* Nothing is traced for pages: they are told that no source is on. */
static void
run_trace (BowlineActionCall *call, gpointer user_data)
{
  GVariantDict frame;

  g_variant_dict_init (&frame, NULL);
  g_variant_dict_insert (&frame, "action", "s", "traceinfo");
  g_variant_dict_insert_value (&frame, "traceSources", bl_variant_new_null ());
  bowline_action_call_push (call, g_variant_dict_end (&frame));
}

/* ---- the console
 * -------------------------------------------------------------------------------------------------- */

typedef struct
{
  GString *text;
  guint lines;
} Lines;

static void append_value (Lines *lines, const char *name, GVariant *value, guint depth);

static void
append_members (Lines *lines, GVariant *container, guint depth)
{
  gboolean is_object = g_variant_is_of_type (container, G_VARIANT_TYPE_VARDICT);

  for (gsize i = 0; i < g_variant_n_children (container) && lines->lines < MAX_LINES; i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (container, i);
      g_autoptr (GVariant) value = NULL;
      const char *name = "-";

      if (is_object)
        g_variant_get (child, "{&sv}", &name, &value);
      else
        value = g_variant_is_of_type (child, G_VARIANT_TYPE_VARIANT) ? g_variant_get_variant (child)
                                                                     : g_variant_ref (child);
      if (!g_str_equal (name, "action") && !g_str_equal (name, "responseid"))
        append_value (lines, name, value, depth);
    }
}

static void
append_value (Lines *lines, const char *name, GVariant *value, guint depth)
{
  g_autofree char *text = NULL;

  lines->lines++;
  g_string_append_printf (lines->text, "%*s%s", (int)(2 * depth), "", name);
  if (g_variant_is_container (value) && depth < MAX_DEPTH)
    {
      g_string_append_c (lines->text, '\n');
      append_members (lines, value, depth + 1);
      return;
    }
  text = g_variant_is_of_type (value, G_VARIANT_TYPE_STRING) ? g_variant_dup_string (value, NULL)
                                                             : g_variant_print (value, FALSE);
  g_string_append_printf (lines->text, ": %s\n", text);
}

static void
answer_console (BowlineActionCall *call, const char *text)
{
  g_autoptr (GVariant) tag = bl_variant_get_child (bowline_action_call_get_arguments (call), "tag");
  GVariantDict answer;

  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert (&answer, "value", "s", text);
  if (tag != NULL)
    g_variant_dict_insert_value (&answer, "tag", tag);
  bowline_action_call_answer (call, g_variant_dict_end (&answer));
}

static void
on_local_answer (GVariant *frame, gpointer user_data)
{
  Question *question = user_data;
  Lines lines = { g_string_new (NULL), 0 };

  append_members (&lines, frame, 0);
  answer_console (question->call, lines.text->str);
  g_string_free (lines.text, TRUE);
}

static char *
list_sessions (BlControl *control)
{
  GString *text = g_string_new (NULL);
  GHashTableIter iter;
  gpointer user_id, sessions;

  g_hash_table_iter_init (&iter, control->users);
  while (g_hash_table_iter_next (&iter, &user_id, &sessions))
    {
      g_string_append_printf (text, "%s\n", (const char *)user_id);
      for (guint i = 0; i < ((GPtrArray *)sessions)->len; i++)
        {
          const BlControlSession *session = ((GPtrArray *)sessions)->pdata[i];

          g_string_append_printf (text, "  %s\n", session->address != NULL ? session->address : "");
        }
    }
  return g_string_free (text, FALSE);
}

static char *
say_version (BlControl *control)
{
  return g_strdup_printf ("Bowline %s", bowline_host_get_version (control->host));
}

static char *say_help (BlControl *control);

static const struct
{
  const char *word;
  const char *text;
  const char *action; /* (nullable): a local action whose answer is shown */
  char *(*say) (BlControl *control);
} commands[] = {
  { "help", "what can be asked here", NULL, say_help },
  { "info", "what the server is doing", "status", NULL },
  { "version", "the server's version", NULL, say_version },
  { "modules", "modules and their state", "module.list", NULL },
  { "doctor", "what is wrong", "doctor", NULL },
  { "serverid", "the key hash that agents check", "server-id", NULL },
  { "users", "the accounts", "user.list", NULL },
  { "usersessions", "who is connected from where", NULL, list_sessions },
};

static char *
say_help (BlControl *control)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    g_string_append_printf (text, "%-14s%s\n", commands[i].word, commands[i].text);
  return g_string_free (text, FALSE);
}

static void
run_console (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  g_autofree char *word
      = g_strstrip (g_strdup (bl_variant_get_string (bowline_action_call_get_arguments (call), "value")));
  g_autofree char *text = NULL;
  GVariantDict request;

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      if (!g_str_equal (commands[i].word, word))
        continue;
      if (commands[i].say != NULL)
        {
          text = commands[i].say (control);
          answer_console (call, text);
          return;
        }
      g_variant_dict_init (&request, NULL);
      if (!bl_control_run_locally (control, call, commands[i].action, &request, on_local_answer,
                                   question_new (control, call), question_free))
        answer_console (call, "This server does not know about that.");
      return;
    }
  answer_console (call, "There is no such command; type \"help\".");
}

const BowlineAction *
bl_control_server_actions (guint *n)
{
  /* MeshCentral takes any other interval for "stop". */
  static const BowlineArgument stats[] = { { .name = "interval", .type = BOWLINE_ARGUMENT_ANY } };
  static const BowlineArgument timeline[] = {
    { .name = "hours",
      .type = BOWLINE_ARGUMENT_INTEGER,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .min = 1,
      .max = BL_CONTROL_STATS_HOURS },
  };
  static const BowlineArgument console[] = {
    { .name = "value",
      .type = BOWLINE_ARGUMENT_STRING,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .max = MAX_CONSOLE },
    { .name = "tag", .type = BOWLINE_ARGUMENT_ANY },
  };
  static const BowlineAction actions[] = {
    { BL_CONTROL_ROW ("serverstats", BOWLINE_ACTION_SILENT,
                      "Tells what the server is busy with, again and again", run_stats),
      BL_CONTROL_ARGUMENTS (stats) },
    { BL_CONTROL_ROW ("servertimelinestats", BOWLINE_ACTION_SILENT, "Tells what the server was busy with",
                      run_timeline),
      BL_CONTROL_ARGUMENTS (timeline) },
    { BL_CONTROL_ROW ("trafficstats", BOWLINE_ACTION_SILENT, "Counts what went over the ports",
                      run_traffic) },
    { BL_CONTROL_ROW ("trafficdelta", BOWLINE_ACTION_SILENT,
                      "Counts what went over the ports since the last question", run_traffic_delta) },
    { BL_CONTROL_ROW ("servererrors", BOWLINE_ACTION_SILENT, "Says where errors are kept", run_errors) },
    { BL_CONTROL_ROW ("serverclearerrorlog", BOWLINE_ACTION_SILENT,
                      "Would empty a list of errors; the system's log keeps them", run_clear_errors) },
    { BL_CONTROL_ROW ("serverconsole",
                      BOWLINE_ACTION_CHANGES | BOWLINE_ACTION_FULL_ADMIN | BOWLINE_ACTION_NO_TOKEN
                          | BOWLINE_ACTION_SILENT,
                      "Answers a few questions about the server", run_console),
      BL_CONTROL_ARGUMENTS (console) },
    { BL_CONTROL_ROW ("traceinfo", BOWLINE_ACTION_FULL_ADMIN | BOWLINE_ACTION_SILENT,
                      "Tells that nothing is traced for pages", run_trace) },
  };

  *n = G_N_ELEMENTS (actions);
  return actions;
}
