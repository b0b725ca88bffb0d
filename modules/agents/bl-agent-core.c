// SPDX-License-Identifier: Apache-2.0
/* Core scripts, packed once for all devices. */
#define G_LOG_DOMAIN "bowline-agents"

#include "bl-agent-core.h"

#include <string.h>

#include <bowline/error.h>

#include "common/bl-agent-msg.h"
#include "common/bl-hash.h"

struct _BlAgentCores
{
  char *good_path;
  BlAgentCore *current;
  BlAgentCore *good; /* the last one that ran, if it is another */
};

static void
core_free (BlAgentCore *core)
{
  g_bytes_unref (core->plain);
  g_clear_pointer (&core->deflated, g_bytes_unref);
  g_bytes_unref (core->package);
  g_free (core);
}

/* Returns: (transfer full) (nullable): raw deflate data, as command 20 wants it */
static GBytes *
deflate (GBytes *package)
{
  g_autoptr (GZlibCompressor) compressor = g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_RAW, 9);
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  g_autoptr (GOutputStream) stream = g_converter_output_stream_new (memory, G_CONVERTER (compressor));
  gsize size;
  gconstpointer data = g_bytes_get_data (package, &size);

  if (!g_output_stream_write_all (stream, data, size, NULL, NULL, NULL) || !g_output_stream_close (stream, NULL, NULL))
    return NULL;
  return g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (memory));
}

static BlAgentCore *
core_new (const char *script, gsize length)
{
  BlAgentCore *core = g_new0 (BlAgentCore, 1);
  g_autoptr (GBytes) deflated = NULL;
  gconstpointer data;
  gsize size;

  core->package = bl_core_package (script, length);
  data = g_bytes_get_data (core->package, &size);
  bl_sha384 (data, size, core->hash);
  core->plain = bl_agent_write_core (core->package);
  deflated = deflate (core->package);
  if (deflated != NULL)
    {
      data = g_bytes_get_data (deflated, &size);
      core->deflated = bl_agent_write_core_deflated (core->hash, data, size);
    }
  return core;
}

static BlAgentCore *
core_from_file (const char *path, GError **error)
{
  g_autofree char *script = NULL;
  gsize length = 0;

  if (!g_file_get_contents (path, &script, &length, error))
    return NULL;
  if (length == 0 || length + 4 > BL_CORE_MAX)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID,
                   "%s: expected a script of 1 to %u bytes, found %" G_GSIZE_FORMAT, path, (guint) BL_CORE_MAX - 4,
                   length);
      return NULL;
    }
  return core_new (script, length);
}

BlAgentCores *
bl_agent_cores_new (const char *good_path)
{
  BlAgentCores *cores = g_new0 (BlAgentCores, 1);

  cores->good_path = g_strdup (good_path);
  cores->good = core_from_file (good_path, NULL);
  if (cores->good != NULL)
    cores->good->proven = TRUE;
  return cores;
}

void
bl_agent_cores_free (BlAgentCores *cores)
{
  g_clear_pointer (&cores->current, core_free);
  g_clear_pointer (&cores->good, core_free);
  g_free (cores->good_path);
  g_free (cores);
}

gboolean
bl_agent_cores_load (BlAgentCores *cores, const char *path, GError **error)
{
  BlAgentCore *core = core_from_file (path, error);

  if (core == NULL)
    return FALSE;
  g_clear_pointer (&cores->current, core_free);
  cores->current = core;
  if (cores->good != NULL && memcmp (cores->good->hash, core->hash, sizeof core->hash) == 0)
    {
      core->proven = TRUE;
      g_clear_pointer (&cores->good, core_free);
    }
  return TRUE;
}

static gboolean
is_broken (const BlAgentCore *core)
{
  return !core->proven && core->failures >= BL_AGENT_CORE_FAILURES;
}

BlAgentCore *
bl_agent_cores_get (BlAgentCores *cores, gboolean fallback)
{
  if (cores->current == NULL)
    return cores->good;
  return cores->good != NULL && (fallback || is_broken (cores->current)) ? cores->good : cores->current;
}

void
bl_agent_cores_proven (BlAgentCores *cores, BlAgentCore *core)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *directory = NULL;
  const char *script;
  gsize size;

  if (core->proven)
    return;
  core->proven = TRUE;
  script = (const char *) g_bytes_get_data (core->package, &size) + 4;
  directory = g_path_get_dirname (cores->good_path);
  g_mkdir_with_parents (directory, 0700);
  if (!g_file_set_contents_full (cores->good_path, script, (gssize) size - 4, G_FILE_SET_CONTENTS_CONSISTENT, 0600,
                                 &error))
    g_warning ("the core script that works cannot be kept: %s", error->message);
}

gboolean
bl_agent_cores_failed (BlAgentCores *cores, BlAgentCore *core)
{
  core->failures++;
  if (core->failures == BL_AGENT_CORE_FAILURES && is_broken (core))
    g_warning ("the core script did not start on %u devices and on none did; %s", core->failures,
               cores->good != NULL && cores->good != core ? "the last good one is used instead" : "there is no other");
  return cores->good != NULL && cores->good != core;
}
