// SPDX-License-Identifier: Apache-2.0
// BlAgentIdentity: the device's own key and certificate, kept in the state directory. Its key hash is the device's id on
// every server, so it is made once and never replaced (agent-channel section 2).
#pragma once

#include <gio/gio.h>

#include "common/bl-ids.h"

G_BEGIN_DECLS

typedef struct _BlAgentIdentity BlAgentIdentity;

/** Loads STATE_DIR/node.pem (mode 0600), or makes it: RSA-3072, CN=MeshNodeCertificate. Takes seconds when it is made. */
BlAgentIdentity *bl_agent_identity_load (const char *state_dir, GError **error);
void bl_agent_identity_free (BlAgentIdentity *identity);

/** Returns: (transfer none): 48 bytes, SHA-384 of the public key */
const guint8 *bl_agent_identity_get_id (BlAgentIdentity *identity);
/** Returns: (transfer none): the certificate, DER */
GBytes *bl_agent_identity_get_certificate (BlAgentIdentity *identity);
/** RSASSA-PKCS1-v1_5 with SHA-384 over DATA. Returns: (transfer full), or %NULL with an error. */
GBytes *bl_agent_identity_sign (BlAgentIdentity *identity, gconstpointer data, gsize length, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlAgentIdentity, bl_agent_identity_free)

G_END_DECLS
