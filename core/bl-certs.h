// SPDX-License-Identifier: Apache-2.0
/**
 * BlCerts: the server's certificates and keys, kept as PEM files in DATA/certs under MeshCentral's names.
 *
 * Made at the first start, in parallel; never overwritten afterwards. A pair is immutable and shared by reference, so
 * that a reload of the web certificates swaps pointers and nothing else. Private keys never leave core.
 */
#pragma once

#include <gio/gio.h>
#include <gnutls/abstract.h>

#include "bl-rsa-key.h"

G_BEGIN_DECLS

#define BL_CERTS_DIRECTORY "certs"
#define BL_CERTS_MAX_FILE (256u * 1024u) /* bytes of one PEM file */
#define BL_CERTS_MAX_CHAIN 8u            /* certificates in one file */
#define BL_CERTS_MAX_AGENT_SERVERS 16u   /* ours and those taken over */
#define BL_CERTS_EXPIRY_WARNING_DAYS 21

typedef enum
{
  BL_CERT_ROOT,         /* RSA-3072, CA, signs the others */
  BL_CERT_WEB_EC,       /* ECDSA P-256, shown to clients that can use it */
  BL_CERT_WEB_RSA,      /* RSA-3072, for the others */
  BL_CERT_AGENT_SERVER, /* RSA-3072, the identity agents are installed with; never changes */
  BL_CERT_MPS,          /* RSA-2048, for Intel AMT */
  BL_N_CERTS,
} BlCertKind;

/** One certificate with its chain and key. All fields are read-only. Any thread. */
typedef struct
{
  BlCertKind kind;
  gboolean given;       /* by the administrator, not made here */
  gboolean is_ec;
  GBytes *chain_pem;    /* leaf first */
  GBytes *key_pem;      /* unencrypted */
  GBytes *der;          /* the leaf */
  guint8 cert_hash[48]; /* SHA-384 over the leaf's DER */
  guint8 key_hash[48];  /* SHA-384 over RSAPublicKey; over SubjectPublicKeyInfo for EC */
  gint64 not_after;     /* seconds since 1970 */
  gnutls_privkey_t key; /* for signatures; GnuTLS allows concurrent use */
  BlRsaKey *rsa;        /* (nullable): the same key, see bl_cert_pair_sign(); not for others */
  gsize rsa_tried;
} BlCertPair;

BlCertPair *bl_cert_pair_ref (BlCertPair *pair);
void bl_cert_pair_unref (BlCertPair *pair);

/**
 * bl_cert_pair_sign: RSASSA-PKCS1-v1_5 with SHA-384, by the fastest library there is.
 * Returns: (transfer full): the signature. Any thread; takes milliseconds.
 */
GBytes *bl_cert_pair_sign (BlCertPair *pair, GBytes *data, GError **error);

/**
 * bl_cert_pair_load: reads a certificate file (leaf first) and its key, and checks that they belong together.
 * @kind: what it is used for
 * Returns: (transfer full): or %NULL with the file, what was expected and what was found. Any thread, blocks.
 */
BlCertPair *
bl_cert_pair_load (BlCertKind kind, const char *certificate_path, const char *key_path, GError **error);

typedef struct
{
  const char *data_dir;
  const char *name;               /* public name: a DNS name or an address */
  const char *const *alt_names;   /* (nullable): further names for the web certificates */
  const char *web_certificate;    /* (nullable), empty counts as %NULL: the administrator's files */
  const char *web_key;
} BlCertsOptions;

typedef struct _BlCerts BlCerts;

/**
 * bl_certs_new: loads the certificates of DATA/certs, and makes those that are missing. Blocks: about a second at the
 * first start. @options is copied.
 */
BlCerts *bl_certs_new (const BlCertsOptions *options, GError **error);
void bl_certs_free (BlCerts *certs);

/** Returns: (transfer full) (nullable): %NULL only for a web kind when the administrator's certificate is of the other
 * key type. Any thread. */
BlCertPair *bl_certs_dup (BlCerts *certs, BlCertKind kind);
/** Returns: (transfer none) (element-type BlCertPair): our agent-server certificate, and behind it those of servers whose
 * devices we took over (agentserver-NAME-cert-public.crt). Never changes. Any thread. */
GPtrArray *bl_certs_get_agent_servers (BlCerts *certs);
/** Returns: (transfer full) (element-type BlCertPair): the web certificates to offer, the preferred one first. Any
 * thread. */
GPtrArray *bl_certs_dup_web (BlCerts *certs);
/**
 * bl_certs_reload_web: reads the web certificates again (SIGHUP). On failure the old ones stay in use.
 * @changed: (out) (optional): whether any differs now
 * Main context.
 */
gboolean bl_certs_reload_web (BlCerts *certs, gboolean *changed, GError **error);

/** Returns: (transfer full): 48-byte hashes (certificate and key) of all web certificates now in use. Any thread. */
GPtrArray *bl_certs_dup_web_hashes (BlCerts *certs);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlCerts, bl_certs_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlCertPair, bl_cert_pair_unref)

G_END_DECLS
