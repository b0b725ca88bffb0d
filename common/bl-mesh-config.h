// SPDX-License-Identifier: Apache-2.0
/*
 * BlMeshConfig: what a MeshCentral `config.json` says (migration.md section 7), as settings of Bowline. Keys
 * are compared without regard to case, and those that begin with '_' are comments. Nothing is dropped
 * silently: a key that asks for something Bowline does otherwise gives a warning, a key nobody knows is
 * listed. Pure; one object belongs to one thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BL_MESH_CONFIG_MAX (1024 * 1024)
/* Keys of one section that are looked at, comments included. */
#define BL_MESH_CONFIG_MAX_KEYS 1000

/* One setting: a line of bowline.conf whose value is known to be in the key's range. */
typedef struct
{
  char *section; /* "server" or "module NAME" */
  char *key;
  char *value;
  gboolean secret;
} BlMeshSetting;

typedef struct
{
  GPtrArray *settings; /* (element-type BlMeshSetting) */
  GPtrArray *warnings; /* (element-type utf8): "settings.postgres: ..." */
  GPtrArray *unknown;  /* (element-type utf8): "settings.fooBar" */
} BlMeshConfig;

/**
 * bl_mesh_config_translate:
 * @text: the file, UTF-8; a byte order mark is skipped
 *
 * Returns: (transfer full) (nullable): NULL with %BL_ERROR_INVALID or %BL_ERROR_TOO_LARGE when it is no JSON
 * object
 */
BlMeshConfig *bl_mesh_config_translate (const char *text, gsize len, GError **error);
void bl_mesh_config_free (BlMeshConfig *self);

/** bl_mesh_config_get: Returns: (transfer none) (nullable): the value of a setting */
const char *bl_mesh_config_get (const BlMeshConfig *self, const char *section, const char *key);

/** bl_mesh_config_to_conf: Returns: (transfer full): the settings as text of a bowline.conf drop-in */
char *bl_mesh_config_to_conf (const BlMeshConfig *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlMeshConfig, bl_mesh_config_free)

G_END_DECLS
