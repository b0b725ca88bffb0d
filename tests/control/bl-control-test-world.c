// SPDX-License-Identifier: Apache-2.0
#include "bl-control-test-world.h"

#include "bl-action-call.h"
#include "bl-principal.h"
#include "common/bl-json.h"

#include <string.h>

World world;

/* ---- stand-ins
 * ---------------------------------------------------------------------------------------------------- */

BowlinePrincipal *
world_principal (guint32 kind, const char *user)
{
  BowlinePrincipalInfo info = { .struct_size = sizeof info,
                                .kind = kind,
                                .user_id = user,
                                .address = "127.0.0.1",
                                .rights_ceiling = G_MAXUINT32,
                                .site_ceiling = G_MAXUINT32 };

  return bowline_principal_new (world.host, &info);
}

typedef struct
{
  BowlinePrincipal *principal;
  GError *error;
  BowlineAuthDoneFunc done;
  gpointer user_data;
} Outcome;

static gboolean
tell (gpointer data)
{
  Outcome *outcome = data;

  outcome->done (outcome->principal, outcome->error, outcome->user_data);
  g_clear_pointer (&outcome->principal, bowline_principal_unref);
  g_clear_error (&outcome->error);
  g_free (outcome);
  return G_SOURCE_REMOVE;
}

/* Passwords are "pw". The account "tf" wants the token 123456, "slow" is throttled. */
static void
check_password (gpointer self,
                const char *user,
                const char *password,
                const char *token,
                const char *address,
                BowlineAuthDoneFunc done,
                gpointer user_data)
{
  Outcome *outcome = g_new0 (Outcome, 1);
  g_autofree char *lower = g_ascii_strdown (user, -1);
  g_autofree char *id = g_strconcat ("user//", lower, NULL);
  int code = -1;

  if (g_str_equal (user, "slow"))
    code = BOWLINE_ERROR_THROTTLED;
  else if (!g_str_equal (password, "pw") || !bowline_directory_contains (world.host, id))
    code = BOWLINE_ERROR_CREDENTIALS;
  else if (g_str_equal (user, "tf") && g_strcmp0 (token, "123456") != 0)
    code = BOWLINE_ERROR_SECOND_FACTOR;
  *outcome = (Outcome){ NULL, NULL, done, user_data };
  if (code == -1)
    outcome->principal = world_principal (BOWLINE_PRINCIPAL_USER, id);
  else
    outcome->error = g_error_new_literal (BOWLINE_ERROR, code, "no");
  if (world.defer)
    g_idle_add (tell, outcome);
  else
    tell (outcome);
}

static char *
cookie_issue (gpointer self, guint32 purpose, GVariant *object)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (object);
  g_autofree char *text = g_variant_print (owned, FALSE);

  return g_strdup_printf ("%u %s", purpose, text);
}

/* As the module that makes cookies: none for a principal whose limits it cannot say. */
static char *
cookie_issue_for (gpointer self, guint32 purpose, BowlinePrincipal *principal)
{
  BowlinePrincipalInfo who = { .struct_size = sizeof who };
  GVariantDict object;

  bowline_principal_get_info (principal, &who);
  if (who.only_node != NULL || who.rights_ceiling != G_MAXUINT32 || who.site_ceiling != G_MAXUINT32
      || who.rights_added != 0)
    return NULL;
  g_variant_dict_init (&object, NULL);
  g_variant_dict_insert (&object, purpose == BOWLINE_COOKIE_RELAY ? "ruserid" : "userid", "s", who.user_id);
  if (who.address != NULL)
    g_variant_dict_insert (&object, "ip", "s", who.address);
  return cookie_issue (self, purpose, g_variant_dict_end (&object));
}

static char *
port_cookie_issue (gpointer self, BowlinePrincipal *principal, GVariant *target)
{
  g_autofree char *text = g_variant_print (target, FALSE);

  return g_strdup_printf ("%s %s", bowline_principal_get_user_id (principal), text);
}

