// SPDX-License-Identifier: Apache-2.0
#include "bl-web-files.h"

#include "common/bl-json.h"

#include <string.h>

struct _BlWebFiles
{
  GHashTable *by_path; // path -> BlWebFile
  const BlWebFile *index;
};

static void
web_file_free (gpointer data)
{
  BlWebFile *file = data;
  g_free (file->path);
  g_free (file->type);
  g_free (file->etag);
  for (guint i = 0; i < BL_WEB_N_ENCODINGS; i++)
    g_clear_pointer (&file->content[i], g_bytes_unref);
  g_free (file);
}

static GBytes *
map_file (const char *directory, const char *name, GError **error)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);
  g_autoptr (GMappedFile) mapped = g_mapped_file_new (path, FALSE, error);
  return mapped != NULL ? g_mapped_file_get_bytes (mapped) : NULL;
}

static gboolean
map_packed (BlWebFile *file, const char *directory, GVariant *entry, BlWebEncoding encoding, GError **error)
{
  g_autoptr (GVariant) encodings = g_variant_lookup_value (entry, "encodings", G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) packed
      = encodings != NULL
            ? g_variant_lookup_value (encodings, bl_web_encoding_name (encoding), G_VARIANT_TYPE_VARDICT)
            : NULL;
  const char *name;
  if (packed == NULL || !g_variant_lookup (packed, "file", "&s", &name))
    return TRUE;
  file->content[encoding] = map_file (directory, name, error);
  return file->content[encoding] != NULL;
}

static BlWebFile *
load_file (const char *directory, GVariant *entry, GError **error)
{
  const char *path, *name, *type, *etag;
  if (!g_variant_is_of_type (entry, G_VARIANT_TYPE_VARDICT) || !g_variant_lookup (entry, "path", "&s", &path)
      || !g_variant_lookup (entry, "file", "&s", &name) || !g_variant_lookup (entry, "type", "&s", &type)
      || !g_variant_lookup (entry, "etag", "&s", &etag))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                           "manifest.json: a file needs path, file, type and etag");
      return NULL;
    }
  BlWebFile *file = g_new0 (BlWebFile, 1);
  file->path = g_strdup (path);
  file->type = g_strdup (type);
  file->etag = g_strdup (etag);
  g_variant_lookup (entry, "immutable", "b", &file->immutable);
  file->content[BL_WEB_IDENTITY] = map_file (directory, name, error);
  if (file->content[BL_WEB_IDENTITY] == NULL || !map_packed (file, directory, entry, BL_WEB_GZIP, error)
      || !map_packed (file, directory, entry, BL_WEB_BROTLI, error))
    {
      web_file_free (file);
      return NULL;
    }
  return file;
}

static GVariant *
load_manifest (const char *directory, GError **error)
{
  g_autoptr (GBytes) text = map_file (directory, "manifest.json", error);
  if (text == NULL)
    return NULL;
  GVariant *manifest
      = bl_json_parse_object (g_bytes_get_data (text, NULL), g_bytes_get_size (text), NULL, BL_JSON_DEFAULT, error);
  if (manifest == NULL)
    g_prefix_error (error, "%s/manifest.json: ", directory);
  return manifest;
}

BlWebFiles *
bl_web_files_load (const char *directory, GError **error)
{
  g_autoptr (GVariant) manifest = load_manifest (directory, error);
  if (manifest == NULL)
    return NULL;
  g_autoptr (GVariant) list = NULL;
  const char *index;
  if (!g_variant_lookup (manifest, "index", "&s", &index)
      || (list = g_variant_lookup_value (manifest, "files", G_VARIANT_TYPE ("av"))) == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s/manifest.json: expected \"index\" and \"files\"",
                   directory);
      return NULL;
    }
  g_autoptr (BlWebFiles) files = g_new0 (BlWebFiles, 1);
  files->by_path = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, web_file_free);
  for (gsize i = 0; i < g_variant_n_children (list); i++)
    {
      g_autoptr (GVariant) boxed = g_variant_get_child_value (list, i);
      g_autoptr (GVariant) entry = g_variant_get_variant (boxed);
      BlWebFile *file = load_file (directory, entry, error);
      if (file == NULL)
        return NULL;
      g_hash_table_replace (files->by_path, file->path, file);
    }
  files->index = g_hash_table_lookup (files->by_path, index);
  if (files->index == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s/manifest.json: the index %s is not among the files",
                   directory, index);
      return NULL;
    }
  return g_steal_pointer (&files);
}

