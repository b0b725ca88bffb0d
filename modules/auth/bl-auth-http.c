// SPDX-License-Identifier: Apache-2.0
#include "bl-auth-http.h"

#include "common/bl-account.h"
#include "common/bl-json.h"
#include "common/bl-variant.h"

#include <string.h>

#define MAX_BODY 8192u
#define TWO_FACTOR_COOKIE "twofactor" /* pages keep what twoFactorCookie gave them under this name */

/* Proves the password and second factor of a login that still needs a new password. */
#define CHANGE_PURPOSE "password-change"
#define CHANGE_SECONDS 600u

typedef struct
{
  BlAuth *auth;
  BowlineHttpRequest *request;
  char *user_id; /* (nullable): whose password is changed */
} Login;

static void
login_free (Login *login)
{
  bowline_http_request_unref (login->request);
  bl_auth_unref (login->auth);
  g_free (login->user_id);
  g_free (login);
}

/* @answer: (transfer floating) */
static void
respond (BowlineHttpRequest *request, guint32 status, GVariant *answer)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (answer);
  g_autoptr (GBytes) body = bl_json_from_variant (owned, NULL);

  bowline_http_request_add_header (request, "Cache-Control", "no-store");
  bowline_http_request_respond (request, status, "application/json", body);
}

static void
respond_error (BowlineHttpRequest *request, guint32 status, const char *word, guint retry_after)
{
  GVariantDict answer;

  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert (&answer, "error", "s", word);
  if (retry_after > 0)
    {
      g_autofree char *seconds = g_strdup_printf ("%u", retry_after);

      g_variant_dict_insert (&answer, "retryAfter", "x", (gint64)retry_after);
      bowline_http_request_add_header (request, "Retry-After", seconds);
    }
  respond (request, status, g_variant_dict_end (&answer));
}

static void
insert_user (GVariantDict *answer, GVariant *account)
{
  g_autoptr (GVariant) user = bl_account_public (account);

  g_variant_dict_insert_value (answer, "user", user);
}

/* The body as an object. A form of another site cannot send this content type without asking first. */
static GVariant *
read_body (BowlineHttpRequest *request)
{
  static const BlJsonLimits limits
      = { .max_bytes = MAX_BODY, .max_string = 2048, .max_depth = 2, .max_values = 16 };
  const char *type = bowline_http_request_get_header (request, "Content-Type");
  GBytes *body = bowline_http_request_get_body (request);
  gsize size;
  const char *text = g_bytes_get_data (body, &size);

  if (type == NULL || g_ascii_strncasecmp (type, "application/json", strlen ("application/json")) != 0)
    return NULL;
  return bl_json_parse_object (text, size, &limits, BL_JSON_DEFAULT, NULL);
}

void
bl_auth_http_set_cookie (BowlineHttpRequest *request, const char *value, gint64 max_age)
{
  g_autofree char *header = g_strdup_printf (
      BL_AUTH_COOKIE_NAME "=%s; Secure; HttpOnly; SameSite=Strict; Path=/; Max-Age=%" G_GINT64_FORMAT, value,
      max_age);

  bowline_http_request_add_header (request, "Set-Cookie", header);
}

/* ---- login
 * -------------------------------------------------------------------------------------------------------- */

static GVariant *
event_head (GVariant *account, const char *action, gint64 msgid)
{
  g_autoptr (GVariant) public_form = bl_account_public (account);
  const char *name = bl_variant_get_string (account, "name");
  const char *domain = bl_variant_get_string (account, "domain");
  GVariantDict event;

  g_variant_dict_init (&event, NULL);
  g_variant_dict_insert (&event, "etype", "s", "user");
  g_variant_dict_insert (&event, "userid", "s", bl_variant_get_string (account, "_id"));
  g_variant_dict_insert (&event, "username", "s", name != NULL ? name : "");
  g_variant_dict_insert_value (&event, "account", public_form);
  g_variant_dict_insert (&event, "action", "s", action);
  g_variant_dict_insert (&event, "msgid", "x", msgid);
  g_variant_dict_insert (&event, "domain", "s", domain != NULL ? domain : "");
  return g_variant_ref_sink (g_variant_dict_end (&event));
}

void
bl_auth_http_emit_login (BlAuth *auth, GVariant *account, BowlineHttpRequest *request)
{
  const char *user_id = bl_variant_get_string (account, "_id");
  const char *address = bowline_http_request_get_address (request);
  const char *agent = bowline_http_request_get_header (request, "User-Agent");
  const char *targets[] = { "*", "server-users", user_id, NULL };
  g_autofree char *message = g_strdup_printf ("Account login from %s", address);
  g_autofree char *clean
      = g_utf8_make_valid (agent != NULL ? agent : "", agent != NULL ? (gssize)strnlen (agent, 200) : 0);
  g_autoptr (GVariant) head = event_head (account, "login", 107);
  GVariantBuilder arguments;
  GVariantDict event;

  g_variant_builder_init (&arguments, G_VARIANT_TYPE ("av"));
  g_variant_builder_add (&arguments, "v", g_variant_new_string (address));
  g_variant_builder_add (&arguments, "v", bl_variant_new_null ());
  g_variant_builder_add (&arguments, "v", bl_variant_new_null ());
  g_variant_dict_init (&event, head);
  g_variant_dict_insert_value (&event, "msgArgs", g_variant_builder_end (&arguments));
  g_variant_dict_insert (&event, "msg", "s", message);
  g_variant_dict_insert (&event, "ip", "s", address);
  g_variant_dict_insert (&event, "userAgent", "s", clean);
  bowline_event_emit (auth->host, targets, g_variant_dict_end (&event));
}

