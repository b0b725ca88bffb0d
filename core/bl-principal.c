// SPDX-License-Identifier: Apache-2.0
/* Principals and their rights. Follows control-channel sections 5 and 9 (who gets an event) */
#include "bl-principal.h"

#include "bl-rights.h"
#include "common/bl-variant.h"

#include <string.h>

#define MAX_KEPT_ACCOUNTS 4096u

struct _BowlinePrincipal
{
  gatomicrefcount count;
  guint32 kind;
  guint32 rights_ceiling;
  guint32 rights_added;
  guint32 site_ceiling;
  gint64 expires_ms;
  char *user_id;
  char *token_id;
  char *address;
  char *only_node;
  char **only_objects;
};

static struct
{
  BowlineHost *host;
  guint64 subscription;
  GHashTable *accounts; /* user id -> BlRights */
} principals;

static BowlinePrincipal *
principal_new (BowlineHost *host, const BowlinePrincipalInfo *info)
{
  BowlinePrincipalInfo full = { 0 };
  BowlinePrincipal *self;

  g_return_val_if_fail (info != NULL && info->struct_size >= 2 * sizeof (guint32), NULL);
  memcpy (&full, info, MIN (info->struct_size, sizeof full));
  g_return_val_if_fail (full.user_id != NULL, NULL);

  self = g_new0 (BowlinePrincipal, 1);
  g_atomic_ref_count_init (&self->count);
  self->kind = full.kind;
  self->rights_ceiling = full.rights_ceiling;
  self->rights_added = full.rights_added;
  self->site_ceiling = full.site_ceiling;
  self->expires_ms = full.expires_ms;
  self->user_id = g_strdup (full.user_id);
  self->token_id = g_strdup (full.token_id);
  self->address = g_strdup (full.address);
  self->only_node = g_strdup (full.only_node);
  self->only_objects = g_strdupv ((char **)full.only_objects);
  return self;
}

static BowlinePrincipal *
principal_ref (BowlinePrincipal *self)
{
  g_atomic_ref_count_inc (&self->count);
  return self;
}

static void
principal_unref (BowlinePrincipal *self)
{
  if (!g_atomic_ref_count_dec (&self->count))
    return;
  g_free (self->user_id);
  g_free (self->token_id);
  g_free (self->address);
  g_free (self->only_node);
  g_strfreev (self->only_objects);
  g_free (self);
}

static void
principal_get_info (BowlinePrincipal *self, BowlinePrincipalInfo *info)
{
  guint32 size = info->struct_size;
  BowlinePrincipalInfo full = {
    .struct_size = size,
    .kind = self->kind,
    .user_id = self->user_id,
    .token_id = self->token_id,
    .address = self->address,
    .only_node = self->only_node,
    .rights_ceiling = self->rights_ceiling,
    .rights_added = self->rights_added,
    .site_ceiling = self->site_ceiling,
    .expires_ms = self->expires_ms,
    .only_objects = (const char *const *)self->only_objects,
  };

  memcpy (info, &full, MIN (size, sizeof full));
}

static const char *
principal_get_user_id (BowlinePrincipal *self)
{
  return self->user_id;
}

static guint32
principal_get_kind (BowlinePrincipal *self)
{
  return self->kind;
}

char *
bl_principal_dup_domain (const char *id)
{
  const char *start = strchr (id, '/');
  const char *end = start != NULL ? strchr (start + 1, '/') : NULL;

  return end != NULL ? g_strndup (start + 1, (gsize)(end - start - 1)) : g_strdup ("");
}

static gboolean
same_domain (const char *a, const char *b)
{
  g_autofree char *first = bl_principal_dup_domain (a);
  g_autofree char *second = bl_principal_dup_domain (b);

  return g_str_equal (first, second);
}

static gboolean
is_expired (BowlinePrincipal *self)
{
  return self->expires_ms != 0 && g_get_real_time () / 1000 >= self->expires_ms;
}

/* ---- accounts, kept until they change
 * ---------------------------------------------------------------------------- */

static GVariant *
lookup_document (const char *id, gpointer user_data)
{
  return bowline_directory_dup (user_data, id);
}

