// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-agent"

#include "bl-agent-core.h"

#include "bl-agent-own-script.h"
#include "bl-agent-script-tunnel.h"
#include "bl-agent-serves.h"
#include "bl-agent.h"
#include "bl-build-config.h"
#include "bl-build-tree.h"
#include "bl-script-runner.h"
#include "common/bl-error.h"
#include "common/bl-hash.h"
#include "common/bl-ids.h"
#include "common/bl-json.h"
#include "common/bl-rights-bits.h"
#include "common/bl-variant.h"

#include <string.h>

#define STORE_NAME "core"
#define KEPT_NAME "scripts"
#define INFLATE_BLOCK 65536
#define MEMORY_LEAST_MIB 8 // less does not hold the library
#define MEMORY_MOST_MIB 1024
#define CPU_MOST_SECONDS 60

struct _BlAgentCore
{
  BlAgentChannel *channel;
  BlAgentFeatures *features;
  BlMsh *msh;
  BlAgentIdentity *identity;
  BlScriptRunner *runner;
  BlAgentOwnScripts *own;
  BlScriptOptions options, own_options;
  BlAgentScriptServes serves;
  char *program;
  char *directory;
  GStrv allowed;
  BlAgentCoreStarted started;
  gpointer user_data;
  guint8 other_pin[BL_SHA384_SIZE]; // `servertlshash` of the last tunnel the script was asked for
  gboolean has_other_pin;
};

static void
send_frame (BlAgentCore *core, GBytes *frame)
{
  bl_agent_channel_send (core->channel, BL_WS_BINARY, frame);
  g_bytes_unref (frame);
}

// ---- what the script does ------------------------------------------------------------------------------------------

// Facts that the plugins know better than a script in a sandbox.
static gboolean
is_native_fact (const char *action)
{
  static const char *const native[] = { "coreinfo", "netinfo", "sysinfo", "sessions", "smbios" };
  for (guint i = 0; i < G_N_ELEMENTS (native); i++)
    {
      if (g_strcmp0 (action, native[i]) == 0)
        return TRUE;
    }
  return FALSE;
}

static void
send_command_cb (BlScriptRunner *runner, GBytes *frame, gboolean text, gpointer user_data)
{
  BlAgentCore *core = user_data;
  gsize length;
  const char *data = g_bytes_get_data (frame, &length);
  if (!bl_agent_msg_is_json (data, length))
    {
      bl_agent_channel_send (core->channel, BL_WS_BINARY, frame);
      return;
    }
  g_autoptr (GVariant) message = bl_json_parse_object (data, length, NULL, BL_JSON_REPLACE_INVALID_UTF8, NULL);
  if (message == NULL)
    return;
  const char *action = bl_variant_get_string (message, "action");
  // Without plugins there is nobody else to say them.
  if (!is_native_fact (action) || bl_agent_features_get_capabilities (core->features) == 0)
    bl_agent_channel_send (core->channel, BL_WS_TEXT, frame);
  else if (g_str_equal (action, "coreinfo"))
    core->started (core->user_data);
}

static void
log_cb (BlScriptRunner *runner, GLogLevelFlags level, const char *text, gpointer user_data)
{
  g_log (G_LOG_DOMAIN, level, "core script: %s", text);
}

static void
state_changed_cb (BlScriptRunner *runner, BlScriptState state, const GError *error, gpointer user_data)
{
  BlAgentCore *core = user_data;
  if (error == NULL)
    return;
  g_autofree char *text = g_strdup_printf (
      "The core script %s: %s", state == BL_SCRIPT_STATE_FAILED ? "was given up" : "is started again", error->message);
  g_warning ("%s", text);
  GVariantBuilder message;
  g_variant_builder_init (&message, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&message, "{sv}", "action", g_variant_new_string ("log"));
  g_variant_builder_add (&message, "{sv}", "msg", g_variant_new_string (text));
  g_autoptr (GVariant) frame = g_variant_ref_sink (g_variant_builder_end (&message));
  bl_agent_channel_send_json (core->channel, frame);
}

