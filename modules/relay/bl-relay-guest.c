// SPDX-License-Identifier: Apache-2.0
// Follows web-http section 5.
#include "bl-relay-guest.h"

#include "common/bl-share.h"
#include "common/bl-variant.h"

static GVariant *
dup_share (BowlineHost *host, const char *share_id)
{
  g_autofree char *id = g_strconcat (BL_SHARE_PREFIX, share_id, NULL);
  return bowline_directory_dup (host, id);
}

gboolean
bl_relay_guest_is_welcome (BowlineHost *host, BowlinePrincipal *guest, const char *node_id)
{
  BowlinePrincipalInfo info = { .struct_size = sizeof info };
  bowline_principal_get_info (guest, &info);
  g_autoptr (GVariant) share = dup_share (host, info.token_id);
  return bl_share_window (share, g_get_real_time () / 1000).state == BL_SHARE_OPEN
         && g_strcmp0 (bl_variant_get_string (share, "nodeid"), node_id) == 0
         && bl_share_allowed (bowline_rights (host, guest, node_id));
}

char *
bl_relay_guest_dup_name (BowlineHost *host, const char *share_id)
{
  g_autoptr (GVariant) share = dup_share (host, share_id);
  const char *name = bl_variant_get_string (share, "guestName");
  return g_strdup (name != NULL ? name : "");
}

gboolean
bl_relay_guest_order (BowlineHost *host, BowlinePrincipal *guest, const char *id, const char *protocol, GError **error)
{
  BowlinePrincipalInfo info = { .struct_size = sizeof info };
  BowlineTunnels tunnels = { .struct_size = sizeof tunnels };
  gpointer self;
  guint64 number;
  bowline_principal_get_info (guest, &info);
  if (protocol == NULL || !g_ascii_string_to_unsigned (protocol, 10, 1, 255, &number, NULL))
    {
      g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "the kind of session is missing or no number");
      return FALSE;
    }
  if (!bowline_host_lookup_service (host, BOWLINE_TUNNELS_SERVICE, BOWLINE_TUNNELS_MAJOR, &tunnels, &self))
    {
      g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_NOT_SUPPORTED, "nobody here can talk to devices");
      return FALSE;
    }
  g_autoptr (GVariant) share = dup_share (host, info.token_id);
  const char *name = bl_variant_get_string (share, "guestName");
  return tunnels.open (self, guest, id, info.only_node, (guint32)number,
                       (guint32)(bl_variant_get_int (share, "consent", 0) & 0xFF), name != NULL ? name : "", error);
}
