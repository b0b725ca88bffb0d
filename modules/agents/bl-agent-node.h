// SPDX-License-Identifier: Apache-2.0
/**
 * Documents of devices (migration.md section 3.3): made and changed from what a device says, and the form of them that
 * may be shown. Pure; any thread.
 */
#pragma once

#include "common/bl-agent-msg.h"

G_BEGIN_DECLS

/** Returns: (transfer full): the document of a new device. @agent_name: (nullable): the name it asks for */
GVariant *bl_agent_node_new (const char *node_id,
                             const char *mesh_id,
                             const BlAgentAuthInfo *info,
                             const char *agent_name,
                             const char *address,
                             gint64 now_ms);

/**
 * bl_agent_node_refresh: what a known device's document must become when it connects.
 * @sync_name: the group wants names to follow the computer's; @agent_name: (nullable): wins over the computer name then
 * Returns: (transfer full): the changed fields only, a{sv}; empty when nothing changed
 */
GVariant *bl_agent_node_refresh (GVariant *node,
                                 const BlAgentAuthInfo *info,
                                 gboolean sync_name,
                                 const char *agent_name,
                                 const char *address);

/**
 * bl_agent_node_apply_core_info: what `coreinfo` changes.
 * @report: sanitised by bl_agent_json_check()
 * @what: (out): (transfer full) (nullable): names of changes worth telling, for example "os desc, name"
 * Returns: (transfer full): the changed fields only, a{sv}; empty when nothing changed
 */
GVariant *bl_agent_node_apply_core_info (GVariant *node, GVariant *report, char **what);

/**
 * bl_agent_node_apply_tag: what command 15 changes.
 * @text: the first line that does not begin with "~" is the tag; "~ServerName:", "~ServerDesc:" and "~ServerTags:a,b" ask
 *   for more
 * @allowed: (array zero-terminated=1): what a device may set so: "name", "description", "tags"; "description-if-empty" and
 *   "tags-if-empty" only where nobody did, "tags-add" beside what is there
 * Returns: (transfer full): the changed fields only, a{sv}; empty when nothing changed
 */
GVariant *bl_agent_node_apply_tag (GVariant *node, const char *text, gsize length, const char *const *allowed);

/** Returns: (transfer full): fields that say that no core runs: no name of it, no capabilities but the agent's own */
GVariant *bl_agent_node_apply_no_core (GVariant *node);

/** Returns: (transfer full): @node without secrets: passwords and keys become numbers */
GVariant *bl_agent_node_safe (GVariant *node);

G_END_DECLS
