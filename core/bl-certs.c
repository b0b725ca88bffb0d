// SPDX-License-Identifier: Apache-2.0
/* DATA/certs: making what is missing, loading what is there, reloading the web certificates. */
#define G_LOG_DOMAIN "bowline-certs"

#include "bl-certs.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include <bowline/error.h>

#include "bl-cert-maker.h"
#include "bl-secret-file.h"

struct _BlCerts
{
  char *directory;
  char *name;
  char **alt_names;
  char *web_certificate; /* NULL: our own */
  char *web_key;
  GMutex lock; /* guards pairs */
  BlCertPair *pairs[BL_N_CERTS];
  GPtrArray *agent_servers; /* BlCertPair */
};

/* MeshCentral's file names, so that moving from it is a copy. */
static const char *const stems[BL_N_CERTS] = {
  [BL_CERT_ROOT] = "root",
  [BL_CERT_WEB_EC] = "webserver-ec",
  [BL_CERT_WEB_RSA] = "webserver",
  [BL_CERT_AGENT_SERVER] = "agentserver",
  [BL_CERT_MPS] = "mpsserver",
};

static gboolean
is_web (BlCertKind kind)
{
  return kind == BL_CERT_WEB_EC || kind == BL_CERT_WEB_RSA;
}

static char *
certificate_path (BlCerts *certs, BlCertKind kind)
{
  g_autofree char *name = g_strconcat (stems[kind], "-cert-public.crt", NULL);
  return g_build_filename (certs->directory, name, NULL);
}

static char *
key_path (BlCerts *certs, BlCertKind kind)
{
  g_autofree char *name = g_strconcat (stems[kind], "-cert-private.key", NULL);
  return g_build_filename (certs->directory, name, NULL);
}

/* Web certificates of the administrator's take the place of our own. */
static gboolean
is_ours (BlCerts *certs, BlCertKind kind)
{
  return !is_web (kind) || certs->web_certificate == NULL;
}

/* ---- files ------------------------------------------------------------------------------------------------------ */

static gboolean
fail_errno (GError **error, const char *path)
{
  int saved = errno;

  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_STORAGE, "%s: %s", path, g_strerror (saved));
  return FALSE;
}

static gboolean
ensure_directory (BlCerts *certs, GError **error)
{
  struct stat st;

  if (g_mkdir_with_parents (certs->directory, 0700) != 0 || stat (certs->directory, &st) != 0)
    return fail_errno (error, certs->directory);
  if ((st.st_mode & 07777) == 0700)
    return TRUE;
  if (chmod (certs->directory, 0700) != 0)
    return fail_errno (error, certs->directory);
  g_message ("%s: mode was %04o, now 0700", certs->directory, st.st_mode & 07777u);
  return TRUE;
}

/* ---- making ----------------------------------------------------------------------------------------------------- */

typedef struct
{
  BlCertKind kind;
  gnutls_x509_privkey_t key;
  GThread *thread; /* NULL: nothing to make */
  GError *error;
} KeyJob;

static gpointer
make_key_thread (gpointer data)
{
  KeyJob *job = data;

  bl_cert_maker_make_key (job->kind, &job->key, &job->error);
  return NULL;
}

static gboolean
import_key_file (const char *path, gnutls_x509_privkey_t *key, GError **error)
{
  g_autofree char *text = NULL;
  gsize length = 0;
  gnutls_datum_t in;
  int rc;

  if (!g_file_get_contents (path, &text, &length, error))
    return FALSE;
  in.data = (unsigned char *) text;
  in.size = (unsigned) length;
  rc = gnutls_x509_privkey_init (key);
  if (rc >= 0)
    rc = gnutls_x509_privkey_import2 (*key, &in, GNUTLS_X509_FMT_PEM, NULL, 0);
  gnutls_memset (text, 0, length);
  if (rc >= 0)
    return TRUE;
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "%s: expected a private key in PEM form: %s", path,
               gnutls_strerror (rc));
  return FALSE;
}

static gboolean
import_certificate (BlCertPair *pair, gnutls_x509_crt_t *crt, GError **error)
{
  gsize size;
  gnutls_datum_t in;

  in.data = (unsigned char *) g_bytes_get_data (pair->der, &size);
  in.size = (unsigned) size;
  if (gnutls_x509_crt_init (crt) >= 0 && gnutls_x509_crt_import (*crt, &in, GNUTLS_X509_FMT_DER) >= 0)
    return TRUE;
  g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_FAILED, "the root certificate cannot be read");
  return FALSE;
}

/* The key file is written first: whatever happens between the two, the identity made of it is kept, and the next
 * start only issues the certificate. */
