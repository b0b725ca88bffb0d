// SPDX-License-Identifier: Apache-2.0
/* What the module hands out to machines that are to become devices. */
#include <string.h>
#include <sys/stat.h>

#include "bl-agent-zip.h"
#include "bl-agents-testing.h"
#include "common/bl-agent-programs.h"
#include "common/bl-json.h"

/* ---- a server with programs ----------------------------------------------------------------------------------- */

static gboolean
is_answered (gpointer data)
{
  return bl_test_request_get_status (data) != 0;
}

/* @query: pairs, ended by NULL */
static BowlineHttpRequest *
ask (BlAgentsEnv *env, const char *path, const char *const *query, const char *const *headers)
{
  const BlTestRequest given = { .path = path, .query = query, .headers = headers };
  BowlineHttpRequest *request = bl_test_host_request (env->test, &given);

  g_assert_true (bl_test_host_wait (is_answered, request, 20));
  bl_test_host_settle ();
  return request;
}

static GBytes *
get (BlAgentsEnv *env, const char *path, const char *const *query, guint32 status)
{
  g_autoptr (BowlineHttpRequest) request = ask (env, path, query, NULL);

  g_assert_cmpuint (bl_test_request_get_status (request), ==, status);
  return bl_test_request_dup_answer (request);
}

static gboolean
has_text (GBytes *body, const char *text)
{
  gsize size;
  const char *data = g_bytes_get_data (body, &size);

  return g_strstr_len (data, (gssize) size, text) != NULL;
}

/* ---- settings --------------------------------------------------------------------------------------------------- */

static void
test_settings (BlAgentsEnv *env, gconstpointer data)
{
  g_autofree char *hex = bl_id48_to_hex (bl_agents_testing.mesh_id, TRUE);
  g_autofree char *expected = g_strconcat ("MeshID=0x", hex, "\r\n", NULL);
  const char *id = strrchr (env->mesh, '/') + 1;
  g_autoptr (GBytes) text = get (env, "/meshsettings", (const char *const[]){ "id", id, NULL }, 200);
  g_autoptr (GBytes) unknown = get (env, "/meshsettings", (const char *const[]){ "id", "nonsense", NULL }, 401);
  g_autoptr (GBytes) none = get (env, "/meshsettings", (const char *const[]){ NULL }, 401);
  g_autoptr (GBytes) more
      = get (env, "/meshsettings", (const char *const[]){ "id", id, "tag", "north", "installflags", "2", NULL }, 200);
  g_autoptr (GBytes) bad = get (env, "/meshsettings", (const char *const[]){ "id", id, "tag", "a\nb", NULL }, 400);

  g_assert_true (has_text (text, expected));
  g_assert_true (has_text (text, "MeshServer=wss://server.example.org:8443/agent.ashx\r\n"));
  g_assert_true (has_text (text, "MeshName=Group\r\n"));
  g_assert_false (has_text (text, "Tag="));
  g_assert_true (has_text (more, "Tag=north\r\n"));
  g_assert_true (has_text (more, "InstallFlags=2\r\n"));
}

/* Cookies are the module auth's: here their text is what they hold. */
static GVariant *
cookie_open (gpointer self, guint32 purpose, const char *text, guint32 minutes, GError **error)
{
  g_assert_cmpuint (purpose, ==, BOWLINE_COOKIE_INVITATION);
  g_assert_cmpuint (minutes, ==, 2);
  return g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, error);
}

static void
test_cookie (BlAgentsEnv *env, gconstpointer data)
{
  static const BowlineAuth auth = { .struct_size = sizeof auth, .cookie_open = cookie_open };
  const char *id = strrchr (env->mesh, '/') + 1;
  g_autofree char *good = g_strdup_printf ("{'m': <'%s'>}", id);
  g_autofree char *share = g_strdup_printf ("{'a': <@x 6>, 'm': <'%s'>}", id);
  g_autofree char *other = g_strdup_printf ("{'pid': <'%s'>}", id);
  g_autofree char *padding = g_strnfill (1024, ' ');
  g_autofree char *huge = g_strconcat (good, padding, NULL);
  const char *const refused[] = { share, other, huge };
  g_autoptr (GBytes) unopened = get (env, "/meshsettings", (const char *const[]){ "id", good, NULL }, 401);
  g_autoptr (GBytes) plain = get (env, "/meshsettings", (const char *const[]){ "id", id, NULL }, 200);
  g_autoptr (GBytes) text = NULL;

  bl_test_host_set_auth (env->test, &auth, NULL);
  text = get (env, "/meshsettings", (const char *const[]){ "id", good, NULL }, 200);
  g_assert_true (g_bytes_equal (text, plain));
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autoptr (GBytes) body
          = get (env, "/meshsettings", (const char *const[]){ "id", refused[i], NULL }, 401);

      g_assert_true (has_text (body, "no such device group"));
    }
}

