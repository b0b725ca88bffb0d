// SPDX-License-Identifier: Apache-2.0
/* Requests of the files protocol into a checked struct. */
#include "common/bl-files-proto.h"

#include <string.h>

#include "common/bl-error.h"
#include "common/bl-json.h"
#include "common/bl-utf8.h"
#include "common/bl-variant.h"

/* Stands in front of data that begins with itself or like JSON. */
#define ESCAPE 0x00

enum
{
  NEEDS_PATH = 1 << 0,
  NEEDS_TARGET = 1 << 1,
  NEEDS_NAME = 1 << 2,
  NEEDS_NEW_NAME = 1 << 3,
  NEEDS_NAMES = 1 << 4,
  NEEDS_FILTER = 1 << 5,
  NEEDS_ID = 1 << 6,
};

/* One row an action: what it needs, and under which key it comes. */
typedef struct
{
  const char *action;
  const char *sub; /* of download */
  BlFilesOp op;
  guint needs;
  const char *path_key;
  const char *target_key;
  const char *name_key;
  const char *names_key;
} Action;

static const Action actions[] = {
  { "ls", NULL, BL_FILES_LS, NEEDS_PATH, "path", NULL, NULL, NULL },
  { "mkdir", NULL, BL_FILES_MKDIR, NEEDS_PATH, "path", NULL, NULL, NULL },
  { "rm", NULL, BL_FILES_RM, NEEDS_PATH | NEEDS_NAMES, "path", NULL, NULL, "delfiles" },
  { "rename", NULL, BL_FILES_RENAME, NEEDS_PATH | NEEDS_NAME | NEEDS_NEW_NAME, "path", NULL, "oldname",
    NULL },
  { "copy", NULL, BL_FILES_COPY, NEEDS_PATH | NEEDS_TARGET | NEEDS_NAMES, "scpath", "dspath", NULL, "names" },
  { "move", NULL, BL_FILES_MOVE, NEEDS_PATH | NEEDS_TARGET | NEEDS_NAMES, "scpath", "dspath", NULL, "names" },
  { "findfile", NULL, BL_FILES_FINDFILE, NEEDS_PATH | NEEDS_FILTER, "path", NULL, NULL, NULL },
  { "cancelfindfile", NULL, BL_FILES_CANCELFINDFILE, 0, NULL, NULL, NULL, NULL },
  { "zip", NULL, BL_FILES_ZIP, NEEDS_PATH | NEEDS_NAME | NEEDS_NAMES, "path", NULL, "output", "files" },
  { "unzip", NULL, BL_FILES_UNZIP, NEEDS_PATH | NEEDS_TARGET, "input", "dest", NULL, NULL },
  { "cancel", NULL, BL_FILES_CANCEL, 0, NULL, NULL, NULL, NULL },
  { "open", NULL, BL_FILES_OPEN, NEEDS_PATH, "path", NULL, NULL, NULL },
  { "markcoredump", NULL, BL_FILES_MARKCOREDUMP, 0, NULL, NULL, NULL, NULL },
  { "upload", NULL, BL_FILES_UPLOAD, NEEDS_PATH | NEEDS_NAME, "path", NULL, "name", NULL },
  { "uploaddone", NULL, BL_FILES_UPLOADDONE, 0, NULL, NULL, NULL, NULL },
  { "uploadcancel", NULL, BL_FILES_UPLOADCANCEL, 0, NULL, NULL, NULL, NULL },
  { "uploadhash", NULL, BL_FILES_UPLOADHASH, NEEDS_PATH | NEEDS_NAME, "path", NULL, "name", NULL },
  { "download", "start", BL_FILES_DOWNLOAD_START, NEEDS_PATH | NEEDS_ID, "path", NULL, NULL, NULL },
  { "download", "startack", BL_FILES_DOWNLOAD_STARTACK, NEEDS_ID, NULL, NULL, NULL, NULL },
  { "download", "ack", BL_FILES_DOWNLOAD_ACK, NEEDS_ID, NULL, NULL, NULL, NULL },
  { "download", "stop", BL_FILES_DOWNLOAD_STOP, NEEDS_ID, NULL, NULL, NULL, NULL },
};

gboolean
bl_files_name_is_valid (const char *name)
{
  gsize len = strlen (name);
  return len > 0 && len <= BL_FILES_MAX_NAME && strchr (name, '/') == NULL && strcmp (name, ".") != 0
         && strcmp (name, "..") != 0 && bl_utf8_is_valid (name, len);
}

static gboolean
bad_field (GError **error, const char *key, const char *expected, const char *found)
{
  g_autofree char *shown = bl_show (found ? found : "nothing", BL_FILES_MAX_PATH);
  g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "files request: %s: expected %s, found '%s'", key, expected,
               shown);
  return FALSE;
}

