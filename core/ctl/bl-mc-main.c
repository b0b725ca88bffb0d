// SPDX-License-Identifier: Apache-2.0
// The program "meshcentral": what scripts made for MeshCentral's server program call, on top of bowlined and its local socket
// (tactical.md sections 3 and 4). Its data folder may be a meshcentral-data with a config.json; Bowline's own data then lies in
// the directory "bowline" inside.
#include "bl-ctl-client.h"
#include "bl-ctl-tree.h"
#include "bl-mc-options.h"
#include "common/bl-account.h"
#include "common/bl-json.h"
#include "common/bl-mesh-config.h"
#include "common/bl-variant.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <gnutls/crypto.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_SECONDS 120
#define EXPORT_NAME "meshcentral.db.json"
#define CONFIG_HEAD                                                                                                    \
  "# Made from config.json at every start of the program meshcentral. Settings of your own belong into files in conf.d\n" \
  "# beside this one.\n"
#define SALT_BYTES 128

typedef struct
{
  char *folder;   // (nullable): meshcentral-data; NULL: the packaged server
  char *data_dir; // Bowline's
  char *config;   // (nullable)
} Place;

static void
place_clear (Place *place)
{
  g_free (place->folder);
  g_free (place->data_dir);
  g_free (place->config);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Place, place_clear)

// ---- where -------------------------------------------------------------------------------------------------------------

static gboolean
fail (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
fail (GError **error, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, message);
  return FALSE;
}