static void
ws_connect_cb (BlScriptRunner *runner, BlScriptStream *stream, GVariant *args, gpointer user_data)
{
  BlAgentCore *core = user_data;
  bl_agent_script_tunnel_open (core->channel, core->has_other_pin ? core->other_pin : NULL, stream, args);
}

static void
power_cb (BlScriptRunner *runner, BlScriptCall *call, gint64 action, gboolean forced, gpointer user_data)
{
  bl_agent_serves_power (((BlAgentCore *)user_data)->features, call, action);
}

static void
operation_cb (BlScriptRunner *runner, BlScriptCall *call, const char *name, GVariant *args, gpointer user_data)
{
  bl_agent_serves_operation (((BlAgentCore *)user_data)->features, call, name, args);
}

// The same for scripts of an administrator.
static void
own_power_cb (BlScriptCall *call, gint64 action, gboolean forced, gpointer user_data)
{
  bl_agent_serves_power (user_data, call, action);
}

static void
own_operation_cb (BlScriptCall *call, const char *name, GVariant *args, gpointer user_data)
{
  bl_agent_serves_operation (user_data, call, name, args);
}

// ---- what scripts hear of the server ---------------------------------------------------------------------------------

static char *
colon_hex (const guint8 *bytes, gsize length)
{
  GString *text = g_string_sized_new (3 * length);
  for (gsize i = 0; i < length; i++)
    g_string_append_printf (text, i == 0 ? "%02X" : ":%02X", bytes[i]);
  return g_string_free (text, FALSE);
}

static GVariant *
server_info (BlAgentCore *core)
{
  const guint8 *hash = bl_agent_channel_get_certificate_hash (core->channel);
  g_autofree char *node = bl_id48_to_hex (bl_agent_identity_get_id (core->identity), TRUE);
  g_autofree char *digest = hash != NULL ? colon_hex (hash, BL_SHA384_SIZE) : g_strdup ("");
  const char *url = bl_agent_channel_get_url (core->channel);
  const char *server_id = bl_msh_get (core->msh, "ServerID"), *mesh_id = bl_msh_get (core->msh, "MeshID");
  GVariantBuilder info;
  g_variant_builder_init (&info, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&info, "{sv}", "serverUrl", g_variant_new_string (url));
  g_variant_builder_add (&info, "{sv}", "serverUri", g_variant_new_string (url));
  g_variant_builder_add (&info, "{sv}", "serverId", g_variant_new_string (server_id != NULL ? server_id : ""));
  g_variant_builder_add (&info, "{sv}", "meshId", g_variant_new_string (mesh_id != NULL ? mesh_id : ""));
  g_variant_builder_add (&info, "{sv}", "certDigest", g_variant_new_string (digest));
  g_variant_builder_add (&info, "{sv}", "hostname", g_variant_new_string (g_get_host_name ()));
  g_variant_builder_add (&info, "{sv}", "nodeId", g_variant_new_string (node));
  g_variant_builder_add (&info, "{sv}", "archId", g_variant_new_int64 (bl_agent_get_arch_id ()));
  g_variant_builder_add (&info, "{sv}", "version", g_variant_new_string (BL_VERSION));
  guint8 core_hash[BL_SHA384_SIZE];
  if (bl_script_runner_get_core_hash (core->runner, core_hash))
    {
      g_autofree char *hex = bl_hex_encode (core_hash, sizeof core_hash, TRUE);
      g_variant_builder_add (&info, "{sv}", "coreHash", g_variant_new_string (hex));
    }
  return g_variant_builder_end (&info);
}

// ---- scripts of an administrator -----------------------------------------------------------------------------------

static void
own_script_send_cb (GVariant *message, gpointer user_data)
{
  BlAgentCore *core = user_data;
  g_autoptr (GVariant) owned = g_variant_ref_sink (message);
  bl_agent_channel_send_json (core->channel, owned);
}

// ---- life ----------------------------------------------------------------------------------------------------------

