// SPDX-License-Identifier: Apache-2.0
/* Forwards the functions of <bowline/agent.h> to the tables the program installed. */
#include "bowline-forward.h"

static const BowlineTunnelOps *tunnel_ops;

void
bowline_private_install_tunnel_ops (const BowlineTunnelOps *ops)
{
  tunnel_ops = ops;
}

BowlineTunnel *
bowline_tunnel_ref (BowlineTunnel *tunnel)
{
  if (BOWLINE_ABSENT (tunnel_ops, ref))
    return NULL;
  return tunnel_ops->ref (tunnel);
}

void
bowline_tunnel_unref (BowlineTunnel *tunnel)
{
  if (BOWLINE_ABSENT (tunnel_ops, unref))
    return;
  tunnel_ops->unref (tunnel);
}

void
bowline_tunnel_get_info (BowlineTunnel *tunnel, BowlineTunnelInfo *info)
{
  if (BOWLINE_ABSENT (tunnel_ops, get_info))
    return;
  tunnel_ops->get_info (tunnel, info);
}

GVariant *
bowline_tunnel_dup_options (BowlineTunnel *tunnel)
{
  if (BOWLINE_ABSENT (tunnel_ops, dup_options))
    return NULL;
  return tunnel_ops->dup_options (tunnel);
}

gsize
bowline_tunnel_send_binary (BowlineTunnel *tunnel, GBytes *message)
{
  if (BOWLINE_ABSENT (tunnel_ops, send_binary))
    return 0;
  return tunnel_ops->send_binary (tunnel, message);
}

gsize
bowline_tunnel_send_json (BowlineTunnel *tunnel, GVariant *message)
{
  if (BOWLINE_ABSENT (tunnel_ops, send_json))
    {
      bowline_forward_drop (message);
      return 0;
    }
  return tunnel_ops->send_json (tunnel, message);
}

void
bowline_tunnel_send_status (BowlineTunnel *tunnel, guint32 msgid, const char *text)
{
  if (BOWLINE_ABSENT (tunnel_ops, send_status))
    return;
  tunnel_ops->send_status (tunnel, msgid, text);
}

void
bowline_tunnel_pause (BowlineTunnel *tunnel)
{
  if (BOWLINE_ABSENT (tunnel_ops, pause))
    return;
  tunnel_ops->pause (tunnel);
}

void
bowline_tunnel_resume (BowlineTunnel *tunnel)
{
  if (BOWLINE_ABSENT (tunnel_ops, resume))
    return;
  tunnel_ops->resume (tunnel);
}

void
bowline_tunnel_close (BowlineTunnel *tunnel)
{
  if (BOWLINE_ABSENT (tunnel_ops, close))
    return;
  tunnel_ops->close (tunnel);
}

void
bowline_tunnel_log (BowlineTunnel *tunnel, guint32 msgid, GVariant *args, const char *text)
{
  if (BOWLINE_ABSENT (tunnel_ops, log))
    {
      bowline_forward_drop (args);
      return;
    }
  tunnel_ops->log (tunnel, msgid, args, text);
}

void
bowline_tunnel_set_handler (BowlineTunnel *tunnel, const BowlineTunnelHandler *handler, gpointer user_data)
{
  if (BOWLINE_ABSENT (tunnel_ops, set_handler))
    return;
  tunnel_ops->set_handler (tunnel, handler, user_data);
}

static const BowlineMessageCallOps *message_call_ops;

void
bowline_private_install_message_call_ops (const BowlineMessageCallOps *ops)
{
  message_call_ops = ops;
}

BowlineMessageCall *
bowline_message_call_ref (BowlineMessageCall *call)
{
  if (BOWLINE_ABSENT (message_call_ops, ref))
    return NULL;
  return message_call_ops->ref (call);
}

void
bowline_message_call_unref (BowlineMessageCall *call)
{
  if (BOWLINE_ABSENT (message_call_ops, unref))
    return;
  message_call_ops->unref (call);
}

GVariant *
bowline_message_call_get_message (BowlineMessageCall *call)
{
  if (BOWLINE_ABSENT (message_call_ops, get_message))
    return NULL;
  return message_call_ops->get_message (call);
}

guint32
bowline_message_call_get_rights (BowlineMessageCall *call)
{
  if (BOWLINE_ABSENT (message_call_ops, get_rights))
    return 0;
  return message_call_ops->get_rights (call);
}

void
bowline_message_call_answer (BowlineMessageCall *call, GVariant *answer)
{
  if (BOWLINE_ABSENT (message_call_ops, answer))
    {
      bowline_forward_drop (answer);
      return;
    }
  message_call_ops->answer (call, answer);
}

static const BowlineAgentFeatureOps *agent_feature_ops;

void
bowline_private_install_agent_feature_ops (const BowlineAgentFeatureOps *ops)
{
  agent_feature_ops = ops;
}

gboolean
bowline_host_register_agent_feature (BowlineHost *host,
                                     const BowlineAgentFeature *feature,
                                     gpointer user_data,
                                     GError **error)
{
  if (BOWLINE_ABSENT (agent_feature_ops, register_agent_feature))
    {
      bowline_forward_set_error ("bowline_host_register_agent_feature", error);
      return FALSE;
    }
  return agent_feature_ops->register_agent_feature (host, feature, user_data, error);
}

gboolean
bowline_agent_send (BowlineHost *host, GVariant *message)
{
  if (BOWLINE_ABSENT (agent_feature_ops, send))
    {
      bowline_forward_drop (message);
      return FALSE;
    }
  return agent_feature_ops->send (host, message);
}

gboolean
bowline_agent_is_connected (BowlineHost *host)
{
  if (BOWLINE_ABSENT (agent_feature_ops, is_connected))
    return FALSE;
  return agent_feature_ops->is_connected (host);
}

guint32
bowline_agent_get_capabilities (BowlineHost *host)
{
  if (BOWLINE_ABSENT (agent_feature_ops, get_capabilities))
    return 0;
  return agent_feature_ops->get_capabilities (host);
}
