// SPDX-License-Identifier: Apache-2.0
#include "bl-relay.h"

#include "bl-relay-chat.h"
#include "bl-relay-download.h"
#include "bl-relay-guest.h"
#include "bl-relay-port.h"
#include "bl-relay-session.h"
#include "common/bl-ids.h"
#include "common/bl-tunnel.h"
#include "common/bl-variant.h"

#include <string.h>

#define TICKET_PURPOSE "relay-device"
#define TICKET_SECONDS 60
#define SWEEP_SECONDS 1
#define ID_BYTES 16
#define MESSAGE_MAX 4096u // before joining nobody has anything to say; afterwards frames stream
#define QUEUE_MAX (256u * 1024u)

// One connected end. It lives from `opened` to `closed` of its socket.
typedef struct
{
  BlRelay *relay;
  BowlineWebSocket *socket;
  BowlinePrincipal *principal; // NULL at a device's end
  struct _Entry *entry;        // NULL once the session let go of it
  BlRelayEnd end;
} Leg;

typedef struct _Entry
{
  BlRelay *relay;
  BlRelayDownload *download; // NULL unless the server itself is the viewer, for an HTTP request
  BlRelaySession *session;
  char *owner; // the account it counts for
  char *share; // the guest's link it counts for, or NULL
  BowlinePrincipal *principal; // who ordered; asked again at the join and after changes
  BlChat chat;                 // empty unless it is a room of the messenger
  Leg *legs[2];
} Entry;

struct _BlRelay
{
  BowlineHost *host;
  GHashTable *entries; // id -> Entry
  GHashTable *counts;  // account or share -> number of its sessions, as a pointer
  guint64 subscriptions[2];
  guint sweep_id;
  gboolean recheck;
  gint64 max_sessions;
  gint64 max_per_user;
  gint64 max_per_share;
  guint64 total;
  guint64 bytes;
};

static guint
count_of (BlRelay *relay, const char *who)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (relay->counts, who));
}

// @who: (nullable): an account or a share; their ids have different forms
static void
count_session (BlRelay *relay, const char *who, gint by)
{
  if (who == NULL)
    return;
  const guint n = count_of (relay, who) + by;
  if (n > 0)
    g_hash_table_insert (relay->counts, g_strdup (who), GUINT_TO_POINTER (n));
  else
    g_hash_table_remove (relay->counts, who);
}

static void
entry_free (gpointer data)
{
  Entry *entry = data;
  count_session (entry->relay, entry->owner, -1);
  count_session (entry->relay, entry->share, -1);
  for (guint i = 0; i < G_N_ELEMENTS (entry->legs); i++)
    {
      if (entry->legs[i] != NULL)
        entry->legs[i]->entry = NULL;
    }
  bl_relay_download_free (entry->download);
  bl_relay_session_free (entry->session);
  bl_chat_clear (&entry->chat);
  g_clear_pointer (&entry->principal, bowline_principal_unref);
  g_free (entry->owner);
  g_free (entry->share);
  g_free (entry);
}

static void
emit_session_event (BlRelay *relay, Entry *entry, gint64 seconds, guint64 bytes_in, guint64 bytes_out)
{
  const BlRelaySession *session = entry->session;
  const char *text;
  const gboolean ended = seconds >= 0;
  const guint32 msgid = bl_relay_event_message (session->protocol, ended, &text);
  g_autoptr (GVariant) user = bowline_directory_dup (relay->host, session->user_id);
  g_autoptr (GVariant) node = session->node_id != NULL ? bowline_directory_dup (relay->host, session->node_id) : NULL;
  const char *name = "", *meshid = bl_variant_get_string (node, "meshid");
  if (user != NULL)
    g_variant_lookup (user, "name", "&s", &name);

  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE ("av"));
  g_variant_builder_add (&args, "v", g_variant_new_string (session->id));
  g_variant_builder_add (&args, "v", g_variant_new_string (session->ends[BL_RELAY_VIEWER]));
  g_variant_builder_add (&args, "v", g_variant_new_string (session->ends[BL_RELAY_DEVICE]));
  if (ended)
    g_variant_builder_add (&args, "v", g_variant_new_int64 (seconds));

  g_autofree char *message
      = ended ? g_strdup_printf ("%s \"%s\" from %s to %s, %" G_GINT64_FORMAT " second(s)", text, session->id,
                                 session->ends[BL_RELAY_VIEWER], session->ends[BL_RELAY_DEVICE], seconds)
              : g_strdup_printf ("%s \"%s\" from %s to %s", text, session->id, session->ends[BL_RELAY_VIEWER],
                                 session->ends[BL_RELAY_DEVICE]);
  GVariantBuilder event;
  g_variant_builder_init (&event, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&event, "{sv}", "etype", g_variant_new_string ("relay"));
  g_variant_builder_add (&event, "{sv}", "action", g_variant_new_string ("relaylog"));
  g_variant_builder_add (&event, "{sv}", "userid", g_variant_new_string (session->user_id));
  g_variant_builder_add (&event, "{sv}", "username", g_variant_new_string (name));
  if (session->guest_name != NULL)
    g_variant_builder_add (&event, "{sv}", "guestname", g_variant_new_string (session->guest_name));
  if (session->node_id != NULL)
    g_variant_builder_add (&event, "{sv}", "nodeid", g_variant_new_string (session->node_id));
  g_variant_builder_add (&event, "{sv}", "protocol", g_variant_new_int64 (session->protocol));
  g_variant_builder_add (&event, "{sv}", "msgid", g_variant_new_int64 (msgid));
  g_variant_builder_add (&event, "{sv}", "msgArgs", g_variant_builder_end (&args));
  g_variant_builder_add (&event, "{sv}", "msg", g_variant_new_string (message));
  if (ended)
    {
      g_variant_builder_add (&event, "{sv}", "bytesin", g_variant_new_int64 ((gint64)bytes_in));
      g_variant_builder_add (&event, "{sv}", "bytesout", g_variant_new_int64 ((gint64)bytes_out));
    }
  const char *second = session->node_id != NULL ? session->node_id : entry->chat.asked; // of two people, both see it
  const char *targets[] = { "*", session->user_id, second, meshid, NULL };
  bowline_event_emit (relay->host, targets, g_variant_builder_end (&event));
}

