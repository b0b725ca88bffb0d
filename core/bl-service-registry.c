// SPDX-License-Identifier: Apache-2.0
/* BlServiceRegistry: named tables of functions, copied when they are offered. */
#include "bl-service-registry.h"

#include "bl-table.h"
#include <bowline/event.h>
#include <string.h>

#define MAX_TABLE_BYTES 4096u
#define MAX_SERVICES 256u

typedef struct
{
  BowlineHost *owner;
  char *name;
  guint32 major;
  gpointer table;
  gpointer user_data;
} Service;

struct _BlServiceRegistry
{
  GPtrArray *services; /* Service */
};

static void
service_free (gpointer data)
{
  Service *service = data;

  g_free (service->name);
  g_free (service->table);
  g_free (service);
}

BlServiceRegistry *
bl_service_registry_new (void)
{
  BlServiceRegistry *registry = g_new0 (BlServiceRegistry, 1);

  registry->services = g_ptr_array_new_with_free_func (service_free);
  return registry;
}

void
bl_service_registry_free (BlServiceRegistry *registry)
{
  g_ptr_array_unref (registry->services);
  g_free (registry);
}

static Service *
find (BlServiceRegistry *registry, const char *name, guint32 major)
{
  for (guint i = 0; i < registry->services->len; i++)
    {
      Service *service = registry->services->pdata[i];

      if (service->major == major && strcmp (service->name, name) == 0)
        return service;
    }
  return NULL;
}

gboolean
bl_service_registry_add (BlServiceRegistry *registry,
                         BowlineHost *owner,
                         const char *name,
                         guint32 major,
                         gconstpointer table,
                         gpointer user_data,
                         GError **error)
{
  Service *service;
  guint32 size = 0;

  if (table != NULL)
    memcpy (&size, table, sizeof size);
  if (size < sizeof size || size > MAX_TABLE_BYTES || registry->services->len >= MAX_SERVICES)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID,
                   "service %s: struct_size: expected 4 to %u, found %u", name, MAX_TABLE_BYTES, size);
      return FALSE;
    }
  if (find (registry, name, major) != NULL)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_EXISTS,
                   "service %s, version %u: expected one provider, found two", name, major);
      return FALSE;
    }
  service = g_new0 (Service, 1);
  service->owner = owner;
  service->name = g_strdup (name);
  service->major = major;
  service->table = g_memdup2 (table, size);
  service->user_data = user_data;
  g_ptr_array_add (registry->services, service);
  return TRUE;
}

gboolean
bl_service_registry_lookup (
    BlServiceRegistry *registry, const char *name, guint32 major, gpointer table, gpointer *user_data)
{
  Service *service = find (registry, name, major);
  guint32 size;

  if (user_data != NULL)
    *user_data = service != NULL ? service->user_data : NULL;
  if (service != NULL)
    {
      bl_table_fill (table, service->table);
      return TRUE;
    }
  memcpy (&size, table, sizeof size);
  memset (table, 0, size);
  memcpy (table, &size, sizeof size);
  return FALSE;
}

void
bl_service_registry_remove_owner (BlServiceRegistry *registry, BowlineHost *owner)
{
  for (guint i = registry->services->len; i > 0; i--)
    {
      Service *service = registry->services->pdata[i - 1];
      g_autofree char *name = NULL;

      if (service->owner != owner)
        continue;
      name = g_strdup (service->name);
      g_ptr_array_remove_index (registry->services, i - 1);
      bowline_topic_publish (owner, "service.removed", g_variant_new ("(s)", name));
    }
}
