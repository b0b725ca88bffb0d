// SPDX-License-Identifier: Apache-2.0
/* Settings, programs and install scripts for new devices. */
#include "bl-agent-downloads.h"

#include <string.h>

#include "bl-agent-body.h"
#include "bl-agent-installer.h"
#include "bl-agent-settings.h"
#include "bl-agent-zip.h"
#include "common/bl-ids.h"
#include "common/bl-json.h"
#include "common/bl-rights-bits.h"
#include "common/bl-variant.h"

#define MAX_SCRIPT (256 * 1024)
#define MAX_COOKIE 1024u
#define COOKIE_MINUTES 2u /* between the page of an invitation and the download */
#define SCRIPT "bowline-install.sh"
/* A line of the script that is replaced by our root certificate, when clients cannot know it otherwise. */
#define ROOT_MARKER "@ROOT_CERTIFICATE@"
/* The script inside a program that installs itself, and where its settings are put. */
#define PROGRAM_SCRIPT "meshagent-install.js"
#define SETTINGS_MARKER "'@SETTINGS@'"
/* The script before our own agent's archive. */
#define OWN_SCRIPT "bowline-self-install.sh"
#define PROGRAM_TICKET "agent-program" /* an agent's core that replaces its program */

#define NO_PROGRAM                                                                                                     \
  "This server has no such agent program. Its administrator can add it with: bowlinectl agents import DIR\n"          \
  "On Linux the server's own agent needs no such program: bowline-agent, from your distribution or this server's "     \
  "packages.\n"

#define NO_SCRIPT "This server has no install script of this number.\n"

struct _BlAgentDownloads
{
  BowlineHost *host;
  BlAgentBinaries *binaries;
  guint64 registrations[2];
};

/* Processors we have builds of our own agent for, as `uname -m` says. */
static const char *const own_builds[] = { "x86_64", "aarch64", "armv7l", "riscv64", NULL };