// Logs the end of a session that ran, whoever ended it, with what went through while both ends are still there.
static void
log_end (BlRelay *relay, Entry *entry)
{
  const gboolean viewer = entry->legs[BL_RELAY_VIEWER] != NULL;
  Leg *leg = entry->legs[viewer ? BL_RELAY_VIEWER : BL_RELAY_DEVICE];
  BowlineSocketStats stats = { .struct_size = sizeof stats };
  if (!entry->session->joined || leg == NULL)
    return;
  entry->session->joined = FALSE;
  bowline_websocket_get_stats (leg->socket, &stats);
  relay->bytes += stats.bytes_in + stats.bytes_out;
  emit_session_event (relay, entry, (g_get_monotonic_time () - entry->session->joined_us) / G_USEC_PER_SEC,
                      viewer ? stats.bytes_in : stats.bytes_out, viewer ? stats.bytes_out : stats.bytes_in);
}

// Forgets a session; its sockets are closed, and their legs are freed when `closed` arrives.
static void
drop_entry_as (BlRelay *relay, Entry *entry, guint32 code)
{
  log_end (relay, entry);
  for (guint i = 0; i < G_N_ELEMENTS (entry->legs); i++)
    {
      if (entry->legs[i] != NULL)
        bowline_websocket_close (entry->legs[i]->socket, code, NULL);
    }
  g_hash_table_remove (relay->entries, entry->session->id);
}

// A person at an end of a chat is told why it is over.
static void
drop_entry (BlRelay *relay, Entry *entry)
{
  const guint32 code = entry->session->joined || entry->session->joined_us != 0 ? BL_CHAT_CLOSE_LEFT : BL_CHAT_CLOSE_NOBODY;
  drop_entry_as (relay, entry, entry->chat.id != NULL ? code : 0);
}

static void
leg_closed_cb (BowlineWebSocket *socket, guint32 code, const char *reason, gpointer user_data)
{
  Leg *leg = user_data;
  BlRelay *relay = leg->relay;
  Entry *entry = leg->entry;
  if (entry != NULL)
    {
      log_end (relay, entry);
      entry->legs[leg->end] = NULL;
      leg->entry = NULL;
      drop_entry (relay, entry);
    }
  g_clear_pointer (&leg->principal, bowline_principal_unref);
  bowline_websocket_unref (leg->socket);
  g_free (leg);
}

// Before the join nothing may be sent; MeshCentral's clients wait for "c". Afterwards only a download comes by here.
static void
leg_message_cb (BowlineWebSocket *socket, guint32 type, GBytes *message, gpointer user_data)
{
  Leg *leg = user_data;
  Entry *entry = leg->entry;
  if (entry == NULL || entry->download == NULL || !entry->session->joined)
    bowline_websocket_close (socket, 1002, "wait for the other end");
  else if (!bl_relay_download_message (entry->download, type, message))
    drop_entry (leg->relay, entry);
}