static void
accept (Login *login, BowlinePrincipal *principal)
{
  BlAuth *auth = login->auth;
  BowlinePrincipalInfo who = { .struct_size = sizeof who };
  const char *old = bowline_http_request_get_cookie (login->request, BL_AUTH_COOKIE_NAME);
  g_autoptr (GVariant) account = NULL;
  g_autofree char *value = NULL;
  GVariantDict seen, answer;
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;

  bowline_principal_get_info (principal, &who);
  g_variant_dict_init (&seen, NULL);
  g_variant_dict_insert (&seen, "login", "x", now);
  g_variant_dict_insert (&seen, "access", "x", now);
  bowline_directory_patch (auth->host, who.user_id, g_variant_dict_end (&seen));
  account = bowline_directory_dup (auth->host, who.user_id);
  if (old != NULL)
    {
      g_autofree char *id = bl_auth_session_id (old);

      bl_auth_sessions_end (auth->sessions, id);
    }
  value = bl_auth_sessions_open (auth->sessions, &who,
                                 bowline_http_request_get_header (login->request, "User-Agent"),
                                 bl_auth_now_ms ());
  bl_auth_http_set_cookie (login->request, value, bowline_host_get_int (auth->host, "session-lifetime"));
  bl_auth_http_emit_login (auth, account, login->request);
  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert (&answer, "ok", "b", TRUE);
  insert_user (&answer, account);
  respond (login->request, 200, g_variant_dict_end (&answer));
}

static const char *
word_for (const GError *error)
{
  switch (error->code)
    {
    case BOWLINE_ERROR_SECOND_FACTOR:
      return "token-required";
    case BOWLINE_ERROR_THROTTLED:
      return "throttled";
    case BOWLINE_ERROR_DENIED:
      return "locked";
    default:
      return "invalid";
    }
}

/* An administrator may demand that the password is changed at the next login: "passchange" is -1 then. */
static gboolean
must_change (BlAuth *auth, const char *user_id)
{
  g_autoptr (GVariant) account = bowline_directory_dup (auth->host, user_id);

  return bl_variant_get_int (account, "passchange", 0) == -1;
}

static void
demand_change (Login *login, const char *user_id)
{
  GVariantDict content, answer;
  g_autofree char *ticket = NULL;

  g_variant_dict_init (&content, NULL);
  g_variant_dict_insert (&content, "user", "s", user_id);
  ticket = bowline_ticket_seal (login->auth->host, CHANGE_PURPOSE, g_variant_dict_end (&content), CHANGE_SECONDS);
  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert (&answer, "error", "s", "password-change-required");
  g_variant_dict_insert (&answer, "ticket", "s", ticket);
  respond (login->request, 401, g_variant_dict_end (&answer));
}

static void
on_checked (BowlinePrincipal *principal, const GError *error, guint retry_after, gpointer user_data)
{
  Login *login = user_data;

  if (principal == NULL)
    respond_error (login->request, 401, word_for (error), retry_after);
  else if (must_change (login->auth, bowline_principal_get_user_id (principal)))
    demand_change (login, bowline_principal_get_user_id (principal));
  else
    accept (login, principal);
  login_free (login);
}

static void
on_changed (BowlinePrincipal *none, const GError *error, gpointer user_data)
{
  Login *login = user_data;
  g_autoptr (BowlinePrincipal) principal = NULL;

  if (error == NULL)
    principal = bl_auth_make_principal (login->auth, login->user_id, NULL, NULL,
                                        bowline_http_request_get_address (login->request));
  if (principal != NULL)
    accept (login, principal);
  else
    respond_error (login->request, error != NULL && error->code == BOWLINE_ERROR_INVALID ? 400 : 401, "invalid", 0);
  login_free (login);
}

/* The second half of a login: the ticket works as long as the change is still demanded, so once.
 * @old: (nullable): for those who would rather keep it */
static void
serve_change (
    BowlineHttpRequest *request, BlAuth *auth, const char *ticket, const char *old, const char *password)
{
  g_autoptr (GVariant) content = bowline_ticket_open (auth->host, CHANGE_PURPOSE, ticket, NULL);
  const char *user_id = bl_variant_get_string (content, "user");
  Login *login;

  if (user_id == NULL || !must_change (auth, user_id))
    {
      respond_error (request, 401, "expired", 0);
      return;
    }
  if (g_strcmp0 (old, password) == 0)
    {
      respond_error (request, 400, "same-password", 0);
      return;
    }
  login = g_new (Login, 1);
  *login = (Login){ bl_auth_ref (auth), bowline_http_request_ref (request), g_strdup (user_id) };
  bl_auth_set_password (auth, user_id, password, on_changed, login);
}