static void
test_configured_settings (BlAgentsEnv *env, gconstpointer data)
{
  const char *id = strrchr (env->mesh, '/') + 1;
  g_autoptr (GBytes) text = NULL;

  bl_test_host_set (env->test, "agent-key", "first;second");
  bl_test_host_set (env->test, "agent-config", "WebProxy=http://proxy:3128;disableUpdate=1");
  bl_test_host_set (env->test, "agent-display-name", "Help from IT");
  bl_agents_env_activate (env);
  text = get (env, "/meshsettings", (const char *const[]){ "id", id, NULL }, 200);
  g_assert_true (has_text (text, "MeshServer=wss://server.example.org:8443/agent.ashx?key=first\r\n"));
  g_assert_true (has_text (text, "WebProxy=http://proxy:3128\r\n"));
  g_assert_true (has_text (text, "disableUpdate=1\r\n"));
  g_assert_true (has_text (text, "displayName=Help from IT\r\n"));
}

static void
test_locked (BlAgentsEnv *env, gconstpointer data)
{
  const char *id = strrchr (env->mesh, '/') + 1;
  g_autoptr (GBytes) settings = NULL;
  g_autoptr (GBytes) program = NULL;

  bl_test_host_set (env->test, "lock-agent-download", "true");
  bl_agents_env_activate (env);
  bl_agents_env_put_program (env, "meshagent_x86-64", "program", 7, "program");
  settings = get (env, "/meshsettings", (const char *const[]){ "id", id, NULL }, 401);
  program = get (env, "/meshagents", (const char *const[]){ "id", "6", NULL }, 401);
}

/* ---- programs --------------------------------------------------------------------------------------------------- */

static void
test_programs (BlAgentsEnv *env, gconstpointer data)
{
  static const char *const six[] = { "id", "6", NULL };
  g_autofree char *content = g_strnfill (200000, 'a');
  g_autoptr (GBytes) missing = get (env, "/meshagents", six, 404);
  g_autoptr (GBytes) unknown = get (env, "/meshagents", (const char *const[]){ "id", "../etc/passwd", NULL }, 404);
  g_autoptr (GBytes) own = get (env, "/meshagents", (const char *const[]){ "bowline", "../x", NULL }, 404);
  g_autoptr (GBytes) list = get (env, "/meshagents", (const char *const[]){ NULL }, 404);
  g_autoptr (GBytes) found = NULL;
  g_autoptr (GBytes) again = NULL;
  g_autoptr (GBytes) newer = NULL;

  g_assert_true (has_text (missing, "bowlinectl agents import"));
  g_assert_true (has_text (missing, "bowline-agent"));
  bl_agents_env_put_program (env, "meshagent_x86-64", content, 200000, content);
  found = get (env, "/meshagents", six, 200);
  g_assert_cmpmem (g_bytes_get_data (found, NULL), g_bytes_get_size (found), content, 200000);
  again = get (env, "/meshagents", (const char *const[]){ "id", "6", "meshid", "ignored", "ac", "1", NULL }, 200);
  g_assert_true (g_bytes_equal (found, again));
  /* An import while the server runs. */
  content[0] = 'b';
  bl_agents_env_put_program (env, "meshagent_x86-64", content, 100000, content);
  newer = get (env, "/meshagents", six, 200);
  g_assert_cmpmem (g_bytes_get_data (newer, NULL), g_bytes_get_size (newer), content, 100000);
}

static void
test_changed_program (BlAgentsEnv *env, gconstpointer data)
{
  static const char *const six[] = { "id", "6", NULL };
  g_autofree char *path = bl_agents_env_program_path (env, "meshagent_x86-64");
  g_autoptr (GBytes) other = NULL;
  g_autoptr (GBytes) good = NULL;
  g_autoptr (GBytes) replaced = NULL;

  bl_agents_env_put_program (env, "meshagent_x86-64", "evil!", 5, "good!");
  other = get (env, "/meshagents", six, 404);
  bl_agents_env_put_program (env, "meshagent_x86-64", "good!", 5, "good!");
  good = get (env, "/meshagents", six, 200);
  g_assert_true (g_file_set_contents (path, "evil!", 5, NULL));
  replaced = get (env, "/meshagents", six, 404);
}