static gboolean
still_allowed (BlRelay *relay, Entry *entry)
{
  const BlRelaySession *session = entry->session;
  if (entry->principal == NULL)
    return FALSE;
  if (entry->chat.id != NULL)
    return bl_relay_chat_is_allowed (relay->host, entry->principal, &entry->chat);
  if (session->share_id != NULL && !bl_relay_guest_is_welcome (relay->host, entry->principal, session->node_id))
    return FALSE;
  if (bl_tunnel_is_port (session->protocol))
    return bl_relay_port_is_allowed (relay->host, entry->principal, session->node_id, session->protocol);
  return bl_tunnel_allowed (session->protocol, bowline_rights (relay->host, entry->principal, session->node_id));
}

static void
count_join (BlRelay *relay, Entry *entry)
{
  entry->session->joined_us = g_get_monotonic_time ();
  relay->total++;
  emit_session_event (relay, entry, -1, 0, 0);
}

static void
join_entry (BlRelay *relay, Entry *entry)
{
  BowlineWebSocket *device = entry->legs[BL_RELAY_DEVICE]->socket;
  g_autoptr (GError) error = NULL;
  if (!still_allowed (relay, entry))
    {
      bowline_audit (relay->host, entry->principal, "relay", entry->session->node_id, FALSE, NULL);
      entry->session->joined = FALSE;
      drop_entry_as (relay, entry, entry->chat.id != NULL ? BL_CHAT_CLOSE_DENIED : 0);
      return;
    }
  if (entry->download != NULL)
    {
      bl_relay_download_join (entry->download, device);
      count_join (relay, entry);
      return;
    }
  BowlineWebSocket *viewer = entry->legs[BL_RELAY_VIEWER]->socket;
  bowline_websocket_pause (viewer);
  bowline_websocket_pause (device);
  bowline_websocket_send_text (viewer, "c");
  bowline_websocket_send_text (device, "c");
  if (!bowline_websocket_join (viewer, device, &error))
    {
      bowline_host_log (relay->host, BOWLINE_LOG_WARNING, NULL, "cannot join session %s: %s", entry->session->id,
                        error->message);
      entry->session->joined = FALSE;
      drop_entry (relay, entry);
      return;
    }
  bowline_websocket_resume (viewer);
  bowline_websocket_resume (device);
  count_join (relay, entry);
}

static void
admit_leg (BlRelay *relay, Entry *entry, Leg *leg, BlRelayDecision decision)
{
  leg->entry = entry;
  entry->legs[leg->end] = leg;
  if (entry->chat.id == NULL) // who waits long for a person is read from all the while: a window that was closed is noticed
    bowline_websocket_pause (leg->socket);
  if (decision == BL_RELAY_JOIN)
    join_entry (relay, entry);
}

// @share_id: (nullable): the link a guest came with
static Entry *
add_entry (BlRelay *relay, const char *id, const char *user_id, const char *share_id, GError **error)
{
  if (g_hash_table_size (relay->entries) >= relay->max_sessions)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT, "the limit of %" G_GINT64_FORMAT " sessions is reached",
                   relay->max_sessions);
      return NULL;
    }
  if (count_of (relay, user_id) >= relay->max_per_user)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT,
                   "the limit of %" G_GINT64_FORMAT " sessions for one account is reached", relay->max_per_user);
      return NULL;
    }
  if (share_id != NULL && count_of (relay, share_id) >= relay->max_per_share)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT,
                   "the limit of %" G_GINT64_FORMAT " sessions for one share is reached", relay->max_per_share);
      return NULL;
    }
  Entry *entry = g_new0 (Entry, 1);
  entry->relay = relay;
  entry->owner = g_strdup (user_id);
  entry->share = g_strdup (share_id);
  count_session (relay, entry->owner, 1);
  count_session (relay, entry->share, 1);
  entry->session = bl_relay_session_new (id, g_get_monotonic_time ());
  g_hash_table_insert (relay->entries, entry->session->id, entry);
  return entry;
}

// The device's end proves itself by the ticket that was put into the message only this device received.
static gboolean
arrive_device (BlRelay *relay, Leg *leg, const char *id, const char *ticket, const char *address)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) content = bowline_ticket_open (relay->host, TICKET_PURPOSE, ticket, &error);
  const char *ticket_id, *user_id, *node_id;
  Entry *entry = g_hash_table_lookup (relay->entries, id);
  if (content == NULL || entry == NULL || !g_variant_lookup (content, "id", "&s", &ticket_id)
      || !g_variant_lookup (content, "user", "&s", &user_id) || !g_variant_lookup (content, "node", "&s", &node_id)
      || !g_str_equal (ticket_id, id))
    return FALSE;
  const BlRelayDecision decision = bl_relay_session_arrive (entry->session, BL_RELAY_DEVICE, user_id, node_id, address);
  if (decision == BL_RELAY_REFUSE)
    return FALSE;
  admit_leg (relay, entry, leg, decision);
  return TRUE;
}