char *
bl_agent_downloads_find (BowlineHost *host, const char *directory, const char *name)
{
  const char *base = bowline_host_get_package_data_dir (host);
  g_autofree char *built = g_build_filename (base, "data", directory, name, NULL);

  if (g_file_test (built, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&built);
  return g_build_filename (base, directory, name, NULL);
}

static void
answer_text (BowlineHttpRequest *request, guint32 status, const char *text)
{
  g_autoptr (GBytes) body = g_bytes_new (text, strlen (text));

  bowline_http_request_respond (request, status, "text/plain; charset=utf-8", body);
}

static void
name_file (BowlineHttpRequest *request, const char *name)
{
  g_autofree char *disposition = g_strdup_printf ("attachment; filename=\"%s\"", name);

  bowline_http_request_add_header (request, "Content-Disposition", disposition);
  bowline_http_request_add_header (request, "Cache-Control", "no-store");
}

/* ---- who may -------------------------------------------------------------------------------------------------------- */

/* @mesh_id: (nullable): when given, the group the download is for */
static gboolean
is_allowed (BlAgentDownloads *downloads, BowlineHttpRequest *request, const char *mesh_id)
{
  BowlinePrincipal *principal;

  if (!bowline_host_get_boolean (downloads->host, "lock-agent-download"))
    return TRUE;
  principal = bowline_http_request_get_principal (request);
  return principal != NULL
         && (mesh_id == NULL || bowline_may (downloads->host, principal, mesh_id, BL_RIGHT_EDIT_GROUP));
}

/*
 * MeshCentral's pages of invitations name the group in a cookie: {m: GROUP}. Those with "a" are invitations and
 * shares, which have pages of their own.
 */
static GVariant *
open_cookie (BowlineHost *host, const char *text)
{
  BowlineAuth auth = { .struct_size = sizeof auth };
  g_autoptr (GVariant) cookie = NULL;
  gpointer self;

  if (strlen (text) > MAX_COOKIE || !bowline_host_get_auth (host, &auth, &self) || auth.cookie_open == NULL)
    return NULL;
  cookie = auth.cookie_open (self, BOWLINE_COOKIE_INVITATION, text, COOKIE_MINUTES, NULL);
  if (cookie == NULL || bl_variant_has (cookie, "a"))
    return NULL;
  return g_steal_pointer (&cookie);
}

/* @asked: (nullable): 64 characters of an id, or a cookie that holds them */
static GVariant *
dup_group (BlAgentDownloads *downloads, const char *asked)
{
  g_autoptr (GVariant) cookie = NULL;
  g_autoptr (GVariant) mesh = NULL;
  g_autofree char *mesh_id = NULL;

  if (asked == NULL)
    return NULL;
  cookie = strlen (asked) > 64 ? open_cookie (downloads->host, asked) : NULL;
  if (cookie != NULL)
    asked = bl_variant_get_string (cookie, "m");
  mesh_id = asked != NULL ? bl_id_complete (BL_ID_MESH, NULL, asked, NULL) : NULL;
  mesh = mesh_id != NULL ? bowline_directory_dup (downloads->host, mesh_id) : NULL;
  if (mesh == NULL || bl_variant_get_int (mesh, "mtype", 0) != 2 || bl_variant_has (mesh, "deleted"))
    return NULL;
  return g_steal_pointer (&mesh);
}

/* The settings a request asks for, or an answer that there are none. @key: the parameter that names the group */
static BlMsh *
settings_or_answer (BlAgentDownloads *downloads, BowlineHttpRequest *request, const char *key)
{
  g_autoptr (GVariant) mesh = dup_group (downloads, bowline_http_request_get_query (request, key));
  const BlAgentSettingsWish wish = {
    .tag = bowline_http_request_get_query (request, "tag"),
    .install_flags = bowline_http_request_get_query (request, "installflags"),
    .host = bowline_http_request_get_host (request),
  };
  g_autoptr (GError) error = NULL;
  BlMsh *settings;

  if (mesh == NULL || !is_allowed (downloads, request, bl_variant_get_string (mesh, "_id")))
    {
      answer_text (request, 401, "There is no such device group.\n");
      return NULL;
    }
  settings = bl_agent_settings_build (downloads->host, mesh, &wish, &error);
  if (settings == NULL)
    answer_text (request, 400, error->message);
  return settings;
}

static void
settings_cb (BowlineHttpRequest *request, gpointer user_data)
{
  g_autoptr (BlMsh) settings = settings_or_answer (user_data, request, "id");
  g_autoptr (GBytes) body = NULL;
  char *text;

  if (settings == NULL)
    return;
  text = bl_msh_to_text (settings);
  body = g_bytes_new_take (text, strlen (text));
  name_file (request, "meshagent.msh");
  bowline_http_request_respond (request, 200, "application/octet-stream", body);
}

/* ---- programs ------------------------------------------------------------------------------------------------------- */

/* A request that waits for its program to be checked. */
typedef struct
{
  BlAgentDownloads *downloads;
  BowlineHttpRequest *request;
  BlMsh *settings;   /* (nullable): to be put into the program */
  GBytes *script;    /* (nullable): to be put behind it */
  char *head;        /* (nullable): text that, with the settings in it, is put before it */
  char *given;       /* file name for the client */
  gboolean zip;
} Wish;

static void
wish_free (gpointer data)
{
  Wish *wish = data;

  bowline_http_request_unref (wish->request);
  g_clear_pointer (&wish->settings, bl_msh_free);
  g_clear_pointer (&wish->script, g_bytes_unref);
  g_free (wish->head);
  g_free (wish->given);
  g_free (wish);
}

static gboolean
add_embedded (BlAgentBody *body, BlAgentBinary *binary, BlMsh *settings, GError **error)
{
  g_auto (BlExeEmbed) embed = { 0 };
  guint64 at = 0;

  if (!bl_exe_embed_msh (&binary->exe, binary->certificate, settings, &embed, error))
    return FALSE;
  for (guint i = 0; i < embed.n_patches; i++)
    {
      g_autoptr (GBytes) patch = g_bytes_new (embed.patches[i].bytes, sizeof embed.patches[i].bytes);

      bl_agent_body_add_file (body, at, embed.patches[i].pos);
      bl_agent_body_add_bytes (body, patch);
      at = embed.patches[i].pos + sizeof embed.patches[i].bytes;
    }
  bl_agent_body_add_file (body, at, binary->entry.size);
  bl_agent_body_add_bytes (body, embed.tail);
  return TRUE;
}

static void
add_zipped (BlAgentBody *body, BlAgentBinary *binary, const char *name)
{
  g_autoptr (GBytes) head = NULL;
  g_autoptr (GBytes) tail = NULL;

  bl_agent_zip_wrap (name, binary->time, (guint32) binary->entry.size, binary->crc, &head, &tail);
  bl_agent_body_add_bytes (body, head);
  bl_agent_body_add_file (body, 0, binary->entry.size);
  bl_agent_body_add_bytes (body, tail);
}

/* The program as the wish wants it, if it can be had so. */
static gboolean
add_program (BlAgentBody *body, BlAgentBinary *binary, Wish *wish, GError **error)
{
  g_autoptr (GBytes) head = NULL;

  if (wish->zip)
    {
      add_zipped (body, binary, wish->given);
      return TRUE;
    }
  if (wish->settings != NULL && wish->head == NULL)
    return add_embedded (body, binary, wish->settings, error);
  if (wish->head != NULL)
    {
      head = bl_agent_installer_head (wish->head, wish->settings, binary->entry.size, binary->entry.hash);
      if (head == NULL)
        {
          g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID,
                               OWN_SCRIPT ": expected @SIZE@, @SHA384@ and @SETTINGS@, in this order");
          return FALSE;
        }
      bl_agent_body_add_bytes (body, head);
    }
  bl_agent_body_add_file (body, 0, binary->entry.size);
  return TRUE;
}

