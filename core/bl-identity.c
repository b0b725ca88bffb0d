// SPDX-License-Identifier: Apache-2.0
/* The server's identity towards its devices. */
#define G_LOG_DOMAIN "bowline-identity"

#include "bl-identity.h"

#include <string.h>

#include <bowline/error.h>

#include "bl-outer-certificate.h"
#include "bl-secret-file.h"
#include "bowline-private.h"
#include "common/bl-cookie.h"
#include "common/bl-hash.h"
#include "common/bl-ids.h"

#define TICKET_FILE "ticket.key"
#define MAX_TICKET_SECONDS 2592000u
/* After a failed reading of cert-url, so that a proxy that starts after us is found soon. */
#define OUTER_RETRY_SECONDS 30u

struct _BlIdentity
{
  BlCerts *certs;
  BlWorkerPool *workers;
  BlCertPair *agent_server;
  char *name;
  guint port;
  gboolean tls_offload;
  char *cert_url; /* NULL: none */
  guint interval;
  guint8 master[BL_TOKEN_KEY_SIZE];
  guint waiting_signatures;
  guint outer_timer;
  gboolean outer_running;
  GCancellable *cancellable; /* cancelled at the end */
  GMutex lock;               /* guards the three arrays; element-type GBytes of 48 bytes each */
  GPtrArray *configured;
  GPtrArray *current; /* ours, in use now */
  GPtrArray *outer;   /* of the proxy; first the certificate hash most clients see */
  GPtrArray *former;  /* replaced since the start, oldest first */
};

static BlIdentity *installed;

/* ---- web hashes ------------------------------------------------------------------------------------------------- */

static GPtrArray *
new_hashes (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
}

static gboolean
contains (GPtrArray *hashes, gconstpointer hash)
{
  for (guint i = 0; i < hashes->len; i++)
    if (memcmp (g_bytes_get_data (g_ptr_array_index (hashes, i), NULL), hash, BL_SHA384_SIZE) == 0)
      return TRUE;
  return FALSE;
}

/* With the lock held: what is replaced stays accepted, since devices may be in the middle of a handshake. */
static void
replace_hashes (BlIdentity *identity, GPtrArray **slot, GPtrArray *hashes)
{
  for (guint i = 0; i < (*slot)->len; i++)
    {
      GBytes *old = g_ptr_array_index (*slot, i);
      gconstpointer data = g_bytes_get_data (old, NULL);

      if (!contains (hashes, data) && !contains (identity->former, data))
        g_ptr_array_add (identity->former, g_bytes_ref (old));
    }
  while (identity->former->len > BL_IDENTITY_MAX_HASHES)
    g_ptr_array_remove_index (identity->former, 0);
  g_ptr_array_unref (*slot);
  *slot = hashes;
}

gboolean
bl_identity_accepts_web_hash (BlIdentity *identity, gconstpointer hash, gsize length)
{
  gboolean known;

  if (length != BL_SHA384_SIZE)
    return FALSE;
  g_mutex_lock (&identity->lock);
  known = contains (identity->current, hash) || contains (identity->outer, hash)
          || contains (identity->configured, hash) || contains (identity->former, hash);
  g_mutex_unlock (&identity->lock);
  return known;
}

GBytes *
bl_identity_dup_outer_hash (BlIdentity *identity)
{
  GBytes *hash = NULL;

  g_mutex_lock (&identity->lock);
  if (identity->outer->len > 0)
    hash = g_bytes_ref (g_ptr_array_index (identity->outer, 0));
  g_mutex_unlock (&identity->lock);
  return hash;
}

void
bl_identity_web_changed (BlIdentity *identity)
{
  GPtrArray *hashes = bl_certs_dup_web_hashes (identity->certs);

  g_mutex_lock (&identity->lock);
  replace_hashes (identity, &identity->current, hashes);
  g_mutex_unlock (&identity->lock);
}

/* ---- the proxy's certificate ------------------------------------------------------------------------------------ */

