// SPDX-License-Identifier: Apache-2.0
#include "bl-auth-session.h"

#include "bl-auth-limit.h"
#include "common/bl-ids.h"
#include "common/bl-variant.h"

#include <string.h>

#define COOKIE_BYTES 32u
#define COOKIE_LENGTH 43u
#define MAX_AGENT 200
/* How much of the last use may be lost with a restart, to save writes. */
#define KEEP_EVERY_MS (5 * 60 * 1000)

struct _BlAuthSessions
{
  BowlineHost *host;
  BlAuthSessionOptions options;
  GHashTable *sessions; /* id -> BlAuthSession */
  GHashTable *users;    /* user id -> GPtrArray of BlAuthSession, oldest first */
};

static void
session_free (gpointer data)
{
  BlAuthSession *session = data;

  g_free (session->id);
  g_free (session->user_id);
  g_free (session->token_id);
  g_free (session->key_id);
  g_free (session->node_id);
  g_free (session->address);
  g_free (session->agent);
  g_free (session);
}

BlAuthSessions *
bl_auth_sessions_new (BowlineHost *host, const BlAuthSessionOptions *options)
{
  BlAuthSessions *self = g_new0 (BlAuthSessions, 1);

  self->host = host;
  self->options = *options;
  self->sessions = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, session_free);
  self->users = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
  return self;
}

void
bl_auth_sessions_free (BlAuthSessions *self)
{
  g_hash_table_unref (self->users);
  g_hash_table_unref (self->sessions);
  g_free (self);
}

guint
bl_auth_sessions_count (BlAuthSessions *self)
{
  return g_hash_table_size (self->sessions);
}

char *
bl_auth_session_id (const char *value)
{
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, value, -1);

  return g_strconcat ("session-", hash, NULL);
}

static gboolean
is_over (BlAuthSessions *self, const BlAuthSession *session, gint64 now_ms)
{
  return now_ms - session->seen_ms > self->options.idle_ms
         || now_ms - session->created_ms > self->options.lifetime_ms;
}

/* ---- documents
 * ---------------------------------------------------------------------------------------------------- */

static GVariant *
to_document (const BlAuthSession *session)
{
  g_autofree char *domain = g_strndup (session->user_id + 5, strcspn (session->user_id + 5, "/"));
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "_id", "s", session->id);
  g_variant_dict_insert (&dict, "type", "s", "session");
  g_variant_dict_insert (&dict, "domain", "s", domain);
  g_variant_dict_insert (&dict, "userid", "s", session->user_id);
  if (session->token_id != NULL)
    g_variant_dict_insert (&dict, "token", "s", session->token_id);
  if (session->key_id != NULL)
    g_variant_dict_insert (&dict, "key", "s", session->key_id);
  if (session->node_id != NULL)
    g_variant_dict_insert (&dict, "node", "s", session->node_id);
  g_variant_dict_insert (&dict, "address", "s", session->address);
  g_variant_dict_insert (&dict, "agent", "s", session->agent);
  g_variant_dict_insert (&dict, "created", "x", session->created_ms);
  g_variant_dict_insert (&dict, "seen", "x", session->seen_ms);
  return g_variant_dict_end (&dict);
}

static void
keep (BlAuthSessions *self, BlAuthSession *session)
{
  GVariant *document = to_document (session);

  session->kept_ms = session->seen_ms;
  bowline_directory_commit_async (self->host, g_variant_new_array (G_VARIANT_TYPE_VARDICT, &document, 1),
                                  NULL, 0, NULL, NULL, NULL);
}

static void
forget_document (BlAuthSessions *self, const char *id)
{
  const char *ids[] = { id, NULL };

  bowline_directory_commit_async (self->host, NULL, ids, 0, NULL, NULL, NULL);
}

/* ---- the table
 * ---------------------------------------------------------------------------------------------------- */

static void
insert (BlAuthSessions *self, BlAuthSession *session)
{
  GPtrArray *own = g_hash_table_lookup (self->users, session->user_id);

  if (own == NULL)
    {
      own = g_ptr_array_new ();
      g_hash_table_insert (self->users, g_strdup (session->user_id), own);
    }
  g_ptr_array_add (own, session);
  g_hash_table_insert (self->sessions, session->id, session);
}