static BowlinePrincipal *
cookie_verify (gpointer self, guint32 purpose, const char *text, const char *address, GError **error)
{
  if (g_str_equal (text, "good"))
    return world_principal (BOWLINE_PRINCIPAL_USER, ALICE);
  g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_CREDENTIALS, "no");
  return NULL;
}

static void
set_password (
    gpointer self, const char *user_id, const char *password, BowlineAuthDoneFunc done, gpointer user_data)
{
  done (NULL, NULL, user_data);
}

static char *
relay_order (gpointer self,
             BowlinePrincipal *principal,
             const char *id,
             const char *node_id,
             guint32 protocol,
             guint32 rights,
             GError **error)
{
  if (g_str_equal (id, "taken"))
    {
      g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_EXISTS, "in use");
      return NULL;
    }
  g_ptr_array_add (world.orders, g_strdup_printf ("%s %s %u %u", id, node_id, protocol, rights));
  return g_strdup ("TICKET");
}

/* ---- begin and end
 * ------------------------------------------------------------------------------------------------ */

void
world_put (const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *document = bl_json_parse_object (text, strlen (text), NULL, BL_JSON_DEFAULT, &error);

  g_assert_no_error (error);
  bl_test_host_put_document (world.test, document);
  bowline_topic_publish (world.host, "directory.changed",
                         g_variant_new ("(sms)", bl_variant_get_string (document, "_id"), "put"));
  g_variant_unref (document);
  bl_test_host_settle ();
}

static void
put_documents (void)
{
  world_put ("{\"_id\":\"" ADMIN
             "\",\"type\":\"user\",\"name\":\"admin\",\"domain\":\"\",\"siteadmin\":4294967295,"
             "\"hash\":\"secret\",\"links\":{\"" MESH "\":{\"rights\":4294967295}}}");
  world_put ("{\"_id\":\"" ALICE "\",\"type\":\"user\",\"name\":\"Alice\",\"domain\":\"\",\"consent\":2,"
             "\"links\":{\"" MESH "\":{\"rights\":8}}}");
  world_put ("{\"_id\":\"user//tf\",\"type\":\"user\",\"name\":\"tf\",\"domain\":\"\"}");
  world_put (
      "{\"_id\":\"user//notools\",\"type\":\"user\",\"name\":\"notools\",\"domain\":\"\",\"siteadmin\":128}");
  world_put ("{\"_id\":\"" MESH
             "\",\"type\":\"mesh\",\"name\":\"Lab\",\"mtype\":2,\"desc\":\"d\",\"domain\":\"\","
             "\"consent\":1,\"links\":{\"" ADMIN "\":{\"name\":\"admin\",\"rights\":4294967295},"
             "\"" ALICE "\":{\"name\":\"Alice\",\"rights\":8}}}");
  world_put ("{\"_id\":\"" NODE "\",\"type\":\"node\",\"meshid\":\"" MESH
             "\",\"name\":\"demo-pc\",\"mtype\":2,"
             "\"icon\":2,\"domain\":\"\",\"intelamt\":{\"pass\":\"secret\"},\"agent\":{\"id\":6}}");
}

void
world_begin_with (const char *key, const char *value)
{
  static const char *const settings[][2] = {
    { "max-sessions", "100" },     { "max-sessions-per-user", "5" },   { "max-unauthenticated", "4" },
    { "max-message", "1048576" },  { "max-queued", "33554432" },       { "ping-interval", "0" },
    { "login-keys", "" },          { "inter-user-messages", "false" }, { "allow-login-cookie", "false" },
    { "server.mps-port", "4433" }, { "server.redirect-port", "80" },
  };
  static const BowlineAuth auth = { .struct_size = sizeof auth,
                                    .check_password = check_password,
                                    .cookie_issue = cookie_issue,
                                    .cookie_verify = cookie_verify,
                                    .set_password = set_password,
                                    .cookie_issue_for = cookie_issue_for,
                                    .port_cookie_issue = port_cookie_issue };
  static const BowlineRelay relay = { .struct_size = sizeof relay, .order = relay_order };
  g_autoptr (GError) error = NULL;

  world.test = bl_test_host_new ("control");
  world.host = bl_test_host_get (world.test);
  world.defer = FALSE;
  world.orders = g_ptr_array_new_with_free_func (g_free);
  bl_principal_install (world.host);
  bl_action_install ();
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    bl_test_host_set (world.test, settings[i][0], settings[i][1]);
  if (key != NULL)
    bl_test_host_set (world.test, key, value);
  bl_test_host_set_auth (world.test, &auth, NULL);
  bl_test_host_set_relay (world.test, &relay, NULL);
  g_assert_true (bl_test_host_activate (world.test, bowline_plugin_query_1, &error));
  g_assert_no_error (error);
  put_documents ();
}