// Whose end the viewer's is: a login cookie, what a guest was given, what opens one port (TARGET says which), or the browser's
// session.
static BowlinePrincipal *
identify_viewer (BlRelay *relay, BowlineHttpRequest *request, const char *address, GVariant **target)
{
  const char *cookie = bowline_http_request_get_query (request, "auth");
  BowlineAuth auth = { .struct_size = sizeof auth };
  BowlinePrincipal *principal = NULL;
  gpointer auth_self;
  if (cookie != NULL && bowline_host_get_auth (relay->host, &auth, &auth_self))
    {
      principal = auth.cookie_verify (auth_self, BOWLINE_COOKIE_LOGIN, cookie, address, NULL);
      if (principal == NULL)
        principal = auth.cookie_verify (auth_self, BOWLINE_COOKIE_GUEST, cookie, address, NULL);
      if (principal == NULL)
        principal = auth.port_cookie_verify (auth_self, cookie, address, target, NULL);
    }
  if (principal == NULL && bowline_http_request_get_principal (request) != NULL)
    principal = bowline_principal_ref (bowline_http_request_get_principal (request));
  return principal;
}

// A guest has nobody to order the session for him, and may not join one that somebody else ordered.
static gboolean
arrive_guest (BlRelay *relay, Leg *leg, const char *id, BowlineHttpRequest *request, const char *address)
{
  g_autoptr (GError) error = NULL;
  BowlinePrincipalInfo info = { .struct_size = sizeof info };
  bowline_principal_get_info (leg->principal, &info);
  if (g_hash_table_contains (relay->entries, id))
    return FALSE;
  Entry *entry = add_entry (relay, id, info.user_id, info.token_id, NULL);
  if (entry == NULL)
    return FALSE;
  entry->session->share_id = g_strdup (info.token_id);
  entry->session->guest_name = bl_relay_guest_dup_name (relay->host, info.token_id);
  entry->principal = bowline_principal_ref (leg->principal);
  admit_leg (relay, entry, leg, bl_relay_session_arrive (entry->session, BL_RELAY_VIEWER, info.user_id, info.only_node,
                                                         address));
  if (bl_relay_guest_order (relay->host, leg->principal, id, bowline_http_request_get_query (request, "p"), &error))
    {
      bowline_audit (relay->host, leg->principal, "relay.guest", info.only_node, TRUE, NULL);
      return TRUE;
    }
  bowline_host_log (relay->host, BOWLINE_LOG_INFO, NULL, "a guest's session was not opened: %s", error->message);
  drop_entry (relay, entry);
  return TRUE; // its socket is being closed
}

// A viewer that names a port has the session ordered by its connecting, and needs no control channel.
static gboolean
arrive_port (BlRelay *relay, Leg *leg, const char *id, GVariant *target, const char *address)
{
  g_autoptr (GError) error = NULL;
  const char *user_id = bowline_principal_get_user_id (leg->principal);
  const char *node_id = bl_relay_port_node (target);
  if (g_hash_table_contains (relay->entries, id))
    return FALSE;
  Entry *entry = add_entry (relay, id, user_id, NULL, NULL);
  if (entry == NULL)
    return FALSE;
  entry->principal = bowline_principal_ref (leg->principal);
  admit_leg (relay, entry, leg, bl_relay_session_arrive (entry->session, BL_RELAY_VIEWER, user_id, node_id, address));
  const gboolean ordered = bl_relay_port_order (relay->host, leg->principal, id, target, &error);
  bowline_audit (relay->host, leg->principal, "relay.port", node_id, ordered, target);
  if (ordered)
    return TRUE;
  bowline_host_log (relay->host, BOWLINE_LOG_INFO, NULL, "a session to a port was not opened: %s", error->message);
  drop_entry (relay, entry);
  return TRUE; // its socket is being closed
}