static gboolean
issue (BlCerts *certs, KeyJob *job, gnutls_x509_crt_t root, gnutls_x509_privkey_t root_key, GError **error)
{
  g_autofree char *key_file = key_path (certs, job->kind);
  g_autofree char *certificate_file = certificate_path (certs, job->kind);
  g_autofree char *certificate = NULL;
  g_autofree char *key = NULL;
  gboolean ok;

  certificate = bl_cert_maker_issue (job->kind, job->key, root, root_key, certs->name,
                                     (const char *const *) certs->alt_names, error);
  if (certificate == NULL)
    return FALSE;
  if (!g_file_test (key_file, G_FILE_TEST_EXISTS))
    {
      key = bl_cert_maker_export_key (job->key, error);
      if (key == NULL)
        return FALSE;
      ok = bl_secret_file_create (key_file, key, strlen (key), error);
      gnutls_memset (key, 0, strlen (key));
      if (!ok)
        return FALSE;
    }
  return bl_secret_file_create (certificate_file, certificate, strlen (certificate), error);
}

/* Decides what is missing and starts the threads that make keys. */
static gboolean
start_jobs (BlCerts *certs, KeyJob *jobs, gboolean *missing, GError **error)
{
  /* The slow ones begin first. */
  static const BlCertKind order[] = { BL_CERT_ROOT, BL_CERT_AGENT_SERVER, BL_CERT_WEB_RSA, BL_CERT_MPS, BL_CERT_WEB_EC };

  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    {
      BlCertKind kind = order[i];
      g_autofree char *certificate_file = certificate_path (certs, kind);
      g_autofree char *key_file = key_path (certs, kind);
      gboolean has_key = g_file_test (key_file, G_FILE_TEST_EXISTS);

      jobs[kind].kind = kind;
      if (!is_ours (certs, kind))
        continue;
      if (g_file_test (certificate_file, G_FILE_TEST_EXISTS))
        {
          if (has_key)
            continue;
          g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_NOT_FOUND,
                       "%s: expected beside %s; restore it, or move the certificate away to get a new one", key_file,
                       certificate_file);
          return FALSE;
        }
      *missing = TRUE;
      if (!has_key)
        jobs[kind].thread = g_thread_new ("key", make_key_thread, &jobs[kind]);
      else if (!import_key_file (key_file, &jobs[kind].key, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
issue_all (BlCerts *certs, KeyJob *jobs, GError **error)
{
  g_autofree char *root_certificate = certificate_path (certs, BL_CERT_ROOT);
  g_autofree char *root_key_file = key_path (certs, BL_CERT_ROOT);
  g_autoptr (BlCertPair) root = NULL;
  gnutls_x509_crt_t root_crt = NULL;
  gnutls_x509_privkey_t root_key = NULL;
  gboolean ok;

  if (jobs[BL_CERT_ROOT].key != NULL && !issue (certs, &jobs[BL_CERT_ROOT], NULL, NULL, error))
    return FALSE;
  root = bl_cert_pair_load (BL_CERT_ROOT, root_certificate, root_key_file, error);
  if (root == NULL)
    return FALSE;
  ok = import_certificate (root, &root_crt, error) && import_key_file (root_key_file, &root_key, error);
  for (guint kind = BL_CERT_ROOT + 1; ok && kind < BL_N_CERTS; kind++)
    if (jobs[kind].key != NULL)
      ok = issue (certs, &jobs[kind], root_crt, root_key, error);
  if (root_key != NULL)
    gnutls_x509_privkey_deinit (root_key);
  if (root_crt != NULL)
    gnutls_x509_crt_deinit (root_crt);
  return ok;
}

static gboolean
make_missing (BlCerts *certs, GError **error)
{
  KeyJob jobs[BL_N_CERTS] = { 0 };
  gboolean missing = FALSE;
  gboolean ok = start_jobs (certs, jobs, &missing, error);

  for (guint kind = 0; kind < BL_N_CERTS; kind++)
    {
      if (jobs[kind].thread != NULL)
        g_thread_join (jobs[kind].thread);
      if (jobs[kind].error == NULL)
        continue;
      if (ok)
        g_propagate_prefixed_error (error, g_steal_pointer (&jobs[kind].error), "%s certificate: ", stems[kind]);
      g_clear_error (&jobs[kind].error);
      ok = FALSE;
    }
  if (ok && missing)
    ok = issue_all (certs, jobs, error);
  for (guint kind = 0; kind < BL_N_CERTS; kind++)
    if (jobs[kind].key != NULL)
      gnutls_x509_privkey_deinit (jobs[kind].key);
  return ok;
}

/* ---- loading ---------------------------------------------------------------------------------------------------- */

static void
warn_expiry (BlCertPair *pair, const char *path)
{
  gint64 left = pair->not_after - g_get_real_time () / G_USEC_PER_SEC;

  if (left <= 0)
    g_warning ("%s: this certificate has expired", path);
  else if (left < BL_CERTS_EXPIRY_WARNING_DAYS * 86400)
    g_warning ("%s: this certificate expires in %d days", path, (int) (left / 86400));
}

static void
warn_name (BlCerts *certs, BlCertPair *pair, const char *path)
{
  gnutls_x509_crt_t crt = NULL;

  if (import_certificate (pair, &crt, NULL) && !gnutls_x509_crt_check_hostname (crt, certs->name))
    g_warning ("%s: this certificate is not for the configured name \"%s\"", path, certs->name);
  if (crt != NULL)
    gnutls_x509_crt_deinit (crt);
}

static gboolean
load_own (BlCerts *certs, BlCertKind kind, BlCertPair **pair, GError **error)
{
  g_autofree char *certificate_file = certificate_path (certs, kind);
  g_autofree char *key_file = key_path (certs, kind);

  *pair = bl_cert_pair_load (kind, certificate_file, key_file, error);
  if (*pair == NULL)
    return FALSE;
  warn_expiry (*pair, certificate_file);
  if (is_web (kind))
    warn_name (certs, *pair, certificate_file);
  return TRUE;
}

/* Fills the two web slots; the administrator's certificate leaves the slot of the other key type empty. */
static gboolean
load_web (BlCerts *certs, BlCertPair **ec, BlCertPair **rsa, GError **error)
{
  g_autoptr (BlCertPair) given = NULL;

  if (certs->web_certificate == NULL)
    return load_own (certs, BL_CERT_WEB_EC, ec, error) && load_own (certs, BL_CERT_WEB_RSA, rsa, error);
  given = bl_cert_pair_load (BL_CERT_WEB_RSA, certs->web_certificate, certs->web_key, error);
  if (given == NULL)
    return FALSE;
  given->given = TRUE;
  given->kind = given->is_ec ? BL_CERT_WEB_EC : BL_CERT_WEB_RSA;
  warn_expiry (given, certs->web_certificate);
  warn_name (certs, given, certs->web_certificate);
  *(given->is_ec ? ec : rsa) = g_steal_pointer (&given);
  return TRUE;
}

/* Whoever merges two servers copies the agent-server pair of the other one here under a name of its own. */
static gboolean
load_agent_servers (BlCerts *certs, GError **error)
{
  const char *prefix = "agentserver-", *suffix = "-cert-public.crt";
  g_autoptr (GDir) dir = g_dir_open (certs->directory, 0, error);
  const char *name;

  g_ptr_array_add (certs->agent_servers, bl_cert_pair_ref (certs->pairs[BL_CERT_AGENT_SERVER]));
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *stem = NULL;
      g_autofree char *certificate_file = NULL;
      g_autofree char *key_file = NULL;
      BlCertPair *pair;

      if (!g_str_has_prefix (name, prefix) || !g_str_has_suffix (name, suffix)
          || strlen (name) <= strlen (prefix) + strlen (suffix))
        continue;
      if (certs->agent_servers->len >= BL_CERTS_MAX_AGENT_SERVERS)
        {
          g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT, "%s: expected at most %u agent-server certificates",
                       certs->directory, BL_CERTS_MAX_AGENT_SERVERS);
          return FALSE;
        }
      stem = g_strndup (name, strlen (name) - strlen ("public.crt"));
      certificate_file = g_build_filename (certs->directory, name, NULL);
      key_file = g_strdup_printf ("%s/%sprivate.key", certs->directory, stem);
      pair = bl_cert_pair_load (BL_CERT_AGENT_SERVER, certificate_file, key_file, error);
      if (pair == NULL)
        return FALSE;
      g_ptr_array_add (certs->agent_servers, pair);
    }
  return dir != NULL;
}

GPtrArray *
bl_certs_get_agent_servers (BlCerts *certs)
{
  return certs->agent_servers;
}

static gboolean
load_all (BlCerts *certs, GError **error)
{
  return load_own (certs, BL_CERT_ROOT, &certs->pairs[BL_CERT_ROOT], error)
         && load_own (certs, BL_CERT_AGENT_SERVER, &certs->pairs[BL_CERT_AGENT_SERVER], error)
         && load_agent_servers (certs, error) && load_own (certs, BL_CERT_MPS, &certs->pairs[BL_CERT_MPS], error)
         && load_web (certs, &certs->pairs[BL_CERT_WEB_EC], &certs->pairs[BL_CERT_WEB_RSA], error);
}

static gboolean
take_options (BlCerts *certs, const BlCertsOptions *options, GError **error)
{
  gboolean has_certificate = options->web_certificate != NULL && *options->web_certificate != '\0';
  gboolean has_key = options->web_key != NULL && *options->web_key != '\0';

  if (has_certificate != has_key)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "[server] %s is set: expected %s too",
                   has_certificate ? "web-certificate" : "web-key", has_certificate ? "web-key" : "web-certificate");
      return FALSE;
    }
  certs->name = g_hostname_to_ascii (options->name);
  if (certs->name == NULL)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "[server] name: expected a host name, found \"%s\"",
                   options->name);
      return FALSE;
    }
  certs->alt_names = g_strdupv ((char **) options->alt_names);
  certs->directory = g_build_filename (options->data_dir, BL_CERTS_DIRECTORY, NULL);
  if (has_certificate)
    {
      certs->web_certificate = g_strdup (options->web_certificate);
      certs->web_key = g_strdup (options->web_key);
    }
  return TRUE;
}

