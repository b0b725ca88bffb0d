// SPDX-License-Identifier: Apache-2.0
/* Forwards the functions of <bowline/identity.h> to the tables the program installed. */
#include "bowline-forward.h"

static const BowlineIdentityOps *identity_ops;

void
bowline_private_install_identity_ops (const BowlineIdentityOps *ops)
{
  identity_ops = ops;
}

GBytes *
bowline_identity_dup_certificate (BowlineHost *host, guint32 which)
{
  if (BOWLINE_ABSENT (identity_ops, dup_certificate))
    return NULL;
  return identity_ops->dup_certificate (host, which);
}

GBytes *
bowline_identity_dup_server_id (BowlineHost *host)
{
  if (BOWLINE_ABSENT (identity_ops, dup_server_id))
    return NULL;
  return identity_ops->dup_server_id (host);
}

gboolean
bowline_identity_accepts_web_hash (BowlineHost *host, gconstpointer hash, gsize length)
{
  if (BOWLINE_ABSENT (identity_ops, accepts_web_hash))
    return FALSE;
  return identity_ops->accepts_web_hash (host, hash, length);
}

gboolean
bowline_identity_is_trusted (BowlineHost *host)
{
  if (BOWLINE_ABSENT (identity_ops, is_trusted))
    return FALSE;
  return identity_ops->is_trusted (host);
}

const char *
bowline_identity_get_name (BowlineHost *host)
{
  if (BOWLINE_ABSENT (identity_ops, get_name))
    return NULL;
  return identity_ops->get_name (host);
}

guint32
bowline_identity_get_port (BowlineHost *host)
{
  if (BOWLINE_ABSENT (identity_ops, get_port))
    return 0;
  return identity_ops->get_port (host);
}

void
bowline_identity_sign_async (BowlineHost *host,
                             GBytes *data,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  if (BOWLINE_ABSENT (identity_ops, sign_async))
    {
      bowline_forward_absent_async (cancellable, callback, user_data);
      return;
    }
  identity_ops->sign_async (host, data, cancellable, callback, user_data);
}

GBytes *
bowline_identity_dup_agent_certificate (BowlineHost *host, gconstpointer server_id, gsize length)
{
  if (BOWLINE_ABSENT (identity_ops, dup_agent_certificate))
    return NULL;
  return identity_ops->dup_agent_certificate (host, server_id, length);
}

void
bowline_identity_sign_as_async (BowlineHost *host,
                                gconstpointer server_id,
                                gsize length,
                                GBytes *data,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  if (BOWLINE_ABSENT (identity_ops, sign_as_async))
    {
      bowline_forward_absent_async (cancellable, callback, user_data);
      return;
    }
  identity_ops->sign_as_async (host, server_id, length, data, cancellable, callback, user_data);
}

GBytes *
bowline_identity_sign_finish (BowlineHost *host, GAsyncResult *result, GError **error)
{
  if (BOWLINE_ABSENT (identity_ops, sign_finish))
    return bowline_forward_absent_finish (result, error);
  return identity_ops->sign_finish (host, result, error);
}

char *
bowline_ticket_seal (BowlineHost *host, const char *purpose, GVariant *content, guint32 seconds)
{
  if (BOWLINE_ABSENT (identity_ops, ticket_seal))
    {
      bowline_forward_drop (content);
      return NULL;
    }
  return identity_ops->ticket_seal (host, purpose, content, seconds);
}

GVariant *
bowline_ticket_open (BowlineHost *host, const char *purpose, const char *text, GError **error)
{
  if (BOWLINE_ABSENT (identity_ops, ticket_open))
    {
      bowline_forward_set_error ("bowline_ticket_open", error);
      return NULL;
    }
  return identity_ops->ticket_open (host, purpose, text, error);
}
