// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-import"

#include "bl-import-certs.h"

#include "bl-cert-maker.h"
#include "bl-certs.h"
#include "bl-secret-file.h"
#include "common/bl-hash.h"
#include "common/bl-ids.h"

#include <bowline/error.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KIND "certificate"
#define NEW_DIRECTORY "certs.import"
#define MAX_CHAIN_FILES 8u
#define MAX_PASSWORDS 16u

typedef struct
{
  const char *stem;
  BlCertKind kind;
  GString *certificate; /* PEM with its chain; NULL: the source has none */
  char *key;            /* PEM, not encrypted */
  gnutls_x509_crt_t crt;
  char key_id[9]; /* beginning of the key's hash, for a file name */
} Pair;

/* The order counts: the root decides whether the web certificate was given. */
enum
{
  PAIR_ROOT,
  PAIR_AGENT_SERVER,
  PAIR_WEB,
  PAIR_MPS,
  N_PAIRS,
};

static void
pair_clear (Pair *pair)
{
  if (pair->certificate != NULL)
    g_string_free (pair->certificate, TRUE);
  if (pair->key != NULL)
    gnutls_memset (pair->key, 0, strlen (pair->key));
  g_free (pair->key);
  if (pair->crt != NULL)
    gnutls_x509_crt_deinit (pair->crt);
}

static gboolean
fail_errno (GError **error, const char *path)
{
  int saved = errno;

  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_STORAGE, "%s: %s", path, g_strerror (saved));
  return FALSE;
}

/* ---- reading
 * ---------------------------------------------------------------------------------------------------- */

/* Returns: (transfer full): what may open encrypted keys, %NULL-terminated; the first one is none */
static GPtrArray *
dup_passwords (BlImportSource *source)
{
  g_autoptr (GVariant) setting = bl_import_source_dup_setting (source, "certificatePrivateKeyPassword");
  GPtrArray *passwords = g_ptr_array_new_with_free_func (g_free);

  g_ptr_array_add (passwords, NULL);
  if (setting != NULL && g_variant_is_of_type (setting, G_VARIANT_TYPE_STRING))
    g_ptr_array_add (passwords, g_variant_dup_string (setting, NULL));
  if (setting == NULL || !g_variant_is_of_type (setting, G_VARIANT_TYPE ("av")))
    return passwords;
  for (gsize i = 0; i < MIN (g_variant_n_children (setting), MAX_PASSWORDS); i++)
    {
      g_autoptr (GVariant) boxed = g_variant_get_child_value (setting, i);
      g_autoptr (GVariant) text = g_variant_get_variant (boxed);
      if (g_variant_is_of_type (text, G_VARIANT_TYPE_STRING))
        g_ptr_array_add (passwords, g_variant_dup_string (text, NULL));
    }
  return passwords;
}

static gboolean
open_key (Pair *pair, GBytes *pem, GPtrArray *passwords, const char *name, GError **error)
{
  gsize size = 0;
  gconstpointer data = g_bytes_get_data (pem, &size);
  const gnutls_datum_t in = { (unsigned char *)data, (unsigned)size };
  int rc = GNUTLS_E_INTERNAL_ERROR;

  for (guint i = 0; i < passwords->len; i++)
    {
      gnutls_x509_privkey_t key = NULL;

      rc = gnutls_x509_privkey_init (&key);
      if (rc >= 0)
        rc = gnutls_x509_privkey_import2 (key, &in, GNUTLS_X509_FMT_PEM, g_ptr_array_index (passwords, i), 0);
      if (rc >= 0)
        pair->key = bl_cert_maker_export_key (key, error);
      if (key != NULL)
        gnutls_x509_privkey_deinit (key);
      if (rc >= 0)
        return pair->key != NULL;
    }
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "%s: %s%s", name, gnutls_strerror (rc),
               g_strstr_len (data, (gssize)size, "ENCRYPTED") != NULL
                   ? "; none of certificatePrivateKeyPassword in config.json opens it"
                   : "");
  return FALSE;
}