static gboolean
arrive_viewer (BlRelay *relay, Leg *leg, const char *id, BowlineHttpRequest *request, const char *address)
{
  g_autoptr (GVariant) target = NULL;
  leg->principal = identify_viewer (relay, request, address, &target);
  if (leg->principal == NULL)
    return FALSE;
  if (target != NULL)
    return arrive_port (relay, leg, id, target, address);
  if (bowline_http_request_get_query (request, "tcpport") != NULL && !g_hash_table_contains (relay->entries, id)
      && bowline_principal_get_kind (leg->principal) != BOWLINE_PRINCIPAL_GUEST)
    {
      target = bl_relay_port_of_query (request);
      return target != NULL && arrive_port (relay, leg, id, target, address);
    }
  if (bowline_http_request_get_query (request, "id") == NULL)
    return FALSE;
  if (bowline_principal_get_kind (leg->principal) == BOWLINE_PRINCIPAL_GUEST)
    return arrive_guest (relay, leg, id, request, address);
  const char *user_id = bowline_principal_get_user_id (leg->principal);
  const char *node_id = bowline_http_request_get_query (request, "nodeid");
  Entry *entry = g_hash_table_lookup (relay->entries, id);
  if (entry == NULL)
    entry = add_entry (relay, id, user_id, NULL, NULL);
  if (entry == NULL)
    return FALSE;
  const BlRelayDecision decision = bl_relay_session_arrive (entry->session, BL_RELAY_VIEWER, user_id, node_id, address);
  if (decision == BL_RELAY_REFUSE)
    return FALSE;
  // The narrower of the two counts: a restricted cookie must not ride on an order made with full rights.
  g_clear_pointer (&entry->principal, bowline_principal_unref);
  entry->principal = bowline_principal_ref (leg->principal);
  admit_leg (relay, entry, leg, decision);
  return TRUE;
}

// ---- rooms of the messenger ----------------------------------------------------------------------------------------

static Entry *
add_room (BlRelay *relay, BlChat *chat, const char *who)
{
  Entry *entry = add_entry (relay, chat->id, who, NULL, NULL);
  if (entry == NULL)
    return NULL;
  entry->chat = *chat;
  *chat = (BlChat){ 0 };
  bl_relay_session_order (entry->session, entry->chat.asks, bl_chat_is_with_device (&entry->chat) ? entry->chat.asked : NULL,
                          BL_TUNNEL_MESSENGER, 0, g_get_monotonic_time ());
  entry->session->deadline_us = g_get_monotonic_time () + BL_RELAY_CHAT_WAIT_SECONDS * G_USEC_PER_SEC;
  return entry;
}

// Who opens the window once more, or comes back over another network, goes on there. The old one is told, so that it does not
// take the room back; in a room that was joined the other end comes again.
static void
leave_room (BlRelay *relay, const BlChat *chat, BlRelayEnd end)
{
  Entry *entry = g_hash_table_lookup (relay->entries, chat->id);
  Leg *old = entry != NULL ? entry->legs[end] : NULL;
  if (old == NULL)
    return;
  log_end (relay, entry);
  bowline_websocket_close (old->socket, BL_CHAT_CLOSE_TAKEN, NULL);
  old->entry = NULL;
  entry->legs[end] = NULL;
  drop_entry_as (relay, entry, BL_CHAT_CLOSE_LEFT);
}

// Returns: 0, or why the end is closed
static guint32
arrive_chat (BlRelay *relay, Leg *leg, BowlineHttpRequest *request, const char *address)
{
  g_auto (BlChat) chat = { 0 };
  if (!bl_chat_parse (bowline_http_request_get_query (request, "id"), &chat))
    return BL_CHAT_CLOSE_DENIED;
  const BlRelayChatVerdict verdict = bl_relay_chat_admit (relay->host, request, &chat, &leg->end, &leg->principal);
  if (verdict != BL_RELAY_CHAT_OPEN)
    return verdict == BL_RELAY_CHAT_EXPIRED ? BL_CHAT_CLOSE_EXPIRED : BL_CHAT_CLOSE_DENIED;
  leave_room (relay, &chat, leg->end);
  Entry *entry = g_hash_table_lookup (relay->entries, chat.id);
  if (entry == NULL)
    entry = add_room (relay, &chat, leg->principal != NULL ? bowline_principal_get_user_id (leg->principal) : chat.asks);
  if (entry == NULL)
    return BL_CHAT_CLOSE_FULL;
  const BlRelayDecision decision
      = bl_relay_session_arrive (entry->session, leg->end, entry->session->user_id, entry->session->node_id, address);
  if (leg->end == BL_RELAY_VIEWER)
    {
      g_clear_pointer (&entry->principal, bowline_principal_unref);
      entry->principal = bowline_principal_ref (leg->principal);
    }
  admit_leg (relay, entry, leg, decision);
  return 0;
}