static void
fetch_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  GError *error = NULL;
  GPtrArray *found = bl_outer_certificate_fetch (task_data, cancellable, &error);

  if (found == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, found, (GDestroyNotify) g_ptr_array_unref);
}

static gboolean
outer_timer_cb (gpointer user_data)
{
  BlIdentity *identity = user_data;

  identity->outer_timer = 0;
  bl_identity_refresh_outer (identity);
  return G_SOURCE_REMOVE;
}

static void
take_outer (BlIdentity *identity, GPtrArray *certificates)
{
  GPtrArray *hashes = new_hashes ();
  guint8 hash[BL_SHA384_SIZE];
  gboolean changed;
  gsize size;

  for (guint i = 0; i < certificates->len; i++)
    {
      gconstpointer der = g_bytes_get_data (g_ptr_array_index (certificates, i), &size);

      bl_certhash (der, size, hash);
      g_ptr_array_add (hashes, g_bytes_new (hash, sizeof hash));
      if (bl_keyhash (der, size, hash, NULL))
        g_ptr_array_add (hashes, g_bytes_new (hash, sizeof hash));
    }
  g_mutex_lock (&identity->lock);
  changed = identity->outer->len == 0
            || !g_bytes_equal (g_ptr_array_index (identity->outer, 0), g_ptr_array_index (hashes, 0));
  replace_hashes (identity, &identity->outer, hashes);
  g_mutex_unlock (&identity->lock);
  if (changed)
    g_message ("the certificate at %s is now known", identity->cert_url);
}

static void
fetched_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BlIdentity *identity = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) found = g_task_propagate_pointer (G_TASK (result), &error);

  /* The identity is gone. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  identity->outer_running = FALSE;
  if (found != NULL)
    take_outer (identity, found);
  else
    g_warning ("cert-url: %s", error->message);
  identity->outer_timer = g_timeout_add_seconds (
      found != NULL ? identity->interval : MIN (identity->interval, OUTER_RETRY_SECONDS), outer_timer_cb, identity);
}

void
bl_identity_refresh_outer (BlIdentity *identity)
{
  g_autoptr (GTask) task = NULL;

  if (identity->cert_url == NULL || identity->outer_running)
    return;
  g_clear_handle_id (&identity->outer_timer, g_source_remove);
  identity->outer_running = TRUE;
  task = g_task_new (NULL, identity->cancellable, fetched_cb, identity);
  g_task_set_task_data (task, g_strdup (identity->cert_url), g_free);
  g_task_run_in_thread (task, fetch_thread);
}

/* ---- signatures ------------------------------------------------------------------------------------------------- */

typedef struct
{
  BlIdentity *identity;
  GTask *task;
  BlCertPair *pair;
  GBytes *data;
  GBytes *signature;
  GError *error;
} SignJob;

static void
sign_work (gpointer data)
{
  SignJob *job = data;

  job->signature = bl_cert_pair_sign (job->pair, job->data, &job->error);
}

static void
sign_done (gpointer data)
{
  SignJob *job = data;

  job->identity->waiting_signatures--;
  if (job->signature != NULL)
    g_task_return_pointer (job->task, g_steal_pointer (&job->signature), (GDestroyNotify) g_bytes_unref);
  else
    {
      g_prefix_error_literal (&job->error, "agent-server key: ");
      g_task_return_error (job->task, g_steal_pointer (&job->error));
    }
  g_clear_object (&job->task);
}

static void
sign_free (gpointer data)
{
  SignJob *job = data;

  /* Dropped by the pool at the end of the program. */
  if (job->task != NULL)
    g_task_return_new_error (job->task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "the server is stopping");
  g_clear_object (&job->task);
  bl_cert_pair_unref (job->pair);
  g_bytes_unref (job->data);
  g_clear_pointer (&job->signature, g_bytes_unref);
  g_clear_error (&job->error);
  g_free (job);
}

