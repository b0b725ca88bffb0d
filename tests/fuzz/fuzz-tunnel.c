// SPDX-License-Identifier: Apache-2.0
/* Tunnel URLs and messages: nothing resolves to another server, and texts taken hold no blanks. */
#include "fuzz.h"

#include <string.h>

#include "common/bl-tunnel.h"

static void
check_text (const char *text)
{
  for (; text != NULL && *text != '\0'; text++)
    g_assert_true (g_ascii_isgraph (*text));
}

/* Whatever is read survives being written and read again. */
static void
check_port (GVariant *object)
{
  BlTunnelPort port, again;

  if (!bl_tunnel_port_read (object, &port))
    return;
  check_text (port.node_id);
  check_text (port.address);
  g_assert_true (bl_tunnel_is_port (port.protocol));
  g_autoptr (GVariant) written = g_variant_ref_sink (bl_tunnel_port_to_variant (&port));
  g_assert_true (bl_tunnel_port_read (written, &again));
  g_assert_cmpuint (again.port, ==, port.port);
  g_assert_cmpstr (again.node_id, ==, port.node_id);
  g_assert_cmpstr (again.address, ==, port.address);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = g_strndup (data != NULL ? (const char *)data : "", size);
  g_auto (BlTunnelUrl) url = { 0 };
  g_auto (BlTunnelUrl) query = { 0 };
  BlTunnelMsg msg;

  if (bl_tunnel_url_parse (text, &url, NULL))
    {
      check_text (url.id);
      check_text (url.nodeid);
      check_text (url.auth);
      check_text (url.tcp_addr);
      g_assert_nonnull (url.endpoint);
    }
  (void)bl_tunnel_query_parse (text, &query, NULL);
  g_autoptr (GVariant) port = bl_tunnel_port_parse (query.nodeid, text, query.tcp_addr, NULL);
  g_autoptr (GVariant) address = bl_tunnel_port_parse (query.nodeid, "22", text, NULL);
  if (port != NULL)
    check_port (port);
  if (address != NULL)
    check_port (address);
  g_autofree char *resolved = bl_tunnel_url_resolve (text, "wss://server.example:444/agent.ashx", NULL);
  if (resolved != NULL)
    {
      g_assert_true (g_str_has_prefix (resolved, "wss://server.example:444/"));
      check_text (resolved);
    }
  if (bl_tunnel_msg_parse (data != NULL ? (const char *)data : "", size, &msg, NULL))
    {
      g_assert_cmpuint (msg.cols, <=, BL_TUNNEL_MAX_COLS);
      g_assert_cmpuint (msg.rows, <=, BL_TUNNEL_MAX_ROWS);
      if (msg.message != NULL)
        check_port (msg.message);
      if (msg.message != NULL)
        g_free (bl_tunnel_build_rtt (&msg));
      bl_tunnel_msg_clear (&msg);
    }
  return 0;
}