static BlRights *
account_rights (BowlineHost *host, const char *user_id)
{
  BlRights *rights = NULL;

  if (principals.accounts != NULL)
    rights = g_hash_table_lookup (principals.accounts, user_id);
  if (rights != NULL)
    return bl_rights_ref (rights);
  rights = bl_rights_resolve (user_id, lookup_document, host);
  if (principals.accounts == NULL)
    return rights;
  if (g_hash_table_size (principals.accounts) >= MAX_KEPT_ACCOUNTS)
    g_hash_table_remove_all (principals.accounts);
  g_hash_table_insert (principals.accounts, g_strdup (user_id), bl_rights_ref (rights));
  return rights;
}

static void
on_directory_changed (const char *topic, GVariant *payload, gpointer user_data)
{
  const char *id;

  g_variant_get_child (payload, 0, "&s", &id);
  if (g_str_has_prefix (id, "user/"))
    g_hash_table_remove (principals.accounts, id);
  else if (g_str_has_prefix (id, "ugrp/"))
    g_hash_table_remove_all (principals.accounts);
}

/* ---- rights on each kind of object
 * -------------------------------------------------------------------------------- */

/* @mesh_id: (nullable): the group of device @id */
static gboolean
in_scope (BowlinePrincipal *self, const char *id, const char *mesh_id)
{
  const char *const *scope = (const char *const *)self->only_objects;

  return scope == NULL || g_strv_contains (scope, id)
         || (mesh_id != NULL && g_strv_contains (scope, mesh_id));
}

static guint32
device_rights (BowlineHost *host, BowlinePrincipal *self, const char *node_id)
{
  g_autoptr (GVariant) node = bowline_directory_dup (host, node_id);
  g_autoptr (BlRights) account = NULL;
  const char *mesh_id = NULL;
  guint32 rights;

  if (node == NULL)
    return 0;
  if (self->kind == BOWLINE_PRINCIPAL_LOCAL)
    return BL_RIGHT_ALL;
  if (self->kind == BOWLINE_PRINCIPAL_AGENT)
    return g_str_equal (self->user_id, node_id)
               ? bl_rights_limit (BL_RIGHT_ALL, self->rights_ceiling, self->rights_added)
               : 0;
  if (self->only_node != NULL && !g_str_equal (self->only_node, node_id))
    return 0;
  mesh_id = bl_variant_get_string (node, "meshid");
  if (!in_scope (self, node_id, mesh_id))
    return 0;
  account = account_rights (host, self->user_id);
  rights = bl_rights_on_device (account, node_id, mesh_id);
  return bl_rights_limit (rights, self->rights_ceiling, self->rights_added);
}

/* Only for principals of accounts that may act on more than one device. */
static gboolean
is_account (BowlinePrincipal *self)
{
  return self->only_node == NULL && self->kind != BOWLINE_PRINCIPAL_AGENT
         && self->kind != BOWLINE_PRINCIPAL_GUEST && self->kind != BOWLINE_PRINCIPAL_LOCAL;
}

static guint32
group_rights (BowlineHost *host, BowlinePrincipal *self, const char *mesh_id)
{
  g_autoptr (GVariant) mesh = bowline_directory_dup (host, mesh_id);
  g_autoptr (BlRights) account = NULL;

  if (mesh == NULL || bl_variant_has (mesh, "deleted"))
    return 0;
  if (self->kind == BOWLINE_PRINCIPAL_LOCAL)
    return BL_RIGHT_ALL;
  if (!is_account (self) || !in_scope (self, mesh_id, NULL))
    return 0;
  account = account_rights (host, self->user_id);
  return bl_rights_limit (bl_rights_on_group (account, mesh_id), self->rights_ceiling, self->rights_added);
}

static guint32
principal_site_rights (BowlineHost *host, BowlinePrincipal *self)
{
  g_autoptr (BlRights) account = NULL;

  if (is_expired (self))
    return 0;
  if (self->kind == BOWLINE_PRINCIPAL_LOCAL)
    return BL_RIGHT_ALL;
  if (!is_account (self))
    return 0;
  account = account_rights (host, self->user_id);
  return bl_rights_limit_site (bl_rights_get_site (account), self->site_ceiling);
}

static guint32
document_site (GVariant *account)
{
  g_autoptr (GVariant) value = bl_variant_get_child (account, "siteadmin");

  return bl_rights_from_variant (value);
}

