// SPDX-License-Identifier: Apache-2.0
/* Settings an agent is installed with. */
#include "common/bl-msh.h"

#include <string.h>

#include "common/bl-bytes.h"
#include "common/bl-error.h"
#include "common/bl-utf8.h"

/* Marks an embedded .msh at the end of an executable. */
static const guint8 trailer_guid[16]
    = { 0xB9, 0x96, 0x01, 0x58, 0x80, 0x54, 0x4A, 0x19, 0xB7, 0xF7, 0xE9, 0xBE, 0x44, 0x91, 0x4C, 0x19 };

typedef struct
{
  char *key;
  char *value;
} Setting;

struct _BlMsh
{
  GArray *settings; /* in the order of first appearance */
};

static void
setting_clear (gpointer data)
{
  Setting *setting = data;
  g_free (setting->key);
  g_free (setting->value);
}

BlMsh *
bl_msh_new (void)
{
  BlMsh *self = g_new0 (BlMsh, 1);
  self->settings = g_array_new (FALSE, FALSE, sizeof (Setting));
  g_array_set_clear_func (self->settings, setting_clear);
  return self;
}

void
bl_msh_free (BlMsh *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->settings);
  g_free (self);
}

static Setting *
find (BlMsh *self, const char *key)
{
  for (guint i = 0; i < self->settings->len; i++)
    {
      Setting *setting = &g_array_index (self->settings, Setting, i);
      if (strcmp (setting->key, key) == 0)
        return setting;
    }
  return NULL;
}

const char *
bl_msh_get (BlMsh *self, const char *key)
{
  Setting *setting = find (self, key);
  return setting ? setting->value : NULL;
}

gint64
bl_msh_get_int (BlMsh *self, const char *key, gint64 fallback)
{
  gint64 value;
  const char *text = bl_msh_get (self, key);
  return text && g_ascii_string_to_signed (text, 10, G_MININT64, G_MAXINT64, &value, NULL) ? value : fallback;
}

gboolean
bl_msh_get_id48 (BlMsh *self, const char *key, guint8 id[BL_ID48_SIZE], GError **error)
{
  const char *text = bl_msh_get (self, key);
  if (text == NULL)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_NOT_FOUND, ".msh: expected a key %s, found none", key);
      return FALSE;
    }
  const char *hex = g_str_has_prefix (text, "0x") ? text + 2 : text;
  gsize len = strlen (hex);
  memset (id, 0, BL_ID48_SIZE);
  if ((len == 96 || len == 64) && bl_hex_decode (hex, len, id, len / 2))
    return TRUE;
  g_autofree char *shown = bl_show (text, BL_MSH_MAX);
  g_set_error (error, BL_ERROR, BL_ERROR_INVALID, ".msh: %s: expected 96 or 64 hex digits, found '%s'", key,
               shown);
  return FALSE;
}

static gboolean
bad (GError **error, const char *what, const char *found)
{
  g_autofree char *shown = bl_show (found, BL_MSH_MAX);
  g_set_error (error, BL_ERROR, BL_ERROR_INVALID, ".msh: expected %s, found '%s'", what, shown);
  return FALSE;
}

static gboolean
key_is_valid (const char *key)
{
  gsize len = strlen (key);
  for (gsize i = 0; i < len; i++)
    if (!g_ascii_isgraph (key[i]) || key[i] == '=' || key[i] == '#')
      return FALSE;
  return len > 0 && len <= BL_MSH_MAX_KEY;
}

gboolean
bl_msh_set (BlMsh *self, const char *key, const char *value, GError **error)
{
  if (!key_is_valid (key))
    return bad (error, "a key of visible characters", key);
  if (value && strpbrk (value, "\r\n"))
    return bad (error, "a value of one line", value);
  if (value && !bl_utf8_is_valid (value, strlen (value)))
    return bad (error, "UTF-8", value);
  Setting *old = find (self, key);
  if (value == NULL || *value == '\0')
    {
      if (old)
        g_array_remove_index (self->settings, (guint)(old - (Setting *)(gpointer)self->settings->data));
      return TRUE;
    }
  if (old)
    {
      g_free (old->value);
      old->value = g_strdup (value);
      return TRUE;
    }
  if (self->settings->len >= BL_MSH_MAX_KEYS)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_TOO_LARGE, ".msh: expected at most %d keys", BL_MSH_MAX_KEYS);
      return FALSE;
    }
  Setting made = { g_strdup (key), g_strdup (value) };
  g_array_append_val (self->settings, made);
  return TRUE;
}

