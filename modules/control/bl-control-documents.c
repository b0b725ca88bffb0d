// SPDX-License-Identifier: Apache-2.0
/* Follows control-channel 7.5, 7.6 and 9 */
#include "bl-control-documents.h"

#include "common/bl-rights-bits.h"

#include <string.h>

char *
bl_control_domain_of (const char *id)
{
  const char *start = strchr (id, '/');
  const char *end = start != NULL ? strchr (start + 1, '/') : NULL;

  return end != NULL ? g_strndup (start + 1, (gsize)(end - start - 1)) : g_strdup ("");
}

/* ---- public forms
 * ------------------------------------------------------------------------------------------------- */

static GVariant *
hide_member (GVariant *document, const char *object, const char *member)
{
  g_autoptr (GVariant) inner = bl_variant_get_object (document, object);
  g_autoptr (GVariant) hidden = NULL;

  if (inner == NULL || !bl_variant_has (inner, member))
    return g_variant_ref (document);
  hidden = bl_doc_set_int (inner, member, 1);
  return bl_doc_set (document, object, hidden);
}

GVariant *
bl_control_mesh_public (GVariant *mesh)
{
  return hide_member (mesh, "amt", "password");
}

/* The links of a device with the names of the accounts and user groups. */
static GVariant *
name_links (BlControl *control, GVariant *links)
{
  GVariantBuilder builder;
  GVariantIter iter;
  const char *id;
  GVariant *value;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_iter_init (&iter, links);
  while (g_variant_iter_next (&iter, "{&sv}", &id, &value))
    {
      g_autofree char *name = bl_control_dup_name (control, id);
      g_autoptr (GVariant) link = g_steal_pointer (&value);

      if (name != NULL && g_variant_is_of_type (link, G_VARIANT_TYPE_VARDICT))
        {
          g_autoptr (GVariant) named = bl_doc_set_string (link, "name", name);

          g_variant_builder_add (&builder, "{sv}", id, named);
        }
      else
        g_variant_builder_add (&builder, "{sv}", id, link);
    }
  return g_variant_builder_end (&builder);
}

static void
add_presence (GVariantBuilder *builder, const BowlineDeviceState *state, GVariant *sessions)
{
  if (state == NULL || state->connectivity == 0)
    return;
  g_variant_builder_add (builder, "{sv}", "conn", g_variant_new_int64 (state->connectivity));
  g_variant_builder_add (builder, "{sv}", "pwr", g_variant_new_int64 (state->power));
  if (state->agent_since_ms != 0)
    g_variant_builder_add (builder, "{sv}", "agct", g_variant_new_int64 (state->agent_since_ms));
  if (state->cira_since_ms != 0)
    g_variant_builder_add (builder, "{sv}", "cict", g_variant_new_int64 (state->cira_since_ms));
  if (sessions != NULL && g_variant_n_children (sessions) > 0)
    g_variant_builder_add (builder, "{sv}", "sessions", sessions);
}

static gboolean
is_presence (const char *name)
{
  return g_str_equal (name, "conn") || g_str_equal (name, "pwr") || g_str_equal (name, "agct")
         || g_str_equal (name, "cict") || g_str_equal (name, "sessions");
}

static GVariant *
hide_secret (GVariant *object, const char *member)
{
  return bl_variant_has (object, member) ? bl_doc_set_int (object, member, 1) : g_variant_ref (object);
}

GVariant *
bl_control_node_member (BlControl *control, const char *name, GVariant *value, gboolean with_mesh)
{
  gboolean is_object = g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) passless = NULL;

  if ((!with_mesh && g_str_equal (name, "meshid")) || is_presence (name))
    return NULL;
  if (g_str_equal (name, "ssh") || g_str_equal (name, "rdp"))
    return g_variant_ref_sink (g_variant_new_int64 (1));
  if (is_object && g_str_equal (name, "links"))
    return g_variant_n_children (value) > 0 ? g_variant_ref_sink (name_links (control, value)) : NULL;
  if (!is_object || !g_str_equal (name, "intelamt"))
    return g_variant_ref (value);
  passless = hide_secret (value, "pass");
  return hide_secret (passless, "mpspass");
}

GVariant *
bl_control_node_public (BlControl *control,
                        GVariant *node,
                        const BowlineDeviceState *state,
                        GVariant *sessions,
                        gboolean with_mesh)
{
  GVariantBuilder builder;
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_iter_init (&iter, node);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      g_autoptr (GVariant) member = bl_control_node_member (control, name, value, with_mesh);

      g_variant_unref (value);
      if (member != NULL)
        g_variant_builder_add (&builder, "{sv}", name, member);
    }
  add_presence (&builder, state, sessions);
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

GVariant *
bl_control_dup_node_public (BlControl *control, const char *node_id, gboolean with_mesh)
{
  g_autoptr (GVariant) node = bowline_directory_dup (control->host, node_id);
  g_autoptr (GVariant) sessions = NULL;
  BowlineDeviceState state = { .struct_size = sizeof state };

  if (node == NULL)
    return NULL;
  if (bowline_device_get_state (control->host, node_id, &state))
    sessions = bowline_device_dup_sessions (control->host, node_id);
  return bl_control_node_public (control, node, &state, sessions, with_mesh);
}