/* TRUE when a manager of users may list @other (a user document). */
static gboolean
manages_account (BowlineHost *host, BowlinePrincipal *self, const char *other_id, GVariant *other)
{
  guint32 site = principal_site_rights (host, self);
  g_autoptr (BlRights) account = NULL;

  if (site == BL_RIGHT_ALL)
    return TRUE;
  if ((site & BL_SITE_MANAGE_USERS) == 0 || !same_domain (self->user_id, other_id))
    return FALSE;
  account = account_rights (host, self->user_id);
  return bl_rights_shares_realm (account, other);
}

static guint32
user_rights (BowlineHost *host, BowlinePrincipal *self, const char *user_id)
{
  g_autoptr (GVariant) other = bowline_directory_dup (host, user_id);
  g_autoptr (BlRights) account = NULL;

  if (other == NULL)
    return 0;
  if (self->kind == BOWLINE_PRINCIPAL_LOCAL)
    return BL_RIGHT_ALL;
  if (!is_account (self))
    return 0;
  if (g_str_equal (self->user_id, user_id))
    {
      account = account_rights (host, user_id);
      return bl_rights_is_usable (account) ? BL_RIGHT_ALL : 0;
    }
  if (!manages_account (host, self, user_id, other))
    return 0;
  if (document_site (other) == BL_RIGHT_ALL && principal_site_rights (host, self) != BL_RIGHT_ALL)
    return 0;
  return BL_RIGHT_ALL;
}

static guint32
user_group_rights (BowlineHost *host, BowlinePrincipal *self, const char *ugrp_id)
{
  guint32 site = principal_site_rights (host, self);
  g_autoptr (BlRights) account = NULL;

  if (!bowline_directory_contains (host, ugrp_id))
    return 0;
  if (self->kind == BOWLINE_PRINCIPAL_LOCAL || site == BL_RIGHT_ALL)
    return BL_RIGHT_ALL;
  if (!is_account (self) || !same_domain (self->user_id, ugrp_id))
    return 0;
  if ((site & BL_SITE_USER_GROUPS) != 0)
    return BL_RIGHT_ALL;
  account = account_rights (host, self->user_id);
  return bl_rights_is_member (account, ugrp_id) ? 1 : 0;
}

static guint32
principal_rights (BowlineHost *host, BowlinePrincipal *self, const char *object_id)
{
  if (object_id == NULL || is_expired (self))
    return 0;
  if (g_str_has_prefix (object_id, "node/"))
    return device_rights (host, self, object_id);
  if (g_str_has_prefix (object_id, "mesh/"))
    return group_rights (host, self, object_id);
  if (g_str_has_prefix (object_id, "user/"))
    return user_rights (host, self, object_id);
  if (g_str_has_prefix (object_id, "ugrp/"))
    return user_group_rights (host, self, object_id);
  return 0;
}

static gboolean
principal_may (BowlineHost *host, BowlinePrincipal *self, const char *object_id, guint32 rights)
{
  return bl_rights_cover (principal_rights (host, self, object_id), rights);
}

static gboolean
principal_may_see (BowlineHost *host, BowlinePrincipal *self, const char *object_id)
{
  g_autoptr (GVariant) other = NULL;

  if (principal_rights (host, self, object_id) != 0)
    return TRUE;
  if (object_id == NULL || is_expired (self) || !is_account (self) || !g_str_has_prefix (object_id, "user/"))
    return FALSE;
  other = bowline_directory_dup (host, object_id);
  return other != NULL && manages_account (host, self, object_id, other);
}

/* ---- events
 * ------------------------------------------------------------------------------------------------------- */

/* Managers of some realms hear of the accounts in them only. Of an account that is gone nothing is known any
 * more: managers of all realms hear of its end. */
static gboolean
manages_subject (BowlineHost *host, BowlinePrincipal *self, GVariant *event)
{
  g_autoptr (GVariant) form = bl_variant_get_object (event, "account");
  g_autoptr (GVariant) document = NULL;
  const char *id = bl_variant_get_string (form, "_id");

  if (id == NULL)
    id = bl_variant_get_string (event, "userid");
  if (id == NULL)
    return TRUE;
  document = bowline_directory_dup (host, id);
  if (document == NULL)
    document = g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0));
  return manages_account (host, self, id, document);
}

