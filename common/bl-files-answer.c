// SPDX-License-Identifier: Apache-2.0
/* Answers of the files protocol, written as JSON text at once. */
#include "common/bl-files-proto.h"

#include <string.h>
#include <time.h>

#include "common/bl-ids.h"
#include "common/bl-json.h"

struct _BlFilesListing
{
  GString *out;
  gboolean any;
};

static void
append_key (GString *out, const char *key)
{
  if (out->str[out->len - 1] != '{')
    g_string_append_c (out, ',');
  bl_json_append_string (out, key);
  g_string_append_c (out, ':');
}

/* Names on disk need not be UTF-8; JSON must be. */
static void
append_text (GString *out, const char *key, const char *text)
{
  append_key (out, key);
  if (text == NULL)
    {
      g_string_append (out, "null");
      return;
    }
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  bl_json_append_string (out, valid);
}

/* Repeats what the other side sent; it went through the parser, so JSON can hold it. */
static void
append_echo (GString *out, const char *key, GVariant *value)
{
  if (value == NULL)
    return;
  append_key (out, key);
  if (!bl_json_append (out, value, NULL))
    g_string_append (out, "null");
}

static char *
finish (GString *out)
{
  g_string_append_c (out, '}');
  return g_string_free (out, FALSE);
}

BlFilesListing *
bl_files_listing_new (const char *path, GVariant *reqid)
{
  BlFilesListing *self = g_new0 (BlFilesListing, 1);
  self->out = g_string_new ("{");
  append_text (self->out, "path", path);
  append_echo (self->out, "reqid", reqid);
  g_string_append (self->out, ",\"dir\":[");
  return self;
}

void
bl_files_listing_add (
    BlFilesListing *self, const char *name, BlFilesEntryType type, guint64 size, gint64 mtime, const char *target)
{
  struct tm tm;
  char text[32];
  time_t when = (time_t)mtime;
  if (self->any)
    g_string_append_c (self->out, ',');
  self->any = TRUE;
  g_string_append_c (self->out, '{');
  append_text (self->out, "n", name);
  g_string_append_printf (self->out, ",\"t\":%d", type);
  if (type == BL_FILES_ENTRY_FILE)
    g_string_append_printf (self->out, ",\"s\":%" G_GUINT64_FORMAT, size);
  /* A broken file system may hold any number; years beyond four digits are no ISO 8601. */
  if (gmtime_r (&when, &tm) && tm.tm_year > -1900 && tm.tm_year <= 9999 - 1900
      && strftime (text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
    append_text (self->out, "d", text);
  if (target)
    append_text (self->out, "l", target);
  g_string_append_c (self->out, '}');
}

char *
bl_files_listing_end (BlFilesListing *self)
{
  g_string_append_c (self->out, ']');
  char *text = finish (g_steal_pointer (&self->out));
  bl_files_listing_free (self);
  return text;
}

void
bl_files_listing_free (BlFilesListing *self)
{
  if (self == NULL)
    return;
  if (self->out)
    g_string_free (self->out, TRUE);
  g_free (self);
}

char *
bl_files_answer_unreadable (const char *path, GVariant *reqid)
{
  GString *out = g_string_new ("{");
  append_text (out, "path", path);
  append_echo (out, "reqid", reqid);
  append_text (out, "dir", NULL);
  return finish (out);
}

char *
bl_files_answer (const char *action, GVariant *reqid)
{
  GString *out = g_string_new ("{");
  append_text (out, "action", action);
  append_echo (out, "reqid", reqid);
  return finish (out);
}

char *
bl_files_answer_found (const char *path, GVariant *reqid)
{
  GString *out = g_string_new ("{\"action\":\"findfile\"");
  append_text (out, "r", path);
  append_echo (out, "reqid", reqid);
  return finish (out);
}

char *
bl_files_answer_uploadhash (const BlFilesRequest *request, const guint8 *hash)
{
  GString *out = g_string_new ("{\"action\":\"uploadhash\"");
  g_autofree char *hex = hash ? bl_id48_to_hex (hash, TRUE) : NULL;
  append_echo (out, "reqid", request->reqid);
  append_text (out, "path", request->path);
  append_text (out, "name", request->name);
  append_echo (out, "tag", request->tag);
  append_text (out, "hash", hex);
  return finish (out);
}

char *
bl_files_answer_download_start (GVariant *id, gint64 offset)
{
  GString *out = g_string_new ("{\"action\":\"download\",\"sub\":\"start\"");
  append_echo (out, "id", id);
  if (offset > 0)
    g_string_append_printf (out, ",\"offset\":%" G_GINT64_FORMAT, offset);
  return finish (out);
}

char *
bl_files_answer_download (const char *sub, GVariant *id)
{
  GString *out = g_string_new ("{\"action\":\"download\"");
  append_text (out, "sub", sub);
  append_echo (out, "id", id);
  return finish (out);
}

char *
bl_files_answer_dialog (const char *msg, const char *file, const char *problem)
{
  GString *out = g_string_new ("{\"action\":\"dialogmessage\"");
  append_text (out, "msg", msg);
  if (file)
    append_text (out, "file", file);
  if (problem)
    append_text (out, "error", problem);
  return finish (out);
}

char *
bl_files_answer_refresh (void)
{
  return bl_files_answer ("refresh", NULL);
}