static void
test_known_version (BlAgentsEnv *env, gconstpointer data)
{
  static const char *const six[] = { "id", "6", NULL };
  g_autoptr (BowlineHttpRequest) first = NULL;
  g_autoptr (BowlineHttpRequest) second = NULL;
  g_autoptr (BowlineHttpRequest) other = NULL;
  const char *tag;

  bl_agents_env_put_program (env, "meshagent_x86-64", "program", 7, "program");
  first = ask (env, "/meshagents", six, NULL);
  tag = bl_test_request_get_answer_header (first, "ETag");
  g_assert_nonnull (tag);
  g_assert_true (g_str_has_suffix (bl_test_request_get_answer_header (first, "Last-Modified"), " GMT"));
  second = ask (env, "/meshagents", six, (const char *const[]){ "If-None-Match", tag, NULL });
  g_assert_cmpuint (bl_test_request_get_status (second), ==, 304);
  other = ask (env, "/meshagents", (const char *const[]){ "id", "6", "zip", "1", NULL },
               (const char *const[]){ "If-None-Match", tag, NULL });
  g_assert_cmpuint (bl_test_request_get_status (other), ==, 200);
}

static void
test_embedded (BlAgentsEnv *env, gconstpointer data)
{
  const char *id = strrchr (env->mesh, '/') + 1;
  const char *const query[] = { "id", "4", "meshid", id, "installflags", "1", NULL };
  g_autoptr (GByteArray) pe = bl_agents_testing_make_pe ();
  g_autoptr (BowlineHttpRequest) first = NULL;
  g_autoptr (GBytes) body = NULL;
  g_autoptr (GBytes) again = NULL;
  g_autoptr (GBytes) plain = NULL;
  g_autoptr (GBytes) unknown = NULL;
  g_autoptr (BlMsh) inside = NULL;

  bl_agents_env_put_program (env, "MeshService64.exe", pe->data, pe->len, pe->data);
  first = ask (env, "/meshagents", query, NULL);
  g_assert_cmpuint (bl_test_request_get_status (first), ==, 200);
  g_assert_cmpstr (bl_test_request_get_answer_header (first, "Content-Disposition"), ==,
                   "attachment; filename=\"meshagent64-Group.exe\"");
  body = bl_test_request_dup_answer (first);
  again = get (env, "/meshagents", query, 200);
  g_assert_true (g_bytes_equal (body, again));
  inside = bl_exe_find_msh (g_bytes_get_data (body, NULL), g_bytes_get_size (body), NULL);
  g_assert_cmpstr (bl_msh_get (inside, "MeshName"), ==, "Group");
  g_assert_cmpstr (bl_msh_get (inside, "InstallFlags"), ==, "1");
  plain = get (env, "/meshagents", (const char *const[]){ "id", "4", NULL }, 200);
  g_assert_cmpuint (g_bytes_get_size (plain), ==, BL_AGENTS_TESTING_PE_SIZE);
  unknown = get (env, "/meshagents", (const char *const[]){ "id", "4", "meshid", "nonsense", NULL }, 401);
}

static void
test_zip (BlAgentsEnv *env, gconstpointer data)
{
  g_autoptr (GBytes) body = NULL;
  g_autoptr (GBytes) head = NULL;
  g_autoptr (GBytes) tail = NULL;
  g_autofree char *path = bl_agents_env_program_path (env, "meshagent_x86-64");
  const char *bytes;
  gsize size;
  struct stat st;

  bl_agents_env_put_program (env, "meshagent_x86-64", "123456789", 9, "123456789");
  body = get (env, "/meshagents", (const char *const[]){ "id", "6", "zip", "1", NULL }, 200);
  bytes = g_bytes_get_data (body, &size);
  g_assert_cmpint (stat (path, &st), ==, 0);
  /* The check value of CRC-32. */
  bl_agent_zip_wrap ("meshagent", st.st_mtim.tv_sec, 9, 0xCBF43926u, &head, &tail);
  g_assert_cmpuint (size, ==, g_bytes_get_size (head) + 9 + g_bytes_get_size (tail));
  g_assert_cmpmem (bytes, g_bytes_get_size (head), g_bytes_get_data (head, NULL), g_bytes_get_size (head));
  g_assert_cmpmem (bytes + g_bytes_get_size (head), 9, "123456789", 9);
  g_assert_cmpmem (bytes + g_bytes_get_size (head) + 9, g_bytes_get_size (tail), g_bytes_get_data (tail, NULL),
                   g_bytes_get_size (tail));
}

int
main (int argc, char **argv)
{
  int rc;

  g_test_init (&argc, &argv, NULL);
  bl_agents_testing_begin ();
#define ADD(name, later, function)                                                                                   \
  g_test_add ("/agents-downloads/" name, BlAgentsEnv, later, bl_agents_env_set_up, function, bl_agents_env_tear_down)
  ADD ("settings", NULL, test_settings);
  ADD ("cookie", NULL, test_cookie);
  ADD ("configured-settings", "later", test_configured_settings);
  ADD ("locked", "later", test_locked);
  ADD ("programs", NULL, test_programs);
  ADD ("changed-program", NULL, test_changed_program);
  ADD ("known-version", NULL, test_known_version);
  ADD ("embedded", NULL, test_embedded);
  ADD ("zip", NULL, test_zip);
  rc = g_test_run ();
  bl_agents_testing_end ();
  return rc;
}
