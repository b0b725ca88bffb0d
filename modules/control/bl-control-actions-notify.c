// SPDX-License-Identifier: Apache-2.0
/* Texts from people to people who are connected. Follows control-channel 7.1 (interuser) and 7.3 */
#include "bl-control-actions.h"
#include "bl-control-message.h"
#include "common/bl-chat.h"
#include "common/bl-ids.h"
#include "common/bl-tunnel.h"

#include <string.h>

#define MAX_BROADCAST 512
#define MAX_TEXT 4096
#define MAX_SECONDS 86400
#define ICON_PERSON 8

/* A number below 1, as pages expect it: what a notice is told apart by. */
static double
random_id (void)
{
  guint32 number;

  bl_random_bytes (&number, sizeof number);
  return (double)number / 4294967296.0;
}

static void
init_notice (GVariantDict *frame, const char *text, const char *title)
{
  g_variant_dict_init (frame, NULL);
  g_variant_dict_insert (frame, "action", "s", "msg");
  g_variant_dict_insert (frame, "type", "s", "notify");
  g_variant_dict_insert (frame, "value", "s", text);
  g_variant_dict_insert (frame, "title", "s", title);
  g_variant_dict_insert (frame, "id", "d", random_id ());
}

/* @frame: (transfer none). Returns: how many sessions got it */
static guint
send_to_user (BlControl *control, const char *user_id, GVariant *frame)
{
  GPtrArray *sessions = g_hash_table_lookup (control->users, user_id);

  for (guint i = 0; sessions != NULL && i < sessions->len; i++)
    bl_control_session_send (sessions->pdata[i], frame);
  return sessions != NULL ? sessions->len : 0;
}

static void
copy_seconds (GVariantDict *frame, GVariant *arguments)
{
  gint64 seconds = bl_variant_get_int (arguments, "maxtime", 0);

  if (seconds > 0)
    g_variant_dict_insert (frame, "maxtime", "x", seconds);
}

/* ---- userbroadcast
 * ------------------------------------------------------------------------------------------------ */

static gboolean
is_linked (BlControl *control, const char *user_id, const char *target)
{
  g_autoptr (GVariant) account = bowline_directory_dup (control->host, user_id);
  g_autoptr (GVariant) link = account != NULL ? bl_control_dup_link (account, target) : NULL;

  return link != NULL;
}

static void
run_broadcast (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  const char *self = bowline_principal_get_user_id (who);
  const char *only = bl_variant_get_string (arguments, "userid");
  const char *target = bl_variant_get_string (arguments, "target");
  g_autofree char *name = bl_control_dup_name (control, self);
  g_autofree char *own = bl_control_domain_of (self);
  g_autoptr (GVariant) frame = NULL;
  GVariantDict notice;
  GHashTableIter iter;
  gpointer user_id;

  init_notice (&notice, bl_variant_get_string (arguments, "msg"), name != NULL ? name : "");
  g_variant_dict_insert (&notice, "domain", "s", own);
  g_variant_dict_insert (&notice, "icon", "x", (gint64)0);
  g_variant_dict_insert (&notice, "tag", "s", "broadcast");
  copy_seconds (&notice, arguments);
  frame = g_variant_ref_sink (g_variant_dict_end (&notice));
  g_hash_table_iter_init (&iter, control->users);
  while (g_hash_table_iter_next (&iter, &user_id, NULL))
    {
      g_autofree char *domain = bl_control_domain_of (user_id);

      if (g_str_equal (domain, own) && (only == NULL || g_str_equal (only, user_id))
          && (target == NULL || is_linked (control, user_id, target))
          && bowline_may_see (control->host, who, user_id))
        send_to_user (control, user_id, frame);
    }
  bowline_action_call_result (call, "ok");
}

/* ---- notifyuser, meshmessenger
 * ------------------------------------------------------------------------------------ */

static void
run_notify_user (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  const char *self = bowline_principal_get_user_id (bowline_action_call_get_principal (call));
  const char *user_id = bl_variant_get_string (arguments, "userid");
  const char *url = bl_variant_get_string (arguments, "url");
  gint64 msgid = bl_variant_get_int (arguments, "msgid", -1);
  g_autofree char *name = bl_control_dup_name (control, self);
  g_autoptr (GVariant) frame = NULL;
  GVariantDict notice;

  /* A page opens it when the notice is clicked: nothing that runs in the page. */
  if (url != NULL && *url != '\0' && !g_str_has_prefix (url, "https://")
      && !g_str_has_prefix (url, "http://"))
    {
      bowline_action_call_result (call, "Invalid url");
      return;
    }
  init_notice (&notice, bl_variant_get_string (arguments, "msg"), name != NULL ? name : "");
  g_variant_dict_insert (&notice, "icon", "x", (gint64)ICON_PERSON);
  g_variant_dict_insert (&notice, "userid", "s", self);
  g_variant_dict_insert (&notice, "username", "s", name != NULL ? name : "");
  if (url != NULL && *url != '\0')
    g_variant_dict_insert (&notice, "url", "s", url);
  if (msgid >= 0)
    g_variant_dict_insert (&notice, "msgid", "x", msgid);
  copy_seconds (&notice, arguments);
  frame = g_variant_ref_sink (g_variant_dict_end (&notice));
  bowline_action_call_result (call, send_to_user (control, user_id, frame) > 0 ? "ok" : "User not connected");
}