static void
opened_cb (BowlineWebSocket *socket, BowlineHttpRequest *request, gpointer user_data)
{
  static const BowlineSocketHandler handler
      = { .struct_size = sizeof handler, .message = leg_message_cb, .closed = leg_closed_cb };
  BlRelay *relay = user_data;
  Leg *leg = g_new0 (Leg, 1);
  leg->relay = relay;
  leg->socket = bowline_websocket_ref (socket);
  bowline_websocket_set_handler (socket, &handler, leg);
  bowline_websocket_set_max_message (socket, MESSAGE_MAX);

  const char *id = bowline_http_request_get_affinity (request);
  const char *ticket = bowline_http_request_get_query (request, "rauth");
  const char *address = bowline_http_request_get_address (request);
  gboolean admitted = FALSE;
  guint32 code = 0;
  if (id != NULL && g_str_has_prefix (id, BL_CHAT_PREFIX))
    {
      code = arrive_chat (relay, leg, request, address);
      admitted = code == 0;
    }
  else if (bl_relay_id_is_valid (id))
    {
      leg->end = ticket != NULL ? BL_RELAY_DEVICE : BL_RELAY_VIEWER;
      admitted = ticket != NULL ? arrive_device (relay, leg, id, ticket, address)
                                : arrive_viewer (relay, leg, id, request, address);
    }
  if (!admitted)
    {
      bowline_host_log (relay->host, BOWLINE_LOG_INFO, NULL, "refused one end of a session from %s", address);
      bowline_websocket_close (socket, code, NULL);
    }
}

// ---- files of devices over HTTP ------------------------------------------------------------------------------------

static void
download_gone_cb (gpointer user_data)
{
  Entry *entry = user_data;
  drop_entry (entry->relay, entry);
}

// Who downloads: `c` is a login cookie; without one the browser's session counts.
static BowlinePrincipal *
identify_downloader (BlRelay *relay, BowlineHttpRequest *request)
{
  const char *cookie = bowline_http_request_get_query (request, "c");
  BowlinePrincipal *session = bowline_http_request_get_principal (request);
  BowlineAuth auth = { .struct_size = sizeof auth };
  gpointer self;
  if (cookie == NULL)
    return session != NULL ? bowline_principal_ref (session) : NULL;
  if (!bowline_host_get_auth (relay->host, &auth, &self))
    return NULL;
  return auth.cookie_verify (self, BOWLINE_COOKIE_LOGIN, cookie, bowline_http_request_get_address (request), NULL);
}

static gboolean
open_download (BlRelay *relay, BowlinePrincipal *who, const char *node_id, const char *id, GError **error)
{
  BowlineTunnels tunnels = { .struct_size = sizeof tunnels };
  gpointer self;
  if (bowline_host_lookup_service (relay->host, BOWLINE_TUNNELS_SERVICE, BOWLINE_TUNNELS_MAJOR, &tunnels, &self))
    return tunnels.open (self, who, id, node_id, BL_TUNNEL_FILE_DOWNLOAD, 0, NULL, error);
  g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_NOT_SUPPORTED, "nobody here can talk to devices");
  return FALSE;
}

static void
audit_download (BlRelay *relay, BowlinePrincipal *who, const char *node_id, const char *path, gboolean allowed)
{
  GVariantDict details;
  g_variant_dict_init (&details, NULL);
  g_variant_dict_insert (&details, "file", "s", path);
  bowline_audit (relay->host, who, "relay.file", node_id, allowed, g_variant_dict_end (&details));
}

static void
download_cb (BowlineHttpRequest *request, gpointer user_data)
{
  BlRelay *relay = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (BowlinePrincipal) who = identify_downloader (relay, request);
  const char *path = bowline_http_request_get_query (request, "f"), *node = bowline_http_request_get_query (request, "n");
  g_autofree char *node_id = node != NULL ? bl_id_complete (BL_ID_NODE, "", node, NULL) : NULL;
  g_autofree char *id = bl_random_hex (ID_BYTES);
  Entry *entry = NULL;
  if (who != NULL && node_id != NULL && bl_relay_download_path_is_valid (path))
    entry = add_entry (relay, id, bowline_principal_get_user_id (who), NULL, NULL);
  if (entry == NULL)
    {
      bowline_http_request_respond (request, 404, NULL, NULL);
      return;
    }
  entry->principal = bowline_principal_ref (who);
  entry->download = bl_relay_download_new (request, path, download_gone_cb, entry);
  bl_relay_session_arrive (entry->session, BL_RELAY_VIEWER, bowline_principal_get_user_id (who), node_id,
                           bowline_http_request_get_address (request));
  const gboolean ordered = open_download (relay, who, node_id, id, &error);
  audit_download (relay, who, node_id, path, ordered);
  if (ordered)
    {
      entry->session->deadline_us = g_get_monotonic_time () + BL_RELAY_DOWNLOAD_WAIT_SECONDS * G_USEC_PER_SEC;
      return;
    }
  bowline_host_log (relay->host, BOWLINE_LOG_INFO, NULL, "a download was not opened: %s", error->message);
  drop_entry (relay, entry);
}

