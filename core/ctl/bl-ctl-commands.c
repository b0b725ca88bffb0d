// SPDX-License-Identifier: Apache-2.0
#include "bl-ctl-commands.h"

#include "bl-ctl-agents.h"
#include "common/bl-json.h"

#include <string.h>

// Text from a device or account may hold escape codes; a terminal must not run them.
static void
print_text (const char *text)
{
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      const gunichar c = g_utf8_get_char (p);
      if (g_unichar_iscntrl (c))
        g_print ("\\x%02x", c);
      else
        g_print ("%.*s", (int)(g_utf8_next_char (p) - p), p);
    }
}

static void
print_value (GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    print_text (g_variant_get_string (value, NULL));
  else
    {
      g_autofree char *json = bl_json_to_string (value, NULL); // answers come as JSON, so it has that form
      print_text (json);
    }
}

// "key: value" lines
static void
print_members (GVariant *answer)
{
  GVariantIter iter;
  const char *key;
  GVariant *value;
  g_variant_iter_init (&iter, answer);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    {
      if (g_str_equal (key, "action") || g_str_equal (key, "responseid"))
        continue;
      g_print ("%s: ", key);
      print_value (value);
      g_print ("\n");
    }
}

static void
print_member (GVariant *answer, const char *name)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (answer, name, NULL);
  if (value == NULL)
    return;
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    g_print ("%s\n", g_variant_get_string (value, NULL));
  else
    {
      print_value (value);
      g_print ("\n");
    }
}

// One line a row, columns separated by tabs; @columns ends with NULL.
static void
print_rows (GVariant *answer, const char *member, const char *const *columns)
{
  g_autoptr (GVariant) rows = g_variant_lookup_value (answer, member, NULL);
  if (rows == NULL || !g_variant_is_container (rows))
    return;
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (rows, i);
      g_autoptr (GVariant) row
          = g_variant_is_of_type (child, G_VARIANT_TYPE_VARIANT) ? g_variant_get_variant (child) : g_variant_ref (child);
      for (guint c = 0; columns[c] != NULL; c++)
        {
          g_autoptr (GVariant) value = g_variant_lookup_value (row, columns[c], NULL);
          if (c > 0)
            g_print ("\t");
          if (value != NULL)
            print_value (value);
          else
            g_print ("-");
        }
      g_print ("\n");
    }
}

static void
print_modules (GVariant *answer)
{
  print_rows (answer, "modules", (const char *const[]){ "id", "state", "version", "summary", "reason", NULL });
}

static void
print_users (GVariant *answer)
{
  print_rows (answer, "users", (const char *const[]){ "_id", "name", "email", "siteadmin", NULL });
}

static void
print_groups (GVariant *answer)
{
  print_rows (answer, "groups", (const char *const[]){ "_id", "name", "devices", NULL });
}

static void
print_devices (GVariant *answer)
{
  print_rows (answer, "devices", (const char *const[]){ "_id", "name", "conn", "group", NULL });
}

static void
print_group_id (GVariant *answer)
{
  print_member (answer, "meshid");
}

static void
print_msh (GVariant *answer)
{
  const char *msh;
  if (g_variant_lookup (answer, "msh", "&s", &msh))
    g_print ("%s", msh);
}

static void
print_server_id (GVariant *answer)
{
  print_member (answer, "serverid");
}

static void
print_login_keys (GVariant *answer)
{
  print_rows (answer, "keys",
              (const char *const[]){ "name", "users", "rights", "devices", "views", "addresses", "expire", NULL });
}

static void
print_key (GVariant *answer)
{
  print_member (answer, "key");
}

static void
print_cookie (GVariant *answer)
{
  print_member (answer, "cookie");
}

static gint64
get_int (GVariant *row, const char *name)
{
  gint64 value = 0;
  g_variant_lookup (row, name, "x", &value);
  return value;
}

static void
print_import_counts (GVariant *counts)
{
  static const char *const columns[] = { "found", "new", "merged", "replaced", "unchanged", "kept", "left" };
  g_print ("%-22s", "");
  for (guint c = 0; c < G_N_ELEMENTS (columns); c++)
    g_print ("%11s", columns[c]);
  g_print ("\n");
  for (gsize i = 0; i < g_variant_n_children (counts); i++)
    {
      g_autoptr (GVariant) boxed = g_variant_get_child_value (counts, i);
      g_autoptr (GVariant) row = g_variant_get_variant (boxed);
      const char *kind = "";
      g_variant_lookup (row, "kind", "&s", &kind);
      g_print ("%-22s", kind);
      for (guint c = 0; c < G_N_ELEMENTS (columns); c++)
        g_print ("%11" G_GINT64_FORMAT, get_int (row, columns[c]));
      g_print ("\n");
    }
}