/* What asks an account: a page opens the room that `tag` names when its person accepts. */
static void
ask_user (BlControl *control, BowlineActionCall *call, const char *user_id)
{
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  const char *self = bowline_principal_get_user_id (who);
  g_autofree char *name = bl_control_dup_name (control, self);
  g_autofree char *tag = NULL;
  g_autoptr (GVariant) frame = NULL;
  GVariantDict notice;

  if (!bowline_may_see (control->host, who, user_id)
      || (bowline_site_rights (control->host, who) & BL_SITE_MANAGE_USERS) == 0)
    {
      bowline_action_call_result (call, "Access denied");
      return;
    }
  if (g_str_equal (user_id, self))
    {
      bowline_action_call_result (call, "Invalid userid");
      return;
    }
  tag = bl_chat_build (user_id, self);
  init_notice (&notice, "Chat Request, Click here to accept.",
               name != NULL ? name : ""); /* as clients know it */
  g_variant_dict_insert (&notice, "userid", "s", self);
  g_variant_dict_insert (&notice, "username", "s", name != NULL ? name : "");
  g_variant_dict_insert (&notice, "tag", "s", tag);
  g_variant_dict_insert (&notice, "msgid", "x", (gint64)11);
  frame = g_variant_ref_sink (g_variant_dict_end (&notice));
  bowline_action_call_result (call, send_to_user (control, user_id, frame) > 0 ? "ok" : "User not connected");
}

/* Returns: (transfer full) (nullable): the address that the person at the device opens */
static char *
invitation_of (BlControl *control, BowlinePrincipal *who, const char *node_id, GError **error)
{
  g_autofree char *room = bl_chat_build (node_id, bowline_principal_get_user_id (who));
  g_autofree char *ticket = NULL;
  BowlineRelay relay = { .struct_size = sizeof relay };
  gpointer self;

  if (!bowline_host_get_relay (control->host, &relay, &self))
    {
      g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_NOT_SUPPORTED, "there is no relay");
      return NULL;
    }
  ticket = relay.order (self, who, room, node_id, BL_TUNNEL_MESSENGER,
                        bowline_rights (control->host, who, node_id), error);
  return ticket == NULL ? NULL
                        : g_strdup_printf ("https://%s:%u/messenger?id=%s&auth=%s",
                                           bowline_identity_get_name (control->host),
                                           bowline_identity_get_port (control->host), room, ticket);
}

/* Only this device gets the address, and only the address opens the device's end of the room. */
static void
ask_device (BlControl *control, BowlineActionCall *call, const char *node_id)
{
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  g_autoptr (GError) error = NULL;
  g_autofree char *url = NULL;
  GVariantDict message;

  if (!bl_tunnel_allowed (BL_TUNNEL_MESSENGER, bowline_rights (control->host, who, node_id)))
    {
      bowline_action_call_result (
          call, bowline_may_see (control->host, who, node_id) ? "Access denied" : "Invalid nodeid");
      return;
    }
  url = invitation_of (control, who, node_id, &error);
  if (url == NULL)
    {
      bowline_host_log (control->host, BOWLINE_LOG_WARNING, NULL, "a chat with %s was not opened: %s",
                        node_id, error->message);
      bowline_action_call_result (call, "Unsupported feature");
      return;
    }
  g_variant_dict_init (&message, NULL);
  g_variant_dict_insert (&message, "action", "s", "openUrl");
  g_variant_dict_insert (&message, "url", "s", url);
  bl_control_message_sign (control, call, node_id, &message);
  bowline_action_call_result (call, bowline_device_send (control->host, node_id, g_variant_dict_end (&message))
                                        ? "ok"
                                        : "Agent not connected");
}

static void
run_messenger (BowlineActionCall *call, gpointer user_data)
{
  GVariant *arguments = bowline_action_call_get_arguments (call);
  const char *user_id = bl_variant_get_string (arguments, "userid");
  const char *node_id = bl_variant_get_string (arguments, "nodeid");

  if (user_id != NULL)
    ask_user (user_data, call, user_id);
  else if (node_id != NULL)
    ask_device (user_data, call, node_id);
  else
    bowline_action_call_result (call, "Invalid nodeid");
}

/* ---- interuser
 * ---------------------------------------------------------------------------------------------------- */

static GVariant *
inter_user_frame (GVariant *arguments, const char *session, const char *scope)
{
  g_autoptr (GVariant) data = bl_variant_get_child (arguments, "data");
  GVariantDict frame;

  g_variant_dict_init (&frame, NULL);
  g_variant_dict_insert (&frame, "action", "s", "interuser");
  if (session != NULL)
    g_variant_dict_insert (&frame, "sessionid", "s", session);
  if (data != NULL)
    g_variant_dict_insert_value (&frame, "data", data);
  g_variant_dict_insert (&frame, "scope", "s", scope);
  return g_variant_ref_sink (g_variant_dict_end (&frame));
}

