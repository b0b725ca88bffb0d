// SPDX-License-Identifier: Apache-2.0
#include "bl-auth.h"

#include "bl-auth-actions.h"
#include "bl-auth-guest.h"
#include "bl-auth-http.h"
#include "bl-auth-key-actions.h"
#include "bl-auth-login.h"
#include "bl-auth-own.h"
#include "common/bl-rights-bits.h"
#include "common/bl-variant.h"

#define EXPIRE_SECONDS 300

gint64
bl_auth_now_ms (void)
{
  return g_get_real_time () / 1000;
}

BlAuth *
bl_auth_ref (BlAuth *self)
{
  g_atomic_ref_count_inc (&self->count);
  return self;
}

void
bl_auth_unref (BlAuth *self)
{
  if (!g_atomic_ref_count_dec (&self->count))
    return;
  bl_auth_checks_free (self->checks);
  bl_auth_sessions_free (self->sessions);
  bl_auth_limit_free (self->limit);
  bl_auth_cookies_free (self->cookies);
  bl_auth_keys_free (self->keys);
  g_free (self);
}

void
bl_auth_commit (BlAuth *self, GVariant *document, GAsyncReadyCallback callback, gpointer user_data)
{
  GVariant *puts = g_variant_new_array (G_VARIANT_TYPE_VARDICT, &document, 1);

  g_variant_unref (document);
  bowline_directory_commit_async (self->host, puts, NULL, BOWLINE_COMMIT_DURABLE, NULL, callback, user_data);
}

void
bl_auth_revoke_user (BlAuth *self, const char *user_id)
{
  bl_auth_sessions_end_user (self->sessions, user_id, NULL);
  bowline_topic_publish (self->host, "principal.revoked", g_variant_new ("(s)", user_id));
}

/* ---- the extension point
 * ------------------------------------------------------------------------------------------ */

typedef struct
{
  BowlineAuthDoneFunc done;
  gpointer user_data;
} PlainDone;

static void
plain_done (BowlinePrincipal *principal, const GError *error, guint retry_after, gpointer data)
{
  PlainDone *plain = data;

  plain->done (principal, error, plain->user_data);
  g_free (plain);
}

static void
check_password (gpointer self,
                const char *user,
                const char *password,
                const char *token,
                const char *address,
                BowlineAuthDoneFunc done,
                gpointer user_data)
{
  PlainDone *plain = g_new (PlainDone, 1);

  *plain = (PlainDone){ done, user_data };
  bl_auth_check (self, user, password, token, address, "control", plain_done, plain);
}

static char *
session_open (gpointer data, BowlinePrincipal *principal, const char *user_agent)
{
  BlAuth *self = data;
  BowlinePrincipalInfo who = { .struct_size = sizeof who };

  bowline_principal_get_info (principal, &who);
  return bl_auth_sessions_open (self->sessions, &who, user_agent, bl_auth_now_ms ());
}

static gboolean
is_usable_account (BlAuth *self, const char *user_id)
{
  g_autoptr (GVariant) account = bowline_directory_dup (self->host, user_id);
  guint32 site = bl_rights_from_json (bl_variant_get_int (account, "siteadmin", 0));

  return account != NULL && (site == BL_SITE_FULL || (site & BL_SITE_LOCKED) == 0);
}

BowlinePrincipal *
bl_auth_make_principal (
    BlAuth *self, const char *user_id, const char *token_id, const char *session_id, const char *address)
{
  BowlinePrincipalInfo info = {
    .struct_size = sizeof info,
    .kind = token_id != NULL ? BOWLINE_PRINCIPAL_TOKEN : BOWLINE_PRINCIPAL_USER,
    .user_id = user_id,
    .token_id = token_id != NULL ? token_id : session_id,
    .address = address,
    .rights_ceiling = BL_RIGHT_ALL,
    .site_ceiling = BL_SITE_FULL,
  };

  if (!is_usable_account (self, user_id))
    return NULL;
  if (token_id != NULL)
    {
      g_autofree char *id = g_strconcat ("logintoken-", token_id, NULL);
      g_autoptr (GVariant) token = bowline_directory_dup (self->host, id);

      if (token == NULL || g_strcmp0 (bl_variant_get_string (token, "userid"), user_id) != 0)
        return NULL;
      info.expires_ms = bl_variant_get_int (token, "expire", 0);
      if (info.expires_ms != 0 && info.expires_ms <= bl_auth_now_ms ())
        return NULL;
    }
  return bowline_principal_new (self->host, &info);
}

