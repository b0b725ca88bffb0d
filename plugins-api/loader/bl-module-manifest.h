// SPDX-License-Identifier: Apache-2.0
/**
 * BlModuleManifest: what NAME.module says about a plugin before any of its code runs.
 */
#pragma once

#include "bl-setting.h"

G_BEGIN_DECLS

#define BL_MODULE_MANIFEST_MAX_BYTES (64u * 1024u)
#define BL_MODULE_MANIFEST_MAX_SETTINGS 128u
#define BL_MODULE_MANIFEST_MAX_LIST 32u

typedef struct
{
  char *path;    /* of the manifest */
  char *library; /* of the shared object beside it */
  char *id;      /* equal to the file's name without ".module" */
  char *version;
  guint32 abi_major;
  guint32 abi_min_minor;
  guint32 kind;    /* BOWLINE_PLUGIN_KIND_* */
  char **provides; /* lists: never NULL; the id itself is not repeated in provides */
  char **requires;
  char **conflicts;
  char **after;
  char **capabilities;
  char *name;
  char *summary;
  gboolean required;   /* the program does not start without it */
  gboolean enabled;    /* when the configuration does not say; default TRUE */
  BlSetting *settings; /* without "enabled", which every module has */
  guint n_settings;
  gatomicrefcount refs;
} BlModuleManifest;

/**
 * bl_module_manifest_parse: pure.
 * @path: of the file, for messages and to derive id and library
 * Returns: (transfer full): or %NULL with an error that names file, line or field, what was expected and
 * found
 */
BlModuleManifest *bl_module_manifest_parse (const char *path, const char *data, gsize length, GError **error);
/** Reads and parses a file, which must pass bl_module_loader_check_file(). */
BlModuleManifest *bl_module_manifest_load (const char *path, GError **error);
BlModuleManifest *bl_module_manifest_ref (BlModuleManifest *manifest);
void bl_module_manifest_unref (BlModuleManifest *manifest);
/** Returns: whether @id has the form of a plugin id: a letter, then up to 39 of a-z 0-9 and "-" */
gboolean bl_module_manifest_id_is_valid (const char *id);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlModuleManifest, bl_module_manifest_unref)

G_END_DECLS
