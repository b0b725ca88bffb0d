// SPDX-License-Identifier: Apache-2.0
/* Forwards the functions of <bowline/presence.h> to the tables the program installed. */
#include "bowline-forward.h"

static const BowlineConsentOps *consent_ops;
static const BowlinePresenceOps *presence_ops;

void
bowline_private_install_consent_ops (const BowlineConsentOps *ops)
{
  consent_ops = ops;
}

void
bowline_private_install_presence_ops (const BowlinePresenceOps *ops)
{
  presence_ops = ops;
}

BowlineConsent *
bowline_consent_ref (BowlineConsent *consent)
{
  if (BOWLINE_ABSENT (consent_ops, ref))
    return NULL;
  return consent_ops->ref (consent);
}

void
bowline_consent_unref (BowlineConsent *consent)
{
  if (BOWLINE_ABSENT (consent_ops, unref))
    return;
  consent_ops->unref (consent);
}

void
bowline_consent_get_info (BowlineConsent *consent, BowlineConsentInfo *info)
{
  if (BOWLINE_ABSENT (consent_ops, get_info))
    return;
  consent_ops->get_info (consent, info);
}

BowlineTunnel *
bowline_consent_get_tunnel (BowlineConsent *consent)
{
  if (BOWLINE_ABSENT (consent_ops, get_tunnel))
    return NULL;
  return consent_ops->get_tunnel (consent);
}

void
bowline_consent_answer (BowlineConsent *consent, guint32 answer)
{
  if (BOWLINE_ABSENT (consent_ops, answer))
    return;
  consent_ops->answer (consent, answer);
}

gboolean
bowline_host_register_agent_presence (BowlineHost *host,
                                      const BowlineAgentPresence *presence,
                                      gpointer user_data,
                                      GError **error)
{
  if (BOWLINE_ABSENT (presence_ops, register_agent_presence))
    {
      bowline_forward_set_error ("bowline_host_register_agent_presence", error);
      return FALSE;
    }
  return presence_ops->register_agent_presence (host, presence, user_data, error);
}

GPtrArray *
bowline_agent_list_tunnels (BowlineHost *host)
{
  if (BOWLINE_ABSENT (presence_ops, list_tunnels))
    return g_ptr_array_new ();
  return presence_ops->list_tunnels (host);
}

gint64
bowline_tunnel_get_started (BowlineTunnel *tunnel)
{
  if (BOWLINE_ABSENT (presence_ops, get_started))
    return 0;
  return presence_ops->get_started (tunnel);
}

guint32
bowline_tunnel_get_number (BowlineTunnel *tunnel)
{
  if (BOWLINE_ABSENT (presence_ops, get_number))
    return 0;
  return presence_ops->get_number (tunnel);
}

void
bowline_tunnel_stop (BowlineTunnel *tunnel, const char *reason)
{
  if (BOWLINE_ABSENT (presence_ops, stop))
    return;
  presence_ops->stop (tunnel, reason);
}

void
bowline_agent_pause (BowlineHost *host, gint64 until)
{
  if (BOWLINE_ABSENT (presence_ops, pause))
    return;
  presence_ops->pause (host, until);
}

gint64
bowline_agent_get_pause (BowlineHost *host)
{
  if (BOWLINE_ABSENT (presence_ops, get_pause))
    return 0;
  return presence_ops->get_pause (host);
}

const char *
bowline_agent_get_server (BowlineHost *host)
{
  if (BOWLINE_ABSENT (presence_ops, get_server))
    return NULL;
  return presence_ops->get_server (host);
}