// Writes bowline.conf when config.json says something else than it does.
static gboolean
translate_config (const Place *place, gboolean loud, GError **error)
{
  g_autofree char *path = g_build_filename (place->folder, "config.json", NULL);
  g_autofree char *text = NULL, *before = NULL;
  gsize length;
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  if (!g_file_get_contents (path, &text, &length, error))
    return FALSE;
  g_autoptr (BlMeshConfig) config = bl_mesh_config_translate (text, length, error);
  if (config == NULL)
    {
      g_prefix_error (error, "%s: ", path);
      return FALSE;
    }
  for (guint i = 0; loud && i < config->warnings->len; i++)
    g_printerr ("config.json: %s\n", (char *)config->warnings->pdata[i]);
  for (guint i = 0; loud && i < config->unknown->len; i++)
    g_printerr ("config.json: %s: unknown, left out\n", (char *)config->unknown->pdata[i]);
  g_autofree char *settings = bl_mesh_config_to_conf (config);
  g_autofree char *now = g_strconcat (CONFIG_HEAD, settings, NULL);
  if (g_file_get_contents (place->config, &before, NULL, NULL) && g_str_equal (before, now))
    return TRUE;
  return g_file_set_contents_full (place->config, now, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

// A folder that MeshCentral itself wrote is taken over by the import, and never half.
static gboolean
check_folder (const Place *place, GError **error)
{
  static const char *const databases[] = { "meshcentral.db", "meshcentral.sqlite" };
  g_autofree char *store = g_build_filename (place->data_dir, "bowline.db", NULL);
  for (guint i = 0; !g_file_test (store, G_FILE_TEST_EXISTS) && i < G_N_ELEMENTS (databases); i++)
    {
      g_autofree char *database = g_build_filename (place->folder, databases[i], NULL);
      if (g_file_test (database, G_FILE_TEST_EXISTS))
        return fail (error, "%s is of a MeshCentral server. Take it over first: bowlinectl --data-dir %s import-meshcentral %s",
                     database, place->data_dir, place->folder);
    }
  return TRUE;
}

// Finds the data, and makes what is missing of the folder.
static gboolean
find_place (const BlMcOptions *options, Place *place, GError **error)
{
  const char *path = options->data_path;
  if (path == NULL && g_file_test ("meshcentral-data", G_FILE_TEST_IS_DIR))
    path = "meshcentral-data";
  if (path == NULL)
    {
      place->data_dir = g_strdup (BL_CTL_DATA_DIR);
      return TRUE;
    }
  place->folder = g_canonicalize_filename (path, NULL);
  place->data_dir = g_build_filename (place->folder, "bowline", NULL);
  place->config = g_build_filename (place->data_dir, "bowline.conf", NULL);
  if (!check_folder (place, error))
    return FALSE;
  if (g_mkdir_with_parents (place->data_dir, 0700) != 0)
    return fail (error, "%s: %s", place->data_dir, g_strerror (errno));
  if (!translate_config (place, options->command == BL_MC_START, error))
    return FALSE;
  if (!g_file_test (place->config, G_FILE_TEST_EXISTS))
    g_clear_pointer (&place->config, g_free);
  return TRUE;
}

// ---- requests ----------------------------------------------------------------------------------------------------------

// @members: (transfer floating): a{sv}. Returns: (transfer full) (nullable): the answer of a request that was done
static GVariant *
ask (const Place *place, const char *action, GVariant *members, GError **error)
{
  const BlCtlServer server = { .data_dir = place->data_dir, .config = place->config };
  g_autoptr (GVariant) given = g_variant_ref_sink (members);
  g_autoptr (GVariant) named = bl_doc_set_string (given, "action", action);
  g_autoptr (GVariant) request = bl_doc_set_string (named, "responseid", "meshcentral");
  g_autoptr (GVariant) answer = bl_ctl_server_ask (&server, request, NULL, error);
  const char *failure = bl_variant_get_string (answer, "error");
  const char *result = bl_variant_get_string (answer, "result");
  if (answer == NULL)
    return NULL;
  if (failure == NULL && result != NULL && g_ascii_strcasecmp (result, "ok") != 0)
    failure = result;
  if (failure == NULL)
    return g_steal_pointer (&answer);
  fail (error, "%s", failure);
  return NULL;
}

static GVariant *
nothing (void)
{
  return g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0);
}

// The id that NAME and --domain mean.
static char *
dup_user_id (const BlMcOptions *options)
{
  if (g_str_has_prefix (options->operand, "user/"))
    return g_strdup (options->operand);
  g_autofree char *name = g_utf8_strdown (options->operand, -1);
  return g_strdup_printf ("user/%s/%s", options->domain != NULL ? options->domain : "", name);
}

static gboolean
print_member (const Place *place, const char *action, GVariant *members, const char *member, GError **error)
{
  g_autoptr (GVariant) answer = ask (place, action, members, error);
  if (answer == NULL)
    return FALSE;
  const char *text = bl_variant_get_string (answer, member);
  g_print ("%s\n", text != NULL ? text : "");
  return TRUE;
}

static gboolean
do_and_say (const Place *place, const char *action, GVariant *members, GError **error)
{
  g_autoptr (GVariant) answer = ask (place, action, members, error);
  if (answer == NULL)
    return FALSE;
  g_print ("Done.\n");
  return TRUE;
}

static void
insert_text (GVariantDict *members, const char *key, const char *text)
{
  if (text != NULL)
    g_variant_dict_insert (members, key, "s", text);
}

// An account that is there already is no failure: container images run this at every start.
static gboolean
create_account (const Place *place, const BlMcOptions *options, GError **error)
{
  g_autoptr (GError) problem = NULL;
  GVariantDict members;
  g_variant_dict_init (&members, NULL);
  insert_text (&members, "name", options->operand);
  insert_text (&members, "domain", options->domain);
  insert_text (&members, "password", options->password);
  insert_text (&members, "email", options->email);
  insert_text (&members, "realname", options->name);
  if (options->email != NULL)
    g_variant_dict_insert (&members, "emailVerified", "b", TRUE);
  if (options->hash_password != NULL)
    {
      const char *comma = strchr (options->hash_password, ',');
      g_autofree char *salt = g_strndup (options->hash_password, (gsize)(comma - options->hash_password));
      insert_text (&members, "salt", salt);
      insert_text (&members, "hash", comma + 1);
    }
  if (do_and_say (place, "user.create", g_variant_dict_end (&members), &problem))
    return TRUE;
  if (!g_str_equal (problem->message, "User already exists"))
    {
      g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }
  g_print ("User already exists.\n");
  return TRUE;
}

static gboolean
change_account (const Place *place, const BlMcOptions *options, GError **error)
{
  const gboolean reset = options->command == BL_MC_RESET_ACCOUNT;
  g_autofree char *user_id = dup_user_id (options);
  GVariantDict members;
  g_variant_dict_init (&members, NULL);
  insert_text (&members, "name", user_id);
  if (reset)
    insert_text (&members, "password", options->password);
  return do_and_say (place, reset ? "user.reset" : "user.siteadmin", g_variant_dict_end (&members), error);
}

static gboolean
list_user_ids (const Place *place, GError **error)
{
  g_autoptr (GVariant) answer = ask (place, "user.list", nothing (), error);
  g_autoptr (GVariant) users = bl_variant_get_array (answer, "users");
  for (gsize i = 0; users != NULL && i < g_variant_n_children (users); i++)
    {
      g_autoptr (GVariant) boxed = g_variant_get_child_value (users, i);
      g_autoptr (GVariant) user = g_variant_get_variant (boxed);
      g_print ("%s\n", bl_variant_get_string (user, "_id"));
    }
  return answer != NULL;
}

static gboolean
show_item (const Place *place, const char *id, GError **error)
{
  g_autoptr (GVariant) answer = ask (place, "document.show", g_variant_new_parsed ("{'id': <%s>}", id), error);
  if (answer == NULL)
    return FALSE;
  g_autoptr (GVariant) document = bl_variant_get_object (answer, "document");
  g_autofree char *text = document != NULL ? bl_json_to_string (document, NULL) : NULL; // it came as JSON
  g_print ("[%s]\n", text != NULL ? text : "");
  return TRUE;
}

static gboolean
hash_password (const char *password, GError **error)
{
  guint8 random[SALT_BYTES];
  if (gnutls_rnd (GNUTLS_RND_KEY, random, sizeof random) < 0)
    return fail (error, "no random numbers");
  g_autofree char *salt = g_base64_encode (random, sizeof random);
  g_autofree char *hash = bl_account_pbkdf2 (password, salt, FALSE);
  if (hash == NULL)
    return fail (error, "the password was not hashed");
  g_print ("%s,%s\n", salt, hash);
  return TRUE;
}

static gboolean
move_documents (const Place *place, const BlMcOptions *options, GError **error)
{
  const gboolean out = options->command == BL_MC_EXPORT;
  g_autofree char *usual = g_build_filename (place->folder != NULL ? place->folder : place->data_dir, EXPORT_NAME, NULL);
  g_autofree char *path = g_canonicalize_filename (options->operand != NULL ? options->operand : usual, NULL);
  g_autoptr (GVariant) answer = ask (place, out ? "export-meshcentral" : "import-meshcentral",
                                     g_variant_new_parsed ("{'path': <%s>}", path), error);
  if (answer == NULL)
    return FALSE;
  if (out)
    g_print ("%" G_GINT64_FORMAT " documents written to %s.\n", bl_variant_get_int (answer, "documents", 0), path);
  else
    g_print ("%" G_GINT64_FORMAT " changes made from %s.\n", bl_variant_get_int (answer, "changed", 0), path);
  return TRUE;
}

// ---- the server --------------------------------------------------------------------------------------------------------

static volatile sig_atomic_t server_pid;

static void
pass_on (int number)
{
  const int before = errno;
  if (server_pid > 0)
    kill ((pid_t)server_pid, number);
  errno = before;
}

static void
add_port (GPtrArray *argv, const char *key, const char *value)
{
  if (value == NULL)
    return;
  g_ptr_array_add (argv, g_strdup ("--set"));
  g_ptr_array_add (argv, g_strdup_printf ("server.%s=%s", key, value));
}

// Scripts wait for this line.
static gboolean
say_ready (const Place *place, GError **error)
{
  g_autoptr (GVariant) answer = ask (place, "status", nothing (), error);
  g_autoptr (GVariant) front = bl_variant_get_object (answer, "front");
  const gint64 port = bl_variant_get_int (front, "port", 0);
  const gint64 public_port = bl_variant_get_int (front, "public-port", port);
  if (answer == NULL)
    return FALSE;
  g_print ("MeshCentral HTTP%s server running on port %" G_GINT64_FORMAT,
           bl_variant_get_int (front, "tls-offload", 0) != 0 ? "" : "S", port);
  if (public_port != port)
    g_print (", alias port %" G_GINT64_FORMAT, public_port);
  g_print (".\n");
  fflush (stdout);
  return TRUE;
}

static int
run_server (const Place *place, const BlMcOptions *options, GError **error)
{
  g_autofree char *program = bl_ctl_find_bowlined ();
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GPtrArray) sets = g_ptr_array_new_with_free_func (g_free);
  int status;
  if (program == NULL)
    return fail (error, "bowlined was not found beside this program"), EXIT_FAILURE;
  if (bl_ctl_server_runs (place->data_dir))
    return fail (error, "a server runs already on %s", place->data_dir), EXIT_FAILURE;
  add_port (sets, "port", options->port);
  add_port (sets, "alias-port", options->alias_port);
  add_port (sets, "redirect-port", options->redirect_port);
  add_port (sets, "mps-port", options->mps_port);
  const char *const fixed[] = { program, "--data-dir", place->data_dir };
  for (guint i = 0; i < G_N_ELEMENTS (fixed); i++)
    g_ptr_array_add (argv, (char *)fixed[i]);
  if (place->config != NULL)
    {
      g_ptr_array_add (argv, (char *)"--config");
      g_ptr_array_add (argv, place->config);
    }
  g_ptr_array_extend (argv, sets, NULL, NULL);
  const struct sigaction forward = { .sa_handler = pass_on };
  sigaction (SIGTERM, &forward, NULL);
  sigaction (SIGINT, &forward, NULL);
  sigaction (SIGHUP, &forward, NULL);
  const GPid pid = bl_ctl_spawn_ready (argv, START_SECONDS, 0, error);
  if (pid == 0)
    return EXIT_FAILURE;
  server_pid = pid;
  if (!say_ready (place, error))
    kill (pid, SIGTERM);
  while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    continue;
  return WIFEXITED (status) ? WEXITSTATUS (status) : EXIT_FAILURE;
}