static gboolean
is_reachable (BlControl *control, const char *self, const char *user_id)
{
  g_autofree char *own = bl_control_domain_of (self);
  g_autofree char *theirs = bl_control_domain_of (user_id);

  return g_str_equal (own, theirs);
}

/* Off unless the administrator wants it: it lets any account reach any other one of the domain. */
static void
run_inter_user (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  const char *self = bowline_principal_get_user_id (bowline_action_call_get_principal (call));
  const char *user_id = bl_variant_get_string (arguments, "userid");
  BlControlSession *other = bl_control_find_session (control, bl_variant_get_string (arguments, "sessionid"));
  g_autoptr (GVariant) frame = NULL;

  if (!bowline_host_get_boolean (control->host, "inter-user-messages"))
    return;
  frame = inter_user_frame (arguments, bowline_action_call_get_session (call),
                            user_id != NULL ? "user" : "session");
  if (user_id != NULL && is_reachable (control, self, user_id))
    send_to_user (control, user_id, frame);
  else if (user_id == NULL && other != NULL
           && is_reachable (control, self, bl_control_session_get_user_id (other)))
    bl_control_session_send (other, frame);
}

/* ---- what this server has no means for
 * -------------------------------------------------------------------------------- */

static void
run_unavailable (BowlineActionCall *call, gpointer user_data)
{
  bowline_action_call_result (call, "Unsupported feature");
}

#define USER(more)                                                                                           \
  {                                                                                                          \
    .name = "userid", .type = BOWLINE_ARGUMENT_ID, .detail = "user", .flags = (more)                         \
  }
#define MESSAGE(longest, text)                                                                               \
  {                                                                                                          \
    .name = "msg", .type = BOWLINE_ARGUMENT_STRING, .flags = BOWLINE_ARGUMENT_REQUIRED, .min = 1,            \
    .max = (longest), .problem = (text)                                                                      \
  }

const BowlineAction *
bl_control_notify_actions (guint *n)
{
  static const BowlineArgument broadcast[] = {
    MESSAGE (MAX_BROADCAST, "Message is too long"),
    BL_CONTROL_NUMBER ("maxtime", 0, MAX_SECONDS),
    USER (BOWLINE_ARGUMENT_NULLABLE),
    { .name = "target",
      .type = BOWLINE_ARGUMENT_ID,
      .detail = "mesh|node|ugrp",
      .flags = BOWLINE_ARGUMENT_NULLABLE },
  };
  static const BowlineArgument notify[] = {
    USER (BOWLINE_ARGUMENT_REQUIRED),       MESSAGE (MAX_TEXT, NULL),
    BL_CONTROL_TEXT ("url", 2048),          BL_CONTROL_NUMBER ("maxtime", 0, MAX_SECONDS),
    BL_CONTROL_NUMBER ("msgid", 0, 100000),
  };
  static const BowlineArgument messenger[] = {
    USER (BOWLINE_ARGUMENT_NULLABLE),
    { .name = "nodeid", .type = BOWLINE_ARGUMENT_ID, .detail = "node", .flags = BOWLINE_ARGUMENT_NULLABLE },
  };
  static const BowlineArgument other[] = {
    USER (BOWLINE_ARGUMENT_NULLABLE),
    BL_CONTROL_TEXT ("sessionid", 256),
    { .name = "data", .type = BOWLINE_ARGUMENT_ANY, .flags = BOWLINE_ARGUMENT_REQUIRED },
  };
#define MANAGER .site_rights = BL_SITE_MANAGE_USERS, .denied = "Permission denied"
  static const BowlineAction actions[] = {
    { BL_CONTROL_ROW ("userbroadcast", BOWLINE_ACTION_CHANGES, "Shows a text to connected accounts",
                      run_broadcast),
      BL_CONTROL_ARGUMENTS (broadcast), MANAGER },
    { BL_CONTROL_ROW ("notifyuser", BOWLINE_ACTION_CHANGES, "Shows a text to one account", run_notify_user),
      BL_CONTROL_ARGUMENTS (notify), MANAGER, .object = "userid" },
    { BL_CONTROL_ROW ("meshmessenger", BOWLINE_ACTION_CHANGES, "Asks an account, or the person at a device, to chat",
                      run_messenger),
      BL_CONTROL_ARGUMENTS (messenger) },
    { BL_CONTROL_ROW ("interuser", 0, "Sends to another account's sessions, where that is switched on",
                      run_inter_user),
      BL_CONTROL_ARGUMENTS (other) },
    { BL_CONTROL_ROW ("emailuser", 0, "Would send a mail to an account; there is no mail server",
                      run_unavailable),
      MANAGER },
    { BL_CONTROL_ROW ("smsuser", 0, "Would send a text message to an account; there is no gateway",
                      run_unavailable),
      MANAGER },
    { BL_CONTROL_ROW ("msguser", 0, "Would send a message to an account; there is no gateway",
                      run_unavailable),
      MANAGER },
  };

  *n = G_N_ELEMENTS (actions);
  return actions;
}
