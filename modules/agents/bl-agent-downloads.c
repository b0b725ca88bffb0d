// SPDX-License-Identifier: Apache-2.0
/* Settings, programs and the install script for new devices. */
#include "bl-agent-downloads.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/bl-ids.h"
#include "common/bl-msh.h"
#include "common/bl-variant.h"

#define PIECE (64 * 1024)
#define MAX_SCRIPT (256 * 1024)
#define SCRIPT "bowline-install.sh"
/* A line of the script that is replaced by our root certificate, when clients cannot know it otherwise. */
#define ROOT_MARKER "@ROOT_CERTIFICATE@"

/* Numbers and file names of MeshAgent's builds; see agent-channel.md section 6. */
static const struct
{
  guint id;
  const char *file;
  const char *given;
} programs[] = {
  { 1, "MeshConsole.exe", "meshconsole32.exe" },
  { 2, "MeshConsole64.exe", "meshconsole64.exe" },
  { 3, "MeshService.exe", "meshagent32.exe" },
  { 4, "MeshService64.exe", "meshagent64.exe" },
  { 5, "meshagent_x86", "meshagent" },
  { 6, "meshagent_x86-64", "meshagent" },
  { 7, "meshagent_mips", "meshagent" },
  { 9, "meshagent_arm", "meshagent" },
  { 13, "meshagent_pogo", "meshagent" },
  { 14, "meshagent_android.apk", "meshandroid.apk" },
  { 15, "meshagent_poky", "meshagent" },
  { 16, "meshagent_osx-x86-64", "meshagent" },
  { 18, "meshagent_poky64", "meshagent" },
  { 19, "meshagent_x86_nokvm", "meshagent" },
  { 20, "meshagent_x86-64_nokvm", "meshagent" },
  { 24, "meshagent_arm-linaro", "meshagent" },
  { 25, "meshagent_armhf", "meshagent" },
  { 26, "meshagent_aarch64", "meshagent" },
  { 27, "meshagent_armhf2", "meshagent" },
  { 28, "meshagent_mips24kc", "meshagent" },
  { 29, "meshagent_osx-arm-64", "meshagent" },
  { 30, "meshagent_freebsd_x86-64", "meshagent" },
  { 32, "meshagent_aarch64", "meshagent" },
  { 33, "meshagent_openwrt_x86_64", "meshagent" },
  { 35, "meshagent_linux-armada370-hf", "meshagent" },
  { 36, "meshagent_openwrt_x86_64", "meshagent" },
  { 37, "meshagent_openbsd_x86-64", "meshagent" },
  { 40, "meshagent_mipsel24kc", "meshagent" },
  { 41, "meshagent_aarch64-cortex-a53", "meshagent" },
  { 42, "MeshConsoleARM64.exe", "meshconsolearm64.exe" },
  { 43, "MeshServiceARM64.exe", "meshagentarm64.exe" },
  { 45, "meshagent_riscv64", "meshagent" },
  { 10003, "MeshService.exe", "meshagent32.exe" },
  { 10004, "MeshService64.exe", "meshagent64.exe" },
  { 10005, "meshagent_osx-universal-64", "meshagent" },
  { 10006, "MeshCentralAssistant.exe", "MeshCentralAssistant.exe" },
};

/* Processors we have builds of our own agent for, as `uname -m` says. */
static const char *const own_builds[] = { "x86_64", "aarch64", "armv7l", "riscv64", NULL };

const char *
bl_agent_downloads_get_file (guint id, const char **given)
{
  for (guint i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      if (programs[i].id != id)
        continue;
      *given = programs[i].given;
      return programs[i].file;
    }
  return NULL;
}

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

/* ---- settings of a group ---------------------------------------------------------------------------------------- */

