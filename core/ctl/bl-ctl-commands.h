// SPDX-License-Identifier: Apache-2.0
// The subcommands of bowlinectl: how words on the command line become one request, and how its answer is printed.
#pragma once

#include <glib.h>

G_BEGIN_DECLS

// What the command line gave besides the words of the command itself.
typedef struct
{
  const char *operand;  // NAME, FILE, ...; NULL when the command takes none
  const char *email;    // --email
  char *password;       // from --password-stdin
  gboolean site_admin;  // --site-admin
  gboolean dry_run;     // --dry-run
  gboolean replace;     // --replace
  gboolean check;       // --check
  const char *const *policy; // KEY=VALUE words behind the operand; NULL for none
} BlCtlArguments;

#define BL_CTL_OPERAND 1u     // one operand is required
#define BL_CTL_PASSWORD 2u    // --password-stdin is required
#define BL_CTL_SITE_ADMIN 4u  // --site-admin is allowed
#define BL_CTL_EMAIL 8u       // --email is allowed
#define BL_CTL_DRY_RUN 16u    // --dry-run and --replace are allowed
#define BL_CTL_CHECK 32u      // restore: --check is allowed, and no server takes part
#define BL_CTL_PATH 64u       // the operand is a path: the server gets it absolute
#define BL_CTL_POLICY 128u    // words KEY=VALUE may follow the operand
#define BL_CTL_RUN 256u       // commands for a device follow the operand: --script, --as-user, --timeout are allowed
#define BL_CTL_SCRIPT 512u    // devices follow the operand, the action is the operation: --timeout, --name are allowed

typedef struct
{
  const char *words;   // "user create"
  const char *operand; // how --help calls it
  const char *action;  // request on the local socket
  const char *summary;
  guint flags;
  const char *operand_key; // request member the operand becomes
  // Prints an answer (a{sv}) for people; NULL prints nothing when it is done.
  void (*print) (GVariant *answer);
  // Runs the command without the server; then there is no action. Returns: an exit status
  int (*local) (const char *data_dir, const char *operand, gboolean json);
} BlCtlCommand;

/** Returns: (transfer none) (array length=n_commands) */
const BlCtlCommand *bl_ctl_commands (guint *n_commands);
/** Finds the command the first one or two of @words name. @used: (out): how many words it took. */
const BlCtlCommand *bl_ctl_find (char **words, guint *used);
/** Returns: (transfer full): the request, a{sv}. */
GVariant *bl_ctl_request (const BlCtlCommand *command, const BlCtlArguments *arguments);

G_END_DECLS
