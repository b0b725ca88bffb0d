// SPDX-License-Identifier: Apache-2.0
/*
 * BlMsh: the settings an agent is installed with (`.msh`, agent-channel.md section 8), as an ordered list of
 * keys and values; the text around it and the form appended to an executable. Pure; one object belongs to one
 * thread.
 */
#pragma once

#include <glib.h>
#include "common/bl-ids.h"
#include "common/bl-limits.h"

G_BEGIN_DECLS

typedef struct _BlMsh BlMsh;

BlMsh *bl_msh_new (void);
void bl_msh_free (BlMsh *self);

/**
 * bl_msh_parse:
 * @text: CR LF or LF, '#' comments; a UTF-8 byte order mark is skipped
 *
 * Later lines win. `CoreModule` is ignored, an empty value deletes the key.
 *
 * Returns: (transfer full) (nullable): NULL with the line in the message
 */
BlMsh *bl_msh_parse (const char *text, gsize len, GError **error);

/** bl_msh_get: Returns: (transfer none) (nullable): the text of @key; binary values as written, `0x...` */
const char *bl_msh_get (BlMsh *self, const char *key);

/** bl_msh_get_int: decimal; @fallback when absent or not a number. */
gint64 bl_msh_get_int (BlMsh *self, const char *key, gint64 fallback);

/**
 * bl_msh_get_id48:
 * MeshID (`0x` and hex) or ServerID (hex): 96 digits, or 64 (an old id, zero padded).
 *
 * Returns: FALSE with %BL_ERROR_NOT_FOUND when absent, %BL_ERROR_INVALID when malformed
 */
gboolean bl_msh_get_id48 (BlMsh *self, const char *key, guint8 id[BL_ID48_SIZE], GError **error);

/**
 * bl_msh_set: @value NULL or empty removes. FALSE with %BL_ERROR_INVALID for a key or value that is not one
 * line.
 */
gboolean bl_msh_set (BlMsh *self, const char *key, const char *value, GError **error);

/** bl_msh_get_keys: Returns: (transfer container): the keys in order, NULL-terminated, each borrowed */
const char **bl_msh_get_keys (BlMsh *self);

/** bl_msh_to_text: Returns: (transfer full): CR LF lines, as MeshCentral writes them */
char *bl_msh_to_text (BlMsh *self);

/**
 * bl_msh_build:
 * The settings file of one device group.
 *
 * @name: name of the group
 * @mesh_id: 48 bytes
 * @server_id: 48 bytes: key hash of the agent-server certificate
 * @url: `wss://host:port/agent.ashx`
 */
BlMsh *bl_msh_build (const char *name,
                     const guint8 mesh_id[BL_ID48_SIZE],
                     const guint8 server_id[BL_ID48_SIZE],
                     const char *url,
                     GError **error);

/* Length of the trailer behind an embedded .msh: u32be length and the GUID. */
#define BL_MSH_TRAILER 20

/**
 * bl_msh_find_trailer:
 * @tail: the last @tail_len bytes of a file of @file_size bytes, at least %BL_MSH_TRAILER
 * @offset: (out): where in the file the text begins
 * @length: (out): its length
 *
 * Returns: TRUE when the file ends in an embedded .msh of a possible length
 */
gboolean
bl_msh_find_trailer (const guint8 *tail, gsize tail_len, guint64 file_size, guint64 *offset, guint32 *length);

/** bl_msh_build_trailer: Returns: (transfer full): text and trailer, to append to an executable */
GBytes *bl_msh_build_trailer (BlMsh *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlMsh, bl_msh_free)

G_END_DECLS
