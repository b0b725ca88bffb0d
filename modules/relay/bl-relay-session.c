// SPDX-License-Identifier: Apache-2.0
#include "bl-relay-session.h"

#include <string.h>

gboolean
bl_relay_id_is_valid (const char *id)
{
  if (id == NULL || id[0] == '\0')
    return FALSE;
  gsize length = 0;
  for (const char *p = id; *p != '\0'; p++)
    {
      if (!g_ascii_isgraph (*p) || *p == '"' || *p == '\\' || ++length > BL_RELAY_ID_MAX)
        return FALSE;
    }
  return TRUE;
}

BlRelaySession *
bl_relay_session_new (const char *id, gint64 now_us)
{
  BlRelaySession *session = g_new0 (BlRelaySession, 1);
  session->id = g_strdup (id);
  session->deadline_us = now_us + BL_RELAY_WAIT_SECONDS * G_USEC_PER_SEC;
  return session;
}

void
bl_relay_session_free (BlRelaySession *session)
{
  if (session == NULL)
    return;
  g_free (session->id);
  g_free (session->user_id);
  g_free (session->node_id);
  g_free (session->share_id);
  g_free (session->guest_name);
  g_free (session->ends[BL_RELAY_VIEWER]);
  g_free (session->ends[BL_RELAY_DEVICE]);
  g_free (session);
}

gboolean
bl_relay_session_order (
    BlRelaySession *session, const char *user_id, const char *node_id, guint32 protocol, guint32 rights, gint64 now_us)
{
  if (session->ordered || (session->user_id != NULL && !g_str_equal (session->user_id, user_id)))
    return FALSE;
  g_free (session->user_id);
  session->user_id = g_strdup (user_id);
  session->node_id = g_strdup (node_id);
  session->protocol = protocol;
  session->rights = rights;
  session->ordered = TRUE;
  session->deadline_us = now_us + BL_RELAY_WAIT_SECONDS * G_USEC_PER_SEC;
  return TRUE;
}

BlRelayDecision
bl_relay_session_arrive (
    BlRelaySession *session, BlRelayEnd end, const char *user_id, const char *node_id, const char *address)
{
  if (session->joined || session->ends[end] != NULL)
    return BL_RELAY_REFUSE;
  if (session->user_id != NULL && !g_str_equal (session->user_id, user_id))
    return BL_RELAY_REFUSE;
  if (session->ordered && node_id != NULL && g_strcmp0 (session->node_id, node_id) != 0)
    return BL_RELAY_REFUSE;
  if (end == BL_RELAY_DEVICE && !session->ordered)
    return BL_RELAY_REFUSE;
  if (session->user_id == NULL)
    session->user_id = g_strdup (user_id);
  session->ends[end] = g_strdup (address);
  if (!session->ordered || session->ends[BL_RELAY_VIEWER] == NULL || session->ends[BL_RELAY_DEVICE] == NULL)
    return BL_RELAY_HOLD;
  session->joined = TRUE;
  return BL_RELAY_JOIN;
}

guint32
bl_relay_event_message (guint32 protocol, gboolean ended, const char **text)
{
  switch (protocol)
    {
    case 1:
    case 6:
    case 8:
    case 9:
      *text = ended ? "Ended terminal session" : "Started terminal session";
      return ended ? 10 : 14;
    case 2:
      *text = ended ? "Ended desktop session" : "Started desktop session";
      return ended ? 11 : 15;
    case 5:
      *text = ended ? "Ended file management session" : "Started file management session";
      return ended ? 12 : 16;
    case 200:
      *text = ended ? "Ended messenger session" : "Started messenger session";
      return ended ? 112 : 162;
    default:
      *text = ended ? "Ended relay session" : "Started relay session";
      return ended ? 9 : 13;
    }
}
