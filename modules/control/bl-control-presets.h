// SPDX-License-Identifier: Apache-2.0
/** Prepared commands: what the setting preset-commands names. Main context. */
#pragma once

#include "bl-control.h"

#include "common/bl-presets.h"

G_BEGIN_DECLS

/** Reads the list and its files, once. Returns: %FALSE with an error that names the file and what is wrong in it */
gboolean bl_control_presets_load (BlControl *control, GError **error);

/** Returns: (transfer floating) (nullable): av of {name, type} for the page; %NULL when there are none (serverinfo) */
GVariant *bl_control_presets_list (BlControl *control);

/** Returns: (transfer none) (nullable): number @index, with its commands; %NULL when there is no such one */
const BlPreset *bl_control_presets_get (BlControl *control, gint64 index);

G_END_DECLS
