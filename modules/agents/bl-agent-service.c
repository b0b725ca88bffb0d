// SPDX-License-Identifier: Apache-2.0
/* Service "bowline.agents": what people have done with the programs on devices. Who may is the caller's question. */
#include "bl-agent-session.h"

static BlAgentSession *
find (BlAgents *agents, const char *node_id, GError **error)
{
  BlAgentSession *session = bl_agents_find (agents, node_id);

  if (session == NULL)
    g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_NOT_FOUND, "%s has no agent that is connected", node_id);
  return session;
}

static BlAgentCoreKind
core_kind (guint32 kind)
{
  switch (kind)
    {
    case BOWLINE_CORE_DEFAULT:
      return BL_AGENT_CORE_DEFAULT;
    case BOWLINE_CORE_RECOVERY:
      return BL_AGENT_CORE_RECOVERY;
    case BOWLINE_CORE_TINY:
      return BL_AGENT_CORE_TINY;
    case BOWLINE_CORE_CUSTOM:
      return BL_AGENT_CORE_CUSTOM;
    default:
      return BL_AGENT_CORE_NONE;
    }
}

static gboolean
upload_core (gpointer self, const char *node_id, guint32 kind, GBytes *script, GError **error)
{
  BlAgents *agents = self;
  BlAgentSession *session = find (agents, node_id, error);
  g_autoptr (BlAgentCore) custom = NULL;
  BlAgentCoreKind wanted = core_kind (kind);

  if (session == NULL)
    return FALSE;
  if (kind < BOWLINE_CORE_DEFAULT || kind > BOWLINE_CORE_CUSTOM || (wanted == BL_AGENT_CORE_CUSTOM) != (script != NULL))
    {
      g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "there is no such kind of core script");
      return FALSE;
    }
  if ((session->caps & BL_AGENT_CAP_JAVASCRIPT) == 0
      || ((wanted == BL_AGENT_CORE_RECOVERY || wanted == BL_AGENT_CORE_TINY)
          && bl_agent_cores_get_other (agents->cores, wanted) == NULL))
    {
      g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_NOT_SUPPORTED, "this agent cannot run such a core script");
      return FALSE;
    }
  if (script != NULL)
    {
      gsize size;
      gconstpointer text = g_bytes_get_data (script, &size);

      custom = bl_agent_core_new (text, size, error);
      if (custom == NULL)
        return FALSE;
    }
  bl_agent_push_order (session, wanted, custom);
  return TRUE;
}

static gboolean
update (gpointer self, const char *node_id, GError **error)
{
  BlAgentSession *session = find (self, node_id, error);

  if (session == NULL)
    return FALSE;
  if (bl_agent_update_order (session))
    return TRUE;
  g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_NOT_SUPPORTED,
                       "there is no program for this agent here; see bowlinectl agents import");
  return FALSE;
}

gboolean
bl_agents_offer (BlAgents *agents, GError **error)
{
  const BowlineAgents table = {
    .struct_size = sizeof table,
    .upload_core = upload_core,
    .update = update,
  };

  return bowline_host_register_service (agents->host, BOWLINE_AGENTS_SERVICE, BOWLINE_AGENTS_MAJOR, &table, agents, error);
}
