// SPDX-License-Identifier: Apache-2.0
/* Follows control-channel 7.6 (nodes) */
#include "bl-control-nodes.h"

#include "bl-control-documents.h"
#include "common/bl-json.h"

/* A device that connects changes several times at once: its text is made when that is over, and without keeping
 * anybody waiting. */
#define PREPARE_DELAY_MS 100u
#define PREPARE_AT_ONCE 32u

typedef struct
{
  char *id;
  char *mesh_id;
  char *text; /* (nullable): made on demand */
  gsize length;
  GPtrArray *group;
  guint index; /* in its group */
  GList stale; /* in the list of those without a text */
  gboolean is_stale;
} Entry;

struct _BlControlNodes
{
  BlControl *control;
  GHashTable *entries; /* node id -> Entry */
  GHashTable *groups;  /* mesh id -> GPtrArray of Entry */
  GQueue stale;        /* of Entry: their texts are to be made */
  gsize size;          /* of all texts */
  GSource *prepare;    /* (nullable) */
  gboolean filled;
};

static void fill (BlControlNodes *self);
static void prepare_soon (BlControlNodes *self);
static void make_entry (BlControlNodes *self, Entry *entry);

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_free (entry->id);
  g_free (entry->mesh_id);
  g_free (entry->text);
  g_free (entry);
}

BlControlNodes *
bl_control_nodes_new (BlControl *control)
{
  BlControlNodes *self = g_new0 (BlControlNodes, 1);

  self->control = control;
  self->entries = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, entry_free);
  self->groups = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
  prepare_soon (self);
  return self;
}

void
bl_control_nodes_free (BlControlNodes *self)
{
  bl_control_nodes_stop (self);
  g_hash_table_unref (self->groups);
  g_hash_table_unref (self->entries);
  g_free (self);
}

void
bl_control_nodes_stop (BlControlNodes *self)
{
  if (self->prepare != NULL)
    g_source_destroy (self->prepare);
  g_clear_pointer (&self->prepare, g_source_unref);
}

/* ---- texts that are made beforehand
 * --------------------------------------------------------------------------------------------------- */

static void
set_source (BlControlNodes *self, GSource *source, GSourceFunc func)
{
  bl_control_nodes_stop (self);
  self->prepare = source;
  g_source_set_priority (source, G_PRIORITY_LOW);
  g_source_set_callback (source, func, self, NULL);
  g_source_attach (source, bowline_host_get_main_context (self->control->host));
}

static gboolean
on_idle (gpointer user_data)
{
  BlControlNodes *self = user_data;

  for (guint i = 0; i < PREPARE_AT_ONCE && self->stale.head != NULL; i++)
    make_entry (self, self->stale.head->data);
  if (self->stale.head != NULL)
    return G_SOURCE_CONTINUE;
  g_clear_pointer (&self->prepare, g_source_unref);
  return G_SOURCE_REMOVE;
}

static gboolean
on_delay_over (gpointer user_data)
{
  BlControlNodes *self = user_data;

  fill (self);
  set_source (self, g_idle_source_new (), on_idle);
  return G_SOURCE_REMOVE;
}

static void
prepare_soon (BlControlNodes *self)
{
  if (self->prepare == NULL)
    set_source (self, g_timeout_source_new (PREPARE_DELAY_MS), on_delay_over);
}

static void
drop_text (BlControlNodes *self, Entry *entry)
{
  self->size -= entry->length;
  entry->length = 0;
  g_clear_pointer (&entry->text, g_free);
}

static void
set_stale (BlControlNodes *self, Entry *entry)
{
  drop_text (self, entry);
  if (entry->is_stale)
    return;
  entry->is_stale = TRUE;
  entry->stale.data = entry;
  g_queue_push_tail_link (&self->stale, &entry->stale);
  prepare_soon (self);
}

static void
set_fresh (BlControlNodes *self, Entry *entry)
{
  if (entry->is_stale)
    g_queue_unlink (&self->stale, &entry->stale);
  entry->is_stale = FALSE;
}

/* ---- groups
 * ---------------------------------------------------------------------------------------------------------- */

static void
leave_group (BlControlNodes *self, Entry *entry)
{
  GPtrArray *group = g_hash_table_lookup (self->groups, entry->mesh_id);
  Entry *moved;

  g_ptr_array_remove_index_fast (group, entry->index);
  if (entry->index < group->len)
    {
      moved = group->pdata[entry->index];
      moved->index = entry->index;
    }
  if (group->len == 0)
    g_hash_table_remove (self->groups, entry->mesh_id);
  g_clear_pointer (&entry->mesh_id, g_free);
}

static void
enter_group (BlControlNodes *self, Entry *entry, const char *mesh_id)
{
  GPtrArray *group = g_hash_table_lookup (self->groups, mesh_id);

  if (group == NULL)
    {
      group = g_ptr_array_new ();
      g_hash_table_insert (self->groups, g_strdup (mesh_id), group);
    }
  entry->mesh_id = g_strdup (mesh_id);
  entry->group = group;
  entry->index = group->len;
  g_ptr_array_add (group, entry);
}

