// SPDX-License-Identifier: Apache-2.0
/* The test host: principals and the rights the test grants them. */
#include "bowline-testing-private.h"

#include "bl-table.h"
#include <string.h>

struct _BowlinePrincipal
{
  gatomicrefcount refs;
  BowlinePrincipalInfo info;
};

static BowlinePrincipal *
new_principal (BowlineHost *host, const BowlinePrincipalInfo *info)
{
  BowlinePrincipal *principal = g_new0 (BowlinePrincipal, 1);

  g_atomic_ref_count_init (&principal->refs);
  principal->info.struct_size = sizeof principal->info;
  bl_table_fill (&principal->info, info);
  principal->info.user_id = g_strdup (info->user_id);
  principal->info.token_id = g_strdup (info->token_id);
  principal->info.address = g_strdup (info->address);
  principal->info.only_node = g_strdup (info->only_node);
  principal->info.only_objects = (const char *const *)g_strdupv ((char **)principal->info.only_objects);
  return principal;
}

static BowlinePrincipal *
ref (BowlinePrincipal *principal)
{
  g_atomic_ref_count_inc (&principal->refs);
  return principal;
}

static void
unref (BowlinePrincipal *principal)
{
  if (!g_atomic_ref_count_dec (&principal->refs))
    return;
  g_free ((char *)principal->info.user_id);
  g_free ((char *)principal->info.token_id);
  g_free ((char *)principal->info.address);
  g_free ((char *)principal->info.only_node);
  g_strfreev ((char **)principal->info.only_objects);
  g_free (principal);
}

static void
get_info (BowlinePrincipal *principal, BowlinePrincipalInfo *info)
{
  bl_table_fill (info, &principal->info);
}

static const char *
get_user_id (BowlinePrincipal *principal)
{
  return principal->info.user_id;
}

static guint32
get_kind (BowlinePrincipal *principal)
{
  return principal->info.kind;
}

void
bl_test_host_grant (BlTestHost *test, const char *user_id, const char *object_id, guint32 rights)
{
  g_hash_table_replace (test->grants, g_strdup_printf ("%s %s", user_id, object_id),
                        GUINT_TO_POINTER (rights));
}

BowlinePrincipal *
bl_test_host_new_user (BlTestHost *test, const char *user_id)
{
  const BowlinePrincipalInfo info = {
    .struct_size = sizeof info,
    .kind = BOWLINE_PRINCIPAL_USER,
    .user_id = user_id,
    .address = "127.0.0.1",
    .rights_ceiling = G_MAXUINT32,
    .site_ceiling = G_MAXUINT32,
  };

  return new_principal (&test->host, &info);
}

static guint32
granted (BowlineHost *host, BowlinePrincipal *principal, const char *object_id)
{
  GHashTable *grants = bl_test_host_from (host)->grants;
  g_autofree char *key = g_strdup_printf ("%s %s", principal->info.user_id, object_id);
  g_autofree char *all = g_strdup_printf ("%s *", principal->info.user_id);

  if (principal->info.kind == BOWLINE_PRINCIPAL_LOCAL)
    return G_MAXUINT32;
  if (g_hash_table_contains (grants, key))
    return GPOINTER_TO_UINT (g_hash_table_lookup (grants, key));
  return GPOINTER_TO_UINT (g_hash_table_lookup (grants, all));
}

static guint32
rights (BowlineHost *host, BowlinePrincipal *principal, const char *object_id)
{
  if (principal->info.only_node != NULL && strcmp (principal->info.only_node, object_id) != 0)
    return 0;
  if (principal->info.only_objects != NULL && !g_strv_contains (principal->info.only_objects, object_id))
    return 0;
  return granted (host, principal, object_id) & principal->info.rights_ceiling;
}

static gboolean
may (BowlineHost *host, BowlinePrincipal *principal, const char *object_id, guint32 wanted)
{
  return (rights (host, principal, object_id) & wanted) == wanted;
}

static gboolean
may_see (BowlineHost *host, BowlinePrincipal *principal, const char *object_id)
{
  return rights (host, principal, object_id) != 0;
}

static guint32
site_rights (BowlineHost *host, BowlinePrincipal *principal)
{
  return granted (host, principal, "site") & principal->info.site_ceiling;
}

static gboolean
may_receive (BowlineHost *host, BowlinePrincipal *principal, const char *const *targets, GVariant *event)
{
  for (; *targets != NULL; targets++)
    if (strcmp (*targets, "*") == 0 || strcmp (*targets, principal->info.user_id) == 0
        || may_see (host, principal, *targets))
      return TRUE;
  return FALSE;
}

static const BowlinePrincipalOps principal_ops = {
  .new = new_principal,
  .ref = ref,
  .unref = unref,
  .get_info = get_info,
  .get_user_id = get_user_id,
  .get_kind = get_kind,
  .rights = rights,
  .may = may,
  .may_see = may_see,
  .site_rights = site_rights,
  .may_receive = may_receive,
};

void
bl_test_install_principals (void)
{
  bowline_private_install_principal_ops (&principal_ops);
}