/* Where devices find us. A name without a dot is known in this network only under the name the client used. */
static char *
make_url (BowlineHost *host, BowlineHttpRequest *request)
{
  const char *name = bowline_identity_get_name (host);
  const char *asked = bowline_http_request_get_host (request);
  g_autoptr (GUri) uri = NULL;
  g_autofree char *text = NULL;
  guint32 port = bowline_identity_get_port (host);

  if (strchr (name, '.') == NULL && strchr (name, ':') == NULL && asked != NULL)
    {
      text = g_strconcat ("https://", asked, "/", NULL);
      uri = g_uri_parse (text, G_URI_FLAGS_NONE, NULL);
      if (uri != NULL && g_uri_get_host (uri) != NULL && *g_uri_get_host (uri) != '\0')
        name = g_uri_get_host (uri);
    }
  if (strchr (name, ':') != NULL)
    return g_strdup_printf ("wss://[%s]:%u/agent.ashx", name, port);
  return g_strdup_printf ("wss://%s:%u/agent.ashx", name, port);
}

static gboolean
parse_group (const char *mesh_id, guint8 id[BL_ID48_SIZE])
{
  const char *text = strrchr (mesh_id, '/') + 1;

  if (bl_id48_from_text (text, -1, id))
    return TRUE;
  /* An old id of 32 bytes, in hex. */
  memset (id, 0, BL_ID48_SIZE);
  return bl_hex_decode (text, strlen (text), id, 32);
}

static BlMsh *
build_settings (BowlineHost *host, BowlineHttpRequest *request, const char *mesh_id, GVariant *mesh, GError **error)
{
  g_autoptr (GBytes) server_id = bowline_identity_dup_server_id (host);
  g_autofree char *url = make_url (host, request);
  const char *name = bl_variant_get_string (mesh, "name");
  const char *tag = bowline_http_request_get_query (request, "tag");
  const char *flags = bowline_http_request_get_query (request, "installflags");
  g_autoptr (BlMsh) settings = NULL;
  guint8 id[BL_ID48_SIZE];

  if (!parse_group (mesh_id, id))
    {
      g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "the group's id has another form");
      return NULL;
    }
  settings = bl_msh_build (name != NULL ? name : "", id, g_bytes_get_data (server_id, NULL), url, error);
  if (settings == NULL || (tag != NULL && !bl_msh_set (settings, "Tag", tag, error)))
    return NULL;
  if (flags != NULL && (g_str_equal (flags, "1") || g_str_equal (flags, "2"))
      && !bl_msh_set (settings, "InstallFlags", flags, error))
    return NULL;
  return g_steal_pointer (&settings);
}

static void
settings_cb (BowlineHttpRequest *request, gpointer user_data)
{
  BowlineHost *host = user_data;
  const char *asked = bowline_http_request_get_query (request, "id");
  g_autofree char *mesh_id = asked != NULL ? bl_id_complete (BL_ID_MESH, NULL, asked, NULL) : NULL;
  g_autoptr (GVariant) mesh = mesh_id != NULL ? bowline_directory_dup (host, mesh_id) : NULL;
  g_autoptr (BlMsh) settings = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) body = NULL;
  char *text;

  if (mesh == NULL || bl_variant_get_int (mesh, "mtype", 0) != 2 || bl_variant_has (mesh, "deleted"))
    {
      answer_text (request, 401, "There is no such device group.\n");
      return;
    }
  settings = build_settings (host, request, mesh_id, mesh, &error);
  if (settings == NULL)
    {
      answer_text (request, 400, error->message);
      return;
    }
  text = bl_msh_to_text (settings);
  body = g_bytes_new_take (text, strlen (text));
  name_file (request, "meshagent.msh");
  bowline_http_request_respond (request, 200, "application/octet-stream", body);
}

/* ---- files ------------------------------------------------------------------------------------------------------ */

typedef struct
{
  int fd;
  gint64 left;
} Download;

static void
download_free (Download *download)
{
  close (download->fd);
  g_free (download);
}

static void
download_gone_cb (BowlineHttpRequest *request, gpointer user_data)
{
  download_free (user_data);
}

static void
download_writable_cb (BowlineHttpRequest *request, gpointer user_data)
{
  Download *download = user_data;
  gboolean more = TRUE;

  while (more && download->left > 0)
    {
      gsize want = (gsize) MIN (download->left, PIECE);
      g_autofree guint8 *piece = g_malloc (want);
      gssize n = read (download->fd, piece, want);
      g_autoptr (GBytes) bytes = NULL;

      if (n <= 0)
        {
          bowline_http_request_end (request, FALSE);
          download_free (download);
          return;
        }
      bytes = g_bytes_new_take (g_steal_pointer (&piece), (gsize) n);
      download->left -= n;
      more = bowline_http_request_write (request, bytes);
    }
  if (download->left > 0)
    return;
  bowline_http_request_end (request, TRUE);
  download_free (download);
}