void
bl_web_files_free (BlWebFiles *files)
{
  if (files == NULL)
    return;
  g_hash_table_unref (files->by_path);
  g_free (files);
}

const BlWebFile *
bl_web_files_find (const BlWebFiles *files, const char *path)
{
  const BlWebFile *file = g_hash_table_lookup (files->by_path, path);
  if (file != NULL)
    return file;
  const char *last = strrchr (path, '/');
  return last != NULL && strchr (last, '.') == NULL ? files->index : NULL;
}

const char *
bl_web_encoding_name (BlWebEncoding encoding)
{
  return encoding == BL_WEB_BROTLI ? "br" : encoding == BL_WEB_GZIP ? "gzip" : NULL;
}

// A coding counts as accepted when it is listed and its weight is not zero.
static gboolean
accepts (const char *accept, const char *coding)
{
  g_auto (GStrv) items = g_strsplit (accept, ",", 64);
  for (guint i = 0; items[i] != NULL; i++)
    {
      g_auto (GStrv) parts = g_strsplit (items[i], ";", 2);
      if (g_ascii_strcasecmp (g_strstrip (parts[0]), coding) != 0)
        continue;
      if (parts[1] == NULL)
        return TRUE;
      const char *weight = g_strstrip (parts[1]);
      return g_ascii_strncasecmp (weight, "q=", 2) != 0 || g_ascii_strtod (weight + 2, NULL) > 0;
    }
  return FALSE;
}

BlWebEncoding
bl_web_file_choose (const BlWebFile *file, const char *accept)
{
  BlWebEncoding best = BL_WEB_IDENTITY;
  for (guint i = BL_WEB_GZIP; accept != NULL && i < BL_WEB_N_ENCODINGS; i++)
    {
      if (file->content[i] != NULL && g_bytes_get_size (file->content[i]) < g_bytes_get_size (file->content[best])
          && accepts (accept, bl_web_encoding_name (i)))
        best = i;
    }
  return best;
}

gboolean
bl_web_etag_matches (const char *header, const char *etag)
{
  if (header == NULL)
    return FALSE;
  g_auto (GStrv) items = g_strsplit (header, ",", 64);
  for (guint i = 0; items[i] != NULL; i++)
    {
      const char *item = g_strstrip (items[i]);
      if (g_str_equal (item, "*") || g_str_equal (g_str_has_prefix (item, "W/") ? item + 2 : item, etag))
        return TRUE;
    }
  return FALSE;
}

GBytes *
bl_web_with_page_data (GBytes *html, const char *json)
{
  gsize size;
  const char *text = g_bytes_get_data (html, &size);
  const char *head = g_strstr_len (text, (gssize)size, "<head>");
  if (head == NULL)
    return NULL;
  const gsize before = (gsize)(head - text) + strlen ("<head>");
  g_autoptr (GString) page = g_string_sized_new (size + strlen (json) * 2);
  g_string_append_len (page, text, (gssize)before);
  g_string_append (page, "\n<meta name=\"bowline-page\" content=\"");
  for (const char *p = json; *p != '\0'; p++)
    {
      if (*p == '&')
        g_string_append (page, "&amp;");
      else if (*p == '<')
        g_string_append (page, "&lt;");
      else if (*p == '"')
        g_string_append (page, "&quot;");
      else
        g_string_append_c (page, *p);
    }
  g_string_append (page, "\">");
  g_string_append_len (page, text + before, (gssize)(size - before));
  return g_string_free_to_bytes (g_steal_pointer (&page));
}