/* Returns: (transfer none) (nullable): the agent-server certificate agents know by this id */
static BlCertPair *
find_agent_server (BlIdentity *identity, gconstpointer server_id, gsize length)
{
  GPtrArray *pairs = bl_certs_get_agent_servers (identity->certs);

  for (guint i = 0; length == BL_SHA384_SIZE && i < pairs->len; i++)
    {
      BlCertPair *pair = g_ptr_array_index (pairs, i);
      if (memcmp (pair->key_hash, server_id, length) == 0)
        return pair;
    }
  return NULL;
}

void
bl_identity_sign_as_async (BlIdentity *identity,
                           gconstpointer server_id,
                           gsize length,
                           GBytes *data,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  BlCertPair *pair = find_agent_server (identity, server_id, length);
  SignJob *job;

  g_task_set_source_tag (task, bl_identity_sign_as_async);
  if (pair == NULL)
    {
      g_task_return_new_error (task, BOWLINE_ERROR, BOWLINE_ERROR_NOT_FOUND, "we are not the server with this id");
      return;
    }
  if (identity->waiting_signatures >= BL_IDENTITY_MAX_SIGNATURES)
    {
      g_task_return_new_error (task, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT, "%u signatures are waiting",
                               identity->waiting_signatures);
      return;
    }
  job = g_new0 (SignJob, 1);
  job->identity = identity;
  job->task = g_object_ref (task);
  job->pair = bl_cert_pair_ref (pair);
  job->data = g_bytes_ref (data);
  identity->waiting_signatures++;
  if (bl_worker_pool_push (identity->workers, sign_work, sign_done, job, sign_free))
    return;
  identity->waiting_signatures--;
  g_clear_object (&job->task);
  sign_free (job);
  g_task_return_new_error (task, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT, "too much work is waiting");
}

void
bl_identity_sign_async (
    BlIdentity *identity, GBytes *data, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  bl_identity_sign_as_async (identity, identity->agent_server->key_hash, BL_SHA384_SIZE, data, cancellable, callback,
                             user_data);
}

GBytes *
bl_identity_sign_finish (BlIdentity *identity, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- tickets ---------------------------------------------------------------------------------------------------- */

char *
bl_identity_seal (BlIdentity *identity, const char *purpose, GVariant *content, guint32 seconds)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (content);
  g_autoptr (GError) error = NULL;
  char *text;

  g_return_val_if_fail (seconds >= 1 && seconds <= MAX_TICKET_SECONDS, NULL);
  text = bl_token_seal (identity->master, purpose, NULL, owned, g_get_real_time () / G_USEC_PER_SEC, seconds, &error);
  if (text == NULL)
    g_warning ("sealing a %s ticket: %s", purpose, error->message);
  return text;
}

GVariant *
bl_identity_open (BlIdentity *identity, const char *purpose, const char *text, GError **error)
{
  g_autoptr (GError) local = NULL;
  GVariant *content
      = bl_token_open (identity->master, purpose, NULL, text, g_get_real_time () / G_USEC_PER_SEC, &local);

  if (content == NULL)
    g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_CREDENTIALS, "%s ticket: %s", purpose, local->message);
  return content;
}

static gboolean
load_master (BlIdentity *identity, const char *data_dir, GError **error)
{
  g_autofree char *path = g_build_filename (data_dir, BL_CERTS_DIRECTORY, TICKET_FILE, NULL);
  g_autoptr (GError) local = NULL;
  g_autoptr (GBytes) key = bl_secret_file_read (path, sizeof identity->master, TRUE, &local);

  if (key == NULL && g_error_matches (local, BOWLINE_ERROR, BOWLINE_ERROR_NOT_FOUND))
    {
      bl_random_bytes (identity->master, sizeof identity->master);
      return bl_secret_file_create (path, identity->master, sizeof identity->master, error);
    }
  if (key == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (g_bytes_get_size (key) != sizeof identity->master)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID,
                   "%s: expected %u bytes, found %" G_GSIZE_FORMAT "; remove it to get a new one", path,
                   (guint) sizeof identity->master, g_bytes_get_size (key));
      return FALSE;
    }
  memcpy (identity->master, g_bytes_get_data (key, NULL), sizeof identity->master);
  return TRUE;
}

