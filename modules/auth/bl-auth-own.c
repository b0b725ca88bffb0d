// SPDX-License-Identifier: Apache-2.0
#include "bl-auth-own.h"

#include "common/bl-account.h"
#include "common/bl-rights-bits.h"
#include "common/bl-variant.h"

static const char *
user_of (BowlineActionCall *call)
{
  return bowline_principal_get_user_id (bowline_action_call_get_principal (call));
}

gboolean
bl_auth_own_is_locked (BlAuth *auth, BowlineActionCall *call)
{
  guint32 site = bowline_site_rights (auth->host, bowline_action_call_get_principal (call));

  return site != BL_SITE_FULL && (site & BL_SITE_LOCKED_SETTINGS) != 0;
}

GVariant *
bl_auth_own_dup (BlAuth *auth, BowlineActionCall *call)
{
  return bowline_directory_dup (auth->host, user_of (call));
}

void
bl_auth_own_event_init (GVariantDict *event, BlAuth *auth, BowlineActionCall *call, const char *action)
{
  g_autoptr (GVariant) account = bl_auth_own_dup (auth, call);
  const char *name = bl_variant_get_string (account, "name");
  const char *domain = bl_variant_get_string (account, "domain");

  g_variant_dict_init (event, NULL);
  g_variant_dict_insert (event, "etype", "s", "user");
  g_variant_dict_insert (event, "userid", "s", user_of (call));
  g_variant_dict_insert (event, "username", "s", name != NULL ? name : "");
  g_variant_dict_insert (event, "action", "s", action);
  g_variant_dict_insert (event, "domain", "s", domain != NULL ? domain : "");
}

void
bl_auth_own_answer (BowlineActionCall *call, const char *member, GVariant *value)
{
  GVariantDict answer;

  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert_value (&answer, member, value);
  bowline_action_call_answer (call, g_variant_dict_end (&answer));
}

/* ---- keep
 * ---------------------------------------------------------------------------------------------------------
 */

typedef struct
{
  BlAuth *auth;
  BowlineActionCall *call;
  gint64 msgid;
  const char *message;
  BlAuthOwnFunc done;
  gpointer data;
} Keeping;

static void
emit_change (const Keeping *keeping)
{
  const char *targets[] = { "*", "server-users", user_of (keeping->call), NULL };
  g_autoptr (GVariant) account = bl_auth_own_dup (keeping->auth, keeping->call);
  g_autoptr (GVariant) public_form = account != NULL ? bl_account_public (account) : NULL;
  GVariantDict event;

  if (public_form == NULL)
    return;
  bl_auth_own_event_init (&event, keeping->auth, keeping->call, "accountchange");
  g_variant_dict_insert_value (&event, "account", public_form);
  g_variant_dict_insert (&event, "msgid", "x", keeping->msgid);
  g_variant_dict_insert (&event, "msg", "s", keeping->message);
  bowline_event_emit (keeping->auth->host, targets, g_variant_dict_end (&event));
}

static void
on_kept (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Keeping *keeping = user_data;
  g_autoptr (GError) error = NULL;

  if (!bowline_directory_commit_finish (keeping->auth->host, result, &error))
    bowline_action_call_fail (keeping->call, error);
  else if (!keeping->auth->stopping)
    {
      emit_change (keeping);
      keeping->done (keeping->auth, keeping->call, keeping->data);
    }
  bowline_action_call_unref (keeping->call);
  bl_auth_unref (keeping->auth);
  g_free (keeping);
}

void
bl_auth_own_keep (BlAuth *auth,
                  BowlineActionCall *call,
                  GVariant *account,
                  gint64 msgid,
                  const char *message,
                  BlAuthOwnFunc done,
                  gpointer data)
{
  Keeping *keeping = g_new (Keeping, 1);

  *keeping = (Keeping){ bl_auth_ref (auth), bowline_action_call_ref (call), msgid, message, done, data };
  bl_auth_commit (auth, account, on_kept, keeping);
}
