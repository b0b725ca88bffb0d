// SPDX-License-Identifier: Apache-2.0
/* Who is let in, and where it belongs: agent-channel.md section 9. */
#include "bl-agent-session.h"

#include <string.h>

#include "bl-agent-node.h"
#include "common/bl-ids.h"
#include "common/bl-variant.h"

/* Flags of a group. */
#define MESH_TEMPORARY 1
#define MESH_SYNC_NAMES 2
#define MESH_PREFER_AGENT_NAME 8

/* Returns: (transfer full) (nullable): the group, if devices with an agent may be in it */
static GVariant *
dup_group (BlAgentSession *session, const char *mesh_id)
{
  g_autoptr (GVariant) mesh = bowline_directory_dup (session->host, mesh_id);

  if (mesh == NULL || g_strcmp0 (bl_variant_get_string (mesh, "type"), "mesh") != 0
      || bl_variant_get_int (mesh, "mtype", 0) != 2 || bl_variant_has (mesh, "deleted"))
    return NULL;
  return g_steal_pointer (&mesh);
}

static void
enter (BlAgentSession *session, GVariant *mesh)
{
  BlAgents *agents = session->agents;
  guint disconnections = bl_agents_get_disconnections (agents, session->node_id);
  guint clear = agents->settings.storm_clear;

  session->state = BL_AGENT_STATE_READY;
  session->temporary = (session->caps & BL_AGENT_CAP_TEMPORARY) != 0
                       || (mesh != NULL && (bl_variant_get_int (mesh, "flags", 0) & MESH_TEMPORARY) != 0);
  g_clear_pointer (&session->handshake, bl_agent_handshake_free);
  bl_agent_deadline_clear (&session->deadline);
  bowline_websocket_set_max_message (session->socket, agents->settings.max_message);
  bl_agent_session_send (session, bl_agent_write_auth_confirm ());
  if (!session->recovery)
    bl_agents_enter (agents, session);
  if (clear > 0 && disconnections > clear)
    {
      bowline_host_log (session->host, BOWLINE_LOG_WARNING, g_variant_new_parsed ("{'node': <%s>}", session->node_id),
                        "a device reconnected %u times in a short time; it runs without a core script", disconnections);
      session->coreless = TRUE;
      bl_agent_session_send (session, bl_agent_write_core_clear ());
      return;
    }
  bl_agent_update_begin (session);
}

/* ---- a new device ----------------------------------------------------------------------------------------------- */

static void
emit_added (BlAgentSession *session, GVariant *mesh, GVariant *node)
{
  const char *mesh_id = bl_variant_get_string (mesh, "_id");
  const char *mesh_name = bl_variant_get_string (mesh, "name");
  const char *name = bl_variant_get_string (node, "name");
  const char *targets[] = { mesh_id, session->node_id, "*", NULL };
  g_autofree char *text = g_strdup_printf ("Added device %s to device group %s", name, mesh_name != NULL ? mesh_name : "");
  GVariantDict event;
  GVariantBuilder arguments;

  g_variant_builder_init (&arguments, G_VARIANT_TYPE ("av"));
  g_variant_builder_add (&arguments, "v", g_variant_new_string (name));
  g_variant_builder_add (&arguments, "v", g_variant_new_string (mesh_name != NULL ? mesh_name : ""));
  g_variant_dict_init (&event, NULL);
  g_variant_dict_insert (&event, "etype", "s", "node");
  g_variant_dict_insert (&event, "action", "s", "addnode");
  g_variant_dict_insert (&event, "nodeid", "s", session->node_id);
  g_variant_dict_insert (&event, "domain", "s", "");
  g_variant_dict_insert_value (&event, "node", node);
  g_variant_dict_insert (&event, "msgid", "x", (gint64) 57);
  g_variant_dict_insert_value (&event, "msgArgs", g_variant_builder_end (&arguments));
  g_variant_dict_insert (&event, "msg", "s", text);
  if ((session->caps & BL_AGENT_CAP_TEMPORARY) != 0)
    g_variant_dict_insert (&event, "nolog", "x", (gint64) 1);
  bowline_event_emit (session->host, targets, g_variant_dict_end (&event));
}

/* It is let in when its document is kept: a device that is shown as online must still be there after a restart. */
static void
stored_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BlAgentSession *session = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) node = NULL;
  g_autoptr (GVariant) mesh = NULL;

  if (!bowline_directory_commit_finish (session->host, result, &error))
    bl_agent_session_hold (session, "its document cannot be stored: %s", error->message);
  else if (session->state == BL_AGENT_STATE_ADMISSION)
    {
      node = bowline_directory_dup (session->host, session->node_id);
      mesh = node != NULL ? dup_group (session, bl_variant_get_string (node, "meshid")) : NULL;
      if (mesh == NULL)
        bl_agent_session_hold (session, "its group was removed meanwhile");
      else
        {
          emit_added (session, mesh, node);
          enter (session, mesh);
        }
    }
  bl_agent_session_unref (session);
}

