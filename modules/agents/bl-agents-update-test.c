// SPDX-License-Identifier: Apache-2.0
/* New programs for agents, and cores that somebody asks for. */
#include <string.h>

#include "bl-agents-testing.h"
#include "common/bl-json.h"
#include "common/bl-variant.h"

#define RECOVERY "var core = 'recovery';"
#define PROGRAM_SIZE 150000u /* three blocks */

static char *program;
static guint8 program_hash[48], other_hash[48];

/* With data "late": the module is not active yet. */
static void
activate (BlAgentsEnv *env, const char *updates)
{
  g_autofree char *folder = g_build_filename (bowline_host_get_data_dir (bl_test_host_get (env->test)), "core", NULL);
  g_autofree char *recovery = g_build_filename (folder, "bowline-recovery.js", NULL);

  g_mkdir_with_parents (folder, 0700);
  g_assert_true (g_file_set_contents (recovery, RECOVERY, -1, NULL));
  bl_test_host_set (env->test, "agent-updates", updates);
  bl_test_host_set (env->test, "update-timeout", "2");
  bl_test_host_set (env->test, "storm-clear", "0");
  bl_test_host_set (env->test, "storm-refuse", "0");
  bl_agents_env_activate (env);
  bl_agents_env_put_program (env, "meshagent_x86-64", program, PROGRAM_SIZE, program);
}

static void
open_device (BlAgentsEnv *env, BlAgentsDevice *device, guint index, const guint8 *hash)
{
  bl_agents_device_init (device, bl_agents_testing.modulus, index);
  device->options.program_hash = hash;
  bl_agents_device_open (env, device);
}

static gboolean
has_core (BlFakeAgent *agent)
{
  return bl_fake_agent_is_stable (agent);
}

static gboolean
has_blocks (BlFakeAgent *agent)
{
  return bl_fake_agent_get_program (agent)->len > 0;
}

/* ---- blocks ----------------------------------------------------------------------------------------------------- */

static void
test_replaced (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };

  activate (env, "true");
  open_device (env, &device, 60, other_hash);
  g_assert_true (bl_agents_device_wait_for (&device, bl_fake_agent_has_program));
  g_assert_cmpmem (bl_fake_agent_get_program (device.agent)->data, bl_fake_agent_get_program (device.agent)->len, program,
                   PROGRAM_SIZE);
  g_assert_cmpuint (bl_fake_agent_get_pushes (device.agent), ==, 0);
  g_assert_cmpuint (bl_fake_agent_get_clears (device.agent), ==, 1);
  /* It comes back with the new one. */
  bl_agents_device_close (&device);
  device.options.program_hash = program_hash;
  bl_agents_device_open (env, &device);
  g_assert_true (bl_agents_device_wait_for (&device, has_core));
  g_assert_false (has_blocks (device.agent));
}

/* A bowline-agent says the number of a MeshAgent, and has another program. */
static void
test_own (BlAgentsEnv *env, gconstpointer data)
{
  static const guint8 none[48];
  g_auto (BlAgentsDevice) device = { 0 };
  g_autofree char *archive = g_strnfill (PROGRAM_SIZE, 'z');

  activate (env, "true");
  bl_agents_device_init (&device, bl_agents_testing.modulus, 75);
  device.options.date = "Bowline 0.1.0";
  device.options.program_hash = other_hash;
  bl_agents_device_open (env, &device);
  g_assert_true (bl_agents_device_wait_for (&device, has_core));
  g_assert_false (has_blocks (device.agent));
  bl_agents_device_close (&device);
  /* One that was imported is for it, and not for a package's. */
  bl_agents_env_put_program (env, "bowline-agent-linux-x86_64.tar.gz", archive, PROGRAM_SIZE, archive);
  bl_agents_device_open (env, &device);
  g_assert_true (bl_agents_device_wait_for (&device, bl_fake_agent_has_program));
  g_assert_cmpmem (bl_fake_agent_get_program (device.agent)->data, bl_fake_agent_get_program (device.agent)->len, archive,
                   PROGRAM_SIZE);
  bl_agents_device_close (&device);
  device.options.program_hash = none;
  bl_agents_device_open (env, &device);
  g_assert_true (bl_agents_device_wait_for (&device, has_core));
  g_assert_false (has_blocks (device.agent));
}

static void
test_is_own (void)
{
  g_assert_true (bl_agent_update_is_own ("Bowline 0.1.0", 13));
  g_assert_false (bl_agent_update_is_own ("Bowline ", 8));
  g_assert_false (bl_agent_update_is_own ("Bowlin", 6));
  g_assert_false (bl_agent_update_is_own ("2022-Nov-2 23:01:45-0700", 24));
  g_assert_cmpstr (bl_agent_update_own_file (26), ==, "bowline-agent-linux-aarch64.tar.gz");
  g_assert_null (bl_agent_update_own_file (4));
}

