// SPDX-License-Identifier: Apache-2.0
/* Follows control-channel 3.1, 3.2 and 3.4 */
#include "bl-auth-check.h"

#include "bl-auth-totp.h"
#include "bl-auth.h"
#include "common/bl-account.h"
#include "common/bl-rights-bits.h"
#include "common/bl-variant.h"

#include <sodium.h>
#include <string.h>

#define MAX_TOKEN 4096u
#define COOKIE_TOKEN "cookie="

typedef struct
{
  BlAuth *auth;
  char *name;     /* as typed, for the log */
  char *key;      /* what failures are counted by: user id or token document */
  char *user_id;  /* (nullable): the account; of a token, its owner */
  char *token_id; /* (nullable): "~t:..." */
  char *record;   /* id of the document that holds the hash */
  char *password;
  char *token; /* (nullable): second factor */
  char *address;
  const char *method;
  char *hash; /* the record's, or a decoy */
  char *salt;
  char *fresh_hash; /* (nullable): made when the old one is outdated */
  gboolean known;
  gboolean fits;
  BlAuthCheckFunc done;
  gpointer user_data;
} Check;

struct _BlAuthChecks
{
  GQueue waiting;       /* of Check */
  GPtrArray *running;   /* of Check: a worker has them and frees them */
  GPtrArray *passwords; /* of NewPassword: likewise */
  char *decoy;
};

BlAuthChecks *
bl_auth_checks_new (void)
{
  BlAuthChecks *self = g_new0 (BlAuthChecks, 1);

  g_queue_init (&self->waiting);
  self->running = g_ptr_array_new ();
  self->passwords = g_ptr_array_new ();
  return self;
}

static void
wipe (char *text)
{
  if (text != NULL)
    sodium_memzero (text, strlen (text));
  g_free (text);
}

static void
check_free (gpointer data)
{
  Check *check = data;

  wipe (check->password);
  wipe (check->token);
  g_free (check->name);
  g_free (check->key);
  g_free (check->user_id);
  g_free (check->token_id);
  g_free (check->record);
  g_free (check->address);
  g_free (check->hash);
  g_free (check->salt);
  g_free (check->fresh_hash);
  bl_auth_unref (check->auth);
  g_free (check);
}

void
bl_auth_checks_free (BlAuthChecks *self)
{
  g_ptr_array_unref (self->running);
  g_ptr_array_unref (self->passwords);
  g_free (self->decoy);
  g_free (self);
}

/* ---- outcome
 * ------------------------------------------------------------------------------------------------------ */

static void
finish (Check *check, BowlinePrincipal *principal, int code, guint retry_after, const char *message)
{
  g_autoptr (GError) error = NULL;

  if (principal == NULL)
    error = g_error_new_literal (BOWLINE_ERROR, code, message);
  check->done (principal, error, retry_after, check->user_data);
}

/* Only characters that cannot break a log line or a filter that reads it (K13). */
static char *
clean_name (const char *name)
{
  char *clean = g_strndup (name, 64);

  for (char *c = clean; *c != '\0'; c++)
    {
      if (!g_ascii_isalnum (*c) && strchr ("._-@~:", *c) == NULL)
        *c = '?';
    }
  return clean;
}

static void
emit_failure (Check *check)
{
  const char *targets[] = { "*", "server-users", check->user_id, NULL };
  g_autofree char *message = g_strdup_printf ("Invalid user login attempt from %s", check->address);
  g_autoptr (GVariant) account = NULL;
  const char *name;
  GVariantBuilder arguments;
  GVariantDict event;

  account = check->user_id != NULL ? bowline_directory_dup (check->auth->host, check->user_id) : NULL;
  if (account == NULL)
    return;
  name = bl_variant_get_string (account, "name");
  g_variant_builder_init (&arguments, G_VARIANT_TYPE ("av"));
  g_variant_builder_add (&arguments, "v", g_variant_new_string (check->address));
  g_variant_builder_add (&arguments, "v", bl_variant_new_null ());
  g_variant_builder_add (&arguments, "v", bl_variant_new_null ());
  g_variant_dict_init (&event, NULL);
  g_variant_dict_insert (&event, "action", "s", "authfail");
  g_variant_dict_insert (&event, "etype", "s", "user");
  g_variant_dict_insert (&event, "userid", "s", check->user_id);
  g_variant_dict_insert (&event, "username", "s", name != NULL ? name : "");
  g_variant_dict_insert (&event, "msgid", "x", (gint64)110);
  g_variant_dict_insert_value (&event, "msgArgs", g_variant_builder_end (&arguments));
  g_variant_dict_insert (&event, "msg", "s", message);
  if (check->token_id != NULL)
    g_variant_dict_insert (&event, "tokenName", "s", check->token_id);
  bowline_event_emit (check->auth->host, targets, g_variant_dict_end (&event));
}