// An invitation to a chat opens no session yet: the person at the device may come or not.
static char *
invite (BlRelay *relay, BowlinePrincipal *principal, const BlChat *chat, const char *node_id, GError **error)
{
  if (g_strcmp0 (node_id, chat->asked) == 0 && g_str_equal (chat->asks, bowline_principal_get_user_id (principal))
      && bl_relay_chat_is_allowed (relay->host, principal, chat))
    return bl_relay_chat_invite (relay->host, chat);
  g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_DENIED, "the room is not that of the account and the device");
  return NULL;
}

static char *
relay_order (gpointer self, BowlinePrincipal *principal, const char *id, const char *node_id, guint32 protocol,
             guint32 rights, GError **error)
{
  BlRelay *relay = self;
  g_auto (BlChat) chat = { 0 };
  if (protocol == BL_TUNNEL_MESSENGER && bl_chat_parse (id, &chat))
    return invite (relay, principal, &chat, node_id, error);
  if (!bl_relay_id_is_valid (id) || g_str_has_prefix (id, BL_CHAT_PREFIX))
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "session id: expected 1 to %u printable characters",
                   BL_RELAY_ID_MAX);
      return NULL;
    }
  const char *user_id = bowline_principal_get_user_id (principal);
  Entry *entry = g_hash_table_lookup (relay->entries, id);
  if (entry == NULL)
    entry = add_entry (relay, id, user_id, NULL, error);
  if (entry == NULL)
    return NULL;
  if (!bl_relay_session_order (entry->session, user_id, node_id, protocol, rights, g_get_monotonic_time ()))
    {
      g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_EXISTS, "the session id is in use");
      return NULL;
    }
  if (entry->principal == NULL)
    entry->principal = bowline_principal_ref (principal);
  GVariantBuilder content;
  g_variant_builder_init (&content, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&content, "{sv}", "id", g_variant_new_string (id));
  g_variant_builder_add (&content, "{sv}", "user", g_variant_new_string (user_id));
  g_variant_builder_add (&content, "{sv}", "node", g_variant_new_string (node_id));
  return bowline_ticket_seal (relay->host, TICKET_PURPOSE, g_variant_builder_end (&content), TICKET_SECONDS);
}

typedef gboolean (*EntryTest) (BlRelay *relay, Entry *entry, gpointer user_data);

static void
drop_matching (BlRelay *relay, EntryTest test, gpointer user_data)
{
  g_autoptr (GPtrArray) matching = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, relay->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      if (test (relay, value, user_data))
        g_ptr_array_add (matching, value);
    }
  for (guint i = 0; i < matching->len; i++)
    drop_entry (relay, matching->pdata[i]);
}

static gboolean
test_owner (BlRelay *relay, Entry *entry, gpointer user_data)
{
  const char *const *wanted = user_data;
  return (wanted[0] == NULL || g_strcmp0 (entry->session->user_id, wanted[0]) == 0
          || g_strcmp0 (entry->chat.asked, wanted[0]) == 0)
         && (wanted[1] == NULL || g_strcmp0 (entry->session->node_id, wanted[1]) == 0);
}

// The login token, login key or browser session that the viewer came with.
static gboolean
came_with (BowlinePrincipal *principal, const char *id)
{
  BowlinePrincipalInfo who = { .struct_size = sizeof who };
  if (principal == NULL)
    return FALSE;
  bowline_principal_get_info (principal, &who);
  return g_strcmp0 (who.token_id, id) == 0;
}

static gboolean
test_credential (BlRelay *relay, Entry *entry, gpointer user_data)
{
  const Leg *asked = entry->legs[BL_RELAY_DEVICE];
  return came_with (entry->principal, user_data) || (asked != NULL && came_with (asked->principal, user_data));
}

static void
relay_end (gpointer self, const char *user_id, const char *node_id)
{
  const char *wanted[] = { user_id, node_id };
  drop_matching (self, test_owner, wanted);
}

static GVariant *
relay_status (gpointer self)
{
  BlRelay *relay = self;
  gint64 sessions = 0, waiting = 0;
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, relay->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      if (((Entry *)value)->session->joined)
        sessions++;
      else
        waiting++;
    }
  GVariantBuilder status;
  g_variant_builder_init (&status, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&status, "{sv}", "sessions", g_variant_new_int64 (sessions));
  g_variant_builder_add (&status, "{sv}", "waiting", g_variant_new_int64 (waiting));
  g_variant_builder_add (&status, "{sv}", "bytes", g_variant_new_int64 ((gint64)relay->bytes));
  g_variant_builder_add (&status, "{sv}", "total", g_variant_new_int64 ((gint64)relay->total));
  return g_variant_ref_sink (g_variant_builder_end (&status));
}