static void
remove_session (BlAuthSessions *self, BlAuthSession *session)
{
  GPtrArray *own = g_hash_table_lookup (self->users, session->user_id);

  g_ptr_array_remove (own, session);
  if (own->len == 0)
    g_hash_table_remove (self->users, session->user_id);
  g_hash_table_remove (self->sessions, session->id);
}

static void
end (BlAuthSessions *self, BlAuthSession *session)
{
  g_autofree char *id = g_strdup (session->id);

  remove_session (self, session);
  forget_document (self, id);
  bowline_topic_publish (self->host, "principal.revoked", g_variant_new ("(s)", id));
}

static BlAuthSession *
from_document (GVariant *document)
{
  const char *id = bl_variant_get_string (document, "_id");
  const char *user_id = bl_variant_get_string (document, "userid");
  const char *address = bl_variant_get_string (document, "address");
  const char *agent = bl_variant_get_string (document, "agent");
  BlAuthSession *session;

  if (id == NULL || !g_str_has_prefix (id, "session-") || user_id == NULL
      || !g_str_has_prefix (user_id, "user/"))
    return NULL;
  session = g_new0 (BlAuthSession, 1);
  session->id = g_strdup (id);
  session->user_id = g_strdup (user_id);
  session->token_id = g_strdup (bl_variant_get_string (document, "token"));
  session->key_id = g_strdup (bl_variant_get_string (document, "key"));
  session->node_id = g_strdup (bl_variant_get_string (document, "node"));
  session->address = g_strdup (address != NULL ? address : "");
  session->agent = g_strdup (agent != NULL ? agent : "");
  session->created_ms = bl_variant_get_int (document, "created", 0);
  session->seen_ms = bl_variant_get_int (document, "seen", 0);
  session->kept_ms = session->seen_ms;
  return session;
}

static int
compare_age (gconstpointer a, gconstpointer b)
{
  const BlAuthSession *first = *(BlAuthSession *const *)a, *second = *(BlAuthSession *const *)b;

  return (first->created_ms > second->created_ms) - (first->created_ms < second->created_ms);
}

void
bl_auth_sessions_load (BlAuthSessions *self, GVariant *documents, gint64 now_ms)
{
  g_autoptr (GPtrArray) loaded = g_ptr_array_new ();

  for (gsize i = 0; i < g_variant_n_children (documents); i++)
    {
      g_autoptr (GVariant) document = g_variant_get_child_value (documents, i);
      BlAuthSession *session = from_document (document);

      if (session == NULL)
        continue;
      if (is_over (self, session, now_ms) || g_hash_table_contains (self->sessions, session->id)
          || loaded->len >= BL_AUTH_MAX_SESSIONS)
        {
          forget_document (self, session->id);
          session_free (session);
          continue;
        }
      g_ptr_array_add (loaded, session);
    }
  g_ptr_array_sort (loaded, compare_age);
  for (guint i = 0; i < loaded->len; i++)
    insert (self, loaded->pdata[i]);
}

static void
make_room (BlAuthSessions *self, const char *user_id, gint64 now_ms)
{
  GPtrArray *own = g_hash_table_lookup (self->users, user_id);

  if (own != NULL && own->len >= BL_AUTH_MAX_SESSIONS_PER_USER)
    end (self, own->pdata[0]);
  if (g_hash_table_size (self->sessions) >= BL_AUTH_MAX_SESSIONS)
    bl_auth_sessions_expire (self, now_ms);
}

char *
bl_auth_sessions_open (BlAuthSessions *self,
                       const BowlinePrincipalInfo *who,
                       const char *agent,
                       gint64 now_ms)
{
  guint8 random[COOKIE_BYTES];
  g_autofree char *value = NULL;
  BlAuthSession *session = g_new0 (BlAuthSession, 1);

  make_room (self, who->user_id, now_ms);
  bl_random_bytes (random, sizeof random);
  value = g_base64_encode (random, sizeof random);
  g_strdelimit (g_strdelimit (value, "+", '-'), "/", '_');
  value[COOKIE_LENGTH] = '\0';
  session->id = bl_auth_session_id (value);
  session->user_id = g_strdup (who->user_id);
  session->token_id = who->kind == BOWLINE_PRINCIPAL_TOKEN ? g_strdup (who->token_id) : NULL;
  session->key_id = who->kind == BOWLINE_PRINCIPAL_KEY ? g_strdup (who->token_id) : NULL;
  session->node_id = g_strdup (who->only_node);
  session->address = g_strdup (who->address != NULL ? who->address : "");
  session->agent = g_utf8_make_valid (agent != NULL ? agent : "",
                                      agent != NULL ? (gssize)strnlen (agent, MAX_AGENT) : 0);
  session->created_ms = session->seen_ms = now_ms;
  insert (self, session);
  keep (self, session);
  return g_steal_pointer (&value);
}