/* One line without its end. */
static gboolean
parse_line (BlMsh *self, char *line, GError **error)
{
  g_strchomp (line);
  if (*line == '\0' || *line == '#')
    return TRUE;
  char *equals = strchr (line, '=');
  if (equals == NULL)
    return bad (error, "Key=Value", line);
  *equals = '\0';
  if (strcmp (line, "CoreModule") == 0)
    return TRUE;
  return bl_msh_set (self, line, equals + 1, error);
}

BlMsh *
bl_msh_parse (const char *text, gsize len, GError **error)
{
  g_autoptr (BlMsh) self = bl_msh_new ();
  guint number = 1;
  if (len > BL_MSH_MAX)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_TOO_LARGE,
                   ".msh: expected at most %d bytes, found %" G_GSIZE_FORMAT, BL_MSH_MAX, len);
      return NULL;
    }
  if (len >= 3 && memcmp (text, "\xEF\xBB\xBF", 3) == 0)
    {
      text += 3;
      len -= 3;
    }
  for (gsize at = 0; at < len; number++)
    {
      const char *end = memchr (text + at, '\n', len - at);
      gsize line_len = end ? (gsize)(end - text) - at : len - at;
      g_autofree char *line = g_strndup (text + at, line_len);
      if (strlen (line) != line_len)
        {
          g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "line %u: .msh: expected text, found a NUL",
                       number);
          return NULL;
        }
      if (!parse_line (self, line, error))
        {
          g_prefix_error (error, "line %u: ", number);
          return NULL;
        }
      at += line_len + 1;
    }
  return g_steal_pointer (&self);
}

const char **
bl_msh_get_keys (BlMsh *self)
{
  const char **keys = g_new0 (const char *, self->settings->len + 1);
  for (guint i = 0; i < self->settings->len; i++)
    keys[i] = g_array_index (self->settings, Setting, i).key;
  return keys;
}

char *
bl_msh_to_text (BlMsh *self)
{
  GString *out = g_string_new (NULL);
  for (guint i = 0; i < self->settings->len; i++)
    {
      Setting *setting = &g_array_index (self->settings, Setting, i);
      g_string_append_printf (out, "%s=%s\r\n", setting->key, setting->value);
    }
  return g_string_free (out, FALSE);
}

BlMsh *
bl_msh_build (const char *name,
              const guint8 mesh_id[BL_ID48_SIZE],
              const guint8 server_id[BL_ID48_SIZE],
              const char *url,
              GError **error)
{
  g_autoptr (BlMsh) self = bl_msh_new ();
  g_autofree char *mesh_hex = bl_id48_to_hex (mesh_id, TRUE);
  g_autofree char *mesh_value = g_strconcat ("0x", mesh_hex, NULL);
  g_autofree char *server_hex = bl_id48_to_hex (server_id, TRUE);
  /* A group's name is free text; only one line of it fits here. */
  g_autofree char *shown = bl_utf8_clean (name, strlen (name), BL_GROUP_NAME_MAX, FALSE);
  if (!bl_msh_set (self, "MeshName", shown, error) || !bl_msh_set (self, "MeshType", "2", error)
      || !bl_msh_set (self, "MeshID", mesh_value, error) || !bl_msh_set (self, "ServerID", server_hex, error)
      || !bl_msh_set (self, "MeshServer", url, error))
    return NULL;
  return g_steal_pointer (&self);
}

gboolean
bl_msh_find_trailer (const guint8 *tail, gsize tail_len, guint64 file_size, guint64 *offset, guint32 *length)
{
  BlReader r;
  if (tail_len < BL_MSH_TRAILER || file_size < tail_len)
    return FALSE;
  bl_reader_init (&r, tail + tail_len - BL_MSH_TRAILER, BL_MSH_TRAILER);
  guint32 len = bl_reader_u32be (&r);
  if (memcmp (bl_reader_bytes (&r, sizeof trailer_guid), trailer_guid, sizeof trailer_guid) != 0)
    return FALSE;
  if (len == 0 || len > BL_MSH_MAX || len > file_size - BL_MSH_TRAILER)
    return FALSE;
  *offset = file_size - BL_MSH_TRAILER - len;
  *length = len;
  return TRUE;
}

GBytes *
bl_msh_build_trailer (BlMsh *self)
{
  BlWriter w;
  g_autofree char *text = bl_msh_to_text (self);
  gsize len = strlen (text);
  bl_writer_init (&w, len + BL_MSH_TRAILER);
  bl_writer_bytes (&w, text, len);
  bl_writer_u32be (&w, (guint32)len);
  bl_writer_bytes (&w, trailer_guid, sizeof trailer_guid);
  return bl_writer_end (&w);
}