static GVariant *
msh_values (BlMsh *msh)
{
  GVariantBuilder values;
  g_autofree const char **keys = bl_msh_get_keys (msh);
  g_variant_builder_init (&values, G_VARIANT_TYPE_VARDICT);
  for (guint i = 0; keys[i] != NULL; i++)
    g_variant_builder_add (&values, "{sv}", keys[i], g_variant_new_string (bl_msh_get (msh, keys[i])));
  return g_variant_builder_end (&values);
}

// What the device's own settings leave a script: [script] allow=OPERATION;..., memory-mib, cpu-seconds.
static void
read_limits (BlAgentCore *core, GKeyFile *settings, BlScriptOptions *options)
{
  if (settings == NULL || !g_key_file_has_group (settings, "script"))
    return;
  core->allowed = g_key_file_get_string_list (settings, "script", "allow", NULL, NULL);
  options->allowed = (const char *const *)core->allowed;
  const guint64 mib = g_key_file_get_uint64 (settings, "script", "memory-mib", NULL);
  const guint64 seconds = g_key_file_get_uint64 (settings, "script", "cpu-seconds", NULL);
  options->memory_bytes = CLAMP (mib, mib != 0 ? MEMORY_LEAST_MIB : 0, MEMORY_MOST_MIB) * 1024 * 1024;
  options->cpu_seconds = (guint)MIN (seconds, CPU_MOST_SECONDS);
}

BlAgentCore *
bl_agent_core_new (BlAgentChannel *channel, BlAgentFeatures *features, BlMsh *msh, BlAgentIdentity *identity,
                   const char *state_dir, GKeyFile *settings, BlAgentCoreStarted started, gpointer user_data, GError **error)
{
  static const BlScriptOps ops
      = { .send_command = send_command_cb, .log = log_cb, .state_changed = state_changed_cb, .ws_connect = ws_connect_cb,
          .power = power_cb, .operation = operation_cb };
  g_autofree char *directory = g_build_filename (state_dir, STORE_NAME, NULL);
  g_autofree char *kept = g_build_filename (state_dir, KEPT_NAME, NULL);
  g_autoptr (BlCoreStore) store = bl_core_store_new (directory, error);
  if (store == NULL)
    return NULL;
  BlAgentCore *core = g_new0 (BlAgentCore, 1);
  core->channel = channel;
  core->features = features;
  core->msh = msh;
  core->identity = identity;
  core->started = started;
  core->user_data = user_data;
  core->directory = g_steal_pointer (&directory);
  core->program = bl_build_tree_path ("BOWLINE_SCRIPT_HOST", "agent/script/bowline-script-host",
                                      BL_LIBEXECDIR "/bowline-script-host");
  core->options = (BlScriptOptions){ .host_path = core->program, .state_dir = core->directory };
  read_limits (core, settings, &core->options);
  core->runner = bl_script_runner_new (&core->options, &ops, core, store);
  core->own_options = core->options;
  core->own_options.name = "script";
  core->own_options.state_dir = NULL;
  core->own_options.crash_limit = 1;
  core->serves = (BlAgentScriptServes){ own_power_cb, own_operation_cb, features };
  core->own = bl_agent_own_scripts_new (&core->own_options, &core->serves, kept, own_script_send_cb, core);
  bl_script_runner_set_msh (core->runner, msh_values (msh));
  return core;
}

void
bl_agent_core_free (BlAgentCore *core)
{
  if (core == NULL)
    return;
  bl_agent_own_scripts_free (core->own);
  bl_script_runner_free (core->runner);
  g_strfreev (core->allowed);
  g_free (core->program);
  g_free (core->directory);
  g_free (core);
}

void
bl_agent_core_set_connected (BlAgentCore *core, gboolean connected)
{
  if (connected)
    {
      g_autoptr (GVariant) info = g_variant_ref_sink (server_info (core));
      bl_script_runner_set_server_info (core->runner, info);
      bl_agent_own_scripts_set_info (core->own, info);
    }
  else
    bl_agent_own_scripts_disconnected (core->own);
  bl_script_runner_set_connected (core->runner, connected);
}

// ---- what the server asks ------------------------------------------------------------------------------------------