static BlAuthSession *
find_valid (BlAuthSessions *self, const char *id, gint64 now_ms)
{
  BlAuthSession *session = g_hash_table_lookup (self->sessions, id);

  if (session == NULL || !is_over (self, session, now_ms))
    return session;
  end (self, session);
  return NULL;
}

const BlAuthSession *
bl_auth_sessions_find (BlAuthSessions *self, const char *id, gint64 now_ms)
{
  return find_valid (self, id, now_ms);
}

void
bl_auth_sessions_touch (BlAuthSessions *self, const char *id, gint64 now_ms)
{
  BlAuthSession *session = find_valid (self, id, now_ms);

  if (session == NULL)
    return;
  session->seen_ms = now_ms;
  if (now_ms - session->kept_ms >= KEEP_EVERY_MS)
    keep (self, session);
}

const BlAuthSession *
bl_auth_sessions_use (BlAuthSessions *self, const char *value, const char *address, gint64 now_ms)
{
  g_autofree char *id = NULL;
  BlAuthSession *session;

  if (value == NULL || strlen (value) != COOKIE_LENGTH)
    return NULL;
  id = bl_auth_session_id (value);
  session = find_valid (self, id, now_ms);
  if (session == NULL)
    return NULL;
  if (address != NULL && !g_str_equal (address, session->address))
    {
      g_free (session->address);
      session->address = g_strdup (address);
      session->kept_ms = 0;
    }
  bl_auth_sessions_touch (self, session->id, now_ms);
  return session;
}

void
bl_auth_sessions_end (BlAuthSessions *self, const char *id)
{
  BlAuthSession *session = g_hash_table_lookup (self->sessions, id);

  if (session != NULL)
    end (self, session);
}

GPtrArray *
bl_auth_sessions_list (BlAuthSessions *self, const char *user_id, gint64 now_ms)
{
  GPtrArray *own = g_hash_table_lookup (self->users, user_id);
  GPtrArray *list = g_ptr_array_new ();

  for (guint i = 0; own != NULL && i < own->len; i++)
    {
      if (!is_over (self, own->pdata[i], now_ms))
        g_ptr_array_add (list, own->pdata[i]);
    }
  return list;
}

void
bl_auth_sessions_end_user (BlAuthSessions *self, const char *user_id, const char *token_id)
{
  GPtrArray *own = g_hash_table_lookup (self->users, user_id);
  g_autoptr (GPtrArray) copy = NULL;

  if (own == NULL)
    return;
  copy = g_ptr_array_copy (own, NULL, NULL);
  for (guint i = 0; i < copy->len; i++)
    {
      BlAuthSession *session = copy->pdata[i];

      if (token_id == NULL || g_strcmp0 (session->token_id, token_id) == 0)
        end (self, session);
    }
}

void
bl_auth_sessions_expire (BlAuthSessions *self, gint64 now_ms)
{
  g_autoptr (GPtrArray) over = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer session;

  g_hash_table_iter_init (&iter, self->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &session))
    {
      if (is_over (self, session, now_ms))
        g_ptr_array_add (over, session);
    }
  for (guint i = 0; i < over->len; i++)
    end (self, over->pdata[i]);
}

gboolean
bl_auth_sessions_at (BlAuthSessions *self, const char *user_id, const char *address, gint64 now_ms)
{
  GPtrArray *own = g_hash_table_lookup (self->users, user_id);
  g_autofree char *wanted = bl_auth_limit_key_of_address (address);

  for (guint i = 0; own != NULL && i < own->len; i++)
    {
      const BlAuthSession *session = own->pdata[i];
      g_autofree char *key = bl_auth_limit_key_of_address (session->address);

      if (!is_over (self, session, now_ms) && g_str_equal (key, wanted))
        return TRUE;
    }
  return FALSE;
}