static BowlinePrincipal *
session_lookup (gpointer data, const char *value, const char *address)
{
  BlAuth *self = data;
  const BlAuthSession *session = bl_auth_sessions_use (self->sessions, value, address, bl_auth_now_ms ());
  BowlinePrincipal *principal;

  if (session == NULL)
    return NULL;
  if (session->key_id != NULL)
    principal = bl_auth_login_principal (self, bl_auth_keys_find (self->keys, session->key_id),
                                         session->user_id, session->node_id, address, NULL);
  else
    principal = bl_auth_make_principal (self, session->user_id, session->token_id, session->id, address);
  if (principal == NULL)
    bl_auth_sessions_end (self->sessions, session->id);
  return principal;
}

static void
session_close (gpointer data, const char *value, gboolean everywhere)
{
  BlAuth *self = data;
  g_autofree char *id = bl_auth_session_id (value);
  const BlAuthSession *session = bl_auth_sessions_find (self->sessions, id, bl_auth_now_ms ());
  g_autofree char *user_id = NULL;

  if (session == NULL)
    return;
  user_id = g_strdup (session->user_id);
  if (everywhere)
    bl_auth_revoke_user (self, user_id);
  else
    bl_auth_sessions_end (self->sessions, id);
}

static char *
cookie_issue (gpointer data, guint32 purpose, GVariant *object)
{
  BlAuth *self = data;

  return bl_auth_cookies_issue (
      self->cookies, purpose == BOWLINE_COOKIE_INVITATION ? bl_auth_keys_invitation (self->keys) : NULL,
      object);
}

static GVariant *
cookie_open (gpointer data, guint32 purpose, const char *text, guint32 minutes, GError **error)
{
  BlAuth *self = data;

  if (purpose == BOWLINE_COOKIE_INVITATION)
    return bl_auth_cookies_open_invitation (self->cookies, text, minutes, error);
  g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID,
                       "Cookies of this purpose stand for somebody");
  return NULL;
}

/* The session of a cookie, of its account only: an id that became known must not open another account. */
static gboolean
has_session (BlAuth *self, const BlAuthCookie *cookie)
{
  const BlAuthSession *session;

  if (cookie->session_id == NULL)
    return TRUE;
  bl_auth_sessions_touch (self->sessions, cookie->session_id, bl_auth_now_ms ());
  session = bl_auth_sessions_find (self->sessions, cookie->session_id, bl_auth_now_ms ());
  return session != NULL && g_str_equal (session->user_id, cookie->user_id);
}

/* Whom a cookie stands for that no guest holds. Returns: (transfer full) (nullable) */
static BowlinePrincipal *
principal_of (BlAuth *self, const BlAuthCookie *cookie, const char *address, GError **error)
{
  BowlinePrincipal *principal = NULL;

  if (cookie->key != NULL && cookie->key->id != NULL)
    return bl_auth_login_by_cookie (self, cookie, address, error);
  if (has_session (self, cookie))
    principal
        = bl_auth_make_principal (self, cookie->user_id, cookie->token_id, cookie->session_id, address);
  if (principal == NULL)
    g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_CREDENTIALS,
                         "The account, login token or session of the cookie is locked or over");
  return principal;
}

static BowlinePrincipal *
cookie_verify (gpointer data, guint32 purpose, const char *text, const char *address, GError **error)
{
  BlAuth *self = data;
  g_auto (BlAuthCookie) cookie = { 0 };

  if (purpose == BOWLINE_COOKIE_INVITATION || purpose == BOWLINE_COOKIE_PORT)
    {
      g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_CREDENTIALS,
                           "A cookie of this purpose stands for nobody by itself");
      return NULL;
    }
  if (!bl_auth_cookies_verify (self->cookies, purpose, text, address, &cookie, error))
    return NULL;
  if (purpose == BOWLINE_COOKIE_GUEST)
    return bl_auth_guest_new (self->host, &cookie, address, bl_auth_now_ms (), error);
  return principal_of (self, &cookie, address, error);
}

