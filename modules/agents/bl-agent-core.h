// SPDX-License-Identifier: Apache-2.0
/**
 * BlAgentCores: the core scripts devices are given (agent-channel.md section 4.1): the current one, and the last one that
 * is known to have started on a device. Each is packed, hashed and compressed once. Main context.
 *
 * A script with an error is stored and confirmed by an agent, and stays mute; only a `coreinfo` shows that it runs.
 * A core that never spoke anywhere and failed on several devices is replaced by the last good one for all.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define BL_AGENT_CORE_FAILURES 3u /* devices on which a core that never ran must stay mute to count as broken */
#define BL_AGENT_CORE_MAX_PUSHES 5u

typedef struct _BlAgentCores BlAgentCores;

/** One script, ready to be sent. */
typedef struct
{
  guint8 hash[48];  /* SHA-384 over four zero bytes and the script */
  GBytes *plain;    /* command 10 */
  GBytes *deflated; /* command 20 (nullable) */
  GBytes *package;
  gboolean proven;  /* it spoke on some device */
  guint failures;   /* devices on which it did not */
} BlAgentCore;

/** @good_path: where the last good core is kept */
BlAgentCores *bl_agent_cores_new (const char *good_path);
void bl_agent_cores_free (BlAgentCores *cores);
/** Takes the file @path as the current core. Returns: %FALSE with @error: the former one stays. */
gboolean bl_agent_cores_load (BlAgentCores *cores, const char *path, GError **error);

/** Returns: (transfer none) (nullable): what a device should run. @fallback: it could not run the current one. */
BlAgentCore *bl_agent_cores_get (BlAgentCores *cores, gboolean fallback);
/** @core has spoken: it becomes the last good one. */
void bl_agent_cores_proven (BlAgentCores *cores, BlAgentCore *core);
/** @core stayed mute on one device. Returns: whether there is another one to try */
gboolean bl_agent_cores_failed (BlAgentCores *cores, BlAgentCore *core);

G_END_DECLS
