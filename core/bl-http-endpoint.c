// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-front"

#include "bl-http-endpoint.h"

#include <string.h>

#define BL_HTTP_MAX_PATH 256

struct _BlHttpRegistry
{
  BlHttpLimits defaults;
  guint64 next_id;
  GPtrArray *endpoints; /* of BlHttpEndpoint, owned */
  GHashTable *exact;    /* path -> BlHttpEndpoint */
};

BlHttpEndpoint *
bl_http_endpoint_ref (BlHttpEndpoint *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
bl_http_endpoint_unref (BlHttpEndpoint *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_free (self->path);
  g_free (self->affinity);
  g_strfreev (self->methods);
  g_free (self);
}

gboolean
bl_http_endpoint_allows (const BlHttpEndpoint *self, const char *method)
{
  if (strcmp (method, "HEAD") == 0)
    method = "GET";
  return g_strv_contains ((const char *const *) self->methods, method);
}

BlHttpRegistry *
bl_http_registry_new (const BlHttpLimits *defaults)
{
  BlHttpRegistry *self = g_new0 (BlHttpRegistry, 1);
  self->defaults = *defaults;
  self->next_id = 1;
  self->endpoints = g_ptr_array_new_with_free_func ((GDestroyNotify) bl_http_endpoint_unref);
  self->exact = g_hash_table_new (g_str_hash, g_str_equal);
  return self;
}

void
bl_http_registry_free (BlHttpRegistry *self)
{
  g_hash_table_unref (self->exact);
  g_ptr_array_unref (self->endpoints);
  g_free (self);
}

static gboolean
bl_http_registry_fail (GError **error, int code, const char *path, const char *text)
{
  g_set_error (error, BOWLINE_ERROR, code, "endpoint \"%s\": %s", path, text);
  return FALSE;
}

static BlHttpEndpoint *
bl_http_registry_get_fallback (BlHttpRegistry *self)
{
  for (guint i = 0; i < self->endpoints->len; i++)
    {
      BlHttpEndpoint *endpoint = g_ptr_array_index (self->endpoints, i);
      if ((endpoint->table.flags & BOWLINE_ENDPOINT_FALLBACK) != 0)
        return endpoint;
    }
  return NULL;
}

static gboolean
bl_http_registry_check (BlHttpRegistry *self, const BowlineEndpoint *table, GError **error)
{
  const char *path = table->path != NULL ? table->path : "";

  if (path[0] != '/' || strlen (path) > BL_HTTP_MAX_PATH)
    return bl_http_registry_fail (error, BOWLINE_ERROR_INVALID, path, "expected a path of at most 256 bytes that begins with \"/\"");
  if (table->request == NULL && table->opened == NULL)
    return bl_http_registry_fail (error, BOWLINE_ERROR_INVALID, path, "expected `request` or `opened`, found neither");
  if (g_hash_table_contains (self->exact, path))
    return bl_http_registry_fail (error, BOWLINE_ERROR_EXISTS, path, "the path is taken");
  if ((table->flags & BOWLINE_ENDPOINT_FALLBACK) != 0 && bl_http_registry_get_fallback (self) != NULL)
    return bl_http_registry_fail (error, BOWLINE_ERROR_EXISTS, path, "there is a fallback already");
  if ((table->flags & BOWLINE_ENDPOINT_DEVICE) != 0 && (table->flags & BOWLINE_ENDPOINT_COOKIE) != 0)
    return bl_http_registry_fail (error, BOWLINE_ERROR_INVALID, path, "a device's channel takes no cookies");
  if (table->max_body > BL_HTTP_HIGHEST_BODY || table->max_message > BL_HTTP_HIGHEST_MESSAGE
      || table->max_queued > BL_HTTP_HIGHEST_QUEUED)
    return bl_http_registry_fail (error, BOWLINE_ERROR_LIMIT, path, "a limit is above the server's");
  return TRUE;
}

static char **
bl_http_registry_dup_methods (const BowlineEndpoint *table)
{
  char **methods = g_strsplit (table->methods != NULL ? table->methods : "GET", ",", -1);
  for (guint i = 0; methods[i] != NULL; i++)
    g_strstrip (methods[i]);
  return methods;
}

guint64
bl_http_registry_add (
    BlHttpRegistry *self, BowlineHost *host, const BowlineEndpoint *endpoint, gpointer user_data, GError **error)
{
  BowlineEndpoint table = { 0 };
  memcpy (&table, endpoint, MIN (endpoint->struct_size, sizeof table));
  table.struct_size = sizeof table;
  if (!bl_http_registry_check (self, &table, error))
    return 0;

  BlHttpEndpoint *added = g_new0 (BlHttpEndpoint, 1);
  g_atomic_ref_count_init (&added->refs);
  added->id = self->next_id++;
  added->host = host;
  added->user_data = user_data;
  added->path = g_strdup (table.path);
  added->affinity = g_strdup (table.affinity_query);
  added->methods = bl_http_registry_dup_methods (&table);
  added->table = table;
  added->table.path = added->path;
  added->table.affinity_query = added->affinity;
  added->table.methods = NULL;
  added->table.max_body = table.max_body != 0 ? table.max_body : self->defaults.max_body;
  added->table.max_message = table.max_message != 0 ? table.max_message : self->defaults.max_message;
  added->table.max_queued = table.max_queued != 0 ? table.max_queued : self->defaults.max_queued;
  added->table.idle_timeout = table.idle_timeout != 0 ? table.idle_timeout : self->defaults.idle_timeout;
  g_ptr_array_add (self->endpoints, added);
  g_hash_table_insert (self->exact, added->path, added);
  return added->id;
}

static void
bl_http_registry_remove_index (BlHttpRegistry *self, guint i)
{
  BlHttpEndpoint *endpoint = g_ptr_array_index (self->endpoints, i);
  endpoint->removed = TRUE;
  g_hash_table_remove (self->exact, endpoint->path);
  g_ptr_array_remove_index_fast (self->endpoints, i);
}

void
bl_http_registry_remove (BlHttpRegistry *self, BowlineHost *host, guint64 id)
{
  for (guint i = 0; i < self->endpoints->len; i++)
    {
      const BlHttpEndpoint *endpoint = g_ptr_array_index (self->endpoints, i);
      if (endpoint->id != id || endpoint->host != host)
        continue;
      bl_http_registry_remove_index (self, i);
      return;
    }
}

void
bl_http_registry_remove_host (BlHttpRegistry *self, BowlineHost *host)
{
  for (guint i = self->endpoints->len; i > 0; i--)
    {
      const BlHttpEndpoint *endpoint = g_ptr_array_index (self->endpoints, i - 1);
      if (endpoint->host == host)
        bl_http_registry_remove_index (self, i - 1);
    }
}

/* "/a" serves "/a/b" but not "/ab"; "/" serves everything. */
static gboolean
bl_http_endpoint_is_above (const BlHttpEndpoint *self, const char *path)
{
  const gsize length = strlen (self->path);
  return (self->table.flags & BOWLINE_ENDPOINT_PREFIX) != 0 && strncmp (path, self->path, length) == 0
         && (self->path[length - 1] == '/' || path[length] == '/' || path[length] == '\0');
}

BlHttpEndpoint *
bl_http_registry_find (BlHttpRegistry *self, const char *path)
{
  BlHttpEndpoint *found = g_hash_table_lookup (self->exact, path);
  gsize longest = 0;

  if (found != NULL)
    return found;
  for (guint i = 0; i < self->endpoints->len; i++)
    {
      BlHttpEndpoint *endpoint = g_ptr_array_index (self->endpoints, i);
      const gsize length = strlen (endpoint->path);
      if (length > longest && bl_http_endpoint_is_above (endpoint, path))
        {
          found = endpoint;
          longest = length;
        }
    }
  return found != NULL ? found : bl_http_registry_get_fallback (self);
}

void
bl_http_registry_foreach (BlHttpRegistry *self,
                          void (*func) (BowlineHost *host, const BowlineEndpoint *endpoint, gpointer user_data),
                          gpointer user_data)
{
  for (guint i = 0; i < self->endpoints->len; i++)
    {
      const BlHttpEndpoint *endpoint = g_ptr_array_index (self->endpoints, i);
      func (endpoint->host, &endpoint->table, user_data);
    }
}
