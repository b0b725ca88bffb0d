// SPDX-License-Identifier: Apache-2.0
/* Forwards the functions of <bowline/auth.h> to the tables the program installed. */
#include "bowline-forward.h"

static const BowlineAuthOps *auth_ops;

void
bowline_private_install_auth_ops (const BowlineAuthOps *ops)
{
  auth_ops = ops;
}

gboolean
bowline_host_register_auth (BowlineHost *host, const BowlineAuth *auth, gpointer self, GError **error)
{
  if (BOWLINE_ABSENT (auth_ops, register_auth))
    {
      bowline_forward_set_error ("bowline_host_register_auth", error);
      return FALSE;
    }
  return auth_ops->register_auth (host, auth, self, error);
}

gboolean
bowline_host_get_auth (BowlineHost *host, BowlineAuth *auth, gpointer *self)
{
  if (BOWLINE_ABSENT (auth_ops, get_auth))
    return FALSE;
  return auth_ops->get_auth (host, auth, self);
}