/* Makes a path absolute. A `..` in it would reach past what was asked for. */
static gboolean
take_path (GVariant *object, const char *key, char **field, GError **error)
{
  const char *path = bl_variant_get_string (object, key);
  if (path == NULL)
    return bad_field (error, key, "a path", NULL);
  if (strnlen (path, BL_FILES_MAX_PATH) >= BL_FILES_MAX_PATH)
    return bad_field (error, key, "a shorter path", path);
  for (const char *p = path; *p; p += strspn (p, "/"))
    {
      gsize len = strcspn (p, "/");
      if (len == 2 && p[0] == '.' && p[1] == '.')
        return bad_field (error, key, "a path without '..'", path);
      if (len > BL_FILES_MAX_NAME)
        return bad_field (error, key, "names of at most 255 bytes", path);
      p += len;
    }
  *field = *path == '/' ? g_strdup (path) : g_strconcat ("/", path, NULL);
  return TRUE;
}

static gboolean
take_name (GVariant *object, const char *key, char **field, GError **error)
{
  const char *name = bl_variant_get_string (object, key);
  if (name == NULL || !bl_files_name_is_valid (name))
    return bad_field (error, key, "a file name", name);
  *field = g_strdup (name);
  return TRUE;
}

static gboolean
take_names (GVariant *object, const char *key, char ***field, GError **error)
{
  g_auto (GStrv) names = bl_variant_get_strv (object, key);
  guint n = names ? g_strv_length (names) : 0;
  if (n == 0 || n > BL_FILES_MAX_NAMES)
    return bad_field (error, key, "1 to 10000 names", NULL);
  for (guint i = 0; i < n; i++)
    if (!bl_files_name_is_valid (names[i]))
      return bad_field (error, key, "file names", names[i]);
  *field = g_steal_pointer (&names);
  return TRUE;
}

/* What is only repeated in answers: a short text or a number. */
static gboolean
take_echo (GVariant *object, const char *key, GVariant **field, GError **error)
{
  g_autoptr (GVariant) value = bl_variant_get_child (object, key);
  if (value == NULL || bl_variant_is_null (value))
    return TRUE;
  gboolean text = g_variant_is_of_type (value, G_VARIANT_TYPE_STRING);
  if (!text && !g_variant_is_of_type (value, G_VARIANT_TYPE_INT64)
      && !g_variant_is_of_type (value, G_VARIANT_TYPE_DOUBLE))
    return bad_field (error, key, "a text or a number", g_variant_get_type_string (value));
  /* meshctrl uses the path as the id of a download. */
  if (text && g_variant_get_size (value) > BL_FILES_MAX_PATH + 1)
    return bad_field (error, key, "a shorter text", g_variant_get_string (value, NULL));
  *field = g_steal_pointer (&value);
  return TRUE;
}

static const Action *
find_action (GVariant *object, GError **error)
{
  const char *name = bl_variant_get_string (object, "action");
  const char *sub = bl_variant_get_string (object, "sub");
  for (gsize i = 0; name && i < G_N_ELEMENTS (actions); i++)
    if (strcmp (actions[i].action, name) == 0
        && (actions[i].sub == NULL || g_strcmp0 (actions[i].sub, sub) == 0))
      return &actions[i];
  g_autofree char *shown = bl_show (name ? name : "nothing", BL_ACTION_MAX);
  g_set_error (error, BL_ERROR, BL_ERROR_UNKNOWN, "files request: action: expected a known one, found '%s'",
               shown);
  return NULL;
}

static gboolean
take_optional (GVariant *object, BlFilesRequest *request, GError **error)
{
  gint64 size = bl_variant_get_int (object, "size", -1);
  gint64 ack = bl_variant_get_int (object, "ack", 8);
  request->size = MAX (size, -1);
  gint64 offset = bl_variant_get_int (object, "offset", 0);
  gint64 block = bl_variant_get_int (object, "block", 0);
  request->offset = MAX (offset, 0);
  request->ack = (guint)CLAMP (ack, 1, 64);
  request->block_size = (guint)CLAMP (block, BL_FILES_DOWNLOAD_BLOCK, BL_FILES_MAX_DOWNLOAD_BLOCK);
  request->append = bl_variant_get_bool (object, "append", FALSE);
  request->recursive = bl_variant_get_bool (object, "rec", FALSE);
  if (request->op == BL_FILES_UPLOADHASH)
    {
      request->tag = bl_variant_get_child (object, "tag");
      if (request->tag && g_variant_get_size (request->tag) > 4096)
        return bad_field (error, "tag", "a smaller value", g_variant_get_type_string (request->tag));
    }
  return take_echo (object, "reqid", &request->reqid, error) && take_echo (object, "id", &request->id, error);
}

