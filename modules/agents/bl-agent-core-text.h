// SPDX-License-Identifier: Apache-2.0
/**
 * The text of a core script: one file, or a file and the modules that lie beside it in a folder `modules_meshcore`
 * (beside a file *.min.js, those in `modules_meshcore_min` come first), as MeshCentral ships its own (js-runtime.md
 * section 2).
 * Any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Which modules a device can use. */
typedef enum
{
  BL_AGENT_FLAVOUR_WINDOWS,
  BL_AGENT_FLAVOUR_LINUX_X86, /* all but Windows on x86 */
  BL_AGENT_FLAVOUR_OTHER,
  BL_AGENT_N_FLAVOURS,
} BlAgentCoreFlavour;

BlAgentCoreFlavour bl_agent_core_text_flavour (guint agent_id);

/** Returns: TRUE when @path has modules beside it. */
gboolean bl_agent_core_text_has_modules (const char *path);

/** Returns: (transfer full) (nullable): the text; NULL with @error when a file cannot be read or it becomes too long */
GString *bl_agent_core_text_build (const char *path, BlAgentCoreFlavour flavour, GError **error);

/** Appends @text as a string literal of ECMAScript 5 in double quotes. Pure; what is not UTF-8 becomes U+FFFD. */
void bl_agent_core_text_quote (GString *out, const char *text, gsize length);

G_END_DECLS
