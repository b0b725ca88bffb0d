// SPDX-License-Identifier: Apache-2.0
/* Follows relay-tunnel 1.2 */
#include "bl-control-message.h"

#include "common/bl-hash.h"
#include "common/bl-ids.h"
#include "common/bl-tunnel.h"

#include <string.h>

static gint64
consent_of (BlControl *control, const char *id)
{
  g_autoptr (GVariant) document = id != NULL ? bowline_directory_dup (control->host, id) : NULL;

  return bl_variant_get_int (document, "consent", 0) & BL_CONSENT_ALL;
}

gint64
bl_control_message_consent (BlControl *control, const char *user_id, const char *node_id)
{
  g_autoptr (GVariant) node = bowline_directory_dup (control->host, node_id);
  g_autoptr (GVariant) account = bowline_directory_dup (control->host, user_id);
  g_autoptr (GVariant) links = account != NULL ? bl_variant_get_object (account, "links") : NULL;
  gint64 consent = bl_variant_get_int (node, "consent", 0) | bl_variant_get_int (account, "consent", 0);
  GVariantIter iter;
  const char *id;
  GVariant *value;

  consent |= consent_of (control, bl_variant_get_string (node, "meshid"));
  if (links == NULL)
    return consent & BL_CONSENT_ALL;
  g_variant_iter_init (&iter, links);
  while (g_variant_iter_next (&iter, "{&sv}", &id, &value))
    {
      g_variant_unref (value);
      if (g_str_has_prefix (id, "ugrp/"))
        consent |= consent_of (control, id);
    }
  return consent & BL_CONSENT_ALL;
}

/* @session: (nullable): the control session that answers go to */
static void
sign (BlControl *control,
      BowlinePrincipal *who,
      const char *session,
      const char *node_id,
      GVariantDict *message)
{
  static const char *const own[]
      = { "nodeid",   "sessionid",  "rights",   "consent",       "username",  "userid",
          "realname", "remoteaddr", "soptions", "servertlshash", "guestname", "guestuserid" };
  g_autoptr (GVariant) account = NULL;
  BowlinePrincipalInfo info = { .struct_size = sizeof info };
  const char *name, *realname;

  bowline_principal_get_info (who, &info);
  account = bowline_directory_dup (control->host, info.user_id);
  name = bl_variant_get_string (account, "name");
  realname = bl_variant_get_string (account, "realname");
  for (guint i = 0; i < G_N_ELEMENTS (own); i++) /* nothing of this comes from the client */
    g_variant_dict_remove (message, own[i]);
  if (session != NULL)
    g_variant_dict_insert (message, "sessionid", "s", session);
  g_variant_dict_insert (message, "rights", "x", (gint64)bowline_rights (control->host, who, node_id));
  g_variant_dict_insert (message, "consent", "x",
                         bl_control_message_consent (control, info.user_id, node_id));
  g_variant_dict_insert (message, "username", "s", name != NULL ? name : "");
  if (realname != NULL)
    g_variant_dict_insert (message, "realname", "s", realname);
  g_variant_dict_insert (message, "userid", "s", info.user_id);
  g_variant_dict_insert (message, "remoteaddr", "s", info.address != NULL ? info.address : "");
}

void
bl_control_message_sign (BlControl *control,
                         BowlineActionCall *call,
                         const char *node_id,
                         GVariantDict *message)
{
  sign (control, bowline_action_call_get_principal (call), bowline_action_call_get_session (call), node_id,
        message);
}

/* ---- tunnels
 * ------------------------------------------------------------------------------------------------------ */

static gboolean
refuse (GError **error, int code, const char *why)
{
  g_set_error_literal (error, BOWLINE_ERROR, code, why);
  return FALSE;
}

static gboolean
is_same_node (const char *in_url, const char *node_id)
{
  const char *third = strrchr (node_id, '/') + 1;

  return in_url != NULL && (g_str_equal (in_url, node_id) || g_str_equal (in_url, third));
}

static gboolean
check_url (BlControl *control, const char *node_id, const BlTunnelUrl *url, GError **error)
{
  if (!url->relative || g_strcmp0 (url->endpoint, "meshrelay.ashx") != 0)
    return refuse (error, BOWLINE_ERROR_INVALID, "The address is not that of this server's relay");
  if (!is_same_node (url->nodeid, node_id))
    return refuse (error, BOWLINE_ERROR_INVALID, "The address names another device");
  if (url->id == NULL || *url->id == '\0' || strlen (url->id) > 128)
    return refuse (error, BOWLINE_ERROR_INVALID, "The address has no usable id");
  return TRUE;
}

