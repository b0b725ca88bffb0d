// SPDX-License-Identifier: Apache-2.0
/* Forwards the functions of <bowline/principal.h> to the tables the program installed. */
#include "bowline-forward.h"

static const BowlinePrincipalOps *principal_ops;

void
bowline_private_install_principal_ops (const BowlinePrincipalOps *ops)
{
  principal_ops = ops;
}

BowlinePrincipal *
bowline_principal_new (BowlineHost *host, const BowlinePrincipalInfo *info)
{
  if (BOWLINE_ABSENT (principal_ops, new))
    return NULL;
  return principal_ops->new (host, info);
}

BowlinePrincipal *
bowline_principal_ref (BowlinePrincipal *principal)
{
  if (BOWLINE_ABSENT (principal_ops, ref))
    return NULL;
  return principal_ops->ref (principal);
}

void
bowline_principal_unref (BowlinePrincipal *principal)
{
  if (BOWLINE_ABSENT (principal_ops, unref))
    return;
  principal_ops->unref (principal);
}

void
bowline_principal_get_info (BowlinePrincipal *principal, BowlinePrincipalInfo *info)
{
  if (BOWLINE_ABSENT (principal_ops, get_info))
    return;
  principal_ops->get_info (principal, info);
}

const char *
bowline_principal_get_user_id (BowlinePrincipal *principal)
{
  if (BOWLINE_ABSENT (principal_ops, get_user_id))
    return NULL;
  return principal_ops->get_user_id (principal);
}

guint32
bowline_principal_get_kind (BowlinePrincipal *principal)
{
  if (BOWLINE_ABSENT (principal_ops, get_kind))
    return 0;
  return principal_ops->get_kind (principal);
}

guint32
bowline_rights (BowlineHost *host, BowlinePrincipal *principal, const char *object_id)
{
  if (BOWLINE_ABSENT (principal_ops, rights))
    return 0;
  return principal_ops->rights (host, principal, object_id);
}

gboolean
bowline_may (BowlineHost *host, BowlinePrincipal *principal, const char *object_id, guint32 rights)
{
  if (BOWLINE_ABSENT (principal_ops, may))
    return FALSE;
  return principal_ops->may (host, principal, object_id, rights);
}

gboolean
bowline_may_see (BowlineHost *host, BowlinePrincipal *principal, const char *object_id)
{
  if (BOWLINE_ABSENT (principal_ops, may_see))
    return FALSE;
  return principal_ops->may_see (host, principal, object_id);
}

guint32
bowline_site_rights (BowlineHost *host, BowlinePrincipal *principal)
{
  if (BOWLINE_ABSENT (principal_ops, site_rights))
    return 0;
  return principal_ops->site_rights (host, principal);
}

gboolean
bowline_may_receive (BowlineHost *host,
                     BowlinePrincipal *principal,
                     const char *const *targets,
                     GVariant *event)
{
  if (BOWLINE_ABSENT (principal_ops, may_receive))
    return FALSE;
  return principal_ops->may_receive (host, principal, targets, event);
}
