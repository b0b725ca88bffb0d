// SPDX-License-Identifier: Apache-2.0
/* Follows control-channel 4 */
#include "bl-control-hello.h"

#include "bl-control-presets.h"
#include "common/bl-account.h"
#include "common/bl-ids.h"
#include "common/bl-rights-bits.h"
#include "common/bl-variant.h"

#include <gnutls/x509.h>

#define FEATURE_WAN_ONLY 0x1
#define FEATURE_TWO_FACTORS 0x1000
#define FEATURE_UNTRUSTED 0x80000000
#define FEATURE2_NO_AGENT_UPDATE 0x10
#define FEATURE2_TOKEN_SESSION 0x100

static char *
hash_text (GBytes *hash)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (hash, &size);

  return bl_hex_encode (data, size, TRUE);
}

static gint64
certificate_expiry_ms (BowlineHost *host)
{
  g_autoptr (GBytes) der = bowline_identity_dup_certificate (host, BOWLINE_CERTIFICATE_WEB);
  gnutls_x509_crt_t certificate;
  gnutls_datum_t datum;
  gint64 expiry = 0;
  gsize size;

  if (der == NULL || gnutls_x509_crt_init (&certificate) < 0)
    return 0;
  datum.data = (unsigned char *)g_bytes_get_data (der, &size);
  datum.size = (unsigned int)size;
  if (gnutls_x509_crt_import (certificate, &datum, GNUTLS_X509_FMT_DER) >= 0)
    expiry = (gint64)gnutls_x509_crt_get_expiration_time (certificate) * 1000;
  gnutls_x509_crt_deinit (certificate);
  return expiry;
}

/* Clients print the members in the order they come in. */
static void
add_text (GVariantBuilder *info, const char *name, const char *value)
{
  g_variant_builder_add (info, "{sv}", name, g_variant_new_string (value));
}

static void
add_number (GVariantBuilder *info, const char *name, gint64 value)
{
  g_variant_builder_add (info, "{sv}", name, g_variant_new_int64 (value));
}

static void
add_flag (GVariantBuilder *info, const char *name, gboolean value)
{
  g_variant_builder_add (info, "{sv}", name, g_variant_new_boolean (value));
}

static void
add_server_id (GVariantBuilder *info, BowlineHost *host)
{
  g_autoptr (GBytes) id = bowline_identity_dup_server_id (host);
  char text[BL_ID48_TEXT + 1];
  gsize size = 0;
  const guint8 *data = id != NULL ? g_bytes_get_data (id, &size) : NULL;

  if (size != BL_ID48_SIZE)
    return;
  bl_id48_to_text (data, text);
  add_text (info, "agentCertHash", text);
}

static void
add_features (GVariantBuilder *info, BlControlSession *session)
{
  BowlineHost *host = session->control->host;
  gint64 features = FEATURE_WAN_ONLY | FEATURE_TWO_FACTORS;
  gint64 features2 = FEATURE2_NO_AGENT_UPDATE;

  if (!bowline_identity_is_trusted (host))
    features |= FEATURE_UNTRUSTED;
  if (bowline_principal_get_kind (session->principal) != BOWLINE_PRINCIPAL_USER)
    features2 |= FEATURE2_TOKEN_SESSION;
  add_number (info, "features", features);
  add_number (info, "features2", features2);
}

GVariant *
bl_control_hello_server_info (BlControlSession *session)
{
  BowlineHost *host = session->control->host;
  const char *name = bowline_identity_get_name (host);
  guint32 port = bowline_identity_get_port (host);
  g_autofree char *domain = bl_control_session_dup_domain (session);
  g_autofree char *tls_hash = hash_text (session->certificate_hash);
  g_autofree char *agent_url
      = g_strdup_printf ("mc://%s:%u%s%s", name, port, *domain != '\0' ? "/" : "", domain);
  GVariant *language = g_variant_new_variant (g_variant_new_string ("en"));
  GVariant *presets;
  GVariantBuilder info;

  g_variant_builder_init (&info, G_VARIANT_TYPE_VARDICT);
  add_text (&info, "domain", domain);
  add_text (&info, "name", name);
  add_text (&info, "mpsname", name);
  add_number (&info, "mpsport", bowline_host_get_int (host, "server.mps-port"));
  add_number (&info, "port", port);
  add_flag (&info, "emailcheck", FALSE);
  add_flag (&info, "domainauth", FALSE);
  add_number (&info, "serverTime", g_get_real_time () / 1000);
  add_features (&info, session);
  g_variant_builder_add (&info, "{sv}", "languages",
                         g_variant_new_array (G_VARIANT_TYPE_VARIANT, &language, 1));
  add_text (&info, "tlshash", tls_hash);
  add_server_id (&info, host);
  add_flag (&info, "https", TRUE);
  add_number (&info, "redirport", bowline_host_get_int (host, "server.redirect-port"));
  add_text (&info, "magenturl", agent_url);
  add_text (&info, "domainsuffix", domain);
  add_flag (&info, "logoutonidlesessiontimeout", TRUE);
  if (bowline_site_rights (host, session->principal) == BL_SITE_FULL)
    add_number (&info, "certExpire", certificate_expiry_ms (host));
  if ((presets = bl_control_presets_list (session->control)) != NULL)
    g_variant_builder_add (&info, "{sv}", "preConfiguredScripts", presets);
  return g_variant_builder_end (&info);
}

GVariant *
bl_control_hello_user_info (BlControlSession *session)
{
  g_autoptr (GVariant) account
      = bowline_directory_dup (session->control->host, bl_control_session_get_user_id (session));

  return account != NULL ? bl_account_public (account) : NULL;
}

static void
send_object (BlControlSession *session, const char *action, const char *member, GVariant *value)
{
  GVariantDict frame;

  g_variant_dict_init (&frame, NULL);
  g_variant_dict_insert (&frame, "action", "s", action);
  g_variant_dict_insert_value (&frame, member, value);
  bl_control_session_send (session, g_variant_dict_end (&frame));
}

static void
note_access (BlControlSession *session)
{
  GVariantDict fields;

  g_variant_dict_init (&fields, NULL);
  g_variant_dict_insert (&fields, "access", "x", g_get_real_time () / G_USEC_PER_SEC);
  bowline_directory_patch (session->control->host, bl_control_session_get_user_id (session),
                           g_variant_dict_end (&fields));
}

void
bl_control_hello_send (BlControlSession *session)
{
  BowlineHost *host = session->control->host;
  g_autoptr (GVariant) account = NULL;

  note_access (session);
  account = bl_control_hello_user_info (session);
  send_object (session, "serverinfo", "serverinfo", bl_control_hello_server_info (session));
  if (account != NULL)
    send_object (session, "userinfo", "userinfo", account);
  if (bowline_site_rights (host, session->principal) == BL_SITE_FULL)
    send_object (session, "traceinfo", "traceSources", bl_variant_new_null ());
}