static BowlinePrincipal *
port_cookie_verify (gpointer data, const char *text, const char *address, GVariant **target, GError **error)
{
  BlAuth *self = data;
  g_auto (BlAuthCookie) cookie = { 0 };
  g_autoptr (BowlinePrincipal) whole = NULL;
  BowlinePrincipalInfo info = { .struct_size = sizeof info };

  if (!bl_auth_cookies_verify (self->cookies, BOWLINE_COOKIE_PORT, text, address, &cookie, error))
    return NULL;
  whole = principal_of (self, &cookie, address, error);
  if (whole == NULL)
    return NULL;
  bowline_principal_get_info (whole, &info);
  info.only_node = cookie.node_id;
  info.site_ceiling = 0;
  *target = g_steal_pointer (&cookie.target);
  return bowline_principal_new (self->host, &info);
}

static gboolean
register_table (BlAuth *self, GError **error)
{
  static const BowlineAuth table = {
    .struct_size = sizeof table,
    .check_password = check_password,
    .session_open = session_open,
    .session_lookup = session_lookup,
    .session_close = session_close,
    .cookie_issue = cookie_issue,
    .cookie_verify = cookie_verify,
    .set_password = bl_auth_set_password,
    .login_token = bl_auth_login_page,
    .cookie_issue_for = bl_auth_login_issue,
    .cookie_open = cookie_open,
    .port_cookie_issue = bl_auth_login_issue_port,
    .port_cookie_verify = port_cookie_verify,
  };

  return bowline_host_register_auth (self->host, &table, self, error);
}

/* ---- what happens to accounts
 * ------------------------------------------------------------------------------------- */

static void
on_directory_changed (const char *topic, GVariant *payload, gpointer user_data)
{
  BlAuth *self = user_data;
  const char *id;
  gboolean gone;

  g_variant_get_child (payload, 0, "&s", &id);
  gone = !bowline_directory_contains (self->host, id);
  if (g_str_has_prefix (id, "user/") && !is_usable_account (self, id))
    bl_auth_revoke_user (self, id);
  else if (g_str_has_prefix (id, "loginkey-") || g_str_equal (id, BL_AUTH_LOGIN_KEY_ID))
    bl_auth_login_keys_changed (self, g_str_equal (id, BL_AUTH_LOGIN_KEY_ID) ? BL_AUTH_DEFAULT_KEY : id);
  else if (g_str_has_prefix (id, "logintoken-") && gone)
    bowline_topic_publish (self->host, "principal.revoked",
                           g_variant_new ("(s)", id + strlen ("logintoken-")));
}

static gboolean
on_timer (gpointer user_data)
{
  BlAuth *self = user_data;

  bl_auth_sessions_expire (self->sessions, bl_auth_now_ms ());
  return G_SOURCE_CONTINUE;
}

/* ---- start and stop
 * ----------------------------------------------------------------------------------------------- */

static BlAuthIpCheck
ip_check_of (const char *text)
{
  if (g_strcmp0 (text, "none") == 0)
    return BL_AUTH_IP_NONE;
  return g_strcmp0 (text, "strict") == 0 ? BL_AUTH_IP_STRICT : BL_AUTH_IP_LAX;
}