static void
admit_new (BlAgentSession *session)
{
  const BlAgentAuthInfo *info = bl_agent_handshake_get_info (session->handshake);
  const BlAgentsSettings *settings = &session->agents->settings;
  g_autofree char *group = bl_id48_group_text (info->mesh_id);
  g_autofree char *mesh_id = bl_id_build (BL_ID_MESH, NULL, group);
  g_autoptr (GVariant) mesh = dup_group (session, mesh_id);
  g_autoptr (GVariant) node = NULL;
  GVariantBuilder puts;

  if (mesh == NULL)
    {
      if (!bl_agent_orphan_adopt (session, mesh_id))
        bl_agent_session_hold (session, "there is no group %s", mesh_id);
      return;
    }
  if (settings->max_devices > 0 && bowline_directory_count (session->host, "node") >= settings->max_devices)
    {
      bl_agent_session_hold (session, "the limit of %u devices is reached", settings->max_devices);
      return;
    }
  node = bl_agent_node_new (session->node_id, mesh_id, info, bl_agent_handshake_get_agent_name (session->handshake),
                            session->address, g_get_real_time () / 1000);
  session->state = BL_AGENT_STATE_ADMISSION;
  g_variant_builder_init (&puts, G_VARIANT_TYPE ("aa{sv}"));
  g_variant_builder_add_value (&puts, node);
  bowline_directory_commit_async (session->host, g_variant_builder_end (&puts), NULL, 0, NULL, stored_cb,
                                  bl_agent_session_ref (session));
}

/* ---- a known device --------------------------------------------------------------------------------------------- */

/* The group a known device names counts for nothing: whoever may move devices has decided. */
static void
admit_known (BlAgentSession *session, GVariant *node)
{
  const char *mesh_id = bl_variant_get_string (node, "meshid");
  g_autoptr (GVariant) mesh = mesh_id != NULL ? dup_group (session, mesh_id) : NULL;
  g_autoptr (GVariant) patch = NULL;
  const char *agent_name;
  gint64 flags;

  if (mesh == NULL)
    {
      if (!bl_agent_orphan_adopt (session, mesh_id))
        bl_agent_session_hold (session, "its group %s does not exist", mesh_id != NULL ? mesh_id : "");
      return;
    }
  flags = bl_variant_get_int (mesh, "flags", 0);
  agent_name = (flags & MESH_PREFER_AGENT_NAME) != 0 ? bl_agent_handshake_get_agent_name (session->handshake) : NULL;
  patch = bl_agent_node_refresh (node, bl_agent_handshake_get_info (session->handshake), (flags & MESH_SYNC_NAMES) != 0,
                                 agent_name, session->address);
  if (g_variant_n_children (patch) > 0 && bowline_directory_patch (session->host, session->node_id, patch))
    bl_agent_report_changed (session, NULL);
  enter (session, mesh);
}

void
bl_agent_admission_begin (BlAgentSession *session)
{
  const BlAgentsSettings *settings = &session->agents->settings;
  guint disconnections = bl_agents_get_disconnections (session->agents, session->node_id);
  g_autoptr (GVariant) node = NULL;

  if (settings->storm_refuse > 0 && disconnections > settings->storm_refuse)
    {
      bl_agent_session_hold (session, "it reconnected %u times in a short time", disconnections);
      return;
    }
  /* Such an agent repairs another one; it is no device of its own. */
  if ((session->caps & BL_AGENT_CAP_RECOVERY) != 0)
    {
      session->recovery = TRUE;
      enter (session, NULL);
      return;
    }
  node = bowline_directory_dup (session->host, session->node_id);
  if (node != NULL)
    admit_known (session, node);
  else
    admit_new (session);
}

/* ---- a temporary device ----------------------------------------------------------------------------------------- */

void
bl_agent_admission_forget (BlAgentSession *session)
{
  static const char *const prefixes[] = { "lc", "if", "si", "nt", "sm", "al", "ra", "da" };
  g_autoptr (GVariant) node = bowline_directory_dup (session->host, session->node_id);
  g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
  const char *mesh_id = bl_variant_get_string (node, "meshid");
  const char *targets[] = { mesh_id, session->node_id, "*", NULL };
  BowlineDeviceState state = { .struct_size = sizeof state };
  GVariantDict event;

  /* Still connected by other means. */
  if (node == NULL || mesh_id == NULL || bowline_device_get_state (session->host, session->node_id, &state))
    return;
  g_ptr_array_add (ids, g_strdup (session->node_id));
  for (guint i = 0; i < G_N_ELEMENTS (prefixes); i++)
    g_ptr_array_add (ids, g_strconcat (prefixes[i], session->node_id, NULL));
  g_ptr_array_add (ids, NULL);
  g_variant_dict_init (&event, NULL);
  g_variant_dict_insert (&event, "etype", "s", "node");
  g_variant_dict_insert (&event, "action", "s", "removenode");
  g_variant_dict_insert (&event, "nodeid", "s", session->node_id);
  g_variant_dict_insert (&event, "meshid", "s", mesh_id);
  g_variant_dict_insert (&event, "domain", "s", "");
  g_variant_dict_insert (&event, "nolog", "x", (gint64) 1);
  bowline_event_emit (session->host, targets, g_variant_dict_end (&event));
  bowline_directory_commit_async (session->host, NULL, (const char *const *) ids->pdata, 0, NULL, NULL, NULL);
}