static void
print_import_left (GVariant *left)
{
  if (g_variant_n_children (left) > 0)
    g_print ("\nLeft:\n");
  for (gsize i = 0; i < g_variant_n_children (left); i++)
    {
      g_autoptr (GVariant) boxed = g_variant_get_child_value (left, i);
      g_autoptr (GVariant) row = g_variant_get_variant (boxed);
      const char *kind = "", *why = "";
      g_variant_lookup (row, "kind", "&s", &kind);
      g_variant_lookup (row, "why", "&s", &why);
      g_print ("  %" G_GINT64_FORMAT " %s: %s\n", get_int (row, "count"), kind, why);
    }
}

static void
print_import_notes (GVariant *notes)
{
  if (g_variant_n_children (notes) > 0)
    g_print ("\nTo know:\n");
  for (gsize i = 0; i < g_variant_n_children (notes); i++)
    {
      g_autoptr (GVariant) boxed = g_variant_get_child_value (notes, i);
      g_autoptr (GVariant) note = g_variant_get_variant (boxed);
      g_print ("  ");
      print_value (note);
      g_print ("\n");
    }
}

static void
print_import (GVariant *answer)
{
  g_autoptr (GVariant) counts = g_variant_lookup_value (answer, "counts", G_VARIANT_TYPE ("av"));
  g_autoptr (GVariant) left = g_variant_lookup_value (answer, "left", G_VARIANT_TYPE ("av"));
  g_autoptr (GVariant) notes = g_variant_lookup_value (answer, "notes", G_VARIANT_TYPE ("av"));
  const char *settings = NULL;
  gboolean dry_run = FALSE;
  const gint64 changed = get_int (answer, "changed");
  if (counts != NULL)
    print_import_counts (counts);
  if (left != NULL)
    print_import_left (left);
  if (notes != NULL)
    print_import_notes (notes);
  if (g_variant_lookup (answer, "settings", "&s", &settings))
    g_print ("\nSettings:\n%s", settings);
  g_variant_lookup (answer, "dry-run", "b", &dry_run);
  if (changed == 0)
    g_print ("\nNothing %s: everything is here already.\n", dry_run ? "would change" : "was changed");
  else
    g_print (dry_run ? "\n%" G_GINT64_FORMAT " changes would be made; nothing was changed.\n"
                     : "\n%" G_GINT64_FORMAT " changes were made.\n",
             changed);
}

