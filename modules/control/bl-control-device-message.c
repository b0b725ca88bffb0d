// SPDX-License-Identifier: Apache-2.0
#include "bl-control-device-message.h"

#include "bl-control-documents.h"
#include "bl-control-runs.h"
#include "bl-control-session.h"
#include "common/bl-json.h"
#include "common/bl-rights-bits.h"

#include <string.h>

static gboolean
may_hear (BlControl *control, BlControlSession *session, const char *node_id)
{
  return bowline_rights (control->host, session->principal, node_id) != 0;
}

static guint
count_parts (const char *id)
{
  guint parts = 1;

  for (; *id != '\0'; id++)
    parts += *id == '/';
  return parts;
}

/* The message without its target and with the device's id. Returns: (transfer full) (nullable): JSON text */
static GBytes *
make_text (const char *node_id, GVariant *message)
{
  GVariantDict frame;
  g_autoptr (GVariant) value = NULL;

  g_variant_dict_init (&frame, message);
  g_variant_dict_remove (&frame, "sessionid");
  g_variant_dict_remove (&frame, "userid");
  g_variant_dict_insert (&frame, "nodeid", "s", node_id);
  value = g_variant_ref_sink (g_variant_dict_end (&frame));
  return bl_json_from_variant (value, NULL);
}

static void
send_to_user (BlControl *control, GPtrArray *sessions, const char *node_id, GBytes *text)
{
  for (guint i = 0; i < sessions->len; i++)
    {
      if (may_hear (control, sessions->pdata[i], node_id))
        bl_control_session_send_bytes (sessions->pdata[i], text);
    }
}

/* Whether a device opened an address that it was sent by `openUrl` alone. The address may be an invitation to a chat, which is for
 * the device only, and so it does not come back. */
static GVariant *
opened (GVariant *message)
{
  GVariantDict frame;

  g_variant_dict_init (&frame, NULL);
  g_variant_dict_insert (&frame, "action", "s", "msg");
  g_variant_dict_insert (&frame, "type", "s", "openUrl");
  g_variant_dict_insert (&frame, "success", "b", bl_variant_get_bool (message, "success", FALSE));
  return g_variant_ref_sink (g_variant_dict_end (&frame));
}

void
bl_control_route_from_device (BlControl *control, const char *node_id, GVariant *message)
{
  const char *session_id = bl_variant_get_string (message, "sessionid");
  const char *user_id = bl_variant_get_string (message, "userid");
  const char *action = bl_variant_get_string (message, "action");
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GBytes) text = NULL;
  BlControlSession *session;
  GHashTableIter iter;
  gpointer sessions;

  if (g_strcmp0 (action, "openUrl") == 0 && session_id != NULL)
    message = answer = opened (message);
  else if (g_strcmp0 (action, "msg") != 0 || bl_control_runs_take (control, node_id, message))
    return;
  text = make_text (node_id, message);
  if (text == NULL)
    return;
  if (session_id != NULL)
    {
      session = count_parts (session_id) == 4 ? bl_control_find_session (control, session_id) : NULL;
      if (session != NULL && may_hear (control, session, node_id))
        bl_control_session_send_bytes (session, text);
      else
        bl_control_runs_unheard (control, node_id, message);
      return;
    }
  if (user_id != NULL)
    {
      sessions = g_hash_table_lookup (control->users, user_id);
      if (sessions != NULL)
        send_to_user (control, sessions, node_id, text);
      return;
    }
  g_hash_table_iter_init (&iter, control->users);
  while (g_hash_table_iter_next (&iter, NULL, &sessions))
    send_to_user (control, sessions, node_id, text);
}