static void
fail_credentials (Check *check, const char *reason)
{
  g_autofree char *name = clean_name (check->name);
  GVariantDict fields;

  bl_auth_limit_failed (check->auth->limit, check->key, check->address, check->known,
                        g_get_monotonic_time ());
  g_variant_dict_init (&fields, NULL);
  g_variant_dict_insert (&fields, "user", "s", name);
  g_variant_dict_insert (&fields, "address", "s", check->address);
  g_variant_dict_insert (&fields, "method", "s", check->method);
  bowline_host_log (check->auth->host, BOWLINE_LOG_NOTICE, g_variant_dict_end (&fields),
                    "auth failure user=%s ip=%s method=%s reason=%s", name, check->address, check->method,
                    reason);
  emit_failure (check);
}

/* ---- second factor
 * ------------------------------------------------------------------------------------------------ */

/* The last step is kept with the account, so that a restart does not make a code good again. */
static gboolean
use_totp (Check *check, GVariant *account)
{
  const char *secret = bl_variant_get_string (account, "otpsecret");
  GVariantDict used;
  gint64 step;

  if (secret == NULL
      || !bl_auth_totp_check (secret, check->token, g_get_real_time () / G_USEC_PER_SEC,
                              bl_variant_get_int (account, "otpstep", -1), &step))
    return FALSE;
  g_variant_dict_init (&used, NULL);
  g_variant_dict_insert (&used, "otpstep", "x", step);
  bowline_directory_patch (check->auth->host, check->user_id, g_variant_dict_end (&used));
  return TRUE;
}

/* What a remembered browser sends instead. */
static gboolean
use_cookie (Check *check, GVariant *account)
{
  return g_str_has_prefix (check->token, COOKIE_TOKEN)
         && bl_auth_cookies_verify_factor (check->auth->cookies, check->token + strlen (COOKIE_TOKEN),
                                           account);
}

static gboolean
use_backup_code (Check *check, GVariant *account)
{
  g_autoptr (GVariant) keys = bl_variant_get_object (account, "otpkeys");
  g_autoptr (GVariant) spent = keys != NULL ? bl_auth_backup_code_use (keys, check->token) : NULL;

  if (spent == NULL)
    return FALSE;
  bl_auth_commit (check->auth, bl_doc_set (account, "otpkeys", spent), NULL, NULL);
  return TRUE;
}

static gboolean
needs_second_factor (Check *check, GVariant *account)
{
  g_autoptr (GVariant) keys = bl_variant_get_array (account, "otphkeys");

  if (check->token_id != NULL)
    return FALSE;
  return bl_variant_get_string (account, "otpsecret") != NULL
         || (keys != NULL && g_variant_n_children (keys) > 0);
}

/* ---- after the hash
 * ----------------------------------------------------------------------------------------------- */

static gboolean
is_locked (GVariant *account)
{
  guint32 site = bl_rights_from_json (bl_variant_get_int (account, "siteadmin", 0));

  return site != BL_SITE_FULL && (site & BL_SITE_LOCKED) != 0;
}

static gboolean
is_expired_token (GVariant *record)
{
  gint64 expire = bl_variant_get_int (record, "expire", 0);

  return expire != 0 && expire <= bl_auth_now_ms ();
}

/* The hash in the document is still the one that was checked. */
static gboolean
is_current (Check *check, GVariant *record)
{
  return record != NULL && g_strcmp0 (bl_variant_get_string (record, "hash"), check->hash) == 0;
}

