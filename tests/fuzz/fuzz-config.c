// SPDX-License-Identifier: Apache-2.0
/* A configuration file: whatever it holds is taken or refused with a message, and what is taken has a value
 * for every key. */
#include "fuzz.h"

#include "bl-config.h"
#include <string.h>

static const char manifest_text[]
    = "[Module]\nId=relay\nVersion=1\nAbiMajor=1\nAbiMinMinor=0\nKind=server\n"
      "Name=Relay\nSummary=Joins two ends.\n"
      "[Setting max-sessions]\nType=int\nDefault=100\nMinimum=1\nMaximum=1000\nSummary=Limit.\n";

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (BlConfig) config = bl_config_new ();
  g_autoptr (BlModuleManifest) manifest
      = bl_module_manifest_parse ("/m/relay.module", manifest_text, strlen (manifest_text), NULL);
  g_autoptr (GError) error = NULL;
  guint n;
  const BlSetting *settings = bl_config_get_server_settings (&n);

  bl_config_add_module (config, manifest);
  if (!bl_config_parse (config, "fuzz.conf", (const char *)data, size, &error)
      || !bl_config_check (config, &error))
    {
      g_assert_nonnull (error);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return 0;
    }
  for (guint i = 0; i < n; i++)
    g_assert_nonnull (bl_config_get_string (config, "server", settings[i].key));
  return 0;
}
