// SPDX-License-Identifier: Apache-2.0
// Releases of the agent in a folder of their own: taken, kept, refused, rolled back; and the time a new one has.
#include "bl-agent-release.h"
#include "bl-agent-update.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define DEADLINE_MS 20000

typedef struct
{
  char *root;
  GMainLoop *loop;
  guint restarts;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *releases = NULL;
  fixture->root = g_dir_make_tmp ("bowline-release-XXXXXX", NULL);
  fixture->loop = g_main_loop_new (NULL, FALSE);
  releases = g_build_filename (fixture->root, "releases", NULL);
  g_assert_cmpint (g_mkdir (releases, 0755), ==, 0);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_true (bl_agent_release_remove_tree (fixture->root, NULL));
  g_free (fixture->root);
  g_main_loop_unref (fixture->loop);
}

static void
take (Fixture *fixture, const char *name, guint8 byte, gboolean trial)
{
  guint8 hash[BL_SHA384_SIZE];
  g_autofree char *directory = g_build_filename (fixture->root, "unpacked", NULL);
  g_autoptr (GError) error = NULL;
  memset (hash, byte, sizeof hash);
  g_assert_cmpint (g_mkdir (directory, 0755), ==, 0);
  bl_agent_release_take (fixture->root, directory, name, hash, trial, &error);
  g_assert_no_error (error);
}

static void
expect_link (Fixture *fixture, const char *name, const char *expected)
{
  g_autofree char *path = g_build_filename (fixture->root, name, NULL);
  g_autofree char *target = g_file_read_link (path, NULL);
  g_assert_cmpstr (target, ==, expected);
}

static void
expect_hash (Fixture *fixture, guint8 byte)
{
  guint8 hash[BL_SHA384_SIZE], expected[BL_SHA384_SIZE];
  memset (expected, byte, sizeof expected);
  g_assert_true (bl_agent_release_get_hash (fixture->root, hash));
  g_assert_cmpmem (hash, sizeof hash, expected, sizeof expected);
}

