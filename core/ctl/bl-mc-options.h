// SPDX-License-Identifier: Apache-2.0
// The command line of MeshCentral's server program: "--name value", "--name=value" or "--name", names in any case
// (tactical.md section 4).
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  BL_MC_START, // no other command: run the server
  BL_MC_HELP,
  BL_MC_LOGIN_TOKEN_KEY,
  BL_MC_LOGIN_TOKEN,
  BL_MC_CREATE_ACCOUNT,
  BL_MC_ADMIN_ACCOUNT,
  BL_MC_RESET_ACCOUNT,
  BL_MC_LIST_USER_IDS,
  BL_MC_SHOW_ITEM,
  BL_MC_HASH_PASSWORD,
  BL_MC_EXPORT,
  BL_MC_IMPORT,
  BL_MC_ADD_DEVICE_GROUP, // not MeshCentral's: what the meshctrl.js of our shim calls
} BlMcCommand;

// All texts are borrowed from the command line.
typedef struct
{
  BlMcCommand command;
  const char *operand; // of the command; (nullable) where it is optional
  const char *password;
  const char *hash_password; // "salt,hash"
  const char *email;
  const char *name;
  const char *domain;
  const char *data_path;
  const char *port;
  const char *alias_port;
  const char *redirect_port;
  const char *mps_port;
} BlMcOptions;

/**
 * bl_mc_options_parse: pure.
 * @argv: (array zero-terminated=1): without the program's name
 *
 * Returns: FALSE with a message for people: an unknown argument, a missing or needless value, two commands
 */
gboolean bl_mc_options_parse (const char *const *argv, BlMcOptions *options, GError **error);

/** bl_mc_options_help: Returns: (transfer none): what --help prints */
const char *bl_mc_options_help (void);

G_END_DECLS