static void
serve_login (BowlineHttpRequest *request, gpointer user_data)
{
  BlAuth *auth = user_data;
  g_autoptr (GVariant) body = read_body (request);
  const char *name = bl_variant_get_string (body, "username");
  const char *password = bl_variant_get_string (body, "password");
  const char *token = bl_variant_get_string (body, "token");
  const char *remembered = bowline_http_request_get_cookie (request, TWO_FACTOR_COOKIE);
  const char *ticket = bl_variant_get_string (body, "ticket");
  const char *new_password = bl_variant_get_string (body, "newPassword");
  g_autofree char *cookie = NULL;
  Login *login;

  if (ticket != NULL && new_password != NULL)
    {
      serve_change (request, auth, ticket, password, new_password);
      return;
    }
  if (name == NULL || password == NULL)
    {
      respond_error (request, 400, "invalid", 0);
      return;
    }
  login = g_new (Login, 1);
  *login = (Login){ bl_auth_ref (auth), bowline_http_request_ref (request), NULL };
  if (token == NULL && remembered != NULL)
    token = cookie = g_strconcat ("cookie=", remembered, NULL);
  bl_auth_check (auth, name, password, token, bowline_http_request_get_address (request), "web", on_checked,
                 login);
}

/* ---- logout and session
 * ------------------------------------------------------------------------------------------- */

static void
emit_logout (BlAuth *auth, const char *user_id)
{
  const char *targets[] = { "*", "server-users", user_id, NULL };
  g_autoptr (GVariant) account = bowline_directory_dup (auth->host, user_id);
  g_autoptr (GVariant) head = NULL;
  GVariantDict event;

  if (account == NULL)
    return;
  head = event_head (account, "logout", 2);
  g_variant_dict_init (&event, head);
  g_variant_dict_insert (&event, "msg", "s", "Account logout");
  bowline_event_emit (auth->host, targets, g_variant_dict_end (&event));
}

static void
serve_logout (BowlineHttpRequest *request, gpointer user_data)
{
  BlAuth *auth = user_data;
  g_autoptr (GVariant) body = read_body (request);
  const char *value = bowline_http_request_get_cookie (request, BL_AUTH_COOKIE_NAME);
  g_autofree char *id = value != NULL ? bl_auth_session_id (value) : NULL;
  const BlAuthSession *session
      = id != NULL ? bl_auth_sessions_find (auth->sessions, id, bl_auth_now_ms ()) : NULL;
  GVariantDict answer;

  if (body == NULL)
    {
      respond_error (request, 400, "invalid", 0);
      return;
    }
  if (session != NULL)
    {
      g_autofree char *user_id = g_strdup (session->user_id);

      emit_logout (auth, user_id);
      if (bl_variant_get_bool (body, "everywhere", FALSE))
        bl_auth_revoke_user (auth, user_id);
      else
        bl_auth_sessions_end (auth->sessions, id);
    }
  bl_auth_http_set_cookie (request, "", 0);
  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert (&answer, "ok", "b", TRUE);
  respond (request, 200, g_variant_dict_end (&answer));
}

static void
serve_session (BowlineHttpRequest *request, gpointer user_data)
{
  BlAuth *auth = user_data;
  BowlinePrincipal *principal = bowline_http_request_get_principal (request);
  g_autoptr (GVariant) account = NULL;
  GVariantDict answer;

  if (principal != NULL)
    account = bowline_directory_dup (auth->host, bowline_principal_get_user_id (principal));
  if (account == NULL)
    {
      respond_error (request, 401, "invalid", 0);
      return;
    }
  g_variant_dict_init (&answer, NULL);
  insert_user (&answer, account);
  respond (request, 200, g_variant_dict_end (&answer));
}

gboolean
bl_auth_http_register (BlAuth *auth, GError **error)
{
  static const BowlineEndpoint endpoints[] = {
    { .struct_size = sizeof (BowlineEndpoint),
      .flags = BOWLINE_ENDPOINT_COOKIE,
      .path = "/api/login",
      .methods = "POST",
      .max_body = MAX_BODY,
      .request = serve_login },
    { .struct_size = sizeof (BowlineEndpoint),
      .flags = BOWLINE_ENDPOINT_COOKIE,
      .path = "/api/logout",
      .methods = "POST",
      .max_body = MAX_BODY,
      .request = serve_logout },
    { .struct_size = sizeof (BowlineEndpoint),
      .flags = BOWLINE_ENDPOINT_COOKIE,
      .path = "/api/session",
      .methods = "GET",
      .request = serve_session },
  };

  for (guint i = 0; i < G_N_ELEMENTS (endpoints); i++)
    {
      if (bowline_host_register_endpoint (auth->host, &endpoints[i], auth, error) == 0)
        return FALSE;
    }
  return TRUE;
}