static gboolean
append_file (BlImportSource *source, const char *name, GString *text, gboolean *found, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GBytes) bytes = bl_import_source_read_file (source, name, BL_CERTS_MAX_FILE, &local);
  gsize size = 0;

  *found = bytes != NULL;
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (bytes == NULL)
    return TRUE;
  gconstpointer data = g_bytes_get_data (bytes, &size);
  g_string_append_len (text, data, (gssize)size);
  if (text->len > 0 && text->str[text->len - 1] != '\n')
    g_string_append_c (text, '\n');
  return TRUE;
}

static gboolean
import_leaf (Pair *pair, const char *name, GError **error)
{
  const gnutls_datum_t in = { (unsigned char *)pair->certificate->str, (unsigned)pair->certificate->len };
  guint8 hash[BL_SHA384_SIZE];
  gnutls_datum_t der = { NULL, 0 };
  int rc = gnutls_x509_crt_init (&pair->crt);

  if (rc >= 0)
    rc = gnutls_x509_crt_import (pair->crt, &in, GNUTLS_X509_FMT_PEM);
  if (rc >= 0)
    rc = gnutls_x509_crt_export2 (pair->crt, GNUTLS_X509_FMT_DER, &der);
  if (rc < 0)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "%s: expected a certificate in PEM form: %s",
                   name, gnutls_strerror (rc));
      return FALSE;
    }
  gboolean ok = bl_keyhash (der.data, der.size, hash, error);
  gnutls_free (der.data);
  if (!ok)
    return FALSE;
  g_autofree char *hex = bl_hex_encode (hash, 4, FALSE);
  g_strlcpy (pair->key_id, hex, sizeof pair->key_id);
  return TRUE;
}

static gboolean
read_pair (BlImportSource *source, Pair *pair, GPtrArray *passwords, GError **error)
{
  g_autofree char *certificate = g_strconcat (pair->stem, "-cert-public.crt", NULL);
  g_autofree char *key = g_strconcat (pair->stem, "-cert-private.key", NULL);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) local = NULL;
  gboolean found;

  if (!append_file (source, certificate, text, &found, error))
    return FALSE;
  if (!found)
    return TRUE;
  for (guint i = 1; found && i <= MAX_CHAIN_FILES && pair->kind == BL_CERT_WEB_RSA; i++)
    {
      g_autofree char *chain = g_strdup_printf ("%s-cert-chain%u.crt", pair->stem, i);
      if (!append_file (source, chain, text, &found, error))
        return FALSE;
    }
  g_autoptr (GBytes) key_pem = bl_import_source_read_file (source, key, BL_CERTS_MAX_FILE, &local);
  if (key_pem == NULL)
    {
      if (local == NULL)
        g_set_error (&local, BOWLINE_ERROR, BOWLINE_ERROR_NOT_FOUND, "%s/%s: expected beside %s",
                     bl_import_source_get_path (source), key, certificate);
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  pair->certificate = g_steal_pointer (&text);
  return open_key (pair, key_pem, passwords, key, error) && import_leaf (pair, certificate, error);
}

/* ---- comparing
 * -------------------------------------------------------------------------------------------------- */

static gboolean
is_here (const char *directory, const char *stem, const Pair *pair)
{
  g_autofree char *path = g_strdup_printf ("%s/%s-cert-public.crt", directory, stem);
  g_autofree char *text = NULL;
  gsize length = 0;
  gnutls_x509_crt_t crt = NULL;
  gboolean same = FALSE;

  if (!g_file_get_contents (path, &text, &length, NULL) || gnutls_x509_crt_init (&crt) < 0)
    return FALSE;
  const gnutls_datum_t in = { (unsigned char *)text, (unsigned)length };
  same = gnutls_x509_crt_import (crt, &in, GNUTLS_X509_FMT_PEM) >= 0
         && gnutls_x509_crt_equals (crt, pair->crt) != 0;
  gnutls_x509_crt_deinit (crt);
  return same;
}

/* ---- writing
 * ---------------------------------------------------------------------------------------------------- */

static gboolean
remove_directory (const char *path, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);
      if (g_unlink (file) != 0)
        return fail_errno (error, file);
    }
  return rmdir (path) == 0 || errno == ENOENT || fail_errno (error, path);
}

