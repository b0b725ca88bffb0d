// SPDX-License-Identifier: Apache-2.0
/* Forwards the functions of <bowline/host.h> to the tables the program installed. */
#include "bowline-forward.h"

static const BowlineHostOps *host_ops;

void
bowline_private_install_host_ops (const BowlineHostOps *ops)
{
  host_ops = ops;
}

GMainContext *
bowline_host_get_main_context (BowlineHost *host)
{
  if (BOWLINE_ABSENT (host_ops, get_main_context))
    return NULL;
  return host_ops->get_main_context (host);
}

const char *
bowline_host_get_plugin_id (BowlineHost *host)
{
  if (BOWLINE_ABSENT (host_ops, get_plugin_id))
    return NULL;
  return host_ops->get_plugin_id (host);
}

const char *
bowline_host_get_version (BowlineHost *host)
{
  if (BOWLINE_ABSENT (host_ops, get_version))
    return NULL;
  return host_ops->get_version (host);
}

const char *
bowline_host_get_data_dir (BowlineHost *host)
{
  if (BOWLINE_ABSENT (host_ops, get_data_dir))
    return NULL;
  return host_ops->get_data_dir (host);
}

const char *
bowline_host_get_package_data_dir (BowlineHost *host)
{
  if (BOWLINE_ABSENT (host_ops, get_package_data_dir))
    return NULL;
  return host_ops->get_package_data_dir (host);
}

const char *
bowline_host_get_string (BowlineHost *host, const char *key)
{
  if (BOWLINE_ABSENT (host_ops, get_string))
    return NULL;
  return host_ops->get_string (host, key);
}

gint64
bowline_host_get_int (BowlineHost *host, const char *key)
{
  if (BOWLINE_ABSENT (host_ops, get_int))
    return 0;
  return host_ops->get_int (host, key);
}

gboolean
bowline_host_get_boolean (BowlineHost *host, const char *key)
{
  if (BOWLINE_ABSENT (host_ops, get_boolean))
    return FALSE;
  return host_ops->get_boolean (host, key);
}

const char *const *
bowline_host_get_list (BowlineHost *host, const char *key)
{
  if (BOWLINE_ABSENT (host_ops, get_list))
    return NULL;
  return host_ops->get_list (host, key);
}

void
bowline_host_log (BowlineHost *host, guint32 level, GVariant *fields, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  if (BOWLINE_ABSENT (host_ops, log))
    {
      bowline_forward_drop (fields);
      return;
    }
  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  host_ops->log (host, level, fields, message);
}

gboolean
bowline_host_register_service (BowlineHost *host,
                               const char *name,
                               guint32 major,
                               gconstpointer table,
                               gpointer user_data,
                               GError **error)
{
  if (BOWLINE_ABSENT (host_ops, register_service))
    {
      bowline_forward_set_error ("bowline_host_register_service", error);
      return FALSE;
    }
  return host_ops->register_service (host, name, major, table, user_data, error);
}

gboolean
bowline_host_lookup_service (
    BowlineHost *host, const char *name, guint32 major, gpointer table, gpointer *user_data)
{
  if (BOWLINE_ABSENT (host_ops, lookup_service))
    return FALSE;
  return host_ops->lookup_service (host, name, major, table, user_data);
}

gboolean
bowline_host_offload (BowlineHost *host,
                      void (*work) (gpointer data),
                      void (*done) (gpointer data),
                      gpointer data,
                      GDestroyNotify free_data)
{
  if (BOWLINE_ABSENT (host_ops, offload))
    return FALSE;
  return host_ops->offload (host, work, done, data, free_data);
}
