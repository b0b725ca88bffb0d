// SPDX-License-Identifier: Apache-2.0
/**
 * BlAuthLimit: failed password checks by account and by address.
 *
 * Nobody is locked out for good: after a number of failures within a window each further one makes the key
 * wait, longer each time, up to a ceiling. An address from which an account has a valid session is not held
 * up for that account by what others do: neither by failures at the same address, nor by failures for the
 * same account elsewhere. A loopback address is never held up: it stands for every program on the machine, and
 * the account's own limit remains. Times are passed in (microseconds, monotonic). Main context.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  guint failures; /* free ones within the window */
  guint window;   /* seconds without a failure after which a key is forgotten */
  guint max_wait; /* seconds */
} BlAuthLimitRule;

typedef struct _BlAuthLimit BlAuthLimit;

BlAuthLimit *bl_auth_limit_new (const BlAuthLimitRule *account, const BlAuthLimitRule *address);
void bl_auth_limit_free (BlAuthLimit *self);
/**
 * bl_auth_limit_wait:
 * @known: the account has a valid session at this address
 * Returns: seconds to wait before a check is allowed, 0 for none
 */
guint bl_auth_limit_wait (
    BlAuthLimit *self, const char *account, const char *address, gboolean known, gint64 now_us);
void bl_auth_limit_failed (
    BlAuthLimit *self, const char *account, const char *address, gboolean known, gint64 now_us);
void bl_auth_limit_succeeded (BlAuthLimit *self, const char *account, const char *address);
/** Returns: keys that are kept. */
guint bl_auth_limit_get_size (BlAuthLimit *self);

/** Returns: (transfer full): what counts as one address: IPv4 as it is, IPv6 by its first 64 bits */
char *bl_auth_limit_key_of_address (const char *address);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlAuthLimit, bl_auth_limit_free)

G_END_DECLS