/* A copy of DATA/certs to change in peace. */
static gboolean
copy_directory (const char *from, const char *to, GError **error)
{
  g_autoptr (GDir) dir = NULL;
  const char *name;

  if (!remove_directory (to, error))
    return FALSE;
  if (g_mkdir (to, 0700) != 0)
    return fail_errno (error, to);
  dir = g_dir_open (from, 0, error);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *old = g_build_filename (from, name, NULL);
      g_autofree char *copy = g_build_filename (to, name, NULL);
      g_autoptr (GBytes) bytes = bl_secret_file_read (old, BL_CERTS_MAX_FILE, FALSE, error);
      gsize size = 0;
      gconstpointer data = bytes != NULL ? g_bytes_get_data (bytes, &size) : NULL;

      if (bytes == NULL || !bl_secret_file_create (copy, data, size, error))
        return FALSE;
    }
  return dir != NULL;
}

static gboolean
write_pair (const char *directory, const char *stem, const Pair *pair, GError **error)
{
  g_autofree char *certificate = g_strdup_printf ("%s/%s-cert-public.crt", directory, stem);
  g_autofree char *key = g_strdup_printf ("%s/%s-cert-private.key", directory, stem);

  (void)g_unlink (certificate); /* the copies; there may be none */
  (void)g_unlink (key);
  if (!bl_secret_file_create (key, pair->key, strlen (pair->key), error)
      || !bl_secret_file_create (certificate, pair->certificate->str, pair->certificate->len, error))
    return FALSE;
  g_autoptr (BlCertPair) checked = bl_cert_pair_load (pair->kind, certificate, key, error);
  return checked != NULL;
}

/* Our own agent-server pair becomes a further one. */
static gboolean
keep_own (const char *directory, GError **error)
{
  g_autofree char *certificate = g_strdup_printf ("%s/agentserver-cert-public.crt", directory);
  g_autofree char *key = g_strdup_printf ("%s/agentserver-cert-private.key", directory);
  g_autoptr (BlCertPair) own = bl_cert_pair_load (BL_CERT_AGENT_SERVER, certificate, key, error);

  if (own == NULL)
    return FALSE;
  g_autofree char *id = bl_hex_encode (own->key_hash, 4, FALSE);
  g_autofree char *new_certificate = g_strdup_printf ("%s/agentserver-%s-cert-public.crt", directory, id);
  g_autofree char *new_key = g_strdup_printf ("%s/agentserver-%s-cert-private.key", directory, id);
  return (rename (key, new_key) == 0 || fail_errno (error, key))
         && (rename (certificate, new_certificate) == 0 || fail_errno (error, certificate));
}

/* Both directories change places in one step; the old one stays aside when somebody may still want it. */
static gboolean
exchange (const char *data_dir, const char *ours, const char *fresh_one, gboolean keep_old, GError **error)
{
  g_autofree char *aside = g_strdup_printf ("%s/certs.before-import-%" G_GINT64_FORMAT, data_dir,
                                            g_get_real_time () / G_USEC_PER_SEC);

  if (renameat2 (AT_FDCWD, fresh_one, AT_FDCWD, ours, RENAME_EXCHANGE) != 0)
    return fail_errno (error, ours);
  if (!keep_old)
    return remove_directory (fresh_one, error);
  return rename (fresh_one, aside) == 0 || fail_errno (error, aside);
}

static gboolean
write_all (const BlImportCerts *options, const Pair *pairs, const gboolean *wanted, GError **error)
{
  g_autofree char *ours = g_build_filename (options->data_dir, BL_CERTS_DIRECTORY, NULL);
  g_autofree char *work = g_build_filename (options->data_dir, NEW_DIRECTORY, NULL);
  g_autofree char *ec_certificate = g_build_filename (work, "webserver-ec-cert-public.crt", NULL);
  g_autofree char *ec_key = g_build_filename (work, "webserver-ec-cert-private.key", NULL);
  const gboolean become = options->fresh || options->replace;

  if (!copy_directory (ours, work, error))
    return FALSE;
  if (become && !options->fresh && wanted[PAIR_AGENT_SERVER] && !keep_own (work, error))
    return FALSE;
  for (guint i = 0; i < N_PAIRS; i++)
    {
      g_autofree char *further = g_strdup_printf ("agentserver-%s", pairs[i].key_id);
      if (wanted[i] && !write_pair (work, become ? pairs[i].stem : further, &pairs[i], error))
        return FALSE;
    }
  if (become && (wanted[PAIR_ROOT] || wanted[PAIR_WEB]))
    {
      /* The next start issues it again, by the new root. */
      (void)g_unlink (ec_certificate);
      (void)g_unlink (ec_key);
    }
  return exchange (options->data_dir, ours, work, !options->fresh, error);
}

