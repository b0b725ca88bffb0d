// SPDX-License-Identifier: Apache-2.0
// Follows relay-tunnel section 8.
#include "bl-relay-port.h"

#include "common/bl-tunnel.h"
#include "common/bl-variant.h"

GVariant *
bl_relay_port_of_query (BowlineHttpRequest *request)
{
  return bl_tunnel_port_parse (
      bowline_http_request_get_query (request, "nodeid"), bowline_http_request_get_query (request, "tcpport"),
      bowline_http_request_get_query (request, "tcpaddr"), bowline_http_request_get_query (request, "p"));
}

const char *
bl_relay_port_node (GVariant *target)
{
  return bl_variant_get_string (target, "nodeid");
}

gboolean
bl_relay_port_is_allowed (BowlineHost *host, BowlinePrincipal *viewer, const char *node_id, guint32 protocol)
{
  BowlinePrincipalInfo info = { .struct_size = sizeof info };
  bowline_principal_get_info (viewer, &info);
  return bl_tunnel_port_allowed (protocol, bowline_rights (host, viewer, node_id), info.rights_ceiling);
}

gboolean
bl_relay_port_order (BowlineHost *host, BowlinePrincipal *viewer, const char *id, GVariant *target, GError **error)
{
  BowlineTunnels tunnels = { .struct_size = sizeof tunnels };
  gpointer self;
  if (!bowline_host_lookup_service (host, BOWLINE_TUNNELS_SERVICE, BOWLINE_TUNNELS_MAJOR, &tunnels, &self)
      || tunnels.open_port == NULL)
    {
      g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_NOT_SUPPORTED, "nobody here can talk to devices");
      return FALSE;
    }
  return tunnels.open_port (self, viewer, id, target, error);
}