void
world_begin (void)
{
  world_begin_with (NULL, NULL);
}

void
world_end (void)
{
  bl_test_host_deactivate (world.test, bowline_plugin_query_1);
  bl_test_host_settle ();
  bl_action_uninstall ();
  bl_principal_uninstall ();
  bl_test_host_free (world.test);
  g_ptr_array_unref (world.orders);
}

/* ---- sockets
 * ------------------------------------------------------------------------------------------------------ */

BowlineWebSocket *
world_open (const char *const *query,
            const char *const *headers,
            const char *const *cookies,
            BowlinePrincipal *who)
{
  const BlTestRequest request
      = { .path = "/control.ashx", .query = query, .headers = headers, .cookies = cookies, .principal = who };

  return bl_test_host_open_socket (world.test, &request);
}

BowlineWebSocket *
world_connect (const char *user)
{
  g_autofree char *name = g_base64_encode ((const guchar *)user, strlen (user));
  g_autofree char *header = g_strconcat (name, ", ", "cHc=", NULL);
  const char *headers[] = { "x-meshauth", header, NULL };
  BowlineWebSocket *socket = world_open (NULL, headers, NULL, NULL);

  g_assert_nonnull (socket);
  bl_test_host_settle ();
  return socket;
}

void
world_close (BowlineWebSocket *socket)
{
  if (bl_test_socket_get_close_code (socket) == 0)
    bl_test_socket_receive_close (socket, 1000);
  bl_test_host_settle ();
  bowline_websocket_unref (socket);
}

GPtrArray *
world_frames (BowlineWebSocket *socket, guint from)
{
  GPtrArray *sent = bl_test_socket_get_sent (socket);
  GPtrArray *frames = g_ptr_array_new_with_free_func ((GDestroyNotify)g_variant_unref);

  for (guint i = from; i < sent->len; i++)
    {
      g_autofree char *text = bl_test_socket_dup_sent_text (socket, i);
      g_autoptr (GError) error = NULL;
      BlJsonLimits limits = { .max_bytes = 64 << 20, .max_values = 1 << 20 };
      GVariant *frame = bl_json_parse_object (text, strlen (text), &limits, BL_JSON_DEFAULT, &error);

      g_assert_no_error (error);
      g_ptr_array_add (frames, frame);
    }
  return frames;
}

GPtrArray *
world_ask (BowlineWebSocket *socket, const char *json)
{
  guint before = bl_test_socket_get_sent (socket)->len;

  bl_test_socket_receive_text (socket, json);
  bl_test_host_settle ();
  return world_frames (socket, before);
}

GVariant *
world_find (GPtrArray *frames, const char *action)
{
  gboolean event = g_str_has_prefix (action, "event:");
  const char *name = event ? action + strlen ("event:") : action;

  for (guint i = 0; i < frames->len; i++)
    {
      GVariant *frame = frames->pdata[i];
      g_autoptr (GVariant) inner = event ? bl_variant_get_object (frame, "event") : NULL;

      if (g_strcmp0 (bl_variant_get_string (event ? inner : frame, "action"), name) == 0)
        return frame;
    }
  return NULL;
}

const char *
world_result (GPtrArray *frames, const char *action)
{
  return bl_variant_get_string (world_find (frames, action), "result");
}