static void
upgrade (Check *check, GVariant *record)
{
  g_autoptr (GVariant) with_hash = NULL;
  g_autoptr (GVariant) without_salt = NULL;

  if (check->fresh_hash == NULL)
    return;
  with_hash = bl_doc_set_string (record, "hash", check->fresh_hash);
  without_salt = bl_doc_remove (with_hash, "salt");
  bl_auth_commit (check->auth, bl_doc_remove (without_salt, "passtype"), NULL, NULL);
}

static void
accept (Check *check, GVariant *record)
{
  BowlinePrincipalInfo info = {
    .struct_size = sizeof info,
    .kind = check->token_id != NULL ? BOWLINE_PRINCIPAL_TOKEN : BOWLINE_PRINCIPAL_USER,
    .user_id = check->user_id,
    .token_id = check->token_id,
    .address = check->address,
    .rights_ceiling = BL_RIGHT_ALL,
    .site_ceiling = BL_SITE_FULL,
    .expires_ms = check->token_id != NULL ? bl_variant_get_int (record, "expire", 0) : 0,
  };
  g_autoptr (BowlinePrincipal) principal = bowline_principal_new (check->auth->host, &info);

  bl_auth_limit_succeeded (check->auth->limit, check->key, check->address);
  finish (check, principal, 0, 0, NULL);
}

static void
conclude (Check *check)
{
  BowlineHost *host = check->auth->host;
  g_autoptr (GVariant) record = check->record != NULL ? bowline_directory_dup (host, check->record) : NULL;
  g_autoptr (GVariant) account = check->user_id != NULL ? bowline_directory_dup (host, check->user_id) : NULL;

  if (check->auth->stopping)
    {
      finish (check, NULL, BOWLINE_ERROR_FAILED, 0, "The server is stopping");
      return;
    }
  if (!check->fits || account == NULL || !is_current (check, record) || is_expired_token (record))
    {
      fail_credentials (check, "password");
      finish (check, NULL, BOWLINE_ERROR_CREDENTIALS, 0, "Unknown account or wrong password");
      return;
    }
  if (is_locked (account))
    {
      fail_credentials (check, "locked");
      finish (check, NULL, BOWLINE_ERROR_DENIED, 0, "The account is locked");
      return;
    }
  upgrade (check, record);
  if (needs_second_factor (check, account))
    {
      g_autoptr (GVariant) fresh
          = bowline_directory_dup (host, check->user_id); /* upgrade() may have changed it */

      if (check->token == NULL || *check->token == '\0' || strstr (check->token, "**") != NULL)
        {
          finish (check, NULL, BOWLINE_ERROR_SECOND_FACTOR, 0, "A second factor is needed");
          return;
        }
      if (!use_cookie (check, fresh) && !use_totp (check, fresh) && !use_backup_code (check, fresh))
        {
          fail_credentials (check, "second-factor");
          finish (check, NULL, BOWLINE_ERROR_SECOND_FACTOR, 0, "The second factor is wrong");
          return;
        }
    }
  accept (check, record);
}

/* ---- in the worker pool
 * ------------------------------------------------------------------------------------------- */

/* An outdated hash costs less than a current one; the decoy fills the difference, so that time tells nothing
 * about an account. */
static void
work (gpointer data)
{
  Check *check = data;
  const BlAuthHashCost *cost = &check->auth->cost;

  check->fits = bl_auth_hash_verify (check->hash, check->salt, check->password);
  if (!bl_auth_hash_is_outdated (check->hash, cost))
    return;
  check->fresh_hash = bl_auth_hash_make (check->password, cost);
  if (!check->fits)
    g_clear_pointer (&check->fresh_hash, wipe);
}

static void run_next (BlAuth *auth);

static void
worked (gpointer data)
{
  Check *check = data;

  g_ptr_array_remove_fast (check->auth->checks->running, check);
  conclude (check);
  run_next (check->auth);
}

static void
run_next (BlAuth *auth)
{
  BlAuthChecks *self = auth->checks;

  while (self->running->len < BL_AUTH_MAX_RUNNING_CHECKS && !g_queue_is_empty (&self->waiting))
    {
      Check *check = g_queue_pop_head (&self->waiting);

      if (bowline_host_offload (auth->host, work, worked, check, check_free))
        {
          g_ptr_array_add (self->running, check);
          continue;
        }
      finish (check, NULL, BOWLINE_ERROR_THROTTLED, 1, "The server is busy");
      check_free (check);
    }
}