/* ---- the object ------------------------------------------------------------------------------------------------- */

static gboolean
take_configured (BlIdentity *identity, const char *const *hashes, GError **error)
{
  guint8 hash[BL_SHA384_SIZE];

  for (guint i = 0; hashes != NULL && hashes[i] != NULL; i++)
    {
      if (!bl_hex_decode (hashes[i], strlen (hashes[i]), hash, sizeof hash))
        {
          g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID,
                       "[server] accepted-web-hashes: expected 96 hex digits, found \"%s\"", hashes[i]);
          return FALSE;
        }
      g_ptr_array_add (identity->configured, g_bytes_new (hash, sizeof hash));
    }
  return TRUE;
}

static gboolean
take_options (BlIdentity *identity, const BlIdentityOptions *options, GError **error)
{
  identity->certs = options->certs;
  identity->workers = options->workers;
  identity->name = g_strdup (options->name);
  identity->port = options->port;
  identity->tls_offload = options->tls_offload;
  identity->interval = MAX (options->cert_url_interval, 1);
  identity->agent_server = bl_certs_dup (options->certs, BL_CERT_AGENT_SERVER);
  if (options->cert_url != NULL && *options->cert_url != '\0')
    {
      if (!bl_outer_certificate_check_url (options->cert_url, error))
        return FALSE;
      identity->cert_url = g_strdup (options->cert_url);
    }
  return take_configured (identity, options->accepted_web_hashes, error)
         && load_master (identity, options->data_dir, error);
}

BlIdentity *
bl_identity_new (const BlIdentityOptions *options, GError **error)
{
  g_autoptr (BlIdentity) identity = g_new0 (BlIdentity, 1);

  g_mutex_init (&identity->lock);
  identity->cancellable = g_cancellable_new ();
  identity->configured = new_hashes ();
  identity->current = new_hashes ();
  identity->outer = new_hashes ();
  identity->former = new_hashes ();
  if (!take_options (identity, options, error))
    return NULL;
  bl_identity_web_changed (identity);
  if (identity->tls_offload && identity->cert_url == NULL && identity->configured->len == 0)
    g_warning ("tls-offload without cert-url or accepted-web-hashes: no agent can be let in through the proxy");
  bl_identity_refresh_outer (identity);
  return g_steal_pointer (&identity);
}

void
bl_identity_free (BlIdentity *identity)
{
  if (installed == identity)
    {
      bowline_private_install_identity_ops (NULL);
      installed = NULL;
    }
  g_cancellable_cancel (identity->cancellable);
  g_object_unref (identity->cancellable);
  g_clear_handle_id (&identity->outer_timer, g_source_remove);
  g_clear_pointer (&identity->agent_server, bl_cert_pair_unref);
  g_ptr_array_unref (identity->configured);
  g_ptr_array_unref (identity->current);
  g_ptr_array_unref (identity->outer);
  g_ptr_array_unref (identity->former);
  g_mutex_clear (&identity->lock);
  g_free (identity->name);
  g_free (identity->cert_url);
  gnutls_memset (identity->master, 0, sizeof identity->master);
  g_free (identity);
}

const guint8 *
bl_identity_get_server_id (BlIdentity *identity)
{
  return identity->agent_server->key_hash;
}

char *
bl_identity_dup_server_id_hex (BlIdentity *identity)
{
  return bl_id48_to_hex (identity->agent_server->key_hash, TRUE);
}

gboolean
bl_identity_is_trusted (BlIdentity *identity)
{
  g_autoptr (GPtrArray) web = bl_certs_dup_web (identity->certs);

  /* Behind a proxy the outer certificate is the one that counts, and somebody bought it. */
  if (identity->tls_offload)
    return TRUE;
  return web->len > 0 && ((BlCertPair *) g_ptr_array_index (web, 0))->given;
}