static void
test_forced (BlAgentsEnv *env, gconstpointer data)
{
  guint8 ones[48];
  g_auto (BlAgentsDevice) device = { 0 };

  memset (ones, 0xFF, sizeof ones);
  activate (env, "true");
  open_device (env, &device, 61, ones);
  g_assert_true (bl_agents_device_wait_for (&device, bl_fake_agent_has_program));
}

static void
expect_core_only (BlAgentsEnv *env, guint index, const guint8 *hash, guint32 caps)
{
  g_auto (BlAgentsDevice) device = { 0 };

  bl_agents_device_init (&device, bl_agents_testing.modulus, index);
  device.options.program_hash = hash;
  device.options.caps |= caps;
  bl_agents_device_open (env, &device);
  g_assert_true (bl_agents_device_wait_for (&device, has_core));
  g_assert_false (has_blocks (device.agent));
}

static void
test_left_alone (BlAgentsEnv *env, gconstpointer data)
{
  static const guint8 zeros[48];

  activate (env, "true");
  expect_core_only (env, 62, program_hash, 0);
  expect_core_only (env, 63, zeros, 0);
  expect_core_only (env, 64, other_hash, BL_AGENT_CAP_TEMPORARY);
  /* It does not answer the question at all. */
  expect_core_only (env, 65, NULL, 0);
}

static void
test_off (BlAgentsEnv *env, gconstpointer data)
{
  activate (env, "false");
  expect_core_only (env, 62, other_hash, 0);
}

static void
test_groups (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };

  bl_test_host_set (env->test, "agent-update-groups", "mesh//other");
  activate (env, "true");
  expect_core_only (env, 66, other_hash, 0);
  bl_test_host_set (env->test, "agent-update-groups", strrchr (env->mesh, '/') + 1);
  open_device (env, &device, 67, other_hash);
  g_assert_true (bl_agents_device_wait_for (&device, bl_fake_agent_has_program));
}

static void
test_changed_file (BlAgentsEnv *env, gconstpointer data)
{
  g_autofree char *path = bl_agents_env_program_path (env, "meshagent_x86-64");

  activate (env, "true");
  g_assert_true (g_file_set_contents (path, "something else", -1, NULL));
  expect_core_only (env, 68, other_hash, 0);
}

/* A device that stops taking blocks gets its core, and is tried again from the beginning, but not for ever. */
static void
test_stalls (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };

  activate (env, "true");
  bl_agents_device_init (&device, bl_agents_testing.modulus, 69);
  device.options.program_hash = other_hash;
  for (guint i = 0; i < BL_AGENT_UPDATE_ATTEMPTS; i++)
    {
      device.options.stall_after = 2;
      bl_agents_device_open (env, &device);
      g_assert_true (bl_agents_device_wait_for (&device, has_blocks));
      g_assert_true (bl_agents_device_wait_for (&device, has_core));
      g_assert_false (bl_fake_agent_has_program (device.agent));
      g_assert_cmpmem (bl_fake_agent_get_program (device.agent)->data, 65531, program, 65531);
      bl_agents_device_close (&device);
    }
  bl_agents_device_open (env, &device);
  g_assert_true (bl_agents_device_wait_for (&device, has_core));
  g_assert_false (has_blocks (device.agent));
}

/* Only so many at a time; who waits has a core, and whoever works there is not thrown out. */
static void
test_in_turn (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) first = { 0 };
  g_auto (BlAgentsDevice) second = { 0 };

  bl_test_host_set (env->test, "max-updates", "1");
  activate (env, "true");
  bl_agents_device_init (&first, bl_agents_testing.modulus, 70);
  first.options.program_hash = other_hash;
  first.options.stall_after = 1;
  bl_agents_device_open (env, &first);
  g_assert_true (bl_agents_device_wait_for (&first, has_blocks));
  open_device (env, &second, 71, other_hash);
  g_assert_true (bl_agents_device_wait_for (&second, has_core));
  g_assert_false (has_blocks (second.agent));
  bl_fake_agent_send_json (second.agent, "{\"action\":\"sessions\",\"type\":\"terminal\",\"value\":{\"user//a\":1}}");
  bl_agents_device_talk (&second);
  /* The first one's patience ends, which makes room. */
  g_assert_true (bl_agents_device_wait_for (&first, has_core));
  bl_agents_device_talk (&second);
  g_assert_false (has_blocks (second.agent));
  bl_fake_agent_send_json (second.agent, "{\"action\":\"sessions\",\"type\":\"terminal\",\"value\":{}}");
  g_assert_true (bl_agents_device_wait_for (&second, bl_fake_agent_has_program));
}

/* ---- by a script ------------------------------------------------------------------------------------------------ */

