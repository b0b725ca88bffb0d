// SPDX-License-Identifier: Apache-2.0
/* Follows control-channel 2 and 3 */
#include "bl-control-login.h"

#include "bl-control-inner.h"
#include "common/bl-ids.h"
#include "common/bl-rights-bits.h"

#include <string.h>

#define MAX_HEADER 4096u
#define TWO_FACTOR_DAYS 30
#define SESSION_COOKIE "__Host-bowline"

typedef struct
{
  BlControlSession *session;
  const char *refusal; /* msg of the close frame when name or password is wrong */
} Attempt;

static void
strip_blanks (char *text)
{
  char *to = text;

  for (const char *from = text; *from != '\0'; from++)
    {
      if (!g_ascii_isspace (*from))
        *to++ = *from;
    }
  *to = '\0';
}

char *
bl_control_login_decode (const char *part)
{
  gsize length = strlen (part), size;
  g_autofree guchar *data = NULL;

  if (length % 4 != 0
      || strspn (part, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") != length)
    return NULL;
  data = g_base64_decode (part, &size);
  if (!g_utf8_validate ((const char *)data, (gssize)size, NULL))
    return NULL;
  return g_strndup ((const char *)data, size);
}

char **
bl_control_login_split (const char *header)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) parts = NULL;
  g_auto (GStrv) decoded = NULL;
  guint n;

  if (strlen (header) > MAX_HEADER)
    return NULL;
  text = g_strdup (header);
  strip_blanks (text);
  parts = g_strsplit (text, ",", 4);
  n = g_strv_length (parts);
  if (n < 2 || n > 3)
    return NULL;
  decoded = g_new0 (char *, n + 1);
  for (guint i = 0; i < n; i++)
    {
      decoded[i] = bl_control_login_decode (parts[i]);
      if (decoded[i] == NULL)
        return NULL;
    }
  return g_steal_pointer (&decoded);
}

static void
ask_for_token (BlControlSession *session)
{
  GVariantDict more;

  g_variant_dict_init (&more, NULL);
  g_variant_dict_insert (&more, "email2fa", "b", FALSE);
  g_variant_dict_insert (&more, "sms2fa", "b", FALSE);
  g_variant_dict_insert (&more, "msg2fa", "b", FALSE);
  g_variant_dict_insert (&more, "twoFactorCookieDays", "x", (gint64)TWO_FACTOR_DAYS);
  bl_control_session_close_with (session, "noauth", "tokenrequired", g_variant_dict_end (&more));
}

static gboolean
may_not_use_tools (BlControlSession *session, BowlinePrincipal *principal)
{
  guint32 site = bowline_site_rights (session->control->host, principal);

  return site != BL_SITE_FULL && (site & BL_SITE_NO_TOOLS) != 0;
}

static void
on_checked (BowlinePrincipal *principal, const GError *error, gpointer user_data)
{
  Attempt *attempt = user_data;
  g_autoptr (BlControlSession) session = attempt->session;
  const char *refusal = attempt->refusal;

  g_free (attempt);
  if (session->control == NULL)
    return;
  if (principal != NULL && may_not_use_tools (session, principal))
    bl_control_session_close (session, "notools", "notools");
  else if (principal != NULL)
    bl_control_session_accept (session, principal);
  else if (g_error_matches (error, BOWLINE_ERROR, BOWLINE_ERROR_SECOND_FACTOR))
    ask_for_token (session);
  else if (g_error_matches (error, BOWLINE_ERROR, BOWLINE_ERROR_THROTTLED))
    bl_control_session_close (session, "banned", "banned-1");
  else
    bl_control_session_close (session, "noauth", refusal);
}

void
bl_control_login_check (
    BlControlSession *session, const char *user, const char *password, const char *token, const char *refusal)
{
  BowlineAuth auth = { .struct_size = sizeof auth };
  gpointer self;
  Attempt *attempt;

  if (!bowline_host_get_auth (session->control->host, &auth, &self))
    {
      bl_control_session_close (session, "noauth", "noauth");
      return;
    }
  attempt = g_new (Attempt, 1);
  *attempt = (Attempt){ bl_control_session_ref (session), refusal };
  auth.check_password (self, user, password, token, session->address, on_checked, attempt);
}

/* Returns: (transfer full) (nullable) */
static BowlinePrincipal *
verify_cookie (BlControlSession *session, const char *cookie)
{
  BowlineAuth auth = { .struct_size = sizeof auth };
  gpointer self;

  if (!bowline_host_get_auth (session->control->host, &auth, &self))
    return NULL;
  return auth.cookie_verify (self, BOWLINE_COOKIE_LOGIN, cookie, session->address, NULL);
}

static gboolean
is_keyless (BlControlSession *session, BowlineHttpRequest *request)
{
  const char *const *keys = bowline_host_get_list (session->control->host, "login-keys");
  const char *key = bowline_http_request_get_query (request, "key");

  if (keys == NULL || keys[0] == NULL)
    return FALSE;
  for (guint i = 0; key != NULL && keys[i] != NULL; i++)
    {
      if (bl_str_equal_ct (keys[i], key))
        return FALSE;
    }
  return TRUE;
}

static void
login_by_header (BlControlSession *session, const char *header)
{
  g_auto (GStrv) parts = bl_control_login_split (header);

  if (parts == NULL)
    bl_control_session_close (session, "noauth", "noauth-2c");
  else
    bl_control_login_check (session, parts[0], parts[1], parts[2], "noauth-2d");
}

void
bl_control_login (BlControlSession *session, BowlineHttpRequest *request)
{
  const char *header = bowline_http_request_get_header (request, "x-meshauth");
  const char *user = bowline_http_request_get_query (request, "user");
  const char *password = bowline_http_request_get_query (request, "pass");
  const char *cookie = bowline_http_request_get_query (request, "auth");
  BowlinePrincipal *principal = bowline_http_request_get_principal (request);
  g_autoptr (BowlinePrincipal) named = NULL;

  if (is_keyless (session, request))
    {
      bl_control_session_close (session, "noauth", "nokey");
      return;
    }
  if (g_strcmp0 (header, "*") == 0)
    {
      bl_control_inner_begin (session);
      return;
    }
  if (user != NULL && password != NULL)
    {
      bl_control_login_check (session, user, password, bowline_http_request_get_query (request, "token"),
                              "noauth-2a");
      return;
    }
  if (cookie != NULL)
    named = verify_cookie (session, cookie);
  if (named != NULL)
    bl_control_session_accept (session, named);
  else if (header != NULL)
    login_by_header (session, header);
  else if (principal != NULL)
    bl_control_session_accept (session, principal);
  else if (cookie == NULL && bowline_http_request_get_cookie (request, SESSION_COOKIE) != NULL)
    bl_control_session_close (session, "expired", "expired-1");
  else
    bl_control_session_close (session, "noauth", "noauth");
}