static gboolean
has_release (Fixture *fixture, const char *name)
{
  g_autofree char *path = g_build_filename (fixture->root, "releases", name, NULL);
  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static void
test_kept (Fixture *fixture, gconstpointer data)
{
  guint8 hash[BL_SHA384_SIZE];
  g_assert_false (bl_agent_release_get_hash (fixture->root, hash));
  take (fixture, "one", 1, FALSE);
  expect_link (fixture, "current", "releases/one");
  expect_link (fixture, "meshagent", "current/bin/bowline-agent");
  g_assert_false (bl_agent_release_is_on_trial (fixture->root));
  take (fixture, "two", 2, TRUE);
  expect_link (fixture, "current", "releases/two");
  expect_link (fixture, "previous", "releases/one");
  expect_hash (fixture, 2);
  g_assert_true (bl_agent_release_is_on_trial (fixture->root));
  g_assert_true (has_release (fixture, "one"));
  bl_agent_release_confirm (fixture->root);
  g_assert_false (bl_agent_release_is_on_trial (fixture->root));
  expect_link (fixture, "previous", NULL);
  expect_link (fixture, "current", "releases/two");
  g_assert_false (has_release (fixture, "one"));
}

static void
test_guard (Fixture *fixture, gconstpointer data)
{
  guint8 hash[BL_SHA384_SIZE];
  take (fixture, "one", 1, FALSE);
  g_assert_true (bl_agent_release_guard (fixture->root, NULL));
  take (fixture, "two", 2, TRUE);
  for (guint i = 0; i < BL_AGENT_RELEASE_STARTS; i++)
    {
      g_assert_true (bl_agent_release_guard (fixture->root, NULL));
      expect_link (fixture, "current", "releases/two");
    }
  g_assert_true (bl_agent_release_guard (fixture->root, NULL));
  expect_link (fixture, "current", "releases/one");
  g_assert_false (bl_agent_release_is_on_trial (fixture->root));
  memset (hash, 2, sizeof hash);
  g_assert_true (bl_agent_release_is_refused (fixture->root, hash));
  memset (hash, 1, sizeof hash);
  g_assert_false (bl_agent_release_is_refused (fixture->root, hash));
  g_autoptr (GError) error = NULL;
  g_assert_false (bl_agent_release_roll_back (fixture->root, &error));
  g_assert_nonnull (strstr (error->message, "no previous release"));
}

// A counter that nobody could have written counts as too often.
static void
test_damaged (Fixture *fixture, gconstpointer data)
{
  g_autofree char *counter = g_build_filename (fixture->root, "trial", NULL);
  g_autofree char *previous = g_build_filename (fixture->root, "previous", NULL);
  take (fixture, "one", 1, FALSE);
  take (fixture, "two", 2, TRUE);
  g_assert_true (g_file_set_contents (counter, "99999999999999999999", -1, NULL));
  g_assert_true (bl_agent_release_guard (fixture->root, NULL));
  expect_link (fixture, "current", "releases/one");
  take (fixture, "three", 3, TRUE);
  g_assert_cmpint (g_unlink (previous), ==, 0);
  g_assert_cmpint (symlink ("/etc", previous), ==, 0); // a link that leads elsewhere is none
  g_assert_false (bl_agent_release_is_on_trial (fixture->root));
  g_assert_false (bl_agent_release_roll_back (fixture->root, NULL));
}

static void
restart_cb (gpointer user_data)
{
  Fixture *fixture = user_data;
  fixture->restarts++;
  g_main_loop_quit (fixture->loop);
}

static gboolean
deadline_cb (gpointer user_data)
{
  g_main_loop_quit (((Fixture *)user_data)->loop);
  return G_SOURCE_REMOVE;
}

static void
test_time (Fixture *fixture, gconstpointer data)
{
  const BlAgentUpdateOptions options
      = { .root = fixture->root, .trial_seconds = 1, .restart = restart_cb, .user_data = fixture };
  take (fixture, "one", 1, FALSE);
  take (fixture, "two", 2, TRUE);
  g_autoptr (BlAgentUpdate) update = bl_agent_update_new (&options);
  const guint timer = g_timeout_add (DEADLINE_MS, deadline_cb, fixture);
  g_test_expect_message ("bowline-agent", G_LOG_LEVEL_WARNING, "*did not reach the server in time*");
  g_main_loop_run (fixture->loop);
  g_test_assert_expected_messages ();
  g_source_remove (timer);
  g_assert_cmpuint (fixture->restarts, ==, 1);
  expect_link (fixture, "current", "releases/one");
}

static void
test_in_time (Fixture *fixture, gconstpointer data)
{
  const BlAgentUpdateOptions options
      = { .root = fixture->root, .trial_seconds = 1, .restart = restart_cb, .user_data = fixture };
  take (fixture, "one", 1, FALSE);
  take (fixture, "two", 2, TRUE);
  g_autoptr (BlAgentUpdate) update = bl_agent_update_new (&options);
  bl_agent_update_set_connected (update, TRUE);
  const guint timer = g_timeout_add (1500, deadline_cb, fixture);
  g_main_loop_run (fixture->loop);
  (void)timer; // it ended the loop
  g_assert_cmpuint (fixture->restarts, ==, 0);
  expect_link (fixture, "current", "releases/two");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/agent-release/kept", Fixture, NULL, set_up, test_kept, tear_down);
  g_test_add ("/agent-release/guard", Fixture, NULL, set_up, test_guard, tear_down);
  g_test_add ("/agent-release/damaged", Fixture, NULL, set_up, test_damaged, tear_down);
  g_test_add ("/agent-release/time", Fixture, NULL, set_up, test_time, tear_down);
  g_test_add ("/agent-release/in-time", Fixture, NULL, set_up, test_in_time, tear_down);
  return g_test_run ();
}