static void
send_cb (BlAgentBinary *binary, gpointer user_data)
{
  Wish *wish = user_data;
  g_autoptr (BlAgentBody) body = binary != NULL ? bl_agent_body_new (binary) : NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *name = wish->zip ? g_strconcat (wish->given, ".zip", NULL) : g_strdup (wish->given);

  if (body == NULL)
    {
      answer_text (wish->request, 404, NO_PROGRAM);
      return;
    }
  if (!add_program (body, binary, wish, &error))
    {
      bowline_host_log (wish->downloads->host, BOWLINE_LOG_WARNING, NULL, "%s: %s", binary->path, error->message);
      answer_text (wish->request, 404, NO_PROGRAM);
      return;
    }
  if (wish->script != NULL)
    bl_agent_body_add_bytes (body, wish->script);
  bl_agent_body_send (g_steal_pointer (&body), wish->request, name);
}

static Wish *
wish_new (BlAgentDownloads *downloads, BowlineHttpRequest *request, const char *given)
{
  Wish *wish = g_new0 (Wish, 1);

  wish->downloads = downloads;
  wish->request = bowline_http_request_ref (request);
  wish->given = g_strdup (given);
  return wish;
}

/* @settings, @script: (transfer full) (nullable) */
static void
send_program (BlAgentDownloads *downloads, BowlineHttpRequest *request, const char *file, const char *given, BlMsh *settings,
              GBytes *script)
{
  Wish *wish = wish_new (downloads, request, given);

  wish->settings = settings;
  wish->script = script;
  wish->zip = g_strcmp0 (bowline_http_request_get_query (request, "zip"), "1") == 0 && settings == NULL && script == NULL;
  bl_agent_binaries_get (downloads->binaries, file, send_cb, wish, wish_free);
}

/* @archive: of our own agent; @settings: (transfer full) */
static void
send_own_installer (BlAgentDownloads *downloads, BowlineHttpRequest *request, const char *archive, const char *given,
                    BlMsh *settings)
{
  g_autofree char *path = bl_agent_downloads_find (downloads->host, "install", OWN_SCRIPT);
  Wish *wish = wish_new (downloads, request, given);
  gsize length;

  wish->settings = settings;
  if (g_file_get_contents (path, &wish->head, &length, NULL) && length <= MAX_SCRIPT)
    {
      bl_agent_binaries_get (downloads->binaries, archive, send_cb, wish, wish_free);
      return;
    }
  answer_text (request, 404, NO_SCRIPT);
  wish_free (wish);
}