static gboolean
take_in (const char *id, GVariant *node, gpointer user_data)
{
  BlControlNodes *self = user_data;
  const char *mesh_id = bl_variant_get_string (node, "meshid");
  Entry *entry = g_hash_table_lookup (self->entries, id);

  if (mesh_id == NULL)
    mesh_id = "";
  if (entry == NULL)
    {
      entry = g_new0 (Entry, 1);
      entry->id = g_strdup (id);
      g_hash_table_insert (self->entries, entry->id, entry);
      enter_group (self, entry, mesh_id);
      set_stale (self, entry);
      return TRUE;
    }
  set_stale (self, entry);
  if (!g_str_equal (entry->mesh_id, mesh_id))
    {
      leave_group (self, entry);
      enter_group (self, entry, mesh_id);
    }
  return TRUE;
}

static void
fill (BlControlNodes *self)
{
  if (self->filled)
    return;
  self->filled = bowline_directory_count (self->control->host, "node") > 0; /* the store may come later */
  bowline_directory_foreach (self->control->host, "node", NULL, take_in, self);
}

void
bl_control_nodes_update (BlControlNodes *self, const char *node_id)
{
  g_autoptr (GVariant) node = NULL;
  Entry *entry;

  if (!self->filled)
    {
      prepare_soon (self);
      return;
    }
  node = bowline_directory_dup (self->control->host, node_id);
  if (node != NULL)
    {
      take_in (node_id, node, self);
      return;
    }
  entry = g_hash_table_lookup (self->entries, node_id);
  if (entry == NULL)
    return;
  leave_group (self, entry);
  drop_text (self, entry);
  set_fresh (self, entry);
  g_hash_table_remove (self->entries, node_id);
}

void
bl_control_nodes_touch (BlControlNodes *self, const char *node_id)
{
  Entry *entry = g_hash_table_lookup (self->entries, node_id);

  if (entry != NULL)
    set_stale (self, entry);
}

static void
append_number (GString *text, const char *name, gint64 number)
{
  if (text->len > 1)
    g_string_append_c (text, ',');
  g_string_append_printf (text, "\"%s\":%" G_GINT64_FORMAT, name, number);
}

static void
append_presence (BlControlNodes *self, const char *id, GString *text)
{
  BowlineDeviceState state = { .struct_size = sizeof state };
  g_autoptr (GVariant) sessions = NULL;

  if (!bowline_device_get_state (self->control->host, id, &state))
    return;
  append_number (text, "conn", state.connectivity);
  append_number (text, "pwr", state.power);
  if (state.agent_since_ms != 0)
    append_number (text, "agct", state.agent_since_ms);
  if (state.cira_since_ms != 0)
    append_number (text, "cict", state.cira_since_ms);
  sessions = bowline_device_dup_sessions (self->control->host, id);
  if (sessions == NULL || g_variant_n_children (sessions) == 0)
    return;
  g_string_append (text, ",\"sessions\":");
  if (!bl_json_append (text, sessions, NULL))
    g_string_append (text, "{}");
}

/* The text of bl_control_node_public () without making it first: after a restart all devices are asked for at
 * once. */
static GString *
make_text (BlControlNodes *self, const char *id)
{
  g_autoptr (GVariant) node = bowline_directory_dup (self->control->host, id);
  GString *text = g_string_sized_new (512);
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_string_append_c (text, '{');
  if (node != NULL)
    g_variant_iter_init (&iter, node);
  while (node != NULL && g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      g_autoptr (GVariant) member = bl_control_node_member (self->control, name, value, FALSE);
      gsize before = text->len;

      g_variant_unref (value);
      if (member == NULL)
        continue;
      if (before > 1)
        g_string_append_c (text, ',');
      bl_json_append_string (text, name);
      g_string_append_c (text, ':');
      if (!bl_json_append (text, member, NULL))
        g_string_truncate (text, before);
    }
  append_presence (self, id, text);
  g_string_append_c (text, '}');
  return text;
}

static void
make_entry (BlControlNodes *self, Entry *entry)
{
  GString *text = make_text (self, entry->id);

  set_fresh (self, entry);
  drop_text (self, entry);
  entry->length = text->len;
  self->size += text->len;
  entry->text = g_string_free (text, FALSE);
}

static void
append_entry (BlControlNodes *self, Entry *entry, GString *out)
{
  if (entry->text == NULL)
    make_entry (self, entry);
  g_string_append_len (out, entry->text, (gssize)entry->length);
}

/* ---- listing
 * ------------------------------------------------------------------------------------------------------ */

typedef struct
{
  BlControlNodes *nodes;
  const BlControlNodesFilter *filter;
  GString *out;
  GPtrArray *open; /* group whose array is open */
  guint found;
  guint shown;
} Listing;

static void
list_entry (Listing *listing, Entry *entry)
{
  guint position = listing->found++;

  if (position < listing->filter->skip
      || (listing->filter->limit != 0 && listing->shown >= listing->filter->limit))
    return;
  listing->shown++;
  if (listing->open == entry->group)
    g_string_append_c (listing->out, ',');
  else
    {
      if (listing->open != NULL)
        g_string_append (listing->out, "],");
      bl_json_append_string (listing->out, entry->mesh_id);
      g_string_append (listing->out, ":[");
      listing->open = entry->group;
    }
  append_entry (listing->nodes, entry, listing->out);
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(const char *const *)a, *(const char *const *)b);
}

