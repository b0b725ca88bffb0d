// SPDX-License-Identifier: Apache-2.0
/* The public form of documents about people: what may leave the server (control-channel.md section 4). Pure;
 * any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * bl_account_public:
 * @account: (transfer none): the stored document, a{sv}
 *
 * Secrets are left out; of second factors only their presence (1) or their number remains.
 *
 * Returns: (transfer full): a{sv}, not floating
 */
GVariant *bl_account_public (GVariant *account);

/**
 * bl_account_name_is_valid: TRUE for a name a new account may have: 1..64 bytes, no leading "~", no "/",
 * blanks or control characters.
 */
gboolean bl_account_name_is_valid (const char *name);

/** bl_account_without_factors: Returns: (transfer full): @account without its second factors and their pending codes */
GVariant *bl_account_without_factors (GVariant *account);

/** bl_account_id: Returns: (transfer full): id of the account called @name (any case) in @domain */
char *bl_account_id (const char *domain, const char *name);

G_END_DECLS
