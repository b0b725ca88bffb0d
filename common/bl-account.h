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

/**
 * bl_account_pbkdf2: MeshCentral's form of a password (migration.md section 5).
 * @salt: its text is the salt, not what it may stand for in base64
 * @old: with SHA-1, as before MeshCentral named a digest; otherwise SHA-384
 *
 * Returns: (transfer full) (nullable): base64; NULL when the library refuses
 */
char *bl_account_pbkdf2 (const char *password, const char *salt, gboolean old);

/** bl_account_id: Returns: (transfer full): id of the account called @name (any case) in @domain */
char *bl_account_id (const char *domain, const char *name);

G_END_DECLS