static BlAuth *
auth_new (BowlineHost *host)
{
  BlAuth *self = g_new0 (BlAuth, 1);
  const BlAuthSessionOptions sessions = {
    .idle_ms = bowline_host_get_int (host, "session-idle") * 1000,
    .lifetime_ms = bowline_host_get_int (host, "session-lifetime") * 1000,
  };
  const BlAuthLimitRule account = {
    .failures = (guint)bowline_host_get_int (host, "account-failures"),
    .window = (guint)bowline_host_get_int (host, "account-window"),
    .max_wait = (guint)bowline_host_get_int (host, "account-max-wait"),
  };
  const BlAuthLimitRule address = {
    .failures = (guint)bowline_host_get_int (host, "address-failures"),
    .window = (guint)bowline_host_get_int (host, "address-window"),
    .max_wait = (guint)bowline_host_get_int (host, "address-max-wait"),
  };

  g_atomic_ref_count_init (&self->count);
  self->host = host;
  self->cost.memory = (gsize)bowline_host_get_int (host, "hash-memory");
  self->cost.passes = (guint)bowline_host_get_int (host, "hash-passes");
  self->sessions = bl_auth_sessions_new (host, &sessions);
  self->limit = bl_auth_limit_new (&account, &address);
  self->keys = bl_auth_keys_new (host);
  self->cookies = bl_auth_cookies_new (host, self->keys,
                                       ip_check_of (bowline_host_get_string (host, "cookie-ip-check")));
  self->checks = bl_auth_checks_new ();
  return self;
}

static void
start_timer (BlAuth *self)
{
  self->timer = g_timeout_source_new_seconds (EXPIRE_SECONDS);
  g_source_set_callback (self->timer, on_timer, self, NULL);
  g_source_attach (self->timer, bowline_host_get_main_context (self->host));
}

static gboolean
go_public (BlAuth *self, GError **error)
{
  if (!bl_auth_keys_load (self->keys, error) || !register_table (self, error)
      || !bl_auth_actions_register (self, error) || !bl_auth_key_actions_register (self, error)
      || !bl_auth_tokens_register (self, error) || !bl_auth_factors_register (self, error)
      || !bl_auth_signins_register (self, error)
      || !bl_auth_http_register (self, error))
    return FALSE;
  self->changed_subscription
      = bowline_topic_subscribe (self->host, "directory.changed", on_directory_changed, self);
  start_timer (self);
  return TRUE;
}

static void
finish_start (GTask *task)
{
  BlAuth *self = g_task_get_task_data (task);
  GError *error = NULL;

  if (go_public (self, &error))
    g_task_return_pointer (task, bl_auth_ref (self), (GDestroyNotify)bl_auth_unref);
  else
    g_task_return_error (task, error);
}

static void
on_keys_kept (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  BlAuth *self = g_task_get_task_data (task);
  GError *error = NULL;

  if (bowline_directory_commit_finish (self->host, result, &error))
    {
      finish_start (task);
      return;
    }
  g_prefix_error (&error, "The cookie keys cannot be kept: ");
  g_task_return_error (task, error);
}

static void
on_sessions_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  BlAuth *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GVariant) documents = bowline_directory_list_finish (self->host, result, &error);
  GVariant *keys;

  if (documents == NULL)
    {
      g_prefix_error (&error, "The sessions cannot be read: ");
      g_task_return_error (task, error);
      return;
    }
  bl_auth_sessions_load (self->sessions, documents, bl_auth_now_ms ());
  keys = bl_auth_keys_make (self->keys);
  if (keys == NULL)
    finish_start (task);
  else
    bowline_directory_commit_async (self->host, keys, NULL, BOWLINE_COMMIT_DURABLE,
                                    g_task_get_cancellable (task), on_keys_kept, g_object_ref (task));
}

void
bl_auth_start_async (BowlineHost *host,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, bl_auth_start_async);
  if (!bl_auth_hash_init (&error))
    {
      g_task_return_error (task, error);
      return;
    }
  g_task_set_task_data (task, auth_new (host), (GDestroyNotify)bl_auth_unref);
  bowline_directory_list_async (host, "session", NULL, BL_AUTH_MAX_SESSIONS, cancellable, on_sessions_listed,
                                g_object_ref (task));
}

BlAuth *
bl_auth_start_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
bl_auth_stop (BlAuth *self)
{
  self->stopping = TRUE;
  bowline_topic_unsubscribe (self->host, self->changed_subscription);
  g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
  bl_auth_checks_abandon (self->checks);
  bl_auth_unref (self);
}