static void
send_file (BowlineHost *host, BowlineHttpRequest *request, const char *file, const char *given)
{
  g_autofree char *path = g_build_filename (bowline_host_get_data_dir (host), "agents", file, NULL);
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  g_autoptr (GDateTime) changed = NULL;
  g_autofree char *date = NULL;
  Download *download;
  struct stat st;

  if (fd < 0 || fstat (fd, &st) != 0 || !S_ISREG (st.st_mode))
    {
      if (fd >= 0)
        close (fd);
      answer_text (request, 404,
                   "This server has no such agent program. Its administrator can add it with: bowlinectl agents import DIR\n");
      return;
    }
  changed = g_date_time_new_from_unix_utc (st.st_mtime);
  date = g_date_time_format (changed, "%a, %d %b %Y %H:%M:%S GMT");
  bowline_http_request_add_header (request, "Last-Modified", date);
  name_file (request, given);
  download = g_new0 (Download, 1);
  download->fd = fd;
  download->left = st.st_size;
  bowline_http_request_begin (request, 200, "application/octet-stream", st.st_size, download_writable_cb,
                              download_gone_cb, download);
}

/* ---- the install script ----------------------------------------------------------------------------------------- */

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
      answer_text (request, 404, "This server has no install script.\n");
      return;
    }
  root = root_pem (host);
  parts = g_strsplit (script, ROOT_MARKER, 2);
  text = g_strjoinv (root, parts);
  body = g_bytes_new (text, strlen (text));
  name_file (request, "meshinstall.sh");
  bowline_http_request_respond (request, 200, "text/plain; charset=utf-8", body);
}

static void
programs_cb (BowlineHttpRequest *request, gpointer user_data)
{
  BowlineHost *host = user_data;
  const char *id = bowline_http_request_get_query (request, "id");
  const char *build = bowline_http_request_get_query (request, "bowline");
  const char *file = NULL;
  const char *given = NULL;
  guint64 number;

  if (bowline_http_request_get_query (request, "script") != NULL)
    {
      send_script (host, request);
      return;
    }
  if (build != NULL && g_strv_contains (own_builds, build))
    {
      g_autofree char *name = g_strdup_printf ("bowline-agent-linux-%s.tar.gz", build);
      send_file (host, request, name, name);
      return;
    }
  if (id != NULL && g_ascii_string_to_unsigned (id, 10, 0, 65535, &number, NULL))
    file = bl_agent_downloads_get_file ((guint) number, &given);
  if (file != NULL)
    send_file (host, request, file, given);
  else
    answer_text (request, 404, "Expected ?id=NUMBER of an agent program, or ?script=1.\n");
}

/* ---- registration ----------------------------------------------------------------------------------------------- */

gboolean
bl_agent_downloads_register (BowlineHost *host, guint64 registrations[2], GError **error)
{
  const BowlineEndpoint settings = {
    .struct_size = sizeof settings,
    .flags = BOWLINE_ENDPOINT_REDIRECT_PORT,
    .path = "/meshsettings",
    .methods = "GET",
    .request = settings_cb,
  };
  const BowlineEndpoint files = {
    .struct_size = sizeof files,
    .flags = BOWLINE_ENDPOINT_REDIRECT_PORT,
    .path = "/meshagents",
    .methods = "GET",
    .request = programs_cb,
  };

  registrations[0] = bowline_host_register_endpoint (host, &settings, host, error);
  if (registrations[0] == 0)
    return FALSE;
  registrations[1] = bowline_host_register_endpoint (host, &files, host, error);
  return registrations[1] != 0;
}

void
bl_agent_downloads_unregister (BowlineHost *host, guint64 registrations[2])
{
  for (guint i = 0; i < 2; i++)
    if (registrations[i] != 0)
      bowline_host_unregister_endpoint (host, registrations[i]);
}