/* ---- deciding
 * --------------------------------------------------------------------------------------------------- */

/* Fills @wanted; returns whether anything is. */
static gboolean
decide (const BlImportCerts *options, const Pair *pairs, gboolean *wanted, BlImportReport *report)
{
  g_autofree char *ours = g_build_filename (options->data_dir, BL_CERTS_DIRECTORY, NULL);
  g_autofree char *further = g_strdup_printf ("agentserver-%s", pairs[PAIR_AGENT_SERVER].key_id);
  const gboolean become = options->fresh || options->replace;
  gboolean any = FALSE;

  for (guint i = 0; i < N_PAIRS; i++)
    {
      const gboolean same = pairs[i].certificate != NULL
                            && (is_here (ours, pairs[i].stem, &pairs[i])
                                || (i == PAIR_AGENT_SERVER && !become && is_here (ours, further, &pairs[i])));
      wanted[i] = FALSE;
      if (pairs[i].certificate == NULL)
        continue;
      bl_import_report_count (report, KIND, BL_IMPORT_FOUND, 1);
      wanted[i] = !same && (become || i == PAIR_AGENT_SERVER);
      any = any || wanted[i];
      bl_import_report_count (report, KIND,
                              same                                  ? BL_IMPORT_SAME
                              : !wanted[i]                          ? BL_IMPORT_KEPT
                              : options->replace && !options->fresh ? BL_IMPORT_REPLACED
                                                                    : BL_IMPORT_NEW,
                              1);
    }
  return any;
}

/* Whether the web certificate will be the other server's, and was bought for it. */
static gboolean
is_given (const BlImportCerts *options, const Pair *pairs)
{
  g_autofree char *ours = g_build_filename (options->data_dir, BL_CERTS_DIRECTORY, NULL);

  return pairs[PAIR_WEB].certificate != NULL && pairs[PAIR_ROOT].certificate != NULL
         && gnutls_x509_crt_check_issuer (pairs[PAIR_WEB].crt, pairs[PAIR_ROOT].crt) == 0
         && (options->fresh || options->replace || is_here (ours, pairs[PAIR_WEB].stem, &pairs[PAIR_WEB]));
}

static void
tell (const BlImportCerts *options, const Pair *pairs, const gboolean *wanted, BlImportReport *report)
{
  if (pairs[PAIR_AGENT_SERVER].certificate == NULL)
    bl_import_report_note (
        report, "The folder has no agent-server certificate (agentserver-cert-public.crt): its agents will "
                "not recognise this server.");
  if (wanted[PAIR_AGENT_SERVER] && !options->fresh && !options->replace)
    bl_import_report_note (
        report, "This server was in use already and keeps its own certificates; for the agents of the other "
                "server it also is that one. With --replace it becomes that one altogether.");
}

gboolean
bl_import_certs (const BlImportCerts *options, BlImportReport *report, gboolean *web_given, GError **error)
{
  Pair pairs[N_PAIRS] = {
    [PAIR_ROOT] = { .stem = "root", .kind = BL_CERT_ROOT },
    [PAIR_AGENT_SERVER] = { .stem = "agentserver", .kind = BL_CERT_AGENT_SERVER },
    [PAIR_WEB] = { .stem = "webserver", .kind = BL_CERT_WEB_RSA },
    [PAIR_MPS] = { .stem = "mpsserver", .kind = BL_CERT_MPS },
  };
  gboolean wanted[N_PAIRS];
  g_autoptr (GPtrArray) passwords = dup_passwords (options->source);
  gboolean ok = TRUE;

  for (guint i = 0; ok && i < N_PAIRS; i++)
    ok = read_pair (options->source, &pairs[i], passwords, error);
  *web_given = ok && is_given (options, pairs);
  if (ok && decide (options, pairs, wanted, report) && !options->dry_run)
    ok = write_all (options, pairs, wanted, error);
  if (ok)
    tell (options, pairs, wanted, report);
  for (guint i = 0; i < N_PAIRS; i++)
    pair_clear (&pairs[i]);
  return ok;
}