static gboolean
take_required (GVariant *object, const Action *action, BlFilesRequest *request, GError **error)
{
  if (request->op == BL_FILES_DOWNLOAD_START && bl_variant_get_string (object, "path") == NULL
      && bl_variant_has (object, "ask"))
    {
      if (!take_name (object, "ask", &request->ask, error))
        return FALSE;
    }
  else if ((action->needs & NEEDS_PATH) && !take_path (object, action->path_key, &request->path, error))
    return FALSE;
  if ((action->needs & NEEDS_TARGET) && !take_path (object, action->target_key, &request->target, error))
    return FALSE;
  if ((action->needs & NEEDS_NAME) && !take_name (object, action->name_key, &request->name, error))
    return FALSE;
  if ((action->needs & NEEDS_NEW_NAME) && !take_name (object, "newname", &request->new_name, error))
    return FALSE;
  if ((action->needs & NEEDS_NAMES) && !take_names (object, action->names_key, &request->names, error))
    return FALSE;
  if (request->op == BL_FILES_DOWNLOAD_START && bl_variant_has (object, "files")
      && !take_names (object, "files", &request->names, error))
    return FALSE;
  if (action->needs & NEEDS_FILTER)
    {
      const char *filter = bl_variant_get_string (object, "filter");
      if (filter == NULL || *filter == '\0' || strlen (filter) > BL_FILES_MAX_NAME || strchr (filter, '/'))
        return bad_field (error, "filter", "a pattern for file names", filter);
      request->filter = g_strdup (filter);
    }
  if ((action->needs & NEEDS_ID) && request->id == NULL)
    return bad_field (error, "id", "a text or a number", NULL);
  return TRUE;
}

static gboolean
parse_object (const guint8 *data, gsize len, BlFilesRequest *request, GError **error)
{
  const BlJsonLimits limits
      = { .max_bytes = BL_FILES_MAX_REQUEST, .max_depth = 8, .max_values = BL_FILES_MAX_NAMES + 100 };
  g_autoptr (GVariant) object
      = bl_json_parse_object ((const char *)data, len, &limits, BL_JSON_DEFAULT, error);
  if (object == NULL)
    return FALSE;
  if (bl_variant_has (object, "ctrlChannel"))
    {
      request->op = BL_FILES_CONTROL;
      request->message = g_steal_pointer (&object);
      return TRUE;
    }
  const Action *action = find_action (object, error);
  if (action == NULL)
    return FALSE;
  request->op = action->op;
  return take_optional (object, request, error) && take_required (object, action, request, error);
}

gboolean
bl_files_request_parse (const guint8 *data, gsize len, BlFilesRequest *request, GError **error)
{
  *request = (BlFilesRequest){ .size = -1 };
  if (len > 0 && data[0] == '{')
    {
      if (parse_object (data, len, request, error))
        return TRUE;
      bl_files_request_clear (request);
      return FALSE;
    }
  if (len > BL_FILES_MAX_BLOCK)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_TOO_LARGE,
                   "upload block: expected at most %d bytes, found %" G_GSIZE_FORMAT, BL_FILES_MAX_BLOCK,
                   len);
      return FALSE;
    }
  request->op = BL_FILES_BLOCK;
  request->block = bl_files_block_unescape (data, len, &request->block_len);
  return TRUE;
}

void
bl_files_request_clear (BlFilesRequest *request)
{
  g_free (request->path);
  g_free (request->target);
  g_free (request->name);
  g_free (request->new_name);
  g_free (request->filter);
  g_free (request->ask);
  g_strfreev (request->names);
  g_clear_pointer (&request->reqid, g_variant_unref);
  g_clear_pointer (&request->id, g_variant_unref);
  g_clear_pointer (&request->tag, g_variant_unref);
  g_clear_pointer (&request->message, g_variant_unref);
  *request = (BlFilesRequest){ .size = -1 };
}

/* --- blocks --- */

void
bl_files_block_escape (GByteArray *out, gconstpointer data, gsize len)
{
  static const guint8 escape = ESCAPE;
  g_return_if_fail (len <= BL_FILES_MAX_BLOCK);
  if (len == 0)
    return;
  guint8 first = *(const guint8 *)data;
  if (first == ESCAPE || first == '{')
    g_byte_array_append (out, &escape, 1);
  g_byte_array_append (out, data, (guint)len);
}

const guint8 *
bl_files_block_unescape (const guint8 *data, gsize len, gsize *out_len)
{
  gsize skip = len > 0 && data[0] == ESCAPE ? 1 : 0;
  *out_len = len - skip;
  return data + skip;
}

void
bl_files_download_header (guint8 out[BL_FILES_DOWNLOAD_HEADER], gboolean last)
{
  out[0] = 1;
  out[1] = out[2] = 0;
  out[3] = last ? 1 : 0;
}

gboolean
bl_files_download_parse (
    const guint8 *data, gsize len, gboolean *last, const guint8 **block, gsize *block_len)
{
  if (len < BL_FILES_DOWNLOAD_HEADER || data[0] != 1)
    return FALSE;
  *last = (data[3] & 1) != 0;
  *block = data + BL_FILES_DOWNLOAD_HEADER;
  *block_len = len - BL_FILES_DOWNLOAD_HEADER;
  return TRUE;
}
