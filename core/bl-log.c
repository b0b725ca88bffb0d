// SPDX-License-Identifier: Apache-2.0
/* The log: formatting, redaction, journal or standard error. */
#include "bl-log.h"

#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define MAX_MESSAGE 8192u
#define MAX_FIELD 1024u
#define MAX_FIELDS 32u

static guint log_level = BOWLINE_LOG_INFO;
static gboolean to_journal;
static BlLogHook log_hook;

static const char *const level_names[] = {
  [BOWLINE_LOG_ERROR] = "ERROR", [BOWLINE_LOG_WARNING] = "WARNING", [BOWLINE_LOG_NOTICE] = "NOTICE",
  [BOWLINE_LOG_INFO] = "INFO",   [BOWLINE_LOG_DEBUG] = "DEBUG",
};

static guint32
clamp_level (guint32 level)
{
  return CLAMP (level, BOWLINE_LOG_ERROR, BOWLINE_LOG_DEBUG);
}

gboolean
bl_log_level_from_string (const char *name, guint32 *level)
{
  for (guint32 i = BOWLINE_LOG_ERROR; i <= BOWLINE_LOG_DEBUG; i++)
    if (g_ascii_strcasecmp (name, level_names[i]) == 0)
      {
        *level = i;
        return TRUE;
      }
  return FALSE;
}

/* One line of valid UTF-8 without control characters, so that a peer cannot forge records. */
static void
append_safe (GString *line, const char *text, gsize max)
{
  g_autofree char *valid = g_utf8_make_valid (text, (gssize)MIN (strlen (text), max));

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c == '\n')
        g_string_append (line, "\\n");
      else if (g_unichar_iscntrl (c) || c == 0x2028 || c == 0x2029)
        g_string_append_printf (line, "\\u%04x", c);
      else
        g_string_append_unichar (line, c);
    }
}

static gboolean
name_is_secret (const char *name)
{
  static const char *const words[]
      = { "password", "passwd", "secret", "token", "cookie", "ticket", "private", "auth" };
  g_autofree char *lower = g_ascii_strdown (name, -1);

  if (strcmp (lower, "key") == 0 || g_str_has_suffix (lower, "-key") || g_str_has_suffix (lower, "_key"))
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (strstr (lower, words[i]) != NULL)
      return TRUE;
  return FALSE;
}

/* Returns: what may be written of a field. */
static char *
field_text (const char *name, GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BYTESTRING))
    return g_strdup_printf ("<%" G_GSIZE_FORMAT " bytes>", g_variant_n_children (value));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARIANT))
    {
      g_autoptr (GVariant) inner = g_variant_get_variant (value);

      return field_text (name, inner);
    }
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    {
      if (name_is_secret (name))
        return g_strdup_printf ("<%" G_GSIZE_FORMAT " characters>",
                                strlen (g_variant_get_string (value, NULL)));
      return g_variant_dup_string (value, NULL);
    }
  if (name_is_secret (name) && g_variant_is_container (value))
    return g_strdup ("<not shown>");
  return g_variant_print (value, FALSE);
}

static gboolean
needs_quotes (const char *text)
{
  return *text == '\0' || strpbrk (text, " \t\"=\\") != NULL;
}

static void
append_field (GString *line, const char *name, const char *text)
{
  g_string_append_c (line, ' ');
  append_safe (line, name, 64);
  g_string_append_c (line, '=');
  if (needs_quotes (text))
    {
      g_autofree char *escaped
          = g_strescape (text, "\200\201\202\203\204\205\206\207\210\211\212\213\214\215\216\217");

      g_string_append_c (line, '"');
      append_safe (line, g_utf8_validate (text, -1, NULL) ? text : escaped, MAX_FIELD);
      g_string_append_c (line, '"');
    }
  else
    append_safe (line, text, MAX_FIELD);
}

char *
bl_log_format (const char *component, guint32 level, GVariant *fields, const char *message)
{
  g_autoptr (GVariant) owned = fields != NULL ? g_variant_ref_sink (fields) : NULL;
  GString *line = g_string_new (level_names[clamp_level (level)]);

  g_string_append_printf (line, " %s: ", component);
  append_safe (line, message, MAX_MESSAGE);
  if (owned != NULL && g_variant_is_of_type (owned, G_VARIANT_TYPE_VARDICT))
    {
      GVariantIter iter;
      const char *name;
      GVariant *value;
      guint n = 0;

      g_variant_iter_init (&iter, owned);
      while (n++ < MAX_FIELDS && g_variant_iter_next (&iter, "{&sv}", &name, &value))
        {
          g_autofree char *text = field_text (name, value);

          append_field (line, name, text);
          g_variant_unref (value);
        }
    }
  return g_string_free (line, FALSE);
}

static void
write_line (const char *component, guint32 level, GVariant *fields, const char *message)
{
  g_autofree char *line = bl_log_format (component, level, fields, message);
  g_autofree char *with_feed = g_strconcat (line, "\n", NULL);
  gssize written;

  /* One write keeps lines of several threads apart; a log that cannot be written has nowhere to complain. */
  written = write (STDERR_FILENO, with_feed, strlen (with_feed));
  (void)written;
}

