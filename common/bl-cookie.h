// SPDX-License-Identifier: Apache-2.0
/*
 * Two kinds of sealed text, never mixed (K11): cookies in MeshCentral's format, for URLs that other programs
 * make or read (control-channel.md section 3.3), and tokens of our own whose purpose and audience are
 * authenticated. Pure apart from the random IV; any thread. Times are seconds since 1970.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* MeshCentral's key is 80 bytes; AES-256-GCM uses the first 32. */
#define BL_COOKIE_KEY_SIZE 32
/* How far in the future a cookie's time may lie. */
#define BL_COOKIE_SKEW 30

/**
 * bl_cookie_encode:
 * @object: a{sv}; `time` is added or replaced. Sunk when floating.
 * @now: seconds
 *
 * Returns: (transfer full) (nullable): IV(12) tag(16) ciphertext in the @$ alphabet with padding, never
 * with two "$" side by side
 */
char *bl_cookie_encode (const guint8 key[BL_COOKIE_KEY_SIZE], GVariant *object, gint64 now, GError **error);

/**
 * bl_cookie_decode:
 * @text: the cookie; hex (`cookieEncoding: hex`) and missing padding are accepted too
 * @max_age: minutes; a number `expire` in the object replaces it (0: for ever). 0: no limit
 *
 * Returns: (transfer full) (nullable): the object; NULL with %BL_ERROR_INVALID, %BL_ERROR_AUTH or
 * %BL_ERROR_EXPIRED
 */
GVariant *bl_cookie_decode (
    const guint8 key[BL_COOKIE_KEY_SIZE], const char *text, gint64 now, guint max_age, GError **error);

/* The whole key: 48 bytes for the head of the CBC form, 32 for its cipher; GCM uses the first 32. */
#define BL_COOKIE_FULL_KEY_SIZE 80

/**
 * bl_cookie_decode_any:
 * Also takes the CBC form, IV(16) and AES-256-CBC of head(48) and JSON, for programs without GCM. Its head
 * must be the HMAC-SHA-384 of the JSON, or the constant SHA3-384 of the key, which the Python library of
 * Tactical RMM writes. The constant protects little but itself, so that form holds `a` = 3, `u` and `time`
 * and nothing else. Both heads are compared in constant time, and every failure before the time is looked at
 * is the same one.
 *
 * Returns: as bl_cookie_decode(); NULL with %BL_ERROR_AUTH or %BL_ERROR_EXPIRED
 */
GVariant *bl_cookie_decode_any (
    const guint8 key[BL_COOKIE_FULL_KEY_SIZE], const char *text, gint64 now, guint max_age, GError **error);

#define BL_TOKEN_KEY_SIZE 32

/**
 * bl_token_seal:
 * @master: 32 random bytes; each purpose gets its own key from it (HKDF-SHA-256)
 * @purpose: what the token is good for, e.g. "relay-ticket"
 * @audience: (nullable): for whom, e.g. a node id
 * @payload: a{sv}, sunk when floating
 * @lifetime: seconds, at least 1
 *
 * Returns: (transfer full) (nullable): URL-safe text without padding
 */
char *bl_token_seal (const guint8 master[BL_TOKEN_KEY_SIZE],
                     const char *purpose,
                     const char *audience,
                     GVariant *payload,
                     gint64 now,
                     guint lifetime,
                     GError **error);

/**
 * bl_token_open:
 * Purpose and audience must be those it was sealed with; they are authenticated, not compared.
 *
 * Returns: (transfer full) (nullable): the payload; NULL with %BL_ERROR_INVALID, %BL_ERROR_AUTH or
 * %BL_ERROR_EXPIRED
 */
GVariant *bl_token_open (const guint8 master[BL_TOKEN_KEY_SIZE],
                         const char *purpose,
                         const char *audience,
                         const char *text,
                         gint64 now,
                         GError **error);

G_END_DECLS
