// SPDX-License-Identifier: Apache-2.0
/* Forwards the functions of <bowline/directory.h> to the tables the program installed. */
#include "bowline-forward.h"

static const BowlineDirectoryOps *directory_ops;

void
bowline_private_install_directory_ops (const BowlineDirectoryOps *ops)
{
  directory_ops = ops;
}

GVariant *
bowline_directory_dup (BowlineHost *host, const char *id)
{
  if (BOWLINE_ABSENT (directory_ops, dup))
    return NULL;
  return directory_ops->dup (host, id);
}

gboolean
bowline_directory_contains (BowlineHost *host, const char *id)
{
  if (BOWLINE_ABSENT (directory_ops, contains))
    return FALSE;
  return directory_ops->contains (host, id);
}

guint
bowline_directory_count (BowlineHost *host, const char *type)
{
  if (BOWLINE_ABSENT (directory_ops, count))
    return 0;
  return directory_ops->count (host, type);
}

void
bowline_directory_foreach (
    BowlineHost *host, const char *type, const char *meshid, BowlineDirectoryFunc func, gpointer user_data)
{
  if (BOWLINE_ABSENT (directory_ops, foreach))
    return;
  directory_ops->foreach (host, type, meshid, func, user_data);
}

void
bowline_directory_commit_async (BowlineHost *host,
                                GVariant *puts,
                                const char *const *deletes,
                                guint32 flags,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  if (BOWLINE_ABSENT (directory_ops, commit_async))
    {
      bowline_forward_drop (puts);
      bowline_forward_absent_async (cancellable, callback, user_data);
      return;
    }
  directory_ops->commit_async (host, puts, deletes, flags, cancellable, callback, user_data);
}

gboolean
bowline_directory_commit_finish (BowlineHost *host, GAsyncResult *result, GError **error)
{
  if (BOWLINE_ABSENT (directory_ops, commit_finish))
    return bowline_forward_absent_finish (result, error) != NULL;
  return directory_ops->commit_finish (host, result, error);
}

gboolean
bowline_directory_patch (BowlineHost *host, const char *id, GVariant *fields)
{
  if (BOWLINE_ABSENT (directory_ops, patch))
    {
      bowline_forward_drop (fields);
      return FALSE;
    }
  return directory_ops->patch (host, id, fields);
}

void
bowline_directory_read_async (BowlineHost *host,
                              const char *id,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  if (BOWLINE_ABSENT (directory_ops, read_async))
    {
      bowline_forward_absent_async (cancellable, callback, user_data);
      return;
    }
  directory_ops->read_async (host, id, cancellable, callback, user_data);
}

GVariant *
bowline_directory_read_finish (BowlineHost *host, GAsyncResult *result, GError **error)
{
  if (BOWLINE_ABSENT (directory_ops, read_finish))
    return bowline_forward_absent_finish (result, error);
  return directory_ops->read_finish (host, result, error);
}

void
bowline_directory_list_async (BowlineHost *host,
                              const char *type,
                              const char *prefix,
                              guint32 limit,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  if (BOWLINE_ABSENT (directory_ops, list_async))
    {
      bowline_forward_absent_async (cancellable, callback, user_data);
      return;
    }
  directory_ops->list_async (host, type, prefix, limit, cancellable, callback, user_data);
}

GVariant *
bowline_directory_list_finish (BowlineHost *host, GAsyncResult *result, GError **error)
{
  if (BOWLINE_ABSENT (directory_ops, list_finish))
    return bowline_forward_absent_finish (result, error);
  return directory_ops->list_finish (host, result, error);
}