static guint
count_waiting (BlAuthChecks *self, const char *address)
{
  guint n = 0;

  for (GList *l = self->waiting.head; l != NULL; l = l->next)
    n += g_str_equal (((Check *)l->data)->address, address);
  return n;
}

/* ---- before the hash
 * ---------------------------------------------------------------------------------------------- */

static void
find_record (Check *check)
{
  BowlineHost *host = check->auth->host;
  g_autoptr (GVariant) record = NULL;
  const char *hash;

  if (g_str_has_prefix (check->name, "~t:"))
    {
      check->token_id = g_strdup (check->name);
      check->record = g_strconcat ("logintoken-", check->name, NULL);
      check->key = g_strdup (check->record);
    }
  else
    {
      check->user_id = bl_account_id ("", check->name);
      check->record = g_strdup (check->user_id);
      check->key = g_strdup (check->user_id);
    }
  record = bowline_directory_dup (host, check->record);
  if (check->token_id != NULL && record != NULL)
    check->user_id = g_strdup (bl_variant_get_string (record, "userid"));
  hash = record != NULL ? bl_variant_get_string (record, "hash") : NULL;
  if (hash != NULL && *hash != '\0')
    {
      check->hash = g_strdup (hash);
      check->salt = g_strdup (bl_variant_get_string (record, "salt"));
      return;
    }
  if (check->auth->checks->decoy == NULL)
    check->auth->checks->decoy = bl_auth_hash_make_decoy (&check->auth->cost);
  check->hash = g_strdup (check->auth->checks->decoy);
}

static gboolean
is_plausible (const char *user, const char *password, const char *token)
{
  return user != NULL && password != NULL && *user != '\0' && strlen (user) <= 128
         && strchr (user, '/') == NULL && g_utf8_validate (user, -1, NULL)
         && strlen (password) <= BL_AUTH_MAX_PASSWORD && (token == NULL || strlen (token) <= MAX_TOKEN);
}

void
bl_auth_check (gpointer data,
               const char *user,
               const char *password,
               const char *token,
               const char *address,
               const char *method,
               BlAuthCheckFunc done,
               gpointer user_data)
{
  BlAuth *auth = data;
  Check *check = g_new0 (Check, 1);
  gboolean plausible = is_plausible (user, password, token);
  guint wait;

  check->auth = bl_auth_ref (auth);
  check->name = g_strdup (plausible ? user : "?");
  check->password = g_strdup (plausible ? password : "");
  check->token = g_strdup (plausible ? token : NULL);
  check->address = g_strdup (address != NULL ? address : "");
  check->method = method;
  check->done = done;
  check->user_data = user_data;
  find_record (check);
  check->known = check->user_id != NULL
                 && bl_auth_sessions_at (auth->sessions, check->user_id, check->address, bl_auth_now_ms ());

  wait = bl_auth_limit_wait (auth->limit, check->key, check->address, check->known, g_get_monotonic_time ());
  if (wait == 0
      && (g_queue_get_length (&auth->checks->waiting) >= BL_AUTH_MAX_WAITING_CHECKS
          || count_waiting (auth->checks, check->address) >= BL_AUTH_MAX_WAITING_PER_ADDRESS))
    wait = 1;
  if (wait > 0)
    {
      finish (check, NULL, BOWLINE_ERROR_THROTTLED, wait, "Too many failed attempts; try again later");
      check_free (check);
      return;
    }
  g_queue_push_tail (&auth->checks->waiting, check);
  run_next (auth);
}

/* ---- a new password
 * ----------------------------------------------------------------------------------------------- */

typedef struct
{
  BlAuth *auth;
  char *user_id;
  char *password;
  char *hash;
  BowlineAuthDoneFunc done;
  gpointer user_data;
} NewPassword;

static void
new_password_free (gpointer data)
{
  NewPassword *change = data;

  wipe (change->password);
  g_free (change->user_id);
  g_free (change->hash);
  bl_auth_unref (change->auth);
  g_free (change);
}

