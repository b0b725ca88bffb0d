// SPDX-License-Identifier: Apache-2.0
// What a device runs when it is told commands: which program, and how it gets them. Pure; any thread.
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define BL_AUTOMATION_LINE_MAX 255u // of "#!", as Linux allows

// `type` of a runcommands message, agent-channel 11
#define BL_AUTOMATION_DEFAULT 0
#define BL_AUTOMATION_CMD 1
#define BL_AUTOMATION_POWERSHELL 2
#define BL_AUTOMATION_SHELL 3

/**
 * Reads the line "#!INTERPRETER [ARGUMENT]" a script may begin with. @script: @length bytes, of any content
 * Returns: (transfer full) (nullable): interpreter and, if there is one, its argument; %NULL without error when the
 *   script has no such line, %NULL with an error when the line names no absolute path or is too long
 */
GStrv bl_automation_interpreter (const char *script, gsize length, GError **error);

/**
 * The words to start for a script in the file @path. @type: BL_AUTOMATION_*
 * Returns: (transfer full) (nullable): NULL-terminated, the first one an absolute path; %NULL with an error that can be
 *   shown to who asked
 */
GStrv bl_automation_plan (gint64 type, const char *script, gsize length, const char *path, GError **error);

G_END_DECLS
