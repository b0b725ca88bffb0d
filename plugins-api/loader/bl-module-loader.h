// SPDX-License-Identifier: Apache-2.0
/**
 * Loading one plugin: is the file safe to open, does it open, and does its descriptor fit the manifest and
 * this host.
 */
#pragma once

#include "bl-module-manifest.h"
#include <bowline/descriptor.h>

G_BEGIN_DECLS

/**
 * bl_module_loader_check_file: only regular files owned by root or the program's own user, which neither
 * group nor others may write, in a directory of which the same holds. Returns: %FALSE with
 * %BOWLINE_ERROR_DENIED naming the file, what was expected and found
 */
gboolean bl_module_loader_check_file (const char *path, GError **error);
/**
 * bl_module_loader_load: opens the shared object of @manifest for good (it is never closed) and asks for its
 * descriptor.
 * @descriptor: (out): a normalised copy
 */
gboolean
bl_module_loader_load (const BlModuleManifest *manifest, BowlinePluginDescriptor *descriptor, GError **error);
/** The checks of a descriptor alone; pure. @descriptor: (nullable): as the plugin returned it */
gboolean bl_module_loader_check_descriptor (const BlModuleManifest *manifest,
                                            const BowlinePluginDescriptor *descriptor,
                                            BowlinePluginDescriptor *copy,
                                            GError **error);

G_END_DECLS
