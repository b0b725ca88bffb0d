// SPDX-License-Identifier: Apache-2.0
/** Time-based one-time passwords (RFC 6238: SHA-1, 6 digits, 30 s) and backup codes. Pure; any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BL_AUTH_TOTP_PERIOD 30
#define BL_AUTH_TOTP_WINDOW 1
#define BL_AUTH_MIN_SECRET 16 /* characters of base32 a new secret has at least */

/**
 * bl_auth_totp_check:
 * @secret: base32, upper or lower case, padding optional
 * @now: seconds; @last_step: codes of this step and older ones were used and are refused
 * @step: (out): the step @code belongs to
 */
gboolean
bl_auth_totp_check (const char *secret, const char *code, gint64 now, gint64 last_step, gint64 *step);
/** Returns: the code of @step, or -1 when @secret is not base32. */
gint bl_auth_totp_code (const char *secret, gint64 step);

/** Returns: (transfer full): RFC 4648 base32 of @size bytes, without padding. */
char *bl_auth_base32_encode (const guint8 *bytes, gsize size);

/**
 * bl_auth_backup_code_use:
 * @keys: the account's "otpkeys": {keys: [{p: number or text of 8 digits, u: still usable}]}
 * Returns: (transfer full) (nullable): @keys with @code used up; %NULL when it is none of the usable ones
 */
GVariant *bl_auth_backup_code_use (GVariant *keys, const char *code);

G_END_DECLS
