// SPDX-License-Identifier: Apache-2.0
#include "common/bl-form.h"

#include <string.h>

/* @value: up to the next '&' */
static char *
decode (const char *value, gsize length)
{
  g_autofree char *text = g_strndup (value, length);
  g_autofree char *decoded = NULL;

  g_strdelimit (text, "+", ' ');
  decoded = g_uri_unescape_string (text, NULL); /* refuses %00 and what is no escape */
  if (decoded == NULL || !g_utf8_validate (decoded, -1, NULL))
    return NULL;
  return g_steal_pointer (&decoded);
}

char *
bl_form_dup_field (const char *body, gsize size, const char *name)
{
  gsize name_length = strlen (name);
  const char *at = body;
  const char *end = body != NULL ? body + size : NULL;

  if (body == NULL || size > BL_FORM_MAX_BYTES || memchr (body, '\0', size) != NULL)
    return NULL;
  for (guint i = 0; i < BL_FORM_MAX_FIELDS && at < end; i++)
    {
      const char *next = memchr (at, '&', (gsize)(end - at));
      gsize length = (gsize)((next != NULL ? next : end) - at);

      if (length > name_length && memcmp (at, name, name_length) == 0 && at[name_length] == '=')
        return decode (at + name_length + 1, length - name_length - 1);
      at += length + 1;
    }
  return NULL;
}
