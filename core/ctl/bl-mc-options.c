// SPDX-License-Identifier: Apache-2.0
#include "bl-mc-options.h"

#include "common/bl-error.h"

#include <string.h>

typedef enum
{
  NONE,
  OPTIONAL,
  REQUIRED,
} Value;

static const struct
{
  const char *name;
  Value value;
  BlMcCommand command; // START: an option, kept at @offset
  gsize offset;
  const char *usage; // for a missing value
} rows[] = {
  { "help", NONE, BL_MC_HELP, 0, NULL },
  { "logintokenkey", NONE, BL_MC_LOGIN_TOKEN_KEY, 0, NULL },
  { "logintoken", REQUIRED, BL_MC_LOGIN_TOKEN, 0, "--logintoken user//NAME" },
  { "createaccount", REQUIRED, BL_MC_CREATE_ACCOUNT, 0,
    "--createaccount NAME --pass PASSWORD | --hashpass SALT,HASH [--email ADDRESS] [--name TEXT] [--domain DOMAIN]" },
  { "adminaccount", REQUIRED, BL_MC_ADMIN_ACCOUNT, 0, "--adminaccount NAME [--domain DOMAIN]" },
  { "resetaccount", REQUIRED, BL_MC_RESET_ACCOUNT, 0, "--resetaccount NAME --pass PASSWORD [--domain DOMAIN]" },
  { "listuserids", NONE, BL_MC_LIST_USER_IDS, 0, NULL },
  { "showitem", REQUIRED, BL_MC_SHOW_ITEM, 0, "--showitem ID" },
  { "hashpassword", REQUIRED, BL_MC_HASH_PASSWORD, 0, "--hashpassword PASSWORD" },
  { "dbexport", OPTIONAL, BL_MC_EXPORT, 0, NULL },
  { "dbimport", OPTIONAL, BL_MC_IMPORT, 0, NULL },
  { "adddevicegroup", REQUIRED, BL_MC_ADD_DEVICE_GROUP, 0, "--adddevicegroup NAME" },
  { "pass", REQUIRED, BL_MC_START, offsetof (BlMcOptions, password), "--pass PASSWORD" },
  { "hashpass", REQUIRED, BL_MC_START, offsetof (BlMcOptions, hash_password), "--hashpass SALT,HASH" },
  { "email", REQUIRED, BL_MC_START, offsetof (BlMcOptions, email), "--email ADDRESS" },
  { "name", REQUIRED, BL_MC_START, offsetof (BlMcOptions, name), "--name TEXT" },
  { "domain", REQUIRED, BL_MC_START, offsetof (BlMcOptions, domain), "--domain DOMAIN" },
  { "datapath", REQUIRED, BL_MC_START, offsetof (BlMcOptions, data_path), "--datapath DIRECTORY" },
  { "port", REQUIRED, BL_MC_START, offsetof (BlMcOptions, port), "--port NUMBER" },
  { "aliasport", REQUIRED, BL_MC_START, offsetof (BlMcOptions, alias_port), "--aliasport NUMBER" },
  { "redirport", REQUIRED, BL_MC_START, offsetof (BlMcOptions, redirect_port), "--redirport NUMBER" },
  { "mpsport", REQUIRED, BL_MC_START, offsetof (BlMcOptions, mps_port), "--mpsport NUMBER" },
};

static int
find_row (const char *name, gsize length)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (strlen (rows[i].name) == length && g_ascii_strncasecmp (rows[i].name, name, length) == 0)
      return (int)i;
  return -1;
}

static gboolean refuse (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
refuse (GError **error, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, BL_ERROR, BL_ERROR_INVALID, message);
  return FALSE;
}

static gboolean
take (BlMcOptions *options, guint row, const char *value, GError **error)
{
  if (rows[row].command == BL_MC_START)
    {
      *(const char **)((char *)options + rows[row].offset) = value;
      return TRUE;
    }
  if (options->command != BL_MC_START)
    return refuse (error, "Two commands at once, the second is \"%s\".", rows[row].name);
  options->command = rows[row].command;
  options->operand = value;
  return TRUE;
}

// What the commands need beside their own value.
static gboolean
check (const BlMcOptions *options, GError **error)
{
  const gboolean create = options->command == BL_MC_CREATE_ACCOUNT;
  if (create && (options->password == NULL) == (options->hash_password == NULL))
    return refuse (error, "Usage: %s", rows[find_row ("createaccount", 13)].usage);
  if (options->hash_password != NULL && strchr (options->hash_password, ',') == NULL)
    return refuse (error, "Usage: %s", rows[find_row ("hashpass", 8)].usage);
  if (options->command == BL_MC_RESET_ACCOUNT && options->password == NULL)
    return refuse (error, "Usage: %s", rows[find_row ("resetaccount", 12)].usage);
  return TRUE;
}

gboolean
bl_mc_options_parse (const char *const *argv, BlMcOptions *options, GError **error)
{
  *options = (BlMcOptions){ 0 };
  for (guint i = 0; argv[i] != NULL; i++)
    {
      if (!g_str_has_prefix (argv[i], "--"))
        return refuse (error, "Invalid argument \"%s\", use --help.", argv[i]);
      const char *name = argv[i] + 2;
      const char *equals = strchr (name, '=');
      const int row = find_row (name, equals != NULL ? (gsize)(equals - name) : strlen (name));
      if (row < 0)
        return refuse (error, "Invalid argument \"%s\", use --help.", name);
      const char *value = equals != NULL ? equals + 1 : NULL;
      if (value == NULL && rows[row].value != NONE && argv[i + 1] != NULL && !g_str_has_prefix (argv[i + 1], "--"))
        value = argv[++i];
      if (rows[row].value == NONE && value != NULL)
        return refuse (error, "--%s takes no value.", rows[row].name);
      if (rows[row].value == REQUIRED && (value == NULL || *value == '\0'))
        return refuse (error, "Usage: %s", rows[row].usage);
      if (!take (options, (guint)row, value, error))
        return FALSE;
    }
  return check (options, error);
}

const char *
bl_mc_options_help (void)
{
  return "meshcentral: runs a Bowline server, and administers it, by the options of MeshCentral's own program.\n"
         "\n"
         "Without a command it runs the server until it is told to end.\n"
         "  --port NUMBER, --aliasport NUMBER, --redirport NUMBER, --mpsport NUMBER\n"
         "                                     other ports than the configuration's\n"
         "  --datapath DIRECTORY               the folder meshcentral-data\n"
         "Commands, while the server runs or not:\n"
         "  --logintokenkey                    print the key of login tokens, 160 hex digits\n"
         "  --logintoken user//NAME            print a login token\n"
         "  --createaccount NAME --pass PASSWORD [--email ADDRESS] [--name TEXT]\n"
         "  --createaccount NAME --hashpass SALT,HASH\n"
         "                                     make an account\n"
         "  --adminaccount NAME                give an account all rights on the server\n"
         "  --resetaccount NAME --pass PASSWORD\n"
         "                                     new password, no second factor, not locked\n"
         "  --listuserids                      print the ids of all accounts\n"
         "  --showitem ID                      print one document as JSON\n"
         "  --hashpassword PASSWORD            print SALT,HASH for --hashpass\n"
         "  --dbexport [FILE]                  write all documents; default: meshcentral.db.json in the data folder\n"
         "  --dbimport [FILE]                  take such a file over; the server must not run\n";
}
