// SPDX-License-Identifier: Apache-2.0
/* Groups that devices name and this server does not have, agent-channel.md section 9: with the setting orphan-owner they are
 * made, or come back, for one administrator. Whoever can reach the server can name groups, so their number is limited. */
#include <string.h>

#include "bl-agent-session.h"
#include "common/bl-rights-bits.h"
#include "common/bl-variant.h"

/* @name: (nullable). Returns: (transfer full): @document with a link with all rights to @id */
static GVariant *
with_link (GVariant *document, const char *id, const char *name)
{
  g_autoptr (GVariant) before = bl_variant_get_object (document, "links");
  g_autoptr (GVariant) links = NULL;
  g_autoptr (GVariant) plain = bl_doc_new ();
  g_autoptr (GVariant) named = name != NULL ? bl_doc_set_string (plain, "name", name) : g_variant_ref (plain);
  g_autoptr (GVariant) link = bl_doc_set_int (named, "rights", BL_RIGHT_ALL);

  links = bl_doc_set (before, id, link);
  return bl_doc_set (document, "links", links);
}

/* Returns: (transfer full): the group: the removed one, or a new one */
static GVariant *
make_group (const char *mesh_id, GVariant *removed)
{
  GVariantDict dict;

  if (removed != NULL)
    return bl_doc_remove (removed, "deleted");
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "type", "s", "mesh");
  g_variant_dict_insert (&dict, "_id", "s", mesh_id);
  g_variant_dict_insert (&dict, "name", "s", "Unknown group");
  g_variant_dict_insert (&dict, "mtype", "x", (gint64) 2);
  g_variant_dict_insert (&dict, "desc", "s", "Made for a device that named it");
  g_variant_dict_insert (&dict, "domain", "s", "");
  g_variant_dict_insert (&dict, "creation", "x", g_get_real_time () / 1000);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static void
tell (BlAgentSession *session, GVariant *mesh)
{
  const char *mesh_id = bl_variant_get_string (mesh, "_id");
  const char *name = bl_variant_get_string (mesh, "name");
  const char *targets[] = { "*", mesh_id, NULL };
  g_autoptr (GVariant) links = bl_variant_get_object (mesh, "links");
  g_autofree char *text = g_strdup_printf ("Device group created: %s", name);
  GVariantDict event;

  g_variant_dict_init (&event, NULL);
  g_variant_dict_insert (&event, "etype", "s", "mesh");
  g_variant_dict_insert (&event, "action", "s", "createmesh");
  g_variant_dict_insert (&event, "meshid", "s", mesh_id);
  g_variant_dict_insert (&event, "name", "s", name);
  g_variant_dict_insert (&event, "mtype", "x", (gint64) 2);
  g_variant_dict_insert_value (&event, "links", links);
  g_variant_dict_insert (&event, "msg", "s", text);
  g_variant_dict_insert (&event, "domain", "s", "");
  bowline_event_emit (session->host, targets, g_variant_dict_end (&event));
}

typedef struct
{
  BlAgentSession *session;
  GVariant *mesh;
} Adoption;

static void
adopted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Adoption *adoption = user_data;
  BlAgentSession *session = adoption->session;
  g_autoptr (GError) error = NULL;

  if (!bowline_directory_commit_finish (session->host, result, &error))
    bl_agent_session_hold (session, "its group cannot be stored: %s", error->message);
  else
    {
      tell (session, adoption->mesh);
      if (session->state == BL_AGENT_STATE_ADMISSION)
        bl_agent_admission_begin (session);
    }
  bl_agent_session_unref (session);
  g_variant_unref (adoption->mesh);
  g_free (adoption);
}

gboolean
bl_agent_orphan_adopt (BlAgentSession *session, const char *mesh_id)
{
  BlAgents *agents = session->agents;
  const char *owner = bowline_host_get_string (session->host, "orphan-owner");
  g_autofree char *owner_id = g_strconcat (g_str_has_prefix (owner, "user/") ? "" : "user//", owner, NULL);
  g_autoptr (GVariant) account = *owner != '\0' ? bowline_directory_dup (session->host, owner_id) : NULL;
  g_autoptr (GVariant) removed = mesh_id != NULL ? bowline_directory_dup (session->host, mesh_id) : NULL;
  g_autoptr (GVariant) plain = NULL;
  g_autoptr (GVariant) mesh = NULL;
  g_autoptr (GVariant) linked = NULL;
  Adoption *adoption;
  GVariantBuilder puts;

  if (account == NULL || mesh_id == NULL || bl_variant_get_int (account, "siteadmin", 0) != BL_SITE_FULL
      || (removed != NULL && !bl_variant_has (removed, "deleted")) || agents->n_adopted >= BL_AGENTS_MAX_ADOPTED)
    return FALSE;
  agents->n_adopted++;
  plain = make_group (mesh_id, removed);
  mesh = with_link (plain, owner_id, bl_variant_get_string (account, "name"));
  linked = with_link (account, mesh_id, NULL);
  adoption = g_new0 (Adoption, 1);
  adoption->session = bl_agent_session_ref (session);
  adoption->mesh = g_variant_ref (mesh);
  session->state = BL_AGENT_STATE_ADMISSION;
  g_variant_builder_init (&puts, G_VARIANT_TYPE ("aa{sv}"));
  g_variant_builder_add_value (&puts, mesh);
  g_variant_builder_add_value (&puts, linked);
  bowline_directory_commit_async (session->host, g_variant_builder_end (&puts), NULL, BOWLINE_COMMIT_DURABLE, NULL,
                                  adopted_cb, adoption);
  return TRUE;
}