static const BlCtlCommand commands[] = {
  { "status", NULL, "status", "what the server is doing", 0, NULL, print_members },
  { "module list", NULL, "module.list", "modules, their state and why one was refused", 0, NULL, print_modules },
  { "module enable", "NAME", "module.enable", "load a module at the next start", BL_CTL_OPERAND, "name", NULL },
  { "module disable", "NAME", "module.disable", "do not load a module any more", BL_CTL_OPERAND, "name", NULL },
  { "user list", NULL, "user.list", "accounts", 0, NULL, print_users },
  { "user create", "NAME", "user.create", "make an account",
    BL_CTL_OPERAND | BL_CTL_PASSWORD | BL_CTL_SITE_ADMIN | BL_CTL_EMAIL, "name", NULL },
  { "user password", "NAME", "user.password", "set an account's password", BL_CTL_OPERAND | BL_CTL_PASSWORD, "name",
    NULL },
  { "user delete", "NAME", "user.delete", "remove an account and everything that is its own", BL_CTL_OPERAND, "name",
    NULL },
  { "group list", NULL, "group.list", "device groups", 0, NULL, print_groups },
  { "group create", "NAME", "group.create", "make a device group and print its id", BL_CTL_OPERAND, "name",
    print_group_id },
  { "group settings", "NAME|ID", "group.settings", "print the settings file (.msh) for agents of a group",
    BL_CTL_OPERAND, "name", print_msh },
  { "device list", NULL, "device.list", "devices and whether they are connected", 0, NULL, print_devices },
  { "run", "DEVICE", "device.run", "run commands on a device: run DEVICE -- COMMAND...", BL_CTL_OPERAND | BL_CTL_RUN,
    "device", NULL },
  { "script run", "FILE", "run", "run a script of one's own: script run FILE DEVICE...", BL_CTL_OPERAND | BL_CTL_SCRIPT },
  { "script keep", "FILE", "keep", "run one until it is stopped: script keep FILE DEVICE...",
    BL_CTL_OPERAND | BL_CTL_SCRIPT },
  { "script list", "DEVICE", "list", "scripts that are kept: script list DEVICE...", BL_CTL_OPERAND | BL_CTL_SCRIPT },
  { "script stop", "NAME", "stop", "stop and forget a script that is kept: script stop NAME DEVICE...",
    BL_CTL_OPERAND | BL_CTL_SCRIPT },
  { "agents import", "DIR", NULL, "take agent programs from a folder or an installed meshcentral", BL_CTL_OPERAND,
    .local = bl_ctl_agents_import },
  { "agents list", NULL, NULL, "agent programs that were taken", 0, .local = bl_ctl_agents_list },
  { "server-id", NULL, "server-id", "the key hash that agents check, 96 hex digits", 0, NULL, print_server_id },
  { "login-key", NULL, "login-key", "the key that login cookies are made with, 160 hex digits", 0, NULL, print_key },
  { "login-key list", NULL, "login-key.list", "login keys and what each may do", 0, NULL, print_login_keys },
  { "login-key show", "NAME", "login-key.show", "what a login key may do", BL_CTL_OPERAND, "name", print_members },
  { "login-key print", "NAME", "login-key", "a login key, 160 hex digits", BL_CTL_OPERAND, "name", print_key },
  { "login-key create", "NAME", "login-key.create", "make a login key and print it; KEY=VALUE limit it",
    BL_CTL_OPERAND | BL_CTL_POLICY, "name", print_key },
  { "login-key set", "NAME", "login-key.set", "change what a login key may do: KEY=VALUE, KEY= for no limit",
    BL_CTL_OPERAND | BL_CTL_POLICY, "name", NULL },
  { "login-key revoke", "NAME", "login-key.revoke", "end a login key and all it opened; \"default\" is made anew",
    BL_CTL_OPERAND, "name", NULL },
  { "login-token", "USERID", "login-token", "a cookie for /?login=, valid for an hour", BL_CTL_OPERAND, "userid",
    print_cookie },
  { "import-meshcentral", "DIR", "import-meshcentral", "take over the data folder of a stopped MeshCentral server",
    BL_CTL_OPERAND | BL_CTL_PATH | BL_CTL_DRY_RUN, "path", print_import },
  { "backup", "FILE", "backup", "write store, certificates and keys into a new archive", BL_CTL_OPERAND | BL_CTL_PATH,
    "path", print_members },
  { "restore", "FILE", NULL, "put the data of a back-up in the place of what is here", BL_CTL_OPERAND | BL_CTL_CHECK },
  { "audit verify", NULL, "audit.verify", "check the chain of the audit trail", 0, NULL, print_members },
  { "doctor", NULL, "doctor", "look for what is wrong and say what to do", 0, NULL, print_members },
};

const BlCtlCommand *
bl_ctl_commands (guint *n_commands)
{
  *n_commands = G_N_ELEMENTS (commands);
  return commands;
}

const BlCtlCommand *
bl_ctl_find (char **words, guint *used)
{
  if (words == NULL || words[0] == NULL)
    return NULL;
  g_autofree char *two = words[1] != NULL ? g_strjoin (" ", words[0], words[1], NULL) : NULL;
  const BlCtlCommand *found = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      const gboolean both = g_strcmp0 (commands[i].words, two) == 0;
      if (both || (found == NULL && g_str_equal (commands[i].words, words[0])))
        {
          found = &commands[i];
          *used = both ? 2 : 1;
        }
    }
  return found;
}

GVariant *
bl_ctl_request (const BlCtlCommand *command, const BlCtlArguments *arguments)
{
  GVariantBuilder request;
  g_variant_builder_init (&request, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&request, "{sv}", "action", g_variant_new_string (command->action));
  g_variant_builder_add (&request, "{sv}", "responseid", g_variant_new_string ("bowlinectl"));
  g_autofree char *path
      = (command->flags & BL_CTL_PATH) != 0 ? g_canonicalize_filename (arguments->operand, NULL) : NULL;
  if (command->operand_key != NULL)
    g_variant_builder_add (&request, "{sv}", command->operand_key,
                           g_variant_new_string (path != NULL ? path : arguments->operand));
  if ((command->flags & BL_CTL_PASSWORD) != 0)
    g_variant_builder_add (&request, "{sv}", "password", g_variant_new_string (arguments->password));
  if (arguments->site_admin)
    g_variant_builder_add (&request, "{sv}", "siteadmin", g_variant_new_boolean (TRUE));
  if (arguments->dry_run)
    g_variant_builder_add (&request, "{sv}", "dryrun", g_variant_new_boolean (TRUE));
  if (arguments->replace)
    g_variant_builder_add (&request, "{sv}", "replace", g_variant_new_boolean (TRUE));
  if (arguments->email != NULL)
    g_variant_builder_add (&request, "{sv}", "email", g_variant_new_string (arguments->email));
  if (arguments->policy != NULL)
    g_variant_builder_add (&request, "{sv}", "policy", g_variant_new_strv (arguments->policy, -1));
  return g_variant_ref_sink (g_variant_builder_end (&request));
}
