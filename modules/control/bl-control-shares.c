// SPDX-License-Identifier: Apache-2.0
#include "bl-control-shares.h"

#include "bl-control-events.h"
#include "common/bl-share.h"

#include <string.h>

#define MAX_SWEPT 1000u /* of one round; the others go in the next */

typedef struct
{
  BlControl *control;
  const char *object_id;
  const char *user_id;
  GVariantBuilder list;
} Listing;

static gint64
now_ms (void)
{
  return g_get_real_time () / 1000;
}

/* Its own document says in which group a device is; the share's only where it was. */
static gboolean
concerns (BlControl *control, GVariant *share, const char *object_id)
{
  const char *node_id = bl_variant_get_string (share, "nodeid");
  g_autoptr (GVariant) node = NULL;

  if (node_id == NULL)
    return FALSE;
  if (g_str_has_prefix (object_id, "node/"))
    return g_str_equal (node_id, object_id);
  node = bowline_directory_dup (control->host, node_id);
  return g_strcmp0 (bl_variant_get_string (node, "meshid"), object_id) == 0;
}

static GVariant *
public_form (GVariant *share, gboolean of_group, gboolean own)
{
  GVariantBuilder builder;
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_iter_init (&iter, share);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      static const char *const hidden[] = { "_id", "type", "domain", "xmeshid", "extrakey", NULL };

      if (!g_strv_contains (hidden, name) && (of_group || !g_str_equal (name, "nodeid"))
          && (own || !g_str_equal (name, "url")))
        g_variant_builder_add (&builder, "{sv}", name, value);
      g_variant_unref (value);
    }
  return g_variant_builder_end (&builder);
}

static gboolean
add_share (const char *id, GVariant *share, gpointer user_data)
{
  Listing *listing = user_data;
  gboolean own = listing->user_id != NULL
                 && g_strcmp0 (bl_variant_get_string (share, "userid"), listing->user_id) == 0;

  if (concerns (listing->control, share, listing->object_id)
      && bl_share_window (share, now_ms ()).state != BL_SHARE_OVER)
    g_variant_builder_add (&listing->list, "v",
                           public_form (share, g_str_has_prefix (listing->object_id, "mesh/"), own));
  return TRUE;
}

GVariant *
bl_control_shares_list (BlControl *control, const char *object_id, const char *user_id)
{
  Listing listing = { .control = control, .object_id = object_id, .user_id = user_id };

  g_variant_builder_init (&listing.list, G_VARIANT_TYPE ("av"));
  bowline_directory_foreach (control->host, "deviceshare", NULL, add_share, &listing);
  return g_variant_builder_end (&listing.list);
}

void
bl_control_shares_announce (BlControl *control, const char *node_id)
{
  g_autoptr (GVariant) node = bowline_directory_dup (control->host, node_id);
  const char *mesh_id = bl_variant_get_string (node, "meshid");
  GVariantDict event;

  if (mesh_id == NULL)
    return;
  bl_control_event_init (&event, control, NULL, "node", "deviceShareUpdate");
  g_variant_dict_insert (&event, "nodeid", "s", node_id);
  g_variant_dict_insert_value (&event, "deviceShares", bl_control_shares_list (control, node_id, NULL));
  g_variant_dict_insert (&event, "nolog", "x", (gint64)1);
  bl_control_event_emit (control, &event, mesh_id, node_id, NULL);
}

/* ---- the end of shares
 * ------------------------------------------------------------------------------------------ */

typedef struct
{
  BlControl *control;
  GPtrArray *ids;    /* of documents */
  GHashTable *nodes; /* devices they were of */
} Sweep;

static void
sweep_free (Sweep *sweep)
{
  bl_control_unref (sweep->control);
  g_ptr_array_unref (sweep->ids);
  g_hash_table_unref (sweep->nodes);
  g_free (sweep);
}

static gboolean
is_dead (BlControl *control, GVariant *share)
{
  const char *node_id = bl_variant_get_string (share, "nodeid");
  const char *user_id = bl_variant_get_string (share, "userid");

  return bl_share_window (share, now_ms ()).state == BL_SHARE_OVER || node_id == NULL
         || !bowline_directory_contains (control->host, node_id)
         || (user_id != NULL && !bowline_directory_contains (control->host, user_id));
}

static gboolean
find_dead (const char *id, GVariant *share, gpointer user_data)
{
  Sweep *sweep = user_data;

  if (!is_dead (sweep->control, share))
    return TRUE;
  g_ptr_array_add (sweep->ids, g_strdup (id));
  if (bl_variant_get_string (share, "nodeid") != NULL)
    g_hash_table_add (sweep->nodes, g_strdup (bl_variant_get_string (share, "nodeid")));
  return sweep->ids->len < MAX_SWEPT;
}

static void
on_swept (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Sweep *sweep = user_data;
  g_autoptr (GError) error = NULL;
  GHashTableIter iter;
  gpointer node_id;

  if (!bowline_directory_commit_finish (sweep->control->host, result, &error))
    bowline_host_log (sweep->control->host, BOWLINE_LOG_WARNING, NULL, "Shares that are over stay: %s",
                      error->message);
  else if (!sweep->control->stopped)
    {
      g_hash_table_iter_init (&iter, sweep->nodes);
      while (g_hash_table_iter_next (&iter, &node_id, NULL))
        bl_control_shares_announce (sweep->control, node_id);
    }
  sweep_free (sweep);
}

void
bl_control_shares_sweep (BlControl *control)
{
  Sweep *sweep = g_new (Sweep, 1);

  *sweep = (Sweep){ bl_control_ref (control), g_ptr_array_new_with_free_func (g_free),
                    g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL) };
  bowline_directory_foreach (control->host, "deviceshare", NULL, find_dead, sweep);
  if (sweep->ids->len == 0)
    {
      sweep_free (sweep);
      return;
    }
  g_ptr_array_add (sweep->ids, NULL);
  bowline_directory_commit_async (control->host, NULL, (const char *const *)sweep->ids->pdata, 0, NULL,
                                  on_swept, sweep);
}