BlCerts *
bl_certs_new (const BlCertsOptions *options, GError **error)
{
  g_autoptr (BlCerts) certs = g_new0 (BlCerts, 1);

  g_mutex_init (&certs->lock);
  certs->agent_servers = g_ptr_array_new_with_free_func ((GDestroyNotify) bl_cert_pair_unref);
  if (!take_options (certs, options, error) || !ensure_directory (certs, error) || !make_missing (certs, error)
      || !load_all (certs, error))
    return NULL;
  return g_steal_pointer (&certs);
}

void
bl_certs_free (BlCerts *certs)
{
  for (guint kind = 0; kind < BL_N_CERTS; kind++)
    g_clear_pointer (&certs->pairs[kind], bl_cert_pair_unref);
  g_ptr_array_unref (certs->agent_servers);
  g_mutex_clear (&certs->lock);
  g_free (certs->directory);
  g_free (certs->name);
  g_strfreev (certs->alt_names);
  g_free (certs->web_certificate);
  g_free (certs->web_key);
  g_free (certs);
}

/* ---- use -------------------------------------------------------------------------------------------------------- */

BlCertPair *
bl_certs_dup (BlCerts *certs, BlCertKind kind)
{
  BlCertPair *pair;

  g_return_val_if_fail (kind < BL_N_CERTS, NULL);
  g_mutex_lock (&certs->lock);
  pair = certs->pairs[kind] != NULL ? bl_cert_pair_ref (certs->pairs[kind]) : NULL;
  g_mutex_unlock (&certs->lock);
  return pair;
}