/* meshagent64-Group.exe: what is not a plain letter or digit of the group's name becomes "_". */
static char *
name_with_group (const char *given, BlMsh *settings)
{
  const char *dot = strrchr (given, '.');
  g_autofree char *group = g_strdup (bl_msh_get (settings, "MeshName"));

  for (char *c = group; c != NULL && *c != '\0'; c++)
    if (!g_ascii_isalnum (*c) && *c != '-' && *c != '.')
      *c = '_';
  if (dot == NULL)
    dot = given + strlen (given);
  return g_strdup_printf ("%.*s-%s%s", (int) (dot - given), given, group != NULL ? group : "", dot);
}

/* ---- the install scripts -------------------------------------------------------------------------------------------- */

static char *
root_pem (BowlineHost *host)
{
  g_autoptr (GBytes) der = NULL;
  g_autofree char *base64 = NULL;
  GString *pem;
  gsize size;
  gconstpointer data;

  if (bowline_identity_is_trusted (host))
    return g_strdup ("");
  der = bowline_identity_dup_certificate (host, BOWLINE_CERTIFICATE_ROOT);
  data = g_bytes_get_data (der, &size);
  base64 = g_base64_encode (data, size);
  pem = g_string_new ("-----BEGIN CERTIFICATE-----\n");
  for (const char *c = base64; *c != '\0'; c += strnlen (c, 64))
    g_string_append_printf (pem, "%.64s\n", c);
  g_string_append (pem, "-----END CERTIFICATE-----");
  return g_string_free (pem, FALSE);
}

static void
send_script (BowlineHost *host, BowlineHttpRequest *request)
{
  g_autofree char *path = bl_agent_downloads_find (host, "install", SCRIPT);
  g_autofree char *script = NULL;
  g_autofree char *root = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GBytes) body = NULL;
  g_auto (GStrv) parts = NULL;
  gsize length = 0;

  if (!g_file_get_contents (path, &script, &length, NULL) || length > MAX_SCRIPT)
    {
      answer_text (request, 404, NO_SCRIPT);
      return;
    }
  root = root_pem (host);
  parts = g_strsplit (script, ROOT_MARKER, 2);
  text = g_strjoinv (root, parts);
  body = g_bytes_new (text, strlen (text));
  name_file (request, "meshinstall.sh");
  bowline_http_request_respond (request, 200, "text/plain; charset=utf-8", body);
}

/* The script that asks or takes orders when a program is started that has it inside, with the group's settings in it.
 * @settings: (nullable): without them the script says that there are none */
static GBytes *
make_program_script (BlAgentDownloads *downloads, BlMsh *settings)
{
  g_autofree char *path = bl_agent_downloads_find (downloads->host, "install", PROGRAM_SCRIPT);
  g_autofree char *script = NULL;
  g_autoptr (GString) json = g_string_new ("{");
  g_autofree const char **keys = settings != NULL ? bl_msh_get_keys (settings) : NULL;
  g_autofree char *text = NULL;
  g_auto (GStrv) parts = NULL;
  gsize length = 0;

  if (!g_file_get_contents (path, &script, &length, NULL) || length > MAX_SCRIPT)
    return NULL;
  for (guint i = 0; keys != NULL && keys[i] != NULL; i++)
    {
      if (i > 0)
        g_string_append_c (json, ',');
      bl_json_append_string (json, keys[i]);
      g_string_append_c (json, ':');
      bl_json_append_string (json, bl_msh_get (settings, keys[i]));
    }
  g_string_append_c (json, '}');
  parts = g_strsplit (script, SETTINGS_MARKER, 2);
  text = g_strjoinv (json->str, parts);
  length = strlen (text);
  return g_bytes_new_take (g_steal_pointer (&text), length);
}

static void
send_script_number (BlAgentDownloads *downloads, BowlineHttpRequest *request, const char *number)
{
  g_autoptr (GBytes) script = NULL;

  if (g_str_equal (number, "1"))
    {
      send_script (downloads->host, request);
      return;
    }
  script = g_str_equal (number, "6") ? make_program_script (downloads, NULL) : NULL;
  if (script == NULL)
    {
      answer_text (request, 404, NO_SCRIPT);
      return;
    }
  name_file (request, "meshinstall.js");
  bowline_http_request_respond (request, 200, "text/plain; charset=utf-8", script);
}

