// SPDX-License-Identifier: Apache-2.0
/* Rights masks out of documents. Follows control-channel section 5 */
#include "bl-rights.h"

#include <string.h>

#define RIGHTS_GROUP_ONLY 0x7u

struct _BlRights
{
  gatomicrefcount count;
  guint32 site;
  guint32 removed;
  gboolean usable;
  GHashTable *links;  /* object id -> rights, own and through user groups */
  GHashTable *groups; /* ids of user groups */
  GVariant *realms;   /* (nullable): "groups" of the account */
};

guint32
bl_rights_from_variant (GVariant *value)
{
  gint64 number = 0;

  if (value == NULL)
    return 0;
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT64))
    number = g_variant_get_int64 (value);
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_UINT32))
    number = g_variant_get_uint32 (value);
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT32))
    number = g_variant_get_int32 (value);
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_DOUBLE))
    {
      double real = g_variant_get_double (value);

      if (!(real >= G_MININT32 && real <= G_MAXUINT32))
        return 0;
      number = (gint64)real;
    }
  return bl_rights_from_json (number);
}

static guint32
lookup_mask (GVariant *dictionary, const char *key)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (dictionary, key, NULL);

  return bl_rights_from_variant (value);
}

static gboolean
is_dictionary (GVariant *value)
{
  return value != NULL && g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT);
}

static guint32
join (guint32 a, guint32 b)
{
  return a == BL_RIGHT_ALL || b == BL_RIGHT_ALL ? BL_RIGHT_ALL : a | b;
}

static void
add_link (BlRights *self, const char *id, GVariant *link)
{
  guint32 rights = lookup_mask (link, "rights");
  guint32 before;

  if (g_str_has_prefix (id, "node/") && rights != BL_RIGHT_ALL)
    rights &= ~RIGHTS_GROUP_ONLY;
  before = GPOINTER_TO_UINT (g_hash_table_lookup (self->links, id));
  rights = join (before, rights);
  if (rights != 0)
    g_hash_table_replace (self->links, g_strdup (id), GUINT_TO_POINTER (rights));
}

/* Adds the links of an account or of a user group. Only an account's links to user groups count: a group is
 * no member of another. */
static void
add_links (BlRights *self, GVariant *document, gboolean is_account)
{
  g_autoptr (GVariant) links = g_variant_lookup_value (document, "links", NULL);
  GVariantIter iter;
  const char *id;
  GVariant *value;

  if (!is_dictionary (links))
    return;
  g_variant_iter_init (&iter, links);
  while (g_variant_iter_next (&iter, "{&sv}", &id, &value))
    {
      if (!is_dictionary (value))
        ;
      else if (is_account && g_str_has_prefix (id, "ugrp/"))
        g_hash_table_add (self->groups, g_strdup (id));
      else if (g_str_has_prefix (id, "mesh/") || g_str_has_prefix (id, "node/"))
        add_link (self, id, value);
      g_variant_unref (value);
    }
}

static void
add_groups (BlRights *self, BlRightsLookup lookup, gpointer user_data)
{
  GHashTableIter iter;
  gpointer id;

  g_hash_table_iter_init (&iter, self->groups);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    {
      g_autoptr (GVariant) group = lookup (id, user_data);

      if (is_dictionary (group))
        add_links (self, group, FALSE);
      else
        g_hash_table_iter_remove (&iter);
    }
}

BlRights *
bl_rights_resolve (const char *user_id, BlRightsLookup lookup, gpointer user_data)
{
  BlRights *self = g_new0 (BlRights, 1);
  g_autoptr (GVariant) account = lookup (user_id, user_data);
  guint32 site;

  g_atomic_ref_count_init (&self->count);
  self->links = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->groups = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (!is_dictionary (account))
    return self;
  site = lookup_mask (account, "siteadmin");
  if (site != BL_RIGHT_ALL && (site & BL_SITE_LOCKED) != 0)
    return self;

  self->usable = TRUE;
  self->site = site;
  self->removed = lookup_mask (account, "removeRights");
  self->realms = g_variant_lookup_value (account, "groups", G_VARIANT_TYPE ("av"));
  add_links (self, account, TRUE);
  add_groups (self, lookup, user_data);
  return self;
}

BlRights *
bl_rights_ref (BlRights *self)
{
  g_atomic_ref_count_inc (&self->count);
  return self;
}

void
bl_rights_unref (BlRights *self)
{
  if (!g_atomic_ref_count_dec (&self->count))
    return;
  g_hash_table_unref (self->links);
  g_hash_table_unref (self->groups);
  g_clear_pointer (&self->realms, g_variant_unref);
  g_free (self);
}

