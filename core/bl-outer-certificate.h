// SPDX-License-Identifier: Apache-2.0
/**
 * The certificates that a TLS-terminating proxy in front of us shows, which devices report in their handshake.
 *
 * They are fetched to learn their hashes and for nothing else: nothing is sent over the connection, and no trust
 * follows from it (K6), which is why the chain is not verified here.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define BL_OUTER_CERTIFICATE_TIMEOUT 15 /* seconds, for one reading */

/**
 * bl_outer_certificate_fetch: blocks; for a thread.
 * @url: https://HOST[:PORT]/... , or file:///PATH of a PEM file
 * Returns: (transfer full) (element-type GBytes): DER of the leaf; two when the proxy has one with an elliptic curve and
 *   one with RSA
 */
GPtrArray *bl_outer_certificate_fetch (const char *url, GCancellable *cancellable, GError **error);

/** Returns: %FALSE with BOWLINE_ERROR_INVALID when @url is of another form. */
gboolean bl_outer_certificate_check_url (const char *url, GError **error);

G_END_DECLS
