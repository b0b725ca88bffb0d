// SPDX-License-Identifier: Apache-2.0
/*
 * Identifiers: 48-byte hashes and their text, `kind/domain/rest` ids, hex, the @$ base64 alphabet, random
 * values and constant-time comparison (agent-channel.md section 7, control-channel.md section 1). Pure; any
 * thread.
 */
#pragma once

#include <glib.h>
#include "common/bl-limits.h"

G_BEGIN_DECLS

#define BL_ID48_SIZE 48
#define BL_ID48_TEXT 64

/** bl_id48_to_text: writes 64 characters and a NUL. */
void bl_id48_to_text (const guint8 id[BL_ID48_SIZE], char text[BL_ID48_TEXT + 1]);

/**
 * bl_id48_from_text: FALSE unless @text is exactly 64 characters of the alphabet. @len -1: NUL-terminated.
 */
gboolean bl_id48_from_text (const char *text, gssize len, guint8 id[BL_ID48_SIZE]);

/** bl_id48_to_hex: Returns: (transfer full): 96 hex digits */
char *bl_id48_to_hex (const guint8 id[BL_ID48_SIZE], gboolean upper);

/**
 * bl_id48_group_text:
 *
 * Returns: (transfer full): text of a group id as MeshCentral stores it: 64 characters, or 64 lower-case hex
 * digits when the last 16 bytes are zero (an old 32-byte id)
 */
char *bl_id48_group_text (const guint8 id[BL_ID48_SIZE]);

/** bl_hex_encode: Returns: (transfer full): two digits a byte */
char *bl_hex_encode (gconstpointer data, gsize len, gboolean upper);

/** bl_hex_decode: FALSE unless @text has exactly 2 * @size hex digits of either case. */
gboolean bl_hex_decode (const char *text, gsize text_len, guint8 *out, gsize size);

/** bl_base64_encode: Returns: (transfer full): standard base64 with '+' as '@' and '/' as '$' */
char *bl_base64_encode (gconstpointer data, gsize len, gboolean padding);

/**
 * bl_base64_decode:
 * Takes both the @$ and the standard alphabet, with or without padding; anything else, and set bits behind
 * the last byte, are refused.
 *
 * Returns: (transfer full) (nullable): the bytes
 */
GBytes *bl_base64_decode (const char *text, gsize text_len);

typedef enum
{
  BL_ID_NONE = 0,
  BL_ID_NODE = 1 << 0,
  BL_ID_MESH = 1 << 1,
  BL_ID_USER = 1 << 2,
  BL_ID_UGRP = 1 << 3,
} BlIdKind;

#define BL_ID_ANY (BL_ID_NODE | BL_ID_MESH | BL_ID_USER | BL_ID_UGRP)

/* A parsed id; pointers borrow from the text. */
typedef struct
{
  BlIdKind kind;
  const char *domain; /* not terminated */
  gsize domain_len;
  const char *rest; /* terminated when the text was */
  gsize rest_len;
} BlId;

/** bl_id_kind_to_string: "node", "mesh", "user" or "ugrp". */
const char *bl_id_kind_to_string (BlIdKind kind);

/**
 * bl_id_parse:
 * @kinds: the kinds that are acceptable
 *
 * Strict: three parts; domain of lower-case letters, digits, '-', '_' and '.'; node, mesh and ugrp end in 64
 * characters of the alphabet (which also covers old ids in hex); a user name has no '/', blanks, control
 * characters or upper case and does not begin with '~'.
 *
 * Returns: TRUE and @id; otherwise %BL_ERROR_INVALID
 */
gboolean bl_id_parse (const char *text, guint kinds, BlId *id, GError **error);

/** bl_id_is_valid: bl_id_parse() for callers who only want to know. */
gboolean bl_id_is_valid (const char *text, guint kinds);

/** bl_id_build: Returns: (transfer full): `kind/domain/rest`; @domain NULL is the default domain */
char *bl_id_build (BlIdKind kind, const char *domain, const char *rest);

/**
 * bl_id_complete:
 * @text: a full id, or only its third part (a text without '/')
 *
 * Returns: (transfer full) (nullable): a valid full id of @kind; NULL with %BL_ERROR_INVALID
 */
char *bl_id_complete (BlIdKind kind, const char *domain, const char *text, GError **error);

/** bl_id_from_hash: Returns: (transfer full): `kind/domain/<64>` for 48 bytes, e.g. a node's key hash */
char *bl_id_from_hash (BlIdKind kind, const char *domain, const guint8 id[BL_ID48_SIZE]);

/** bl_id_random: Returns: (transfer full): `kind/domain/<64>` from 48 random bytes */
char *bl_id_random (BlIdKind kind, const char *domain);

/** bl_random_bytes: cryptographic randomness; aborts the program when the system has none. */
void bl_random_bytes (gpointer out, gsize len);

/** bl_random_hex: Returns: (transfer full): 2 * @bytes lower-case hex digits */
char *bl_random_hex (gsize bytes);

/** bl_equal_ct: TRUE when equal; time depends on the length only. */
gboolean bl_equal_ct (gconstpointer a, gconstpointer b, gsize len);

/** bl_str_equal_ct: as bl_equal_ct() for texts; a different length is told at once. NULL equals nothing. */
gboolean bl_str_equal_ct (const char *a, const char *b);

G_END_DECLS
