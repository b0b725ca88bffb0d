// SPDX-License-Identifier: Apache-2.0
/**
 * BlConfig: the strict configuration: bowline.conf, then the .conf files of conf.d beside it in name order,
 * then --set.
 *
 * Filled in two steps, because the keys of [module NAME] come from the manifests, whose directories are
 * themselves a setting: bl_config_load() reads everything and checks [server]; after bl_config_add_module()
 * for each manifest, bl_config_check() checks the rest. Immutable from then on, and readable from any thread.
 * Every refusal reads "FILE:LINE: [SECTION] KEY: expected ..., found ..." and names the nearest known key.
 */
#pragma once

#include "bl-module-manifest.h"
#include "bl-setting.h"

G_BEGIN_DECLS

#define BL_CONFIG_MAX_BYTES (1024u * 1024u)

typedef struct _BlConfig BlConfig;

BlConfig *bl_config_new (void);
BlConfig *bl_config_ref (BlConfig *config);
void bl_config_unref (BlConfig *config);

/**
 * bl_config_load: @file: (nullable): --config; %NULL reads /etc/bowline/bowline.conf if there is one
 * @overrides: (nullable) (array zero-terminated=1): "SECTION.KEY=VALUE"; SECTION may be a module's bare id
 */
gboolean bl_config_load (BlConfig *config, const char *file, const char *const *overrides, GError **error);
/** Takes one file's content; pure, for tests and the fuzzer. @name: for messages */
gboolean bl_config_parse (BlConfig *config, const char *name, const char *data, gsize length, GError **error);
/** One override, stronger than all files; before bl_config_check(). */
gboolean bl_config_override (BlConfig *config, const char *assignment, GError **error);
/** Checks [server] alone; bl_config_load() does it. */
gboolean bl_config_check_server (BlConfig *config, GError **error);
/** Declares section [module ID]. */
void bl_config_add_module (BlConfig *config, const BlModuleManifest *manifest);
/** Section [module ID] exists but cannot be checked, since its manifest was refused. */
void bl_config_add_unchecked_module (BlConfig *config, const char *id);
/** Checks all sections. Returns: %FALSE with every problem found, one a line, in @error's message. */
gboolean bl_config_check (BlConfig *config, GError **error);

/* Getters. @section: "server" or "module ID". An undeclared key is a programming error: a warning, and "", 0,
 * FALSE. */
const char *bl_config_get_string (BlConfig *config, const char *section, const char *key);
/** Numbers, seconds and bytes. */
gint64 bl_config_get_int (BlConfig *config, const char *section, const char *key);
gboolean bl_config_get_boolean (BlConfig *config, const char *section, const char *key);
const char *const *bl_config_get_list (BlConfig *config, const char *section, const char *key);
gboolean bl_config_has_key (BlConfig *config, const char *section, const char *key);
/** Returns: %TRUE when a file or --set gives the key. */
gboolean bl_config_is_set (BlConfig *config, const char *section, const char *key);
gboolean bl_config_module_is_enabled (BlConfig *config, const char *id);
/** Returns: (transfer full): directory of the drop-ins */
char *bl_config_dup_drop_in_directory (BlConfig *config);

/**
 * bl_config_set_module_enabled: writes conf.d/50-module-NAME.conf (mode 0644, replaced as a whole). Counts at
 * the next start.
 * @drop_in_directory: created if missing
 */
gboolean bl_config_set_module_enabled (const char *drop_in_directory,
                                       const char *id,
                                       gboolean enabled,
                                       GError **error);

/** Returns: (transfer none): the keys of [server]. */
const BlSetting *bl_config_get_server_settings (guint *n_settings);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlConfig, bl_config_unref)

/* Shorter for the section everybody reads. */
#define bl_config_server_string(config, key) bl_config_get_string ((config), "server", (key))
#define bl_config_server_int(config, key) bl_config_get_int ((config), "server", (key))
#define bl_config_server_boolean(config, key) bl_config_get_boolean ((config), "server", (key))
#define bl_config_server_list(config, key) bl_config_get_list ((config), "server", (key))

G_END_DECLS