const char *
bl_identity_get_name (BlIdentity *identity)
{
  return identity->name;
}

guint
bl_identity_get_port (BlIdentity *identity)
{
  return identity->port;
}

/* ---- <bowline/identity.h> --------------------------------------------------------------------------------------- */

static GBytes *
ops_dup_certificate (BowlineHost *host, guint32 which)
{
  g_autoptr (BlCertPair) pair = NULL;
  g_autoptr (GPtrArray) web = NULL;

  switch (which)
    {
    case BOWLINE_CERTIFICATE_ROOT:
      pair = bl_certs_dup (installed->certs, BL_CERT_ROOT);
      break;
    case BOWLINE_CERTIFICATE_WEB:
      web = bl_certs_dup_web (installed->certs);
      pair = bl_cert_pair_ref (g_ptr_array_index (web, 0));
      break;
    case BOWLINE_CERTIFICATE_AGENT_SERVER:
      pair = bl_cert_pair_ref (installed->agent_server);
      break;
    case BOWLINE_CERTIFICATE_MPS:
      pair = bl_certs_dup (installed->certs, BL_CERT_MPS);
      break;
    default:
      g_return_val_if_reached (NULL);
    }
  return g_bytes_ref (pair->der);
}

static GBytes *
ops_dup_server_id (BowlineHost *host)
{
  return g_bytes_new (installed->agent_server->key_hash, sizeof installed->agent_server->key_hash);
}

static gboolean
ops_accepts_web_hash (BowlineHost *host, gconstpointer hash, gsize length)
{
  return bl_identity_accepts_web_hash (installed, hash, length);
}

static gboolean
ops_is_trusted (BowlineHost *host)
{
  return bl_identity_is_trusted (installed);
}

static const char *
ops_get_name (BowlineHost *host)
{
  return bl_identity_get_name (installed);
}

static guint32
ops_get_port (BowlineHost *host)
{
  return bl_identity_get_port (installed);
}

static void
ops_sign_async (
    BowlineHost *host, GBytes *data, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  bl_identity_sign_async (installed, data, cancellable, callback, user_data);
}

static GBytes *
ops_dup_agent_certificate (BowlineHost *host, gconstpointer server_id, gsize length)
{
  BlCertPair *pair = find_agent_server (installed, server_id, length);

  return pair != NULL ? g_bytes_ref (pair->der) : NULL;
}

static void
ops_sign_as_async (BowlineHost *host,
                   gconstpointer server_id,
                   gsize length,
                   GBytes *data,
                   GCancellable *cancellable,
                   GAsyncReadyCallback callback,
                   gpointer user_data)
{
  bl_identity_sign_as_async (installed, server_id, length, data, cancellable, callback, user_data);
}

static GBytes *
ops_sign_finish (BowlineHost *host, GAsyncResult *result, GError **error)
{
  return bl_identity_sign_finish (installed, result, error);
}

static char *
ops_ticket_seal (BowlineHost *host, const char *purpose, GVariant *content, guint32 seconds)
{
  return bl_identity_seal (installed, purpose, content, seconds);
}

static GVariant *
ops_ticket_open (BowlineHost *host, const char *purpose, const char *text, GError **error)
{
  return bl_identity_open (installed, purpose, text, error);
}

void
bl_identity_install (BlIdentity *identity)
{
  static const BowlineIdentityOps ops = {
    .dup_certificate = ops_dup_certificate,
    .dup_server_id = ops_dup_server_id,
    .accepts_web_hash = ops_accepts_web_hash,
    .is_trusted = ops_is_trusted,
    .get_name = ops_get_name,
    .get_port = ops_get_port,
    .sign_async = ops_sign_async,
    .sign_finish = ops_sign_finish,
    .ticket_seal = ops_ticket_seal,
    .ticket_open = ops_ticket_open,
    .dup_agent_certificate = ops_dup_agent_certificate,
    .sign_as_async = ops_sign_as_async,
  };

  installed = identity;
  bowline_private_install_identity_ops (&ops);
}