/* Journal names: A-Z, 0-9 and "_", not beginning with "_" or a digit. */
static char *
journal_name (const char *name)
{
  char *upper = g_strconcat ("BOWLINE_", name, NULL);

  for (char *p = upper; *p != '\0'; p++)
    *p = g_ascii_isalnum (*p) ? g_ascii_toupper (*p) : '_';
  return upper;
}

static void
write_journal (const char *component, guint32 level, GVariant *fields, const char *message)
{
  g_autoptr (GPtrArray) owned = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GString) safe = g_string_new (NULL);
  GLogField out[4 + MAX_FIELDS];
  char priority[2] = { (char)('0' + level), '\0' };
  gsize n = 0;

  append_safe (safe, message, MAX_MESSAGE);
  out[n++] = (GLogField){ "MESSAGE", safe->str, -1 };
  out[n++] = (GLogField){ "PRIORITY", priority, -1 };
  out[n++] = (GLogField){ "SYSLOG_IDENTIFIER", g_get_prgname () != NULL ? g_get_prgname () : "bowline", -1 };
  out[n++] = (GLogField){ "BOWLINE_COMPONENT", component, -1 };
  if (fields != NULL && g_variant_is_of_type (fields, G_VARIANT_TYPE_VARDICT))
    {
      GVariantIter iter;
      const char *name;
      GVariant *value;

      g_variant_iter_init (&iter, fields);
      while (n < G_N_ELEMENTS (out) && g_variant_iter_next (&iter, "{&sv}", &name, &value))
        {
          char *key = journal_name (name), *text = field_text (name, value);

          g_ptr_array_add (owned, key);
          g_ptr_array_add (owned, text);
          out[n++] = (GLogField){ key, text, -1 };
          g_variant_unref (value);
        }
    }
  if (g_log_writer_journald (G_LOG_LEVEL_MESSAGE, out, n, NULL) != G_LOG_WRITER_HANDLED)
    write_line (component, level, fields, message);
}

void
bl_log_text (const char *component, guint32 level, GVariant *fields, const char *message)
{
  g_autoptr (GVariant) owned = fields != NULL ? g_variant_ref_sink (fields) : NULL;
  BlLogHook hook = (BlLogHook)g_atomic_pointer_get (&log_hook);

  level = clamp_level (level);
  if (level > (guint32)g_atomic_int_get ((gint *)&log_level))
    return;
  if (to_journal)
    write_journal (component, level, owned, message);
  else
    write_line (component, level, owned, message);
  if (hook != NULL)
    hook (component, level, message);
}

void
bl_log (const char *component, guint32 level, GVariant *fields, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  bl_log_text (component, level, fields, message);
}

static guint32
level_of_glib (GLogLevelFlags flags)
{
  if (flags & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
    return BOWLINE_LOG_ERROR;
  if (flags & G_LOG_LEVEL_WARNING)
    return BOWLINE_LOG_WARNING;
  if (flags & G_LOG_LEVEL_MESSAGE)
    return BOWLINE_LOG_NOTICE;
  return (flags & G_LOG_LEVEL_INFO) ? BOWLINE_LOG_INFO : BOWLINE_LOG_DEBUG;
}

static char *
field_dup (const GLogField *field)
{
  return field->length < 0 ? g_strdup (field->value) : g_strndup (field->value, (gsize)field->length);
}

static GLogWriterOutput
writer (GLogLevelFlags flags, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  g_autofree char *message = NULL, *domain = NULL;
  const char *component = "core";

  for (gsize i = 0; i < n_fields; i++)
    if (strcmp (fields[i].key, "MESSAGE") == 0 && message == NULL)
      message = field_dup (&fields[i]);
    else if (strcmp (fields[i].key, "GLIB_DOMAIN") == 0 && domain == NULL)
      domain = field_dup (&fields[i]);
  if (domain != NULL)
    component = g_str_has_prefix (domain, "bowline-") ? domain + strlen ("bowline-") : domain;
  /* Debug records of libraries are theirs, not ours. */
  if ((flags & (G_LOG_LEVEL_DEBUG | G_LOG_LEVEL_INFO)) && domain != NULL
      && !g_str_has_prefix (domain, "bowline") && g_log_writer_default_would_drop (flags, domain))
    return G_LOG_WRITER_HANDLED;
  bl_log_text (component, level_of_glib (flags), NULL, message != NULL ? message : "");
  return G_LOG_WRITER_HANDLED;
}

void
bl_log_init (guint32 level)
{
  bl_log_set_level (level);
  to_journal = g_log_writer_is_journald (STDERR_FILENO);
  g_log_set_writer_func (writer, NULL, NULL);
}

void
bl_log_set_level (guint32 level)
{
  g_atomic_int_set ((gint *)&log_level, (gint)clamp_level (level));
}

void
bl_log_set_hook (BlLogHook hook)
{
  g_atomic_pointer_set (&log_hook, hook);
}
