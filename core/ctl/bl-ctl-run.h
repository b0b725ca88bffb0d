// SPDX-License-Identifier: Apache-2.0
// `bowlinectl run`: commands on a device, with what they say while they run.
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define BL_CTL_RUN_FAILED 255 // exit status when the commands did not run, or did not end by themselves

typedef struct
{
  const char *device;            // name or id
  const char *const *words;      // (nullable): the commands; one word is a line for the device's shell
  const char *script;            // (nullable): file whose content runs instead
  gboolean as_user;              // as the person at the screen
  gint seconds;                  // 0: as long as the device lets it
} BlCtlRun;

/** Returns: (transfer full) (nullable): the request, a{sv}; %NULL with an error that names what is wrong with @run */
GVariant *bl_ctl_run_request (const BlCtlRun *run, GError **error);
/**
 * Sends @request over @connection and writes to standard output and standard error what the device says.
 * @json: print the answers as they come instead, one a line
 * Returns: the exit status of the commands, 128 and the signal that ended them, or BL_CTL_RUN_FAILED
 */
int bl_ctl_run (GSocketConnection *connection, GVariant *request, gboolean json);

G_END_DECLS
