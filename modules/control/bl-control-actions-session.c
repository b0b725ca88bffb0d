// SPDX-License-Identifier: Apache-2.0
/* Follows control-channel 7.1 */
#include "bl-control-actions.h"
#include "bl-control-hello.h"
#include "common/bl-ids.h"
#include "common/bl-tunnel.h"

static void
answer_member (BowlineActionCall *call, const char *member, GVariant *value)
{
  GVariantDict answer;

  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert_value (&answer, member, value);
  bowline_action_call_answer (call, g_variant_dict_end (&answer));
}

static void
run_ping (BowlineActionCall *call, gpointer user_data)
{
  GVariantDict frame;

  g_variant_dict_init (&frame, NULL);
  g_variant_dict_insert (&frame, "action", "s", "pong");
  bowline_action_call_push (call, g_variant_dict_end (&frame));
}

static void
run_pong (BowlineActionCall *call, gpointer user_data)
{
}

static void
run_close (BowlineActionCall *call, gpointer user_data)
{
  BlControlSession *session = bl_control_call_session (user_data, call);

  if (session != NULL)
    bl_control_session_end (session);
}

static void
run_server_info (BowlineActionCall *call, gpointer user_data)
{
  BlControlSession *session = bl_control_call_session (user_data, call);

  if (session != NULL)
    answer_member (call, "serverinfo", bl_control_hello_server_info (session));
}

static void
run_user_info (BowlineActionCall *call, gpointer user_data)
{
  BlControlSession *session = bl_control_call_session (user_data, call);
  g_autoptr (GVariant) account = session != NULL ? bl_control_hello_user_info (session) : NULL;

  if (account != NULL)
    answer_member (call, "userinfo", account);
}

static void
run_server_version (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  GVariantDict tags;

  g_variant_dict_init (&tags, NULL);
  g_variant_dict_insert (&tags, "current", "s", bowline_host_get_version (control->host));
  answer_member (call, "tags", g_variant_dict_end (&tags));
}

static char *
issue (BlControl *control, guint32 purpose, BowlinePrincipal *principal)
{
  BowlineAuth auth = { .struct_size = sizeof auth };
  gpointer self;

  if (!bowline_host_get_auth (control->host, &auth, &self) || auth.cookie_issue_for == NULL)
    return NULL;
  return auth.cookie_issue_for (self, purpose, principal);
}

static void
run_auth_cookie (BowlineActionCall *call, gpointer user_data)
{
  BlControlSession *session = bl_control_call_session (user_data, call);
  g_autofree char *login = NULL;
  g_autofree char *relay = NULL;
  GVariantDict answer;

  if (session == NULL)
    return;
  login = issue (user_data, BOWLINE_COOKIE_LOGIN, session->principal);
  relay = issue (user_data, BOWLINE_COOKIE_RELAY, session->principal);
  if (login == NULL || relay == NULL)
    return;
  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert (&answer, "cookie", "s", login);
  g_variant_dict_insert (&answer, "rcookie", "s", relay);
  bowline_action_call_answer (call, g_variant_dict_end (&answer));
}

/* A cookie that logs in anywhere for an hour: only where the administrator wants it. */
static void
run_login_cookie (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  BlControlSession *session = bl_control_call_session (control, call);
  BowlineAuth auth = { .struct_size = sizeof auth };
  g_autofree char *cookie = NULL;
  GVariantDict object;
  gpointer self;

  if (session == NULL || !session->plain || !bowline_host_get_auth (control->host, &auth, &self)
      || !bowline_host_get_boolean (control->host, "allow-login-cookie"))
    return;
  g_variant_dict_init (&object, NULL);
  g_variant_dict_insert (&object, "u", "s", bl_control_session_get_user_id (session));
  g_variant_dict_insert (&object, "a", "x", (gint64)3);
  cookie = auth.cookie_issue (self, BOWLINE_COOKIE_LOGIN, g_variant_dict_end (&object));
  if (cookie != NULL)
    answer_member (call, "cookie", g_variant_new_string (cookie));
}

