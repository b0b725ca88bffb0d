// SPDX-License-Identifier: Apache-2.0
/**
 * BlIdentity: who this server is to its devices: the agent-server key with its signatures, which web certificates a
 * device may report, and sealed tickets. Stands behind <bowline/identity.h>.
 */
#pragma once

#include "bl-certs.h"
#include "bl-worker-pool.h"

G_BEGIN_DECLS

#define BL_IDENTITY_MAX_SIGNATURES 512u /* waiting or running */
#define BL_IDENTITY_MAX_HASHES 64u      /* web hashes accepted at a time; the oldest ones of former certificates go first */

/** certs and workers are borrowed and outlive the identity; the rest is copied. */
typedef struct
{
  BlCerts *certs;
  BlWorkerPool *workers;
  const char *data_dir;
  const char *name;                          /* public name */
  guint port;                                /* the web port as clients reach it */
  gboolean tls_offload;                      /* clients see a proxy's certificate, the one of cert_url */
  const char *cert_url;                      /* (nullable): https://HOST[:PORT]/ or file:///PATH */
  guint cert_url_interval;                   /* seconds between two readings */
  const char *const *accepted_web_hashes;    /* (nullable): 96 hex digits each */
} BlIdentityOptions;

typedef struct _BlIdentity BlIdentity;

/** Reads or makes certs/ticket.key. Main context. */
BlIdentity *bl_identity_new (const BlIdentityOptions *options, GError **error);
/** Ends the reading of cert-url; signatures under way are cancelled. Main context. */
void bl_identity_free (BlIdentity *identity);
/** Puts it behind the functions bowline_identity_*() and bowline_ticket_*(). Once. */
void bl_identity_install (BlIdentity *identity);

/** Reads cert-url now, if there is one; done at start and every interval by itself. Main context. */
void bl_identity_refresh_outer (BlIdentity *identity);
/** To be called after bl_certs_reload_web(): former web hashes stay accepted while the process runs. Main context. */
void bl_identity_web_changed (BlIdentity *identity);

/** Returns: (transfer none): 48 bytes. Any thread. */
const guint8 *bl_identity_get_server_id (BlIdentity *identity);
/** Returns: (transfer full): 96 upper-case hex digits. Any thread. */
char *bl_identity_dup_server_id_hex (BlIdentity *identity);
/** Any thread. */
gboolean bl_identity_accepts_web_hash (BlIdentity *identity, gconstpointer hash, gsize length);
/** Returns: (transfer full) (nullable): the 48-byte hash of the certificate clients see through the proxy; %NULL while
 * cert-url was not read. Any thread. */
GBytes *bl_identity_dup_outer_hash (BlIdentity *identity);
gboolean bl_identity_is_trusted (BlIdentity *identity);
const char *bl_identity_get_name (BlIdentity *identity);
guint bl_identity_get_port (BlIdentity *identity);

/** As bowline_identity_sign_async(). Main context. */
void bl_identity_sign_async (BlIdentity *identity,
                             GBytes *data,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data);
/** The same as the server with this id, see bl_certs_get_agent_servers(). */
void bl_identity_sign_as_async (BlIdentity *identity,
                                gconstpointer server_id,
                                gsize length,
                                GBytes *data,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
GBytes *bl_identity_sign_finish (BlIdentity *identity, GAsyncResult *result, GError **error);

/** As bowline_ticket_seal() and bowline_ticket_open(). @content: (transfer floating) */
char *bl_identity_seal (BlIdentity *identity, const char *purpose, GVariant *content, guint32 seconds);
GVariant *bl_identity_open (BlIdentity *identity, const char *purpose, const char *text, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlIdentity, bl_identity_free)

G_END_DECLS
