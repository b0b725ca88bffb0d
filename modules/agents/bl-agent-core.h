// SPDX-License-Identifier: Apache-2.0
/**
 * BlAgentCores: the core scripts devices are given (agent-channel.md section 4.1): the current one, the last one that is
 * known to have started on a device, and small ones for when neither helps. Each is packed, hashed and compressed once.
 * Main context.
 *
 * A script with an error is stored and confirmed by an agent, and stays mute; only a `coreinfo` shows that it runs.
 * A core that never spoke anywhere and failed on several devices is replaced by the last good one for all.
 */
#pragma once

#include <gio/gio.h>

#include "bl-agent-core-text.h"

G_BEGIN_DECLS

#define BL_AGENT_CORE_FAILURES 3u /* devices on which a core that never ran must stay mute to count as broken */
#define BL_AGENT_CORE_MAX_PUSHES 5u

typedef struct _BlAgentCores BlAgentCores;

/** What a device is to run. */
typedef enum
{
  BL_AGENT_CORE_DEFAULT,
  BL_AGENT_CORE_RECOVERY, /* console, terminal and files, and little that could fail */
  BL_AGENT_CORE_TINY,     /* it says that it is there */
  BL_AGENT_CORE_CUSTOM,   /* somebody's own */
  BL_AGENT_CORE_NONE,
} BlAgentCoreKind;

/** One script, ready to be sent. */
typedef struct
{
  gint ref_count;
  guint8 hash[48];  /* SHA-384 over four zero bytes and the script */
  GBytes *plain;    /* command 10 */
  GBytes *deflated; /* command 20 (nullable) */
  GBytes *package;
  gboolean proven;  /* it spoke on some device */
  guint failures;   /* devices on which it did not */
  gboolean assembled; /* out of several files: it is not kept as the last good one */
} BlAgentCore;

/** Returns: (transfer full) (nullable): @script, 1 byte to the limit long, packed; otherwise NULL with @error */
BlAgentCore *bl_agent_core_new (const char *script, gsize length, GError **error);
BlAgentCore *bl_agent_core_ref (BlAgentCore *core);
void bl_agent_core_unref (BlAgentCore *core);

/** @good_path: where the last good core is kept */
BlAgentCores *bl_agent_cores_new (const char *good_path);
void bl_agent_cores_free (BlAgentCores *cores);
/** Takes the file @path, with the modules beside it, as the current core. Returns: %FALSE with @error: the former one
 * stays. */
gboolean bl_agent_cores_load (BlAgentCores *cores, const char *path, GError **error);
/** Takes @path as the core of @kind: recovery or tiny; with DEFAULT, as the one to fall back on when there is no last good
 * one. */
gboolean bl_agent_cores_load_other (BlAgentCores *cores, BlAgentCoreKind kind, const char *path, GError **error);

/** Returns: (transfer none) (nullable): what a device should run. @fallback: it could not run the current one. */
BlAgentCore *bl_agent_cores_get (BlAgentCores *cores, BlAgentCoreFlavour flavour, gboolean fallback);
/** Returns: (transfer none) (nullable): the core of @kind, recovery or tiny */
BlAgentCore *bl_agent_cores_get_other (BlAgentCores *cores, BlAgentCoreKind kind);
/** @core has spoken: it becomes the last good one. */
void bl_agent_cores_proven (BlAgentCores *cores, BlAgentCore *core);
/** @core stayed mute on one device. Returns: whether there is another one to try */
gboolean bl_agent_cores_failed (BlAgentCores *cores, BlAgentCore *core);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlAgentCore, bl_agent_core_unref)

G_END_DECLS
