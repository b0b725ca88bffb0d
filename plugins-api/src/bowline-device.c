// SPDX-License-Identifier: Apache-2.0
/* Forwards the functions of <bowline/device.h> to the tables the program installed. */
#include "bowline-forward.h"

static const BowlineDeviceOps *device_ops;

void
bowline_private_install_device_ops (const BowlineDeviceOps *ops)
{
  device_ops = ops;
}

gboolean
bowline_host_register_device_transport (BowlineHost *host,
                                        const BowlineDeviceTransport *transport,
                                        gpointer self,
                                        GError **error)
{
  if (BOWLINE_ABSENT (device_ops, register_device_transport))
    {
      bowline_forward_set_error ("bowline_host_register_device_transport", error);
      return FALSE;
    }
  return device_ops->register_device_transport (host, transport, self, error);
}

void
bowline_device_connected (BowlineHost *host, const char *node_id, guint32 connectivity, guint32 power)
{
  if (BOWLINE_ABSENT (device_ops, connected))
    return;
  device_ops->connected (host, node_id, connectivity, power);
}

void
bowline_device_disconnected (BowlineHost *host, const char *node_id, guint32 connectivity)
{
  if (BOWLINE_ABSENT (device_ops, disconnected))
    return;
  device_ops->disconnected (host, node_id, connectivity);
}

gboolean
bowline_device_get_state (BowlineHost *host, const char *node_id, BowlineDeviceState *state)
{
  if (BOWLINE_ABSENT (device_ops, get_state))
    return FALSE;
  return device_ops->get_state (host, node_id, state);
}

gboolean
bowline_device_send (BowlineHost *host, const char *node_id, GVariant *message)
{
  if (BOWLINE_ABSENT (device_ops, send))
    {
      bowline_forward_drop (message);
      return FALSE;
    }
  return device_ops->send (host, node_id, message);
}

void
bowline_device_disconnect (BowlineHost *host, const char *node_id)
{
  if (BOWLINE_ABSENT (device_ops, disconnect))
    return;
  device_ops->disconnect (host, node_id);
}

void
bowline_device_set_sessions (BowlineHost *host, const char *node_id, const char *type, GVariant *sessions)
{
  if (BOWLINE_ABSENT (device_ops, set_sessions))
    {
      bowline_forward_drop (sessions);
      return;
    }
  device_ops->set_sessions (host, node_id, type, sessions);
}

GVariant *
bowline_device_dup_sessions (BowlineHost *host, const char *node_id)
{
  if (BOWLINE_ABSENT (device_ops, dup_sessions))
    return NULL;
  return device_ops->dup_sessions (host, node_id);
}
