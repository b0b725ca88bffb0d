// SPDX-License-Identifier: Apache-2.0
/* Forwards the functions of <bowline/store.h> to the tables the program installed. */
#include "bowline-forward.h"

static const BowlineStoreOps *store_ops;

void
bowline_private_install_store_ops (const BowlineStoreOps *ops)
{
  store_ops = ops;
}

gboolean
bowline_host_register_store (BowlineHost *host, const BowlineStore *store, gpointer self, GError **error)
{
  if (BOWLINE_ABSENT (store_ops, register_store))
    {
      bowline_forward_set_error ("bowline_host_register_store", error);
      return FALSE;
    }
  return store_ops->register_store (host, store, self, error);
}
