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
  BlAgentCore *current[BL_AGENT_N_FLAVOURS];
  BlAgentCore *good;  /* the last one that ran, if it is another */
  BlAgentCore *spare; /* the installed one, when another is configured */
  BlAgentCore *recovery;
  BlAgentCore *tiny;
};

BlAgentCore *
bl_agent_core_ref (BlAgentCore *core)
{
  core->ref_count++;
  return core;
}

void
bl_agent_core_unref (BlAgentCore *core)
{
  if (--core->ref_count > 0)
    return;
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

BlAgentCore *
bl_agent_core_new (const char *script, gsize length, GError **error)
{
  BlAgentCore *core;
  g_autoptr (GBytes) deflated = NULL;
  gconstpointer data;
  gsize size;

  if (length == 0 || length + 4 > BL_CORE_MAX)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID,
                   "expected a script of 1 to %u bytes, found %" G_GSIZE_FORMAT, (guint) BL_CORE_MAX - 4, length);
      return NULL;
    }
  core = g_new0 (BlAgentCore, 1);
  core->ref_count = 1;
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
  BlAgentCore *core;

  if (!g_file_get_contents (path, &script, &length, error))
    return NULL;
  core = bl_agent_core_new (script, length, error);
  if (core == NULL)
    g_prefix_error (error, "%s: ", path);
  return core;
}

static BlAgentCore *
core_with_modules (const char *path, BlAgentCoreFlavour flavour, GError **error)
{
  GString *text = bl_agent_core_text_build (path, flavour, error);
  BlAgentCore *core = text != NULL ? bl_agent_core_new (text->str, text->len, error) : NULL;

  if (text != NULL)
    g_string_free (text, TRUE);
  if (core == NULL)
    g_prefix_error (error, "%s with modules: ", path);
  else
    core->assembled = TRUE;
  return core;
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
  for (guint i = 0; i < BL_AGENT_N_FLAVOURS; i++)
    g_clear_pointer (&cores->current[i], bl_agent_core_unref);
  g_clear_pointer (&cores->good, bl_agent_core_unref);
  g_clear_pointer (&cores->spare, bl_agent_core_unref);
  g_clear_pointer (&cores->recovery, bl_agent_core_unref);
  g_clear_pointer (&cores->tiny, bl_agent_core_unref);
  g_free (cores->good_path);
  g_free (cores);
}

static void
set_current (BlAgentCores *cores, guint flavour, BlAgentCore *core)
{
  g_clear_pointer (&cores->current[flavour], bl_agent_core_unref);
  cores->current[flavour] = core;
}

gboolean
bl_agent_cores_load (BlAgentCores *cores, const char *path, GError **error)
{
  BlAgentCore *loaded[BL_AGENT_N_FLAVOURS] = { 0 };
  const gboolean assembled = bl_agent_core_text_has_modules (path);

  for (guint i = 0; i < BL_AGENT_N_FLAVOURS; i++)
    {
      if (assembled)
        loaded[i] = core_with_modules (path, (BlAgentCoreFlavour) i, error);
      else
        loaded[i] = i == 0 ? core_from_file (path, error) : bl_agent_core_ref (loaded[0]);
      if (loaded[i] != NULL)
        continue;
      for (guint before = 0; before < i; before++)
        bl_agent_core_unref (loaded[before]);
      return FALSE;
    }
  for (guint i = 0; i < BL_AGENT_N_FLAVOURS; i++)
    set_current (cores, i, loaded[i]);
  if (cores->good != NULL && memcmp (cores->good->hash, loaded[0]->hash, sizeof loaded[0]->hash) == 0)
    {
      loaded[0]->proven = TRUE;
      g_clear_pointer (&cores->good, bl_agent_core_unref);
    }
  return TRUE;
}

gboolean
bl_agent_cores_load_other (BlAgentCores *cores, BlAgentCoreKind kind, const char *path, GError **error)
{
  BlAgentCore **place = kind == BL_AGENT_CORE_RECOVERY ? &cores->recovery
                        : kind == BL_AGENT_CORE_TINY   ? &cores->tiny
                                                       : &cores->spare;
  BlAgentCore *core = core_from_file (path, error);

  if (core == NULL)
    return FALSE;
  g_clear_pointer (place, bl_agent_core_unref);
  *place = core;
  return TRUE;
}

static gboolean
is_broken (const BlAgentCore *core)
{
  return !core->proven && core->failures >= BL_AGENT_CORE_FAILURES;
}

static BlAgentCore *
get_fallback (BlAgentCores *cores)
{
  return cores->good != NULL ? cores->good : cores->spare;
}

BlAgentCore *
bl_agent_cores_get (BlAgentCores *cores, BlAgentCoreFlavour flavour, gboolean fallback)
{
  BlAgentCore *current = cores->current[flavour];
  BlAgentCore *other = get_fallback (cores);

  if (current == NULL)
    return other;
  return other != NULL && (fallback || is_broken (current)) ? other : current;
}

BlAgentCore *
bl_agent_cores_get_other (BlAgentCores *cores, BlAgentCoreKind kind)
{
  return kind == BL_AGENT_CORE_RECOVERY ? cores->recovery : cores->tiny;
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
  if (core->assembled || core == cores->spare)
    return;
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
  BlAgentCore *other = get_fallback (cores);
  const gboolean another = other != NULL && other != core;

  core->failures++;
  if (core->failures == BL_AGENT_CORE_FAILURES && is_broken (core))
    g_warning ("the core script did not start on %u devices and on none did; %s", core->failures,
               another ? "the last good one is used instead" : "there is no other");
  return another;
}