/* ---- links and names
 * ---------------------------------------------------------------------------------------------- */

GVariant *
bl_control_set_link (GVariant *document, const char *id, GVariant *link)
{
  g_autoptr (GVariant) owned = link != NULL ? g_variant_ref_sink (link) : NULL;
  g_autoptr (GVariant) links = bl_variant_get_object (document, "links");
  g_autoptr (GVariant) changed = NULL;

  if (links == NULL)
    links = bl_doc_new ();
  changed = owned != NULL ? bl_doc_set (links, id, owned) : bl_doc_remove (links, id);
  return bl_doc_set (document, "links", changed);
}

GVariant *
bl_control_dup_link (GVariant *document, const char *id)
{
  g_autoptr (GVariant) links = bl_variant_get_object (document, "links");

  return links != NULL ? bl_variant_get_object (links, id) : NULL;
}

char *
bl_control_dup_name (BlControl *control, const char *id)
{
  g_autoptr (GVariant) document = bowline_directory_dup (control->host, id);

  return g_strdup (bl_variant_get_string (document, "name"));
}

typedef struct
{
  BlControl *control;
  BowlinePrincipal *principal;
  const char *name;
  char *found;
  guint matches;
} Search;

static gboolean
match_group (const char *id, GVariant *mesh, gpointer user_data)
{
  Search *search = user_data;

  if (g_strcmp0 (bl_variant_get_string (mesh, "name"), search->name) != 0
      || bl_variant_get_int (mesh, "mtype", 0) != BL_MESH_TYPE_AGENT
      || !bowline_may_see (search->control->host, search->principal, id))
    return TRUE;
  if (search->matches++ == 0)
    search->found = g_strdup (id);
  return TRUE;
}

char *
bl_control_find_group (BlControl *control, BowlinePrincipal *principal, const char *name, gboolean *several)
{
  Search search = { control, principal, name, NULL, 0 };

  bowline_directory_foreach (control->host, "mesh", NULL, match_group, &search);
  *several = search.matches > 1;
  if (search.matches > 1)
    g_clear_pointer (&search.found, g_free);
  return search.found;
}

/* ---- changes
 * ------------------------------------------------------------------------------------------------------ */

void
bl_control_change_init (BlControlChange *change)
{
  change->puts = g_ptr_array_new_with_free_func ((GDestroyNotify)g_variant_unref);
  change->deletes = g_ptr_array_new_with_free_func (g_free);
}

void
bl_control_change_clear (BlControlChange *change)
{
  g_clear_pointer (&change->puts, g_ptr_array_unref);
  g_clear_pointer (&change->deletes, g_ptr_array_unref);
}

void
bl_control_change_put (BlControlChange *change, GVariant *document)
{
  g_ptr_array_add (change->puts, document);
}

void
bl_control_change_delete (BlControlChange *change, const char *prefix, const char *id)
{
  g_ptr_array_add (change->deletes, g_strconcat (prefix, id, NULL));
}

void
bl_control_change_delete_node (BlControlChange *change, const char *node_id)
{
  static const char *const prefixes[] = { "", "lc", "if", "si", "nt", "sm", "al", "ra", "da" };

  for (guint i = 0; i < G_N_ELEMENTS (prefixes); i++)
    bl_control_change_delete (change, prefixes[i], node_id);
}

typedef struct
{
  BlControl *control;
  BowlineActionCall *call;
  BlControlDone done;
  gpointer data;
  GDestroyNotify free_data;
} Commit;

static void
on_committed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Commit *commit = user_data;
  g_autoptr (GError) error = NULL;

  if (!bowline_directory_commit_finish (commit->control->host, result, &error))
    bowline_action_call_fail (commit->call, error);
  else if (!commit->control->stopped)
    commit->done (commit->control, commit->call, commit->data);
  if (commit->free_data != NULL)
    commit->free_data (commit->data);
  bowline_action_call_unref (commit->call);
  bl_control_unref (commit->control);
  g_free (commit);
}

void
bl_control_commit (BlControl *control,
                   BlControlChange *change,
                   BowlineActionCall *call,
                   BlControlDone done,
                   gpointer data,
                   GDestroyNotify free_data)
{
  Commit *commit = g_new (Commit, 1);
  GVariant *puts = g_variant_new_array (G_VARIANT_TYPE_VARDICT, (GVariant *const *)change->puts->pdata,
                                        change->puts->len);

  *commit = (Commit){ bl_control_ref (control), bowline_action_call_ref (call), done, data, free_data };
  g_ptr_array_add (change->deletes, NULL);
  bowline_directory_commit_async (control->host, puts, (const char *const *)change->deletes->pdata,
                                  BOWLINE_COMMIT_DURABLE, NULL, on_committed, commit);
  bl_control_change_clear (change);
}