static void
answer_core_hash (BlAgentCore *core, guint16 request_id)
{
  guint8 hash[BL_SHA384_SIZE];
  const gboolean has_core = bl_script_runner_get_core_hash (core->runner, hash);
  send_frame (core, bl_agent_write_hash (BL_AGENT_CORE_HASH, request_id, has_core ? hash : NULL));
}

// Raw deflate, bounded: a few bytes can stand for gigabytes.
static GBytes *
inflate_package (const guint8 *data, gsize length, GError **error)
{
  g_autoptr (GZlibDecompressor) inflater = g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_RAW);
  g_autoptr (GByteArray) package = g_byte_array_new ();
  guint8 block[INFLATE_BLOCK];
  for (;;)
    {
      gsize used = 0, made = 0;
      const GConverterResult result
          = g_converter_convert (G_CONVERTER (inflater), data, length, block, sizeof block, G_CONVERTER_INPUT_AT_END,
                                 &used, &made, error);
      if (result == G_CONVERTER_ERROR)
        return NULL;
      data += used;
      length -= used;
      g_byte_array_append (package, block, (guint)made);
      if (package->len > BL_CORE_MAX)
        {
          g_set_error (error, BL_ERROR, BL_ERROR_TOO_LARGE, "core: expected at most %d bytes when inflated", BL_CORE_MAX);
          return NULL;
        }
      if (result == G_CONVERTER_FINISHED)
        return g_byte_array_free_to_bytes (g_steal_pointer (&package));
    }
}

static void
take_core (BlAgentCore *core, const BlAgentMsg *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) package = NULL;
  gboolean good = TRUE;
  if (message->core.hash != NULL)
    {
      package = message->command == BL_AGENT_CORE_MODULE
                    ? g_bytes_new (message->core.data, message->core.len)
                    : inflate_package (message->core.data, message->core.len, &error);
      guint8 hash[BL_SHA384_SIZE] = { 0 };
      if (package != NULL)
        bl_sha384 (g_bytes_get_data (package, NULL), g_bytes_get_size (package), hash);
      good = package != NULL && bl_equal_ct (hash, message->core.hash, sizeof hash);
      if (package != NULL && !good)
        g_set_error_literal (&error, BL_ERROR, BL_ERROR_INVALID, "its hash is not the one the server named");
    }
  if (!good || !bl_script_runner_set_core (core->runner, package, &error))
    g_warning ("a core script of the server was not taken: %s", error->message);
  answer_core_hash (core, message->request_id);
}

static void
start_core (BlAgentCore *core)
{
  g_autoptr (GError) error = NULL;
  if (bl_script_runner_get_state (core->runner) == BL_SCRIPT_STATE_RUNNING)
    core->started (core->user_data); // a new connection hears of it again
  else if (!bl_script_runner_start (core->runner, &error))
    g_warning ("the core script does not start: %s", error->message);
}

void
bl_agent_core_command (BlAgentCore *core, const BlAgentMsg *message)
{
  switch (message->command)
    {
    case BL_AGENT_CORE_MODULE:
    case BL_AGENT_COMPRESSED_CORE:
      take_core (core, message);
      break;
    case BL_AGENT_CORE_HASH:
      answer_core_hash (core, message->request_id);
      break;
    case BL_AGENT_CORE_OK:
      start_core (core);
      break;
    default:
      break;
    }
}

static void
remember_pin (BlAgentCore *core, GVariant *message)
{
  const char *hex = bl_variant_get_string (message, "servertlshash");
  if (hex != NULL)
    core->has_other_pin = bl_hex_decode (hex, strlen (hex), core->other_pin, sizeof core->other_pin);
}

gboolean
bl_agent_core_take (BlAgentCore *core, GVariant *message)
{
  return bl_agent_own_scripts_take (core->own, message);
}

void
bl_agent_core_json (BlAgentCore *core, GVariant *message)
{
  remember_pin (core, message);
  g_autoptr (GBytes) frame = bl_json_from_variant (message, NULL); // it came as JSON
  bl_script_runner_command (core->runner, frame);
}
