/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Extension point "relay": joins the two ends of a session. One module provides it. Main context.
 */
#ifndef BOWLINE_RELAY_H
#define BOWLINE_RELAY_H

#include <bowline/abi.h>
#include <bowline/principal.h>

G_BEGIN_DECLS

typedef struct
{
  guint32 struct_size;
  guint32 flags;
  /**
   * order: announces a session before the device is told: binds @id to the user, the device and the kind.
   * @id: rendezvous id chosen by the client, 1..128 characters
   * @protocol: relay-tunnel protocol number; @rights: the principal's rights on the device now
   * Returns: (transfer full): value of `rauth` for the device's leg: a ticket that opens this session and no other;
   * or %NULL with @error: id in use, too many sessions.
   */
  char *(*order) (gpointer self, BowlinePrincipal *principal, const char *id, const char *node_id, guint32 protocol,
                  guint32 rights, GError **error);
  /** end: closes every session of a user (nullable) on a device (nullable): after revocation. */
  void (*end) (gpointer self, const char *user_id, const char *node_id);
  /** status: Returns: (transfer full): a{sv}: "sessions" (x), "waiting" (x), "bytes" (x), "total" (x) */
  GVariant *(*status) (gpointer self);
} BowlineRelay;

BOWLINE_AVAILABLE_IN_1_0 gboolean
bowline_host_register_relay (BowlineHost *host, const BowlineRelay *relay, gpointer self, GError **error);
BOWLINE_AVAILABLE_IN_1_0 gboolean bowline_host_get_relay (BowlineHost *host, BowlineRelay *relay, gpointer *self);

/**
 * Service "bowline.tunnels" (bowline_host_lookup_service()), offered by the module that talks to devices for people: opens
 * the device's end of a session in the name of somebody who has no control channel, such as a guest.
 */
#define BOWLINE_TUNNELS_SERVICE "bowline.tunnels"
#define BOWLINE_TUNNELS_MAJOR 1u

typedef struct
{
  guint32 struct_size;
  guint32 flags;
  /**
   * open: checks the rights, orders the session from the relay, and tells the device to come.
   * @id: rendezvous id of the viewer's end; @protocol: relay-tunnel protocol number
   * @consent: consent flags demanded beside those of device, group and account
   * @guest_name: (nullable): who is really there, shown at the device
   * Returns: %FALSE with @error: rights are missing, the device is offline, the relay refused.
   */
  gboolean (*open) (gpointer self, BowlinePrincipal *principal, const char *id, const char *node_id, guint32 protocol,
                    guint32 consent, const char *guest_name, GError **error);
  /**
   * open_port: the same for a TCP port that the device connects to.
   * @target: (transfer none): a{sv} as in BowlineAuth.port_cookie_issue
   */
  gboolean (*open_port) (gpointer self, BowlinePrincipal *principal, const char *id, GVariant *target, GError **error);
} BowlineTunnels;

G_END_DECLS
#endif
