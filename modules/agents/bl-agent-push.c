// SPDX-License-Identifier: Apache-2.0
/* Which core script a device runs: agent-channel.md section 4.1. */
#include <string.h>

#include "bl-agent-session.h"

static BlAgentCore *
wanted_core (BlAgentSession *session)
{
  BlAgentCores *cores = session->agents->cores;

  /* Our script is for devices; a recovery agent keeps what it has. */
  if (session->recovery)
    return NULL;
  switch ((BlAgentCoreKind) session->core_kind)
    {
    case BL_AGENT_CORE_DEFAULT:
      return bl_agent_cores_get (cores, bl_agent_core_text_flavour (session->agent_id), session->fallback);
    case BL_AGENT_CORE_RECOVERY:
    case BL_AGENT_CORE_TINY:
      return bl_agent_cores_get_other (cores, session->core_kind);
    case BL_AGENT_CORE_CUSTOM:
      return session->custom_core;
    case BL_AGENT_CORE_NONE:
      break;
    }
  return NULL;
}

static void
send_core (BlAgentSession *session, BlAgentCore *core)
{
  gboolean compressed = (session->caps & BL_AGENT_CAP_COMPRESSION) != 0 && core->deflated != NULL;

  session->pushes++;
  session->spoke = FALSE;
  session->stable = FALSE;
  bl_agent_session_send (session, g_bytes_ref (compressed ? core->deflated : core->plain));
}

static void
await_core (BlAgentSession *session)
{
  /* Its first message can arrive before the 11 that ends the push. */
  if (session->spoke)
    bl_agent_push_spoke (session);
  else if (session->core_kind == BL_AGENT_CORE_DEFAULT)
    bl_agent_deadline_set (&session->deadline, &session->agents->cores_due, session, g_get_monotonic_time ());
}

static void
become_stable (BlAgentSession *session)
{
  bl_agent_session_send (session, bl_agent_write_core_ok ());
  if (session->stable)
    return;
  session->stable = TRUE;
  bl_agent_report_greet (session);
  bl_agent_report_ask_sysinfo (session);
}

void
bl_agent_push_begin (BlAgentSession *session)
{
  if ((session->caps & BL_AGENT_CAP_JAVASCRIPT) != 0)
    bl_agent_session_send (session, bl_agent_write_hash (BL_AGENT_CORE_HASH, 0, NULL));
}

void
bl_agent_push_order (BlAgentSession *session, BlAgentCoreKind kind, BlAgentCore *custom)
{
  if (session->deadline.where == &session->agents->cores_due)
    bl_agent_deadline_clear (&session->deadline);
  g_clear_pointer (&session->custom_core, bl_agent_core_unref);
  session->custom_core = custom != NULL ? bl_agent_core_ref (custom) : NULL;
  session->core_kind = kind;
  session->pushes = 0;
  session->stable = FALSE;
  session->spoke = FALSE;
  session->fallback = FALSE;
  session->coreless = kind == BL_AGENT_CORE_NONE;
  /* Even an equal one starts anew: that is why somebody asks for it. */
  bl_agent_session_send (session, bl_agent_write_core_clear ());
  if (kind != BL_AGENT_CORE_NONE)
    bl_agent_push_begin (session);
}

void
bl_agent_push_hash (BlAgentSession *session, const BlAgentMsg *message)
{
  BlAgents *agents = session->agents;
  BlAgentCore *core = wanted_core (session);

  if (message->hash.kind == BL_AGENT_HASH_NONE && !session->recovery)
    bl_agent_report_no_core (session);
  if (session->coreless || bl_agent_update_is_running (session))
    return;
  if (session->recovery || core == NULL || message->hash.kind == BL_AGENT_HASH_ZERO)
    {
      /* A script of its own, or we have none: start what is there. */
      if (message->hash.kind != BL_AGENT_HASH_NONE)
        become_stable (session);
      return;
    }
  if (message->hash.kind == BL_AGENT_HASH_VALUE && memcmp (message->hash.hash, core->hash, sizeof core->hash) == 0)
    {
      become_stable (session);
      await_core (session);
      return;
    }
  if (session->pushes < BL_AGENT_CORE_MAX_PUSHES)
    {
      send_core (session, core);
      return;
    }
  bowline_host_log (agents->host, BOWLINE_LOG_WARNING, g_variant_new_parsed ("{'node': <%s>}", session->node_id),
                    "a device does not take its core script after %u attempts", BL_AGENT_CORE_MAX_PUSHES);
}

void
bl_agent_push_spoke (BlAgentSession *session)
{
  BlAgentCore *core = wanted_core (session);

  session->spoke = TRUE;
  if (!session->stable)
    return;
  if (session->deadline.where == &session->agents->cores_due)
    bl_agent_deadline_clear (&session->deadline);
  if (bl_agent_update_core_runs (session))
    return;
  if (core != NULL && session->core_kind == BL_AGENT_CORE_DEFAULT)
    bl_agent_cores_proven (session->agents->cores, core);
}

void
bl_agent_push_mute (BlAgentSession *session)
{
  BlAgents *agents = session->agents;
  BlAgentCore *core = wanted_core (session);
  gboolean another;

  if (core == NULL || session->core_kind != BL_AGENT_CORE_DEFAULT)
    return;
  another = bl_agent_cores_failed (agents->cores, core);
  bowline_host_log (agents->host, BOWLINE_LOG_WARNING, g_variant_new_parsed ("{'node': <%s>}", session->node_id),
                    "the core script of a device does not answer; it is cleared%s",
                    another ? " and replaced by the last good one" : "");
  bl_agent_session_send (session, bl_agent_write_core_clear ());
  session->stable = FALSE;
  session->fallback = another;
  session->coreless = !another;
}
