// SPDX-License-Identifier: Apache-2.0
/* Forwards the functions of <bowline/relay.h> to the tables the program installed. */
#include "bowline-forward.h"

static const BowlineRelayOps *relay_ops;

void
bowline_private_install_relay_ops (const BowlineRelayOps *ops)
{
  relay_ops = ops;
}

gboolean
bowline_host_register_relay (BowlineHost *host, const BowlineRelay *relay, gpointer self, GError **error)
{
  if (BOWLINE_ABSENT (relay_ops, register_relay))
    {
      bowline_forward_set_error ("bowline_host_register_relay", error);
      return FALSE;
    }
  return relay_ops->register_relay (host, relay, self, error);
}

gboolean
bowline_host_get_relay (BowlineHost *host, BowlineRelay *relay, gpointer *self)
{
  if (BOWLINE_ABSENT (relay_ops, get_relay))
    return FALSE;
  return relay_ops->get_relay (host, relay, self);
}