static gboolean
test_over (BlRelay *relay, Entry *entry, gpointer user_data)
{
  const gint64 now = *(const gint64 *)user_data;
  if (!entry->session->joined)
    return now >= entry->session->deadline_us;
  if (entry->download != NULL && bl_relay_download_is_late (entry->download, entry->session->joined_us, now))
    return TRUE;
  // A guest's time runs out without anything being changed.
  return (relay->recheck || entry->session->share_id != NULL) && !still_allowed (relay, entry);
}

static gboolean
sweep_cb (gpointer user_data)
{
  BlRelay *relay = user_data;
  gint64 now = g_get_monotonic_time ();
  drop_matching (relay, test_over, &now);
  relay->recheck = FALSE;
  return G_SOURCE_CONTINUE;
}

// Rights may have changed: running sessions are asked again at the next sweep, once for a burst of changes.
static void
directory_changed_cb (const char *topic, GVariant *payload, gpointer user_data)
{
  ((BlRelay *)user_data)->recheck = TRUE;
}

static void
principal_revoked_cb (const char *topic, GVariant *payload, gpointer user_data)
{
  const char *id;
  g_variant_get_child (payload, 0, "&s", &id);
  relay_end (user_data, id, NULL);
  drop_matching (user_data, test_credential, (gpointer)id);
}

static void
chat_cb (BowlineHttpRequest *request, gpointer user_data)
{
  bl_relay_chat_respond (((BlRelay *)user_data)->host, request);
}

BlRelay *
bl_relay_new (BowlineHost *host, GError **error)
{
  static const BowlineRelay table
      = { .struct_size = sizeof table, .order = relay_order, .end = relay_end, .status = relay_status };
  static const BowlineEndpoint endpoint = {
    .struct_size = sizeof endpoint,
    .flags = BOWLINE_ENDPOINT_COOKIE | BOWLINE_ENDPOINT_ANY_HOST,
    .path = "/meshrelay.ashx",
    .max_message = BL_RELAY_DOWNLOAD_MAX_MESSAGE,
    .max_queued = QUEUE_MAX,
    .affinity_query = "id",
    .opened = opened_cb,
  };
  static const BowlineEndpoint files = {
    .struct_size = sizeof files,
    .flags = BOWLINE_ENDPOINT_COOKIE,
    .path = "/devicefile.ashx",
    .methods = "GET",
    .request = download_cb,
  };
  static const BowlineEndpoint messenger = {
    .struct_size = sizeof messenger,
    .flags = BOWLINE_ENDPOINT_COOKIE,
    .path = "/messenger",
    .methods = "GET",
    .request = chat_cb,
  };
  g_autoptr (BlRelay) relay = g_new0 (BlRelay, 1);
  relay->host = host;
  relay->entries = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, entry_free);
  relay->counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  relay->max_sessions = bowline_host_get_int (host, "max-sessions");
  relay->max_per_user = bowline_host_get_int (host, "max-sessions-per-user");
  relay->max_per_share = bowline_host_get_int (host, "max-sessions-per-share");
  if (!bowline_host_register_relay (host, &table, relay, error)
      || bowline_host_register_endpoint (host, &endpoint, relay, error) == 0
      || bowline_host_register_endpoint (host, &files, relay, error) == 0
      || bowline_host_register_endpoint (host, &messenger, relay, error) == 0)
    return NULL;
  relay->subscriptions[0] = bowline_topic_subscribe (host, "directory.changed", directory_changed_cb, relay);
  relay->subscriptions[1] = bowline_topic_subscribe (host, "principal.revoked", principal_revoked_cb, relay);
  g_autoptr (GSource) sweep = g_timeout_source_new_seconds (SWEEP_SECONDS);
  g_source_set_callback (sweep, sweep_cb, relay, NULL);
  relay->sweep_id = g_source_attach (sweep, bowline_host_get_main_context (host));
  return g_steal_pointer (&relay);
}

void
bl_relay_free (BlRelay *relay)
{
  if (relay == NULL)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (relay->subscriptions); i++)
    {
      if (relay->subscriptions[i] != 0)
        bowline_topic_unsubscribe (relay->host, relay->subscriptions[i]);
    }
  if (relay->sweep_id != 0)
    {
      GSource *sweep
          = g_main_context_find_source_by_id (bowline_host_get_main_context (relay->host), relay->sweep_id);
      if (sweep != NULL)
        g_source_destroy (sweep);
    }
  relay_end (relay, NULL, NULL);
  g_hash_table_unref (relay->entries);
  g_hash_table_unref (relay->counts);
  g_free (relay);
}