static void
list_group (Listing *listing, const char *mesh_id)
{
  GPtrArray *group = g_hash_table_lookup (listing->nodes->groups, mesh_id);

  for (guint i = 0; group != NULL && i < group->len; i++)
    list_entry (listing, group->pdata[i]);
}

/* Ids of devices that links of @document name. */
static void
collect_linked (GVariant *document, GHashTable *found)
{
  g_autoptr (GVariant) links = document != NULL ? bl_variant_get_object (document, "links") : NULL;
  GVariantIter iter;
  const char *id;
  GVariant *value;

  if (links == NULL)
    return;
  g_variant_iter_init (&iter, links);
  while (g_variant_iter_next (&iter, "{&sv}", &id, &value))
    {
      if (g_str_has_prefix (id, "node/"))
        g_hash_table_add (found, g_strdup (id));
      g_variant_unref (value);
    }
}

/* Devices that a principal may see without seeing their group: linked ones, and the one it is restricted to.
 */
static GHashTable *
collect_single (BlControlNodes *self, BowlinePrincipal *principal)
{
  BowlineHost *host = self->control->host;
  GHashTable *found = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GVariant) account = bowline_directory_dup (host, bowline_principal_get_user_id (principal));
  g_autoptr (GVariant) links = account != NULL ? bl_variant_get_object (account, "links") : NULL;
  BowlinePrincipalInfo who = { .struct_size = sizeof who };
  GVariantIter iter;
  const char *id;
  GVariant *value;

  bowline_principal_get_info (principal, &who);
  if (who.only_node != NULL)
    g_hash_table_add (found, g_strdup (who.only_node));
  collect_linked (account, found);
  if (links == NULL)
    return found;
  g_variant_iter_init (&iter, links);
  while (g_variant_iter_next (&iter, "{&sv}", &id, &value))
    {
      g_variant_unref (value);
      if (g_str_has_prefix (id, "ugrp/"))
        {
          g_autoptr (GVariant) group = bowline_directory_dup (host, id);

          collect_linked (group, found);
        }
    }
  return found;
}

/* Single devices in the order of their groups, so that each group is opened once. */
static int
compare_groups (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 ((*(Entry *const *)a)->mesh_id, (*(Entry *const *)b)->mesh_id);
}

static void
list_single (Listing *listing, BowlinePrincipal *principal, GHashTable *listed_groups)
{
  BlControlNodes *self = listing->nodes;
  const BlControlNodesFilter *filter = listing->filter;
  g_autoptr (GHashTable) ids = collect_single (self, principal);
  g_autoptr (GPtrArray) entries = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer id;

  g_hash_table_iter_init (&iter, ids);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    {
      Entry *entry = g_hash_table_lookup (self->entries, id);

      if (entry != NULL && !g_hash_table_contains (listed_groups, entry->mesh_id)
          && (filter->mesh_id == NULL || g_str_equal (filter->mesh_id, entry->mesh_id))
          && bowline_may_see (self->control->host, principal, id))
        g_ptr_array_add (entries, entry);
    }
  g_ptr_array_sort (entries, compare_groups);
  for (guint i = 0; i < entries->len; i++)
    list_entry (listing, entries->pdata[i]);
}

static void
list_groups (Listing *listing, BowlinePrincipal *principal, GHashTable *listed)
{
  BlControlNodes *self = listing->nodes;
  g_autoptr (GPtrArray) ids = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer id;

  g_hash_table_iter_init (&iter, self->groups);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    {
      if (bowline_rights (self->control->host, principal, id) == 0)
        continue;
      g_hash_table_add (listed, id);
      if (listing->filter->mesh_id == NULL || g_str_equal (listing->filter->mesh_id, id))
        g_ptr_array_add (ids, id);
    }
  g_ptr_array_sort (ids, compare_ids);
  for (guint i = 0; i < ids->len; i++)
    list_group (listing, ids->pdata[i]);
}

gsize
bl_control_nodes_get_size (BlControlNodes *self)
{
  return self->size + 2 * g_hash_table_size (self->entries);
}

guint
bl_control_nodes_list (BlControlNodes *self,
                       BowlinePrincipal *principal,
                       const BlControlNodesFilter *filter,
                       GString *out)
{
  Listing listing = { self, filter, out, NULL, 0, 0 };
  g_autoptr (GHashTable) listed = g_hash_table_new (g_str_hash, g_str_equal);
  Entry *entry;

  fill (self);
  g_string_append_c (out, '{');
  if (filter->node_id != NULL)
    {
      entry = g_hash_table_lookup (self->entries, filter->node_id);
      if (entry != NULL && bowline_may_see (self->control->host, principal, filter->node_id))
        list_entry (&listing, entry);
    }
  else
    {
      list_groups (&listing, principal, listed);
      list_single (&listing, principal, listed);
    }
  g_string_append (out, listing.open != NULL ? "]}" : "}");
  return listing.found;
}