static void
hash_new (gpointer data)
{
  NewPassword *change = data;

  change->hash = bl_auth_hash_make (change->password, &change->auth->cost);
}

static void
on_password_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  NewPassword *change = data;
  g_autoptr (GError) error = NULL;

  bowline_directory_commit_finish (change->auth->host, result, &error);
  change->done (NULL, error, change->user_data);
  new_password_free (change);
}

static void
keep_new (gpointer data)
{
  NewPassword *change = data;
  NewPassword *kept;
  g_autoptr (GVariant) account = bowline_directory_dup (change->auth->host, change->user_id);
  g_autoptr (GVariant) hashed = NULL, unsalted = NULL, typeless = NULL;
  g_autoptr (GError) error = NULL;
  gboolean first;

  g_ptr_array_remove_fast (change->auth->checks->passwords, change);
  if (change->hash == NULL)
    error = g_error_new_literal (BOWLINE_ERROR, BOWLINE_ERROR_LIMIT, "Not enough memory to hash a password");
  else if (account == NULL)
    error = g_error_new_literal (BOWLINE_ERROR, BOWLINE_ERROR_NOT_FOUND, "User does not exist");
  if (error != NULL)
    {
      change->done (NULL, error, change->user_data);
      return;
    }
  first
      = bl_variant_get_string (account, "hash") == NULL; /* then it says already whether it must be changed */
  hashed = bl_doc_set_string (account, "hash", change->hash);
  unsalted = bl_doc_remove (hashed, "salt");
  typeless = bl_doc_remove (unsalted, "passtype");
  kept = g_memdup2 (change, sizeof *change);
  memset (change, 0, sizeof *change);
  change->auth = bl_auth_ref (kept->auth);
  bl_auth_revoke_user (kept->auth, kept->user_id);
  bl_auth_commit (kept->auth,
                  first ? g_variant_ref (typeless)
                        : bl_doc_set_int (typeless, "passchange", g_get_real_time () / G_USEC_PER_SEC),
                  on_password_kept, kept);
}

void
bl_auth_set_password (
    gpointer data, const char *user_id, const char *password, BowlineAuthDoneFunc done, gpointer user_data)
{
  BlAuth *auth = data;
  NewPassword *change;
  g_autoptr (GError) error = NULL;

  if (password == NULL || *password == '\0' || strlen (password) > BL_AUTH_MAX_PASSWORD)
    {
      error = g_error_new (BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "A password has 1 to %u bytes",
                           BL_AUTH_MAX_PASSWORD);
      done (NULL, error, user_data);
      return;
    }
  change = g_new0 (NewPassword, 1);
  change->auth = bl_auth_ref (auth);
  change->user_id = g_strdup (user_id);
  change->password = g_strdup (password);
  change->done = done;
  change->user_data = user_data;
  if (bowline_host_offload (auth->host, hash_new, keep_new, change, new_password_free))
    {
      g_ptr_array_add (auth->checks->passwords, change);
      return;
    }
  new_password_free (change);
  error = g_error_new_literal (BOWLINE_ERROR, BOWLINE_ERROR_THROTTLED, "The server is busy");
  done (NULL, error, user_data);
}

/* ---- the end
 * ------------------------------------------------------------------------------------------------------ */

/* What a worker has is freed by the host without a word, so whoever waits for it is told now. */
void
bl_auth_checks_abandon (BlAuthChecks *self)
{
  g_autoptr (GError) error = g_error_new_literal (BOWLINE_ERROR, BOWLINE_ERROR_FAILED, "The server is stopping");
  Check *check;

  while ((check = g_queue_pop_head (&self->waiting)) != NULL)
    {
      check->done (NULL, error, 0, check->user_data);
      check_free (check);
    }
  for (guint i = 0; i < self->running->len; i++)
    {
      check = self->running->pdata[i];
      check->done (NULL, error, 0, check->user_data);
    }
  for (guint i = 0; i < self->passwords->len; i++)
    {
      NewPassword *change = self->passwords->pdata[i];

      change->done (NULL, error, change->user_data);
    }
  g_ptr_array_set_size (self->running, 0);
  g_ptr_array_set_size (self->passwords, 0);
}