/* Opens one port of one device through the relay, for programs that hand its address on: such as a VNC window. */
static void
run_get_cookie (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  const char *node_id = bl_variant_get_string (arguments, "nodeid");
  const char *address = bl_variant_get_string (arguments, "tcpaddr");
  const gboolean vnc = g_strcmp0 (bl_variant_get_string (arguments, "tag"), "novnc") == 0;
  const BlTunnelPort port = {
    .node_id = node_id,
    .address = address != NULL && *address != '\0' ? address : NULL,
    .port = (guint16)bl_variant_get_int (arguments, "tcpport", 0),
    .protocol = vnc ? BL_TUNNEL_VNC : BL_TUNNEL_TCP,
  };
  BowlinePrincipalInfo info = { .struct_size = sizeof info };
  BowlineAuth auth = { .struct_size = sizeof auth };
  g_autoptr (GVariant) target = g_variant_ref_sink (bl_tunnel_port_to_variant (&port));
  g_autofree char *cookie = NULL;
  GVariantDict answer;
  gpointer self;

  bowline_principal_get_info (who, &info);
  if (!bl_tunnel_port_allowed (port.protocol, bowline_rights (control->host, who, node_id), info.rights_ceiling))
    {
      bowline_action_call_result (call, "Access denied");
      return;
    }
  if (bowline_host_get_auth (control->host, &auth, &self) && auth.port_cookie_issue != NULL)
    cookie = auth.port_cookie_issue (self, who, target);
  if (cookie == NULL)
    {
      bowline_action_call_result (call, "Invalid address");
      return;
    }
  g_variant_dict_init (&answer, bowline_action_call_get_request (call));
  g_variant_dict_remove (&answer, "action");
  g_variant_dict_remove (&answer, "responseid");
  g_variant_dict_insert (&answer, "cookie", "s", cookie);
  bowline_action_call_answer (call, g_variant_dict_end (&answer));
}

static void
run_intersession (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  BlControlSession *session = bl_control_call_session (control, call);
  GPtrArray *own = session != NULL
                       ? g_hash_table_lookup (control->users, bl_control_session_get_user_id (session))
                       : NULL;

  for (guint i = 0; own != NULL && i < own->len; i++)
    {
      if (own->pdata[i] != session)
        bl_control_session_send (own->pdata[i], bowline_action_call_get_request (call));
    }
}

static void
run_session_count (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  BowlinePrincipal *principal = bowline_action_call_get_principal (call);
  GVariantDict counts;
  GHashTableIter iter;
  gpointer user_id, sessions;

  g_variant_dict_init (&counts, NULL);
  g_hash_table_iter_init (&iter, control->users);
  while (g_hash_table_iter_next (&iter, &user_id, &sessions))
    {
      guint32 site = bowline_site_rights (control->host, principal);

      if ((site & BL_SITE_MANAGE_USERS) != 0 && bowline_may_see (control->host, principal, user_id))
        g_variant_dict_insert (&counts, user_id, "x", (gint64)((GPtrArray *)sessions)->len);
    }
  answer_member (call, "wssessions", g_variant_dict_end (&counts));
}

const BowlineAction *
bl_control_session_actions (guint *n)
{
  static const BowlineArgument cookie[] = {
    BL_CONTROL_NODE (BOWLINE_ARGUMENT_REQUIRED),
    BL_CONTROL_TEXT ("name", 256),
    BL_CONTROL_TEXT ("tag", 64),
    BL_CONTROL_TEXT ("tcpaddr", BL_TUNNEL_MAX_HOST),
    { .name = "tcpport",
      .type = BOWLINE_ARGUMENT_INTEGER,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .min = 1,
      .max = G_MAXUINT16,
      .problem = "Invalid port" },
  };
  static const BowlineAction actions[] = {
    { BL_CONTROL_ROW ("ping", 0, "Answers with pong", run_ping) },
    { BL_CONTROL_ROW ("pong", 0, "Is ignored", run_pong) },
    { BL_CONTROL_ROW ("close", 0, "Closes this session", run_close) },
    { BL_CONTROL_ROW ("serverinfo", 0, "Describes the server", run_server_info) },
    { BL_CONTROL_ROW ("userinfo", 0, "Describes the own account", run_user_info) },
    { BL_CONTROL_ROW ("serverversion", BOWLINE_ACTION_FULL_ADMIN, "Tells the server's version",
                      run_server_version) },
    { BL_CONTROL_ROW ("authcookie", 0, "Makes cookies for relays of this session", run_auth_cookie) },
    { BL_CONTROL_ROW ("logincookie", BOWLINE_ACTION_CHANGES | BOWLINE_ACTION_NO_TOKEN | BOWLINE_ACTION_SILENT,
                      "Makes a cookie that logs in as this account, where that is switched on",
                      run_login_cookie) },
    { BL_CONTROL_ROW ("getcookie", BOWLINE_ACTION_CHANGES | BOWLINE_ACTION_OPEN_ARGUMENTS,
                      "Makes a cookie that opens one port of a device through the relay", run_get_cookie),
      BL_CONTROL_ARGUMENTS (cookie), .object = "nodeid" },
    { BL_CONTROL_ROW ("intersession", BOWLINE_ACTION_OPEN_ARGUMENTS, "Sends to the account's other sessions",
                      run_intersession) },
    { BL_CONTROL_ROW ("wssessioncount", 0, "Counts the sessions of accounts", run_session_count) },
  };

  *n = G_N_ELEMENTS (actions);
  return actions;
}
