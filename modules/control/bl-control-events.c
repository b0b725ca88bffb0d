// SPDX-License-Identifier: Apache-2.0
#include "bl-control-events.h"

#include "bl-control-documents.h"
#include "bl-control-nodes.h"
#include "bl-control-session.h"
#include "common/bl-account.h"
#include "common/bl-json.h"

#include <stdarg.h>

/* ---- out to the sessions
 * ------------------------------------------------------------------------------------------ */

typedef struct
{
  BlControl *control;
  const char *const *targets;
  GVariant *event;
  GBytes *text; /* made for the first receiver */
} Push;

static void
deliver (Push *push, BlControlSession *session)
{
  g_autoptr (GString) text = NULL;

  if (push->text == NULL)
    {
      text = g_string_new ("{\"action\":\"event\",\"event\":");
      if (!bl_json_append (text, push->event, NULL))
        return;
      g_string_append_c (text, '}');
      push->text = g_string_free_to_bytes (g_steal_pointer (&text));
    }
  bl_control_session_send_bytes (session, push->text);
}

/* Sessions of one account differ only when they are restricted; the others share one answer. */
static void
push_to_user (Push *push, GPtrArray *sessions)
{
  BowlineHost *host = push->control->host;
  gboolean asked = FALSE, received = FALSE;

  for (guint i = 0; i < sessions->len; i++)
    {
      BlControlSession *session = sessions->pdata[i];

      if (!session->plain)
        {
          if (bowline_may_receive (host, session->principal, push->targets, push->event))
            deliver (push, session);
          continue;
        }
      if (!asked)
        received = bowline_may_receive (host, session->principal, push->targets, push->event);
      asked = TRUE;
      if (received)
        deliver (push, session);
    }
}

void
bl_control_events_push (BlControl *control, GVariant *payload)
{
  g_autoptr (GVariant) target_list = g_variant_get_child_value (payload, 0);
  g_autofree const char **targets = g_variant_get_strv (target_list, NULL);
  g_autoptr (GVariant) event = g_variant_get_child_value (payload, 1);
  Push push = { control, targets, event, NULL };
  GHashTableIter iter;
  gpointer sessions;

  g_hash_table_iter_init (&iter, control->users);
  while (g_hash_table_iter_next (&iter, NULL, &sessions))
    push_to_user (&push, sessions);
  g_clear_pointer (&push.text, g_bytes_unref);
}

/* ---- made by handlers
 * --------------------------------------------------------------------------------------------- */

void
bl_control_event_init (
    GVariantDict *event, BlControl *control, BowlinePrincipal *who, const char *etype, const char *action)
{
  const char *user_id = who != NULL ? bowline_principal_get_user_id (who) : NULL;
  g_autofree char *name = user_id != NULL ? bl_control_dup_name (control, user_id) : NULL;
  g_autofree char *domain = user_id != NULL ? bl_control_domain_of (user_id) : g_strdup ("");

  g_variant_dict_init (event, NULL);
  if (etype != NULL)
    g_variant_dict_insert (event, "etype", "s", etype);
  if (user_id != NULL && bowline_principal_get_kind (who) != BOWLINE_PRINCIPAL_LOCAL)
    g_variant_dict_insert (event, "userid", "s", user_id);
  if (name != NULL)
    g_variant_dict_insert (event, "username", "s", name);
  g_variant_dict_insert (event, "action", "s", action);
  g_variant_dict_insert (event, "domain", "s", domain);
}

void
bl_control_event_message (GVariantDict *event, gint64 msgid, const char *const *arguments, char *message)
{
  GVariantBuilder list;

  if (msgid != 0)
    g_variant_dict_insert (event, "msgid", "x", msgid);
  if (arguments != NULL)
    {
      g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
      for (guint i = 0; arguments[i] != NULL; i++)
        g_variant_builder_add (&list, "v", g_variant_new_string (arguments[i]));
      g_variant_dict_insert_value (event, "msgArgs", g_variant_builder_end (&list));
    }
  if (message != NULL)
    g_variant_dict_insert (event, "msg", "s", message);
  g_free (message);
}

