// SPDX-License-Identifier: Apache-2.0
/**
 * Password hashes: Argon2id as a self-describing text, and MeshCentral's PBKDF2, which is checked and never
 * made. Pure; any thread. One call takes tens of milliseconds and the memory of its cost.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BL_AUTH_MAX_PASSWORD 1024u

typedef struct
{
  gsize memory; /* bytes */
  guint passes;
} BlAuthHashCost;

/** Once, before anything else here. */
gboolean bl_auth_hash_init (GError **error);
/** Returns: (transfer full) (nullable): "$argon2id$..."; %NULL when there is not enough memory */
char *bl_auth_hash_make (const char *password, const BlAuthHashCost *cost);
/** Returns: (transfer full): a hash no password fits, which takes as long to check as a real one */
char *bl_auth_hash_make_decoy (const BlAuthHashCost *cost);
/**
 * bl_auth_hash_verify:
 * @hash: the account's "hash"; @salt: (nullable): its "salt", for PBKDF2
 */
gboolean bl_auth_hash_verify (const char *hash, const char *salt, const char *password);
/** Returns: %TRUE when @hash is of an old kind or cheaper than @cost. */
gboolean bl_auth_hash_is_outdated (const char *hash, const BlAuthHashCost *cost);

G_END_DECLS
