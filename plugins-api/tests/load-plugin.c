// SPDX-License-Identifier: Apache-2.0
/* load-plugin DIRECTORY ID PATH TEXT: loads a built plugin as the server would, asks its endpoint, compares
 * the answer. */
#include "bl-module-loader.h"
#include "bowline-testing.h"

#include <stdio.h>
#include <string.h>

static const BowlinePluginDescriptor *loaded;

static const BowlinePluginDescriptor *
query (void)
{
  return loaded;
}

static gboolean
run (const char *directory, const char *id, const char *path, const char *text, GError **error)
{
  g_autofree char *name = g_strconcat (id, ".module", NULL);
  g_autofree char *file = g_build_filename (directory, name, NULL);
  g_autofree char *absolute = g_canonicalize_filename (file, NULL);
  g_autoptr (BlModuleManifest) manifest = bl_module_manifest_load (absolute, error);
  g_autoptr (BlTestHost) test = NULL;
  g_autoptr (BowlineHttpRequest) request = NULL;
  g_autoptr (GBytes) answer = NULL;
  const BlTestRequest given = { .path = path };
  BowlinePluginDescriptor descriptor;

  if (manifest == NULL || !bl_module_loader_load (manifest, &descriptor, error))
    return FALSE;
  loaded = &descriptor;
  test = bl_test_host_new (id);
  for (guint i = 0; i < manifest->n_settings; i++)
    bl_test_host_set (test, manifest->settings[i].key, manifest->settings[i].default_value);
  if (!bl_test_host_activate (test, query, error))
    return FALSE;
  request = bl_test_host_request (test, &given);
  answer = bl_test_request_dup_answer (request);
  g_assert_cmpuint (bl_test_request_get_status (request), ==, 200);
  g_assert_cmpmem (g_bytes_get_data (answer, NULL), g_bytes_get_size (answer), text, strlen (text));
  bl_test_host_deactivate (test, query);
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  if (argc != 5)
    return 2;
  if (run (argv[1], argv[2], argv[3], argv[4], &error))
    return 0;
  fprintf (stderr, "%s\n", error->message);
  return 1;
}
