// SPDX-License-Identifier: Apache-2.0
/* Loading one plugin: the file, the shared object, the descriptor. */
#include "bl-module-loader.h"

#include "bl-table.h"
#include <bowline/error.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DESCRIPTOR_SIZE_1_0 (G_STRUCT_OFFSET (BowlinePluginDescriptor, deactivate) + sizeof (void (*) (void)))

static gboolean
check_owner_and_mode (const char *path, const struct stat *info, GError **error)
{
  if (info->st_uid != 0 && info->st_uid != geteuid ())
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_DENIED,
                   "%s: owner: expected root or user %u, found user %u", path, (guint)geteuid (),
                   (guint)info->st_uid);
      return FALSE;
    }
  if (info->st_mode & (S_IWGRP | S_IWOTH))
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_DENIED,
                   "%s: mode: expected writable by its owner only, found %04o", path, info->st_mode & 07777);
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_directory_of (const char *path, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  struct stat info;

  if (stat (directory, &info) != 0)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_NOT_FOUND, "%s: %s", directory, g_strerror (errno));
      return FALSE;
    }
  return check_owner_and_mode (directory, &info, error);
}

gboolean
bl_module_loader_check_file (const char *path, GError **error)
{
  g_autofree char *target = NULL;
  struct stat info;

  if (!g_path_is_absolute (path))
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "%s: expected an absolute path", path);
      return FALSE;
    }
  /* Where a link leads must be as safe as where it lies. */
  target = realpath (path, NULL);
  if (target == NULL || stat (target, &info) != 0)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_NOT_FOUND, "%s: %s", path, g_strerror (errno));
      return FALSE;
    }
  if (!S_ISREG (info.st_mode))
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_DENIED, "%s: expected a regular file", path);
      return FALSE;
    }
  return check_owner_and_mode (target, &info, error) && check_directory_of (path, error)
         && check_directory_of (target, error);
}

static void G_GNUC_PRINTF (3, 4) refuse (GError **error, const char *field, const char *format, ...)
{
  g_autofree char *detail = NULL;
  va_list args;

  va_start (args, format);
  detail = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "descriptor: %s: %s", field, detail);
}

static gboolean
check_numbers (const BlModuleManifest *manifest, const BowlinePluginDescriptor *copy, GError **error)
{
  if (copy->abi_major != BOWLINE_ABI_MAJOR)
    refuse (error, "abi_major", "expected %u, found %u", BOWLINE_ABI_MAJOR, copy->abi_major);
  else if (copy->min_host_minor > BOWLINE_ABI_MINOR)
    refuse (error, "min_host_minor", "expected at most %u, found %u: it needs a newer program",
            BOWLINE_ABI_MINOR, copy->min_host_minor);
  else if (copy->kind != manifest->kind)
    refuse (error, "kind", "expected %u as in the manifest, found %u", manifest->kind, copy->kind);
  else if (copy->flags != 0)
    refuse (error, "flags", "expected 0, found 0x%x", copy->flags);
  else
    return TRUE;
  return FALSE;
}

gboolean
bl_module_loader_check_descriptor (const BlModuleManifest *manifest,
                                   const BowlinePluginDescriptor *descriptor,
                                   BowlinePluginDescriptor *copy,
                                   GError **error)
{
  if (!bl_table_copy (copy, sizeof *copy, descriptor, DESCRIPTOR_SIZE_1_0, "descriptor", error))
    return FALSE;
  if (!check_numbers (manifest, copy, error))
    return FALSE;
  if (g_strcmp0 (copy->id, manifest->id) != 0)
    refuse (error, "id", "expected \"%s\" as in the manifest, found \"%s\"", manifest->id,
            copy->id ? copy->id : "");
  else if (copy->version == NULL || *copy->version == '\0')
    refuse (error, "version", "expected text, found nothing");
  else if (copy->license == NULL || *copy->license == '\0')
    refuse (error, "license", "expected an SPDX expression, found nothing");
  else if (copy->activate_async == NULL || copy->activate_finish == NULL)
    refuse (error, copy->activate_async == NULL ? "activate_async" : "activate_finish",
            "expected a function, found NULL");
  else
    return TRUE;
  return FALSE;
}

gboolean
bl_module_loader_load (const BlModuleManifest *manifest, BowlinePluginDescriptor *descriptor, GError **error)
{
  BowlinePluginQuery query;
  void *handle, *symbol;

  if (!bl_module_loader_check_file (manifest->library, error))
    return FALSE;
  handle = dlopen (manifest->library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == NULL)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "cannot be opened: %s", dlerror ());
      return FALSE;
    }
  symbol = dlsym (handle, BOWLINE_PLUGIN_QUERY_SYMBOL);
  if (symbol == NULL)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "%s: symbol: expected %s, found none",
                   manifest->library, BOWLINE_PLUGIN_QUERY_SYMBOL);
      return FALSE;
    }
  memcpy (&query, &symbol, sizeof query);
  if (!bl_module_loader_check_descriptor (manifest, query (), descriptor, error))
    {
      g_prefix_error (error, "%s: ", manifest->library);
      return FALSE;
    }
  return TRUE;
}
