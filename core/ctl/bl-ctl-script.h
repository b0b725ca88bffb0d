// SPDX-License-Identifier: Apache-2.0
// `bowlinectl script`: an administrator's own scripts on devices with bowline-agent.
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define BL_CTL_SCRIPT_MAX (256u * 1024u) // bytes of a script

typedef struct
{
  const char *op;                // "run", "keep", "list" or "stop"
  const char *operand;           // a file, the name of a kept script, or a device, as the operation has it
  const char *const *devices;    // (nullable): names or ids of the devices behind the operand
  const char *name;              // (nullable): of a script that is kept; else its file's name without ".js"
  gint seconds;                  // 0: as long as the device lets it
} BlCtlScript;

/**
 * Returns: (transfer full) (nullable) (element-type GVariant): one request for each device, in their order; %NULL with an
 *   error that names what is wrong with @script
 */
GPtrArray *bl_ctl_script_requests (const BlCtlScript *script, GError **error);

/**
 * Sends them one after the other to the server of @data_dir and writes what the devices say.
 * @json: print the answers as they come instead, one a line
 * Returns: 0 when all scripts ended with that, else the first other exit status, as of bl_ctl_run()
 */
int bl_ctl_script_run (const char *data_dir, GPtrArray *requests, gboolean json);

G_END_DECLS