static gboolean
target_matches (
    BowlineHost *host, BowlinePrincipal *self, guint32 site, const char *target, GVariant *event)
{
  if (g_str_equal (target, "*"))
    return site == BL_RIGHT_ALL || (site & BL_SITE_ALL_EVENTS) != 0;
  if (g_str_equal (target, "server-users"))
    return site == BL_RIGHT_ALL
           || ((site & BL_SITE_MANAGE_USERS) != 0 && manages_subject (host, self, event));
  if (g_str_equal (target, "server-allusers"))
    return TRUE;
  if (g_str_has_prefix (target, "user/"))
    return g_str_equal (target, self->user_id);
  if (g_str_has_prefix (target, "ugrp/"))
    {
      g_autoptr (BlRights) account = account_rights (host, self->user_id);

      return bl_rights_is_member (account, target);
    }
  return principal_rights (host, self, target) != 0;
}

/* Right 0x2000: of a device or group only the events that name the principal, or nobody. */
static gboolean
is_foreign_to (BowlineHost *host, BowlinePrincipal *self, GVariant *event)
{
  const char *object = bl_variant_get_string (event, "nodeid");
  const char *actor = bl_variant_get_string (event, "userid");
  guint32 rights;

  if (actor == NULL || g_str_equal (actor, self->user_id))
    return FALSE;
  if (object == NULL)
    object = bl_variant_get_string (event, "meshid");
  if (object == NULL)
    return FALSE;
  rights = principal_rights (host, self, object);
  return rights != BL_RIGHT_ALL && (rights & BL_RIGHT_LIMITED_EVENTS) != 0;
}

static gboolean
in_other_domain (BowlinePrincipal *self, GVariant *event)
{
  const char *domain = bl_variant_get_string (event, "domain");
  g_autofree char *own = NULL;

  if (domain == NULL)
    return FALSE;
  own = bl_principal_dup_domain (self->user_id);
  return !g_str_equal (own, domain);
}

/* An event about another device or group is none of a scope's business, even when it is addressed to its
 * account. */
static gboolean
is_outside_scope (BowlineHost *host, BowlinePrincipal *self, GVariant *event)
{
  const char *object = bl_variant_get_string (event, "nodeid");

  if (self->only_objects == NULL)
    return FALSE;
  if (object == NULL)
    object = bl_variant_get_string (event, "meshid");
  return object != NULL && principal_rights (host, self, object) == 0;
}

static gboolean
principal_may_receive (BowlineHost *host, BowlinePrincipal *self, const char *const *targets, GVariant *event)
{
  guint32 site;

  if (is_expired (self) || self->kind == BOWLINE_PRINCIPAL_AGENT)
    return FALSE;
  if (self->kind == BOWLINE_PRINCIPAL_LOCAL)
    return TRUE;
  if (!is_account (self))
    return self->only_node != NULL && g_strv_contains (targets, self->only_node)
           && principal_rights (host, self, self->only_node) != 0;
  if (in_other_domain (self, event) || is_outside_scope (host, self, event))
    return FALSE;
  if (g_strv_contains (targets, self->user_id))
    return TRUE;
  site = principal_site_rights (host, self);
  for (guint i = 0; targets[i] != NULL; i++)
    {
      if (target_matches (host, self, site, targets[i], event))
        return !is_foreign_to (host, self, event);
    }
  return FALSE;
}

void
bl_principal_install (BowlineHost *host)
{
  static const BowlinePrincipalOps ops = {
    .new = principal_new,
    .ref = principal_ref,
    .unref = principal_unref,
    .get_info = principal_get_info,
    .get_user_id = principal_get_user_id,
    .get_kind = principal_get_kind,
    .rights = principal_rights,
    .may = principal_may,
    .may_see = principal_may_see,
    .site_rights = principal_site_rights,
    .may_receive = principal_may_receive,
  };

  g_return_if_fail (principals.host == NULL);
  principals.host = host;
  principals.accounts
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)bl_rights_unref);
  principals.subscription = bowline_topic_subscribe (host, "directory.changed", on_directory_changed, NULL);
  bowline_private_install_principal_ops (&ops);
}

void
bl_principal_uninstall (void)
{
  if (principals.host == NULL)
    return;
  bowline_topic_unsubscribe (principals.host, principals.subscription);
  g_clear_pointer (&principals.accounts, g_hash_table_unref);
  principals.host = NULL;
}
