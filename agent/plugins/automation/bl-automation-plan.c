// SPDX-License-Identifier: Apache-2.0
#include "bl-automation-plan.h"

#include <string.h>

static gboolean
is_blank (char c)
{
  return c == ' ' || c == '\t' || c == '\r';
}

GStrv
bl_automation_interpreter (const char *script, gsize length, GError **error)
{
  if (length < 2 || script[0] != '#' || script[1] != '!')
    return NULL;
  const char *end = memchr (script, '\n', MIN (length, BL_AUTOMATION_LINE_MAX + 1));
  if (end == NULL && length <= BL_AUTOMATION_LINE_MAX)
    end = script + length;
  if (end == NULL || memchr (script, '\0', (gsize)(end - script)) != NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "The first line of the script is longer than %u bytes, or no text", BL_AUTOMATION_LINE_MAX);
      return NULL;
    }
  const char *start = script + 2;
  while (start < end && is_blank (*start))
    start++;
  while (end > start && is_blank (end[-1]))
    end--;
  const char *gap = start;
  while (gap < end && !is_blank (*gap))
    gap++;
  if (start == end || *start != '/')
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                           "The first line of the script names no program by its whole path");
      return NULL;
    }
  const char *argument = gap;
  while (argument < end && is_blank (*argument))
    argument++;
  GStrv words = g_new0 (char *, 3);
  words[0] = g_strndup (start, (gsize)(gap - start));
  if (argument < end)
    words[1] = g_strndup (argument, (gsize)(end - argument));
  return words;
}

static GStrv
make_words (const char *program, const char *const *arguments, const char *path)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_strv_builder_add (builder, program);
  for (guint i = 0; arguments != NULL && arguments[i] != NULL; i++)
    g_strv_builder_add (builder, arguments[i]);
  g_strv_builder_add (builder, path);
  return g_strv_builder_end (builder);
}

GStrv
bl_automation_plan (gint64 type, const char *script, gsize length, const char *path, GError **error)
{
  g_autoptr (GError) problem = NULL;
  if (type == BL_AUTOMATION_POWERSHELL)
    {
      static const char *const options[] = { "-NoLogo", "-NonInteractive", "-File", NULL };
      g_autofree char *program = g_find_program_in_path ("pwsh");
      if (program != NULL)
        return make_words (program, options, path);
    }
  if (type != BL_AUTOMATION_DEFAULT && type != BL_AUTOMATION_SHELL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "This machine has no such shell");
      return NULL;
    }
  g_auto (GStrv) named = bl_automation_interpreter (script, length, &problem);
  if (problem != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&problem));
      return NULL;
    }
  if (named != NULL)
    return make_words (named[0], (const char *const *)named + 1, path);
  return make_words (g_file_test ("/bin/bash", G_FILE_TEST_IS_EXECUTABLE) ? "/bin/bash" : "/bin/sh", NULL, path);
}