/* ---- what is asked for ---------------------------------------------------------------------------------------------- */

static const BlAgentProgram *
find_program (const char *number)
{
  guint64 id;

  if (number == NULL || !g_ascii_string_to_unsigned (number, 10, 0, 65535, &id, NULL))
    return NULL;
  return bl_agent_program_find ((guint) id);
}

/* Which agent a program that installs itself holds. Returns: (nullable): the archive of ours; otherwise it is MeshAgent */
static const char *
choose_own (BlAgentDownloads *downloads, const BlAgentProgram *program)
{
  const char *choice = bowline_host_get_string (downloads->host, "self-installer");
  const char *archive = bl_agent_installer_archive (program->id);

  if (archive == NULL || g_strcmp0 (choice, "meshagent") == 0)
    return NULL;
  if (g_strcmp0 (choice, "bowline-agent") == 0)
    return archive;
  return !bl_agent_binaries_has (downloads->binaries, program->file)
                 && bl_agent_binaries_has (downloads->binaries, archive)
             ? archive
             : NULL;
}

/* `meshinstall`: a program that installs itself; here `id` is the group. */
static void
send_self_installer (BlAgentDownloads *downloads, BowlineHttpRequest *request, const char *number)
{
  const BlAgentProgram *program = find_program (number);
  g_autoptr (BlMsh) settings = NULL;
  g_autoptr (GBytes) script = NULL;
  const char *own;
  gsize size;
  gconstpointer data;

  if (program == NULL || program->format == BL_EXE_PE || program->format == BL_EXE_ZIP)
    {
      answer_text (request, 404, "Expected the number of an agent program that can install itself.\n");
      return;
    }
  settings = settings_or_answer (downloads, request, "id");
  if (settings == NULL)
    return;
  own = choose_own (downloads, program);
  if (own != NULL)
    {
      send_own_installer (downloads, request, own, program->given, g_steal_pointer (&settings));
      return;
    }
  script = make_program_script (downloads, settings);
  if (script == NULL)
    {
      answer_text (request, 404, NO_SCRIPT);
      return;
    }
  data = g_bytes_get_data (script, &size);
  send_program (downloads, request, program->file, program->given, NULL, bl_exe_script_trailer (data, size));
}

static gboolean
has_ticket (BlAgentDownloads *downloads, BowlineHttpRequest *request, const BlAgentProgram *program)
{
  const char *text = bowline_http_request_get_query (request, "auth");
  g_autoptr (GVariant) ticket = text != NULL ? bowline_ticket_open (downloads->host, PROGRAM_TICKET, text, NULL) : NULL;

  return ticket != NULL && g_strcmp0 (bl_variant_get_string (ticket, "file"), program->file) == 0;
}

/* `id`: a program; one for Windows with the settings of `meshid` in it. */
static void
send_numbered (BlAgentDownloads *downloads, BowlineHttpRequest *request, const BlAgentProgram *program)
{
  g_autoptr (BlMsh) settings = NULL;
  g_autofree char *given = NULL;

  if (!is_allowed (downloads, request, NULL) && !has_ticket (downloads, request, program))
    {
      answer_text (request, 401, "Sign in first.\n");
      return;
    }
  if (program->format != BL_EXE_PE || bowline_http_request_get_query (request, "meshid") == NULL)
    {
      send_program (downloads, request, program->file, program->given, NULL, NULL);
      return;
    }
  settings = settings_or_answer (downloads, request, "meshid");
  if (settings == NULL)
    return;
  given = name_with_group (program->given, settings);
  send_program (downloads, request, program->file, given, g_steal_pointer (&settings), NULL);
}