static GVariant *
find_json (BlFakeAgent *agent, const char *action)
{
  GPtrArray *json = bl_fake_agent_get_json (agent);

  for (guint i = 0; i < json->len; i++)
    {
      const char *text = g_ptr_array_index (json, i);
      g_autoptr (GVariant) message = bl_json_parse_object (text, strlen (text), NULL, BL_JSON_DEFAULT, NULL);
      if (message != NULL && g_strcmp0 (bl_variant_get_string (message, "action"), action) == 0)
        return g_steal_pointer (&message);
    }
  return NULL;
}

static gboolean
is_told (BlFakeAgent *agent)
{
  g_autoptr (GVariant) message = find_json (agent, "agentupdate");

  return message != NULL;
}

static void
open_windows (BlAgentsEnv *env, BlAgentsDevice *device, guint index, guint32 id, const char *date)
{
  g_autoptr (GByteArray) pe = bl_agents_testing_make_pe ();

  bl_agents_env_put_program (env, id == 3 ? "MeshService.exe" : "MeshService64.exe", pe->data, pe->len, pe->data);
  bl_agents_device_init (device, bl_agents_testing.modulus, index);
  device->options.program_hash = other_hash;
  device->options.agent_id = id;
  device->options.date = date;
  device->options.no_date = date == NULL;
  device->options.pkcs7 = TRUE;
  bl_agents_device_open (env, device);
}

static void
expect_script (BlAgentsEnv *env, guint index, guint32 id, const char *date)
{
  g_auto (BlAgentsDevice) device = { 0 };
  g_autoptr (GVariant) message = NULL;
  g_autofree char *prefix = g_strdup_printf ("*/meshagents?id=%u&auth=", id);

  open_windows (env, &device, index, id, date);
  g_assert_true (bl_agents_device_wait_for (&device, is_told));
  g_assert_cmpstr (bl_fake_agent_get_script (device.agent), ==, RECOVERY);
  g_assert_false (has_blocks (device.agent));
  message = find_json (device.agent, "agentupdate");
  g_assert_true (g_str_has_prefix (bl_variant_get_string (message, "url"), prefix));
  g_assert_cmpuint (strlen (bl_variant_get_string (message, "hash")), ==, 96);
  g_assert_cmpuint (strlen (bl_variant_get_string (message, "servertlshash")), ==, 96);
  bl_fake_agent_send_json (device.agent, "{\"action\":\"agentupdatedownloaded\"}");
  bl_agents_device_talk (&device);
}

static void
test_script (BlAgentsEnv *env, gconstpointer data)
{
  activate (env, "true");
  expect_script (env, 72, 4, "2021-Feb-6 12:00:00-0000");
  expect_script (env, 73, 4, NULL);
  expect_script (env, 74, 3, "2022-Nov-2 23:01:45-0700");
}

static void
test_new_windows (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };

  activate (env, "true");
  open_windows (env, &device, 75, 4, "2022-Nov-2 23:01:45-0700");
  g_assert_true (bl_agents_device_wait_for (&device, bl_fake_agent_has_program));
}

static void
test_asked_for (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };
  g_autoptr (GVariant) message = NULL;

  activate (env, "false");
  open_device (env, &device, 76, other_hash);
  g_assert_true (bl_agents_device_wait_for (&device, has_core));
  bl_fake_agent_send_json (device.agent, "{\"action\":\"agentupdate\",\"sessionid\":\"user//a/b\"}");
  g_assert_true (bl_agents_device_wait_for (&device, is_told));
  message = find_json (device.agent, "agentupdate");
  g_assert_cmpstr (bl_variant_get_string (message, "sessionid"), ==, "user//a/b");
}

static void
test_dates (void)
{
  static const char *const wrong[] = { "",           "2022",           "2022-Nov-2",     "2022-Foo-2 23:01:45-0700", "2022-Nov-32 23:01:45-0700",
                                       "2022-Nov-2 25:01:45-0700", "2022-Nov-2 23:01:45", "2022-Nov-2 23:01:45-07", "99999999999999999-Nov-2 23:01:45-0700",
                                       "2022-Feb-30 23:01:45-0700" };

#define DATE(text) bl_agent_update_parse_date (text, strlen (text))
  g_assert_cmpint (DATE ("2022-Nov-2 23:01:45-0700"), ==, G_GINT64_CONSTANT (1667455305000));
  g_assert_cmpint (DATE ("2021-Feb-07 23:26:53+0000"), ==, G_GINT64_CONSTANT (1612740413000));
  g_assert_cmpint (DATE ("2021-Feb-8 01:26:53+0200"), ==, G_GINT64_CONSTANT (1612740413000));
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    g_assert_cmpint (DATE (wrong[i]), ==, 0);
#undef DATE
}

/* ---- what people ask for ---------------------------------------------------------------------------------------- */