static gboolean
is_allowed (BlControl *control, BowlinePrincipal *who, guint protocol, guint32 rights)
{
  BowlinePrincipalInfo info = { .struct_size = sizeof info };

  if (!bl_tunnel_is_port (protocol))
    return bl_tunnel_is_for_agent (protocol) && bl_tunnel_allowed (protocol, rights);
  bowline_principal_get_info (who, &info);
  return bl_tunnel_port_allowed (protocol, rights, info.rights_ceiling);
}

/* Returns: (transfer full) (nullable): the ticket for the device's end */
static char *
order (BlControl *control,
       BowlinePrincipal *who,
       const char *node_id,
       const char *id,
       guint protocol,
       GError **error)
{
  guint32 rights = bowline_rights (control->host, who, node_id);
  BowlineRelay relay = { .struct_size = sizeof relay };
  gpointer self;

  if (!is_allowed (control, who, protocol, rights))
    {
      refuse (error, BOWLINE_ERROR_DENIED, "The rights on the device do not allow this kind of session");
      return NULL;
    }
  if (!bowline_host_get_relay (control->host, &relay, &self))
    {
      refuse (error, BOWLINE_ERROR_NOT_SUPPORTED, "There is no relay");
      return NULL;
    }
  return relay.order (self, who, id, node_id, protocol, rights, error);
}

/* Made anew from what was checked, so that nothing unchecked reaches the device. */
static char *
build_url (const char *id, guint protocol, const char *node_id, const char *ticket)
{
  g_autofree char *escaped_id = g_uri_escape_string (id, NULL, FALSE);
  g_autofree char *escaped = g_uri_escape_string (ticket, NULL, FALSE);

  return g_strdup_printf ("*/meshrelay.ashx?p=%u&nodeid=%s&id=%s&rauth=%s", protocol, node_id, escaped_id,
                          escaped);
}

static char *
web_hash (BlControl *control)
{
  g_autoptr (GBytes) der = bowline_identity_dup_certificate (control->host, BOWLINE_CERTIFICATE_WEB);
  guint8 hash[BL_SHA384_SIZE];
  gsize size;
  gconstpointer data;

  if (der == NULL)
    return NULL;
  data = g_bytes_get_data (der, &size);
  bl_certhash (data, size, hash);
  return bl_hex_encode (hash, sizeof hash, FALSE);
}

/* What a device is told about a session: where, what, and as who this server shows itself. */
static gboolean
add_tunnel (BlControl *control,
            BowlinePrincipal *who,
            const char *node_id,
            const char *id,
            guint protocol,
            GVariantDict *message,
            GError **error)
{
  g_autofree char *ticket = order (control, who, node_id, id, protocol, error);
  g_autofree char *fresh = NULL;
  g_autofree char *hash = web_hash (control);

  if (ticket == NULL)
    return FALSE;
  fresh = build_url (id, protocol, node_id, ticket);
  g_variant_dict_insert (message, "value", "s", fresh);
  g_variant_dict_insert (message, "usage", "x", (gint64)protocol);
  g_variant_dict_insert_value (message, "soptions", g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0));
  if (hash != NULL)
    g_variant_dict_insert (message, "servertlshash", "s", hash);
  return TRUE;
}

/* A message that names a port has the device connect to it, whatever kind of session its address speaks of. */
static guint
protocol_of (GVariant *request, guint in_url, GVariantDict *message)
{
  static const char *const members[][2] = { { "tcpport", "tcpaddr" }, { "udpport", "udpaddr" } };
  gboolean port = FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    {
      g_autoptr (GVariant) value = bl_variant_get_child (request, members[i][0]);

      if (value != NULL && !bl_variant_is_null (value))
        {
          port = TRUE;
          continue;
        }
      g_variant_dict_remove (message, members[i][0]);
      g_variant_dict_remove (message, members[i][1]);
    }
  if (bl_tunnel_is_port (in_url)) /* without a port it is no session of an agent */
    return port ? in_url : BL_TUNNEL_NONE;
  return port ? BL_TUNNEL_TCP : in_url;
}

