// SPDX-License-Identifier: Apache-2.0
/* The sign-ins of one person: the browser sessions of the account, each of which can be ended by itself. MeshCentral has no
 * such actions; ours begin with "bl". */
#include "bl-auth-own.h"

#include "common/bl-variant.h"

#include <string.h>

#define ID_PREFIX "session-"
/* Enough to tell the few sessions of an account apart, and no help in finding the cookie. */
#define ID_LENGTH 16

/* Only somebody who signed in has sign-ins: not a token, not a login key that acts for an account. */
static const char *
own_session_of (BowlinePrincipal *who, const char **user_id)
{
  BowlinePrincipalInfo info = { .struct_size = sizeof info };

  bowline_principal_get_info (who, &info);
  *user_id = info.kind == BOWLINE_PRINCIPAL_USER && info.only_objects == NULL && info.only_node == NULL
                 ? info.user_id
                 : NULL;
  return info.token_id;
}

static GVariant *
to_variant (const BlAuthSession *session, const char *own)
{
  g_autofree char *id = g_strndup (session->id + strlen (ID_PREFIX), ID_LENGTH);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "id", "s", id);
  g_variant_dict_insert (&dict, "created", "x", session->created_ms);
  g_variant_dict_insert (&dict, "seen", "x", session->seen_ms);
  g_variant_dict_insert (&dict, "address", "s", session->address != NULL ? session->address : "");
  g_variant_dict_insert (&dict, "agent", "s", session->agent != NULL ? session->agent : "");
  g_variant_dict_insert (&dict, "own", "b", g_strcmp0 (session->id, own) == 0);
  g_variant_dict_insert (&dict, "token", "b", session->token_id != NULL || session->key_id != NULL);
  return g_variant_dict_end (&dict);
}

static void
run_list (BowlineActionCall *call, gpointer user_data)
{
  BlAuth *auth = user_data;
  const char *user_id;
  const char *own = own_session_of (bowline_action_call_get_principal (call), &user_id);
  g_autoptr (GPtrArray) list = NULL;
  GVariantBuilder out;

  if (user_id == NULL)
    {
      bowline_action_call_result (call, "Access denied");
      return;
    }
  list = bl_auth_sessions_list (auth->sessions, user_id, bl_auth_now_ms ());
  g_variant_builder_init (&out, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = list->len; i > 0; i--) /* the youngest first */
    g_variant_builder_add_value (&out, to_variant (list->pdata[i - 1], own));
  bl_auth_own_answer (call, "sessions", g_variant_builder_end (&out));
}

static void
run_end (BowlineActionCall *call, gpointer user_data)
{
  BlAuth *auth = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  const char *id = bl_variant_get_string (arguments, "id");
  gboolean others = bl_variant_get_bool (arguments, "others", FALSE);
  const char *user_id;
  const char *own = own_session_of (bowline_action_call_get_principal (call), &user_id);
  g_autoptr (GPtrArray) list = NULL;
  guint ended = 0;

  if (user_id == NULL)
    {
      bowline_action_call_result (call, "Access denied");
      return;
    }
  list = bl_auth_sessions_list (auth->sessions, user_id, bl_auth_now_ms ());
  for (guint i = 0; i < list->len; i++)
    {
      const BlAuthSession *session = list->pdata[i];
      gboolean is_own = g_strcmp0 (session->id, own) == 0;

      if (others ? is_own : strncmp (session->id + strlen (ID_PREFIX), id != NULL ? id : "", ID_LENGTH) != 0)
        continue;
      bl_auth_sessions_end (auth->sessions, session->id);
      ended++;
    }
  bowline_action_call_result (call, ended > 0 || others ? "ok" : "Invalid session");
}

gboolean
bl_auth_signins_register (BlAuth *auth, GError **error)
{
  static const BowlineArgument end[] = {
    { .name = "id",
      .type = BOWLINE_ARGUMENT_STRING,
      .flags = BOWLINE_ARGUMENT_NULLABLE,
      .min = ID_LENGTH,
      .max = ID_LENGTH,
      .problem = "Invalid session" },
    { .name = "others", .type = BOWLINE_ARGUMENT_BOOLEAN, .flags = BOWLINE_ARGUMENT_NULLABLE },
  };
  static const BowlineAction actions[] = {
    { BL_AUTH_ROW ("blsessions", BOWLINE_ACTION_NO_TOKEN, "Lists where one is signed in", run_list) },
    { BL_AUTH_ROW ("blendsession", BOWLINE_ACTION_CHANGES | BOWLINE_ACTION_NO_TOKEN,
                   "Ends one of one's own sign-ins, or all others", run_end),
      BL_AUTH_ARGUMENTS (end) },
  };

  return bowline_host_register_actions (auth->host, actions, G_N_ELEMENTS (actions), auth, error);
}