static BowlineAgents
get_service (BlAgentsEnv *env, gpointer *self)
{
  BowlineAgents table = { .struct_size = sizeof table };

  g_assert_true (bowline_host_lookup_service (bl_test_host_get (env->test), BOWLINE_AGENTS_SERVICE, BOWLINE_AGENTS_MAJOR,
                                              &table, self));
  return table;
}

static gboolean
has_recovery (BlFakeAgent *agent)
{
  return bl_fake_agent_is_stable (agent) && g_strcmp0 (bl_fake_agent_get_script (agent), RECOVERY) == 0;
}

static gboolean
has_custom (BlFakeAgent *agent)
{
  return g_strcmp0 (bl_fake_agent_get_script (agent), "var custom;") == 0;
}

static gboolean
has_default (BlFakeAgent *agent)
{
  return g_strcmp0 (bl_fake_agent_get_script (agent), BL_AGENTS_TESTING_CORE) == 0;
}

static gboolean
has_none (BlFakeAgent *agent)
{
  return bl_fake_agent_get_script (agent) == NULL;
}

static void
test_cores (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };
  g_autoptr (GBytes) custom = g_bytes_new_static ("var custom;", 11);
  g_autoptr (GError) error = NULL;
  BowlineAgents service;
  const char *id;
  gpointer self;

  activate (env, "false");
  service = get_service (env, &self);
  open_device (env, &device, 77, NULL);
  id = device.identity->node_id;
  g_assert_true (bl_agents_device_wait_for (&device, has_core));
  g_assert_true (service.upload_core (self, id, BOWLINE_CORE_RECOVERY, NULL, NULL));
  g_assert_true (bl_agents_device_wait_for (&device, has_recovery));
  g_assert_true (service.upload_core (self, id, BOWLINE_CORE_CUSTOM, custom, NULL));
  g_assert_true (bl_agents_device_wait_for (&device, has_custom));
  g_assert_true (service.upload_core (self, id, BOWLINE_CORE_CLEAR, NULL, NULL));
  g_assert_true (bl_agents_device_wait_for (&device, has_none));
  g_assert_true (service.upload_core (self, id, BOWLINE_CORE_DEFAULT, NULL, NULL));
  g_assert_true (bl_agents_device_wait_for (&device, has_default));
  g_assert_false (service.upload_core (self, id, BOWLINE_CORE_CUSTOM, NULL, &error));
  g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_false (service.upload_core (self, id, BOWLINE_CORE_TINY, NULL, &error));
  g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_false (service.upload_core (self, "node//none", BOWLINE_CORE_DEFAULT, NULL, &error));
  g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_NOT_FOUND);
}

static void
test_ordered (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };
  g_auto (BlAgentsDevice) arm = { 0 };
  g_autoptr (GError) error = NULL;
  BowlineAgents service;
  gpointer self;

  activate (env, "false");
  service = get_service (env, &self);
  open_device (env, &device, 78, other_hash);
  g_assert_true (bl_agents_device_wait_for (&device, has_core));
  g_assert_true (service.update (self, device.identity->node_id, NULL));
  g_assert_true (bl_agents_device_wait_for (&device, bl_fake_agent_has_program));
  bl_agents_device_init (&arm, bl_agents_testing.modulus, 79);
  arm.options.agent_id = 26;
  bl_agents_device_open (env, &arm);
  g_assert_true (bl_agents_device_wait_for (&arm, has_core));
  g_assert_false (service.update (self, arm.identity->node_id, &error));
  g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_NOT_SUPPORTED);
}

int
main (int argc, char **argv)
{
  int rc;

  g_test_init (&argc, &argv, NULL);
  bl_agents_testing_begin ();
  program = g_strnfill (PROGRAM_SIZE, 'p');
  bl_sha384 (program, PROGRAM_SIZE, program_hash);
  bl_sha384 ("other", 5, other_hash);
#define ADD(name, function)                                                                                          \
  g_test_add ("/agents-update/" name, BlAgentsEnv, "late", bl_agents_env_set_up, function, bl_agents_env_tear_down)
  ADD ("replaced", test_replaced);
  ADD ("own", test_own);
  ADD ("forced", test_forced);
  ADD ("left-alone", test_left_alone);
  ADD ("off", test_off);
  ADD ("groups", test_groups);
  ADD ("changed-file", test_changed_file);
  ADD ("stalls", test_stalls);
  ADD ("in-turn", test_in_turn);
  ADD ("script", test_script);
  ADD ("new-windows", test_new_windows);
  ADD ("asked-for", test_asked_for);
  g_test_add_func ("/agents-update/dates", test_dates);
  g_test_add_func ("/agents-update/is-own", test_is_own);
  ADD ("cores", test_cores);
  ADD ("ordered", test_ordered);
  rc = g_test_run ();
  bl_agents_testing_end ();
  g_free (program);
  return rc;
}
