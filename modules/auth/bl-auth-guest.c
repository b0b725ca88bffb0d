// SPDX-License-Identifier: Apache-2.0
/* Follows web-http section 5 */
#include "bl-auth-guest.h"

#include "common/bl-rights-bits.h"
#include "common/bl-share.h"
#include "common/bl-variant.h"

static BowlinePrincipal *
refuse (GError **error, const char *why)
{
  g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_CREDENTIALS, why);
  return NULL;
}

BowlinePrincipal *
bl_auth_guest_new (
    BowlineHost *host, const BlAuthCookie *cookie, const char *address, gint64 now_ms, GError **error)
{
  g_autofree char *id = g_strconcat (BL_SHARE_PREFIX, cookie->share_id, NULL);
  g_autoptr (GVariant) share = bowline_directory_dup (host, id);
  g_autoptr (BowlinePrincipal) guest = NULL;
  BlShareWindow window = bl_share_window (share, now_ms);
  BowlinePrincipalInfo info = {
    .struct_size = sizeof info,
    .kind = BOWLINE_PRINCIPAL_GUEST,
    .user_id = cookie->user_id,
    .token_id = cookie->share_id,
    .address = address,
    .only_node = cookie->node_id,
    .rights_ceiling = BL_RIGHT_REMOTE_CONTROL | BL_RIGHT_GUEST_SHARING | BL_RIGHT_VIEW_ONLY,
    .rights_added = bl_share_restrictions (share),
    .expires_ms = window.end_ms,
  };

  if (window.state != BL_SHARE_OPEN)
    return refuse (error, "The share is not open, or was taken back");
  if (g_strcmp0 (bl_variant_get_string (share, "nodeid"), cookie->node_id) != 0
      || g_strcmp0 (bl_variant_get_string (share, "userid"), cookie->user_id) != 0)
    return refuse (error, "The cookie does not belong to the share");
  guest = bowline_principal_new (host, &info);
  if (!bl_share_allowed (bowline_rights (host, guest, cookie->node_id)))
    return refuse (error, "The account that shares has lost its rights on the device");
  return g_steal_pointer (&guest);
}
