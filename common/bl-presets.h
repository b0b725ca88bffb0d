// SPDX-License-Identifier: Apache-2.0
/*
 * Prepared commands for devices, in the form of MeshCentral's preconfiguredScripts (config.json). Pure; any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BL_PRESETS_MAX 100u
/** Characters of a name, and bytes of the commands, as in MeshCentral. */
#define BL_PRESETS_MAX_NAME 32
#define BL_PRESETS_MAX_COMMANDS 65535u
/** Bytes of the list. */
#define BL_PRESETS_MAX_BYTES (4u * 1024u * 1024u)

typedef struct
{
  char *name;
  gint64 type;    /* control-channel, runcommands: 1 cmd.exe, 2 PowerShell, 3 sh, 4 the agent's console */
  gint64 run_as;  /* 0 the agent, 1 the person at the device or the agent, 2 that person only; -1: as the caller says */
  char *commands; /* (nullable): %NULL when they are in a file */
  char *file;     /* (nullable) */
} BlPreset;

/**
 * bl_presets_parse:
 * @text: JSON: the array, or an object with it as preconfiguredScripts
 * Returns: (transfer full) (element-type BlPreset): %NULL with %BL_ERROR_INVALID that says which one is wrong and how, or
 *   %BL_ERROR_TOO_LARGE
 */
GPtrArray *bl_presets_parse (const char *text, gsize size, GError **error);

G_END_DECLS