gboolean
bl_control_message_tunnel (
    BlControl *control, BowlineActionCall *call, const char *node_id, GVariantDict *message, GError **error)
{
  GVariant *request = bowline_action_call_get_request (call);
  const char *value = bl_variant_get_string (request, "value");
  g_auto (BlTunnelUrl) url = { 0 };

  if (value == NULL)
    return refuse (error, BOWLINE_ERROR_INVALID, "The address is missing");
  if (!bl_tunnel_url_parse (value, &url, error) || !check_url (control, node_id, &url, error))
    return FALSE;
  return add_tunnel (control, bowline_action_call_get_principal (call), node_id, url.id,
                     protocol_of (request, url.protocol, message), message, error);
}

/* ---- for those without a control channel
 * ------------------------------------------------------------------------- */

static void
add_guest (BlControl *control,
           BowlinePrincipal *who,
           const char *node_id,
           guint32 consent,
           const char *guest_name,
           GVariantDict *message)
{
  guint32 rights = bowline_rights (control->host, who, node_id);
  gint64 demanded = bl_control_message_consent (control, bowline_principal_get_user_id (who), node_id);

  g_variant_dict_insert (message, "consent", "x", demanded | (gint64)(consent & BL_CONSENT_ALL));
  if (guest_name == NULL)
    return;
  /* That it may be shared is nothing a session has any use for. */
  g_variant_dict_insert (message, "rights", "x", (gint64)(rights & ~BL_RIGHT_GUEST_SHARING));
  g_variant_dict_insert (message, "guestname", "s", guest_name);
  g_variant_dict_insert (message, "guestuserid", "s", bowline_principal_get_user_id (who));
  if ((rights & BL_RIGHT_VIEW_ONLY) != 0)
    g_variant_dict_insert (message, "desktopviewonly", "b", TRUE);
}

/* @message: begun with what its kind of session needs. Returns: %FALSE with @error */
static gboolean
send_tunnel (BlControl *control,
             BowlinePrincipal *principal,
             const char *id,
             const char *node_id,
             guint32 protocol,
             GVariantDict *message,
             GError **error)
{
  g_variant_dict_insert (message, "action", "s", "msg");
  g_variant_dict_insert (message, "type", "s", "tunnel");
  if (!add_tunnel (control, principal, node_id, id, protocol, message, error))
    {
      g_variant_dict_clear (message);
      return FALSE;
    }
  if (!bowline_device_send (control->host, node_id, g_variant_dict_end (message)))
    return refuse (error, BOWLINE_ERROR_OFFLINE, "The device is not connected");
  return TRUE;
}

static gboolean
open_tunnel (gpointer self,
             BowlinePrincipal *principal,
             const char *id,
             const char *node_id,
             guint32 protocol,
             guint32 consent,
             const char *guest_name,
             GError **error)
{
  BlControl *control = self;
  GVariantDict message;

  if (bl_tunnel_is_port (protocol))
    return refuse (error, BOWLINE_ERROR_INVALID, "This kind of session needs a port");
  g_variant_dict_init (&message, NULL);
  sign (control, principal, NULL, node_id, &message);
  add_guest (control, principal, node_id, consent, guest_name, &message);
  return send_tunnel (control, principal, id, node_id, protocol, &message, error);
}

static gboolean
open_port (gpointer self, BowlinePrincipal *principal, const char *id, GVariant *target, GError **error)
{
  BlControl *control = self;
  BlTunnelPort port;
  GVariantDict message;

  if (!bl_tunnel_port_read (target, &port))
    return refuse (error, BOWLINE_ERROR_INVALID, "The target is no port of a device");
  g_variant_dict_init (&message, NULL);
  sign (control, principal, NULL, port.node_id, &message);
  g_variant_dict_insert (&message, "tcpport", "x", (gint64)port.port);
  if (port.address != NULL)
    g_variant_dict_insert (&message, "tcpaddr", "s", port.address);
  return send_tunnel (control, principal, id, port.node_id, port.protocol, &message, error);
}

gboolean
bl_control_message_register (BlControl *control, GError **error)
{
  static const BowlineTunnels table = { .struct_size = sizeof table, .open = open_tunnel, .open_port = open_port };

  return bowline_host_register_service (control->host, BOWLINE_TUNNELS_SERVICE, BOWLINE_TUNNELS_MAJOR, &table,
                                        control, error);
}