void
bl_control_event_emit (BlControl *control, GVariantDict *event, ...)
{
  g_autoptr (GPtrArray) targets = g_ptr_array_new ();
  const char *target;
  va_list more;

  g_ptr_array_add (targets, (char *)"*");
  va_start (more, event);
  while ((target = va_arg (more, const char *)) != NULL)
    g_ptr_array_add (targets, (char *)target);
  va_end (more);
  g_ptr_array_add (targets, NULL);
  bowline_event_emit (control->host, (const char *const *)targets->pdata, g_variant_dict_end (event));
}

void
bl_control_event_account_text (BlControl *control,
                               BowlinePrincipal *who,
                               const char *user_id,
                               gint64 msgid,
                               const char *const *arguments,
                               char *message)
{
  g_autoptr (GVariant) account = bowline_directory_dup (control->host, user_id);
  g_autoptr (GVariant) public_form = NULL;
  GVariantDict event;

  if (account == NULL)
    {
      g_free (message);
      return;
    }
  public_form = bl_account_public (account);
  bl_control_event_init (&event, control, who, "user", "accountchange");
  g_variant_dict_insert_value (&event, "account", public_form);
  bl_control_event_message (&event, msgid, arguments, message);
  if (message == NULL)
    g_variant_dict_insert (&event, "nolog", "x", (gint64)1);
  bl_control_event_emit (control, &event, "server-users", user_id, NULL);
}

void
bl_control_event_account (
    BlControl *control, BowlinePrincipal *who, const char *user_id, gint64 msgid, const char *prefix)
{
  g_autofree char *name = bl_control_dup_name (control, user_id);
  const char *arguments[2] = { name, NULL };

  bl_control_event_account_text (control, who, user_id, msgid, msgid != 0 ? arguments : NULL,
                                 msgid != 0 ? g_strconcat (prefix, name, NULL) : NULL);
}

gboolean
bl_control_event_is_told (BlControl *control, BowlinePrincipal *who, GVariant *account, gint64 msgid)
{
  const char *by = who != NULL ? bowline_principal_get_user_id (who) : NULL;

  /* The data of the held form is not reused, so another form is elsewhere. */
  if (control->told != NULL && control->told_msgid == msgid && g_strcmp0 (control->told_by, by) == 0
      && g_variant_get_data (control->told) == g_variant_get_data (account))
    return TRUE;
  g_clear_pointer (&control->told, g_variant_unref);
  g_free (control->told_by);
  control->told = g_variant_ref (account);
  control->told_by = g_strdup (by);
  control->told_msgid = msgid;
  return FALSE;
}

void
bl_control_event_node (BlControl *control,
                       BowlinePrincipal *who,
                       const char *node_id,
                       gint64 msgid,
                       const char *const *arguments,
                       char *message)
{
  g_autoptr (GVariant) node = bl_control_dup_node_public (control, node_id, TRUE);
  const char *mesh_id = bl_variant_get_string (node, "meshid");
  GVariantDict event;

  bl_control_event_init (&event, control, who, "node", "changenode");
  g_variant_dict_insert (&event, "nodeid", "s", node_id);
  if (node != NULL)
    g_variant_dict_insert_value (&event, "node", node);
  bl_control_event_message (&event, msgid, arguments, message);
  bl_control_event_emit (control, &event, node_id, mesh_id, NULL);
}

void
bl_control_event_mesh_init (
    GVariantDict *event, BlControl *control, BowlinePrincipal *who, const char *action, GVariant *mesh)
{
  static const char *const members[]
      = { "name", "mtype", "desc", "links", "flags", "consent", "expireDevs", "invite", "relayid" };

  bl_control_event_init (event, control, who, "mesh", action);
  g_variant_dict_insert (event, "meshid", "s", bl_variant_get_string (mesh, "_id"));
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    {
      g_autoptr (GVariant) value = bl_variant_get_child (mesh, members[i]);

      if (value != NULL)
        g_variant_dict_insert_value (event, members[i], value);
    }
}