GPtrArray *
bl_certs_dup_web (BlCerts *certs)
{
  static const BlCertKind preferred[] = { BL_CERT_WEB_EC, BL_CERT_WEB_RSA };
  GPtrArray *web = g_ptr_array_new_with_free_func ((GDestroyNotify) bl_cert_pair_unref);

  for (guint i = 0; i < G_N_ELEMENTS (preferred); i++)
    {
      BlCertPair *pair = bl_certs_dup (certs, preferred[i]);
      if (pair != NULL)
        g_ptr_array_add (web, pair);
    }
  return web;
}

GPtrArray *
bl_certs_dup_web_hashes (BlCerts *certs)
{
  g_autoptr (GPtrArray) web = bl_certs_dup_web (certs);
  GPtrArray *hashes = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);

  for (guint i = 0; i < web->len; i++)
    {
      BlCertPair *pair = g_ptr_array_index (web, i);
      g_ptr_array_add (hashes, g_bytes_new (pair->cert_hash, sizeof pair->cert_hash));
      g_ptr_array_add (hashes, g_bytes_new (pair->key_hash, sizeof pair->key_hash));
    }
  return hashes;
}

static gboolean
differs (BlCertPair *a, BlCertPair *b)
{
  if (a == NULL || b == NULL)
    return a != b;
  return !g_bytes_equal (a->chain_pem, b->chain_pem) || !g_bytes_equal (a->key_pem, b->key_pem);
}

gboolean
bl_certs_reload_web (BlCerts *certs, gboolean *changed, GError **error)
{
  g_autoptr (BlCertPair) ec = NULL;
  g_autoptr (BlCertPair) rsa = NULL;
  BlCertPair *old[2];

  if (changed != NULL)
    *changed = FALSE;
  if (!load_web (certs, &ec, &rsa, error))
    return FALSE;
  g_mutex_lock (&certs->lock);
  old[0] = certs->pairs[BL_CERT_WEB_EC];
  old[1] = certs->pairs[BL_CERT_WEB_RSA];
  certs->pairs[BL_CERT_WEB_EC] = g_steal_pointer (&ec);
  certs->pairs[BL_CERT_WEB_RSA] = g_steal_pointer (&rsa);
  if (changed != NULL)
    *changed = differs (old[0], certs->pairs[BL_CERT_WEB_EC]) || differs (old[1], certs->pairs[BL_CERT_WEB_RSA]);
  g_mutex_unlock (&certs->lock);
  for (guint i = 0; i < G_N_ELEMENTS (old); i++)
    g_clear_pointer (&old[i], bl_cert_pair_unref);
  return TRUE;
}