// ---- main --------------------------------------------------------------------------------------------------------------

static gboolean
run_command (const Place *place, const BlMcOptions *options, GError **error)
{
  switch (options->command)
    {
    case BL_MC_LOGIN_TOKEN_KEY:
      return print_member (place, "login-key", nothing (), "key", error);
    case BL_MC_LOGIN_TOKEN:
      return print_member (place, "login-token", g_variant_new_parsed ("{'userid': <%s>}", options->operand), "cookie", error);
    case BL_MC_CREATE_ACCOUNT:
      return create_account (place, options, error);
    case BL_MC_ADMIN_ACCOUNT:
    case BL_MC_RESET_ACCOUNT:
      return change_account (place, options, error);
    case BL_MC_LIST_USER_IDS:
      return list_user_ids (place, error);
    case BL_MC_SHOW_ITEM:
      return show_item (place, options->operand, error);
    case BL_MC_EXPORT:
    case BL_MC_IMPORT:
      return move_documents (place, options, error);
    case BL_MC_ADD_DEVICE_GROUP:
      return print_member (place, "group.create", g_variant_new_parsed ("{'name': <%s>}", options->operand), "meshid", error);
    case BL_MC_HASH_PASSWORD:
    case BL_MC_HELP:
    case BL_MC_START:
      break;
    }
  return fail (error, "not a command");
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_auto (Place) place = { 0 };
  BlMcOptions options;
  int status = EXIT_SUCCESS;
  setlocale (LC_ALL, "");
  signal (SIGPIPE, SIG_IGN);
  umask (077);
  if (!bl_mc_options_parse ((const char *const *)argv + 1, &options, &error))
    ;
  else if (options.command == BL_MC_HELP)
    g_print ("%s", bl_mc_options_help ());
  else if (options.command == BL_MC_HASH_PASSWORD)
    hash_password (options.operand, &error);
  else if (!find_place (&options, &place, &error))
    ;
  else if (options.command == BL_MC_START)
    status = run_server (&place, &options, &error);
  else
    run_command (&place, &options, &error);
  if (error == NULL)
    return status;
  g_printerr ("%s\n", error->message);
  return EXIT_FAILURE;
}