guint32
bl_rights_get_site (const BlRights *self)
{
  return self->site;
}

gboolean
bl_rights_is_usable (const BlRights *self)
{
  return self->usable;
}

static gboolean
can_watch (guint32 rights)
{
  return (rights & (BL_RIGHT_REMOTE_CONTROL | BL_RIGHT_VIEW_ONLY)) != 0;
}

static guint32
take_away (guint32 rights, guint32 removed)
{
  guint32 restrictions = removed & BL_RIGHT_ADDABLE;

  if (removed == 0 || rights == 0)
    return rights;
  if (rights == BL_RIGHT_ALL)
    rights = BL_RIGHT_ALL_EXPANDED;
  if (!can_watch (rights))
    restrictions &= ~BL_RIGHT_VIEW_ONLY;
  return (rights & ~(removed & BL_RIGHT_REMOVABLE)) | restrictions;
}

static guint32
linked (const BlRights *self, const char *id)
{
  return id != NULL ? GPOINTER_TO_UINT (g_hash_table_lookup (self->links, id)) : 0;
}

guint32
bl_rights_on_group (const BlRights *self, const char *mesh_id)
{
  return take_away (linked (self, mesh_id), self->removed);
}

guint32
bl_rights_on_device (const BlRights *self, const char *node_id, const char *mesh_id)
{
  return take_away (join (linked (self, mesh_id), linked (self, node_id)), self->removed);
}

gboolean
bl_rights_is_member (const BlRights *self, const char *ugrp_id)
{
  return g_hash_table_contains (self->groups, ugrp_id);
}

static gboolean
holds_text (GVariant *list, const char *text)
{
  for (gsize i = 0; i < g_variant_n_children (list); i++)
    {
      const char *item = NULL;
      g_autoptr (GVariant) boxed = g_variant_get_child_value (list, i);
      g_autoptr (GVariant) value = g_variant_get_variant (boxed);

      if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
        item = g_variant_get_string (value, NULL);
      if (g_strcmp0 (item, text) == 0)
        return TRUE;
    }
  return FALSE;
}

gboolean
bl_rights_shares_realm (const BlRights *self, GVariant *other_account)
{
  g_autoptr (GVariant) theirs = NULL;

  if (self->site == BL_RIGHT_ALL || self->realms == NULL || g_variant_n_children (self->realms) == 0)
    return TRUE;
  theirs = g_variant_lookup_value (other_account, "groups", G_VARIANT_TYPE ("av"));
  if (theirs == NULL)
    return FALSE;
  for (gsize i = 0; i < g_variant_n_children (theirs); i++)
    {
      g_autoptr (GVariant) boxed = g_variant_get_child_value (theirs, i);
      g_autoptr (GVariant) value = g_variant_get_variant (boxed);

      if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING)
          && holds_text (self->realms, g_variant_get_string (value, NULL)))
        return TRUE;
    }
  return FALSE;
}

guint32
bl_rights_limit (guint32 rights, guint32 ceiling, guint32 added)
{
  guint32 base, result;

  if (rights == 0 || (ceiling == BL_RIGHT_ALL && added == 0))
    return rights;
  base = rights == BL_RIGHT_ALL ? BL_RIGHTS_GRANTS : rights;
  result = base & ceiling & BL_RIGHTS_GRANTS;
  if (can_watch (base) && can_watch (ceiling))
    {
      gboolean only = ((base | added) & BL_RIGHT_VIEW_ONLY) != 0 || (result & BL_RIGHT_REMOTE_CONTROL) == 0;

      result |= only ? BL_RIGHT_VIEW_ONLY : 0;
    }
  if (result != 0)
    result |= (base | added) & BL_RIGHT_RESTRICTIONS & ~BL_RIGHT_VIEW_ONLY;
  return result;
}

guint32
bl_rights_limit_site (guint32 site, guint32 ceiling)
{
  if (ceiling == BL_RIGHT_ALL)
    return site;
  if (site == BL_RIGHT_ALL)
    return BL_SITE_GRANTS & ceiling;
  return (site & BL_SITE_GRANTS & ceiling) | (site & BL_SITE_RESTRICTIONS);
}

gboolean
bl_rights_cover (guint32 held, guint32 asked)
{
  guint32 grants = asked == BL_RIGHT_ALL ? BL_RIGHT_ALL : asked & BL_RIGHTS_GRANTS;

  if (held == BL_RIGHT_ALL)
    return TRUE;
  return held != 0 && asked != BL_RIGHT_ALL && (held & grants) == grants;
}