/* Without anything, and with a session: what there is. */
static void
send_list (BlAgentDownloads *downloads, BowlineHttpRequest *request)
{
  GVariant *index = bl_agent_binaries_get_index (downloads->binaries);
  g_autoptr (GVariant) listed = index != NULL ? bl_variant_get_object (index, "programs") : NULL;
  g_autoptr (GVariant) document = NULL;
  g_autoptr (GBytes) json = NULL;
  guint n;
  const BlAgentProgram *programs = bl_agent_programs (&n);
  GVariantBuilder rows, answer;

  if (bowline_http_request_get_principal (request) == NULL)
    {
      answer_text (request, 404, "Expected ?id=NUMBER of an agent program, or ?script=1.\n");
      return;
    }
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("av"));
  for (guint i = 0; listed != NULL && i < n; i++)
    {
      g_autoptr (GVariant) entry = bl_variant_get_object (listed, programs[i].file);
      g_autoptr (GVariant) row = NULL;
      g_autoptr (GVariant) named = NULL;

      if (entry == NULL)
        continue;
      named = bl_doc_set_string (entry, "file", programs[i].file);
      row = bl_doc_set_int (named, "id", programs[i].id);
      g_variant_builder_add (&rows, "v", row);
    }
  g_variant_builder_init (&answer, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&answer, "{sv}", "programs", g_variant_builder_end (&rows));
  document = g_variant_ref_sink (g_variant_builder_end (&answer));
  json = bl_json_from_variant (document, NULL);
  bowline_http_request_add_header (request, "Cache-Control", "no-store");
  bowline_http_request_respond (request, 200, "application/json", json);
}

static void
programs_cb (BowlineHttpRequest *request, gpointer user_data)
{
  BlAgentDownloads *downloads = user_data;
  const char *script = bowline_http_request_get_query (request, "script");
  const char *build = bowline_http_request_get_query (request, "bowline");
  const char *id = bowline_http_request_get_query (request, "id");
  const char *install = bowline_http_request_get_query (request, "meshinstall");
  const BlAgentProgram *program = find_program (id);

  if (script != NULL)
    send_script_number (downloads, request, script);
  else if (build != NULL && g_strv_contains (own_builds, build))
    {
      g_autofree char *name = g_strdup_printf ("bowline-agent-linux-%s.tar.gz", build);
      send_program (downloads, request, name, name, NULL, NULL);
    }
  else if (install != NULL)
    send_self_installer (downloads, request, install);
  else if (program != NULL)
    send_numbered (downloads, request, program);
  else if (id == NULL && build == NULL)
    send_list (downloads, request);
  else
    answer_text (request, 404, "There is no agent program of this number.\n");
}

/* ---- registration --------------------------------------------------------------------------------------------------- */

BlAgentDownloads *
bl_agent_downloads_new (BowlineHost *host, BlAgentBinaries *binaries, GError **error)
{
  const BowlineEndpoint settings = {
    .struct_size = sizeof settings,
    .flags = BOWLINE_ENDPOINT_REDIRECT_PORT | BOWLINE_ENDPOINT_COOKIE,
    .path = "/meshsettings",
    .methods = "GET",
    .request = settings_cb,
  };
  const BowlineEndpoint programs = {
    .struct_size = sizeof programs,
    .flags = BOWLINE_ENDPOINT_REDIRECT_PORT | BOWLINE_ENDPOINT_COOKIE,
    .path = "/meshagents",
    .methods = "GET",
    .request = programs_cb,
  };
  g_autoptr (BlAgentDownloads) downloads = g_new0 (BlAgentDownloads, 1);

  downloads->host = host;
  downloads->binaries = binaries;
  downloads->registrations[0] = bowline_host_register_endpoint (host, &settings, downloads, error);
  if (downloads->registrations[0] == 0)
    return NULL;
  downloads->registrations[1] = bowline_host_register_endpoint (host, &programs, downloads, error);
  return downloads->registrations[1] != 0 ? g_steal_pointer (&downloads) : NULL;
}

void
bl_agent_downloads_free (BlAgentDownloads *downloads)
{
  for (guint i = 0; i < G_N_ELEMENTS (downloads->registrations); i++)
    if (downloads->registrations[i] != 0)
      bowline_host_unregister_endpoint (downloads->host, downloads->registrations[i]);
  g_free (downloads);
}
