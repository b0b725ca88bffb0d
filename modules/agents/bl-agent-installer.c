// SPDX-License-Identifier: Apache-2.0
#include "bl-agent-installer.h"

#include <string.h>

#include "common/bl-ids.h"

#define SIZE_MARK "@SIZE@"
#define HASH_MARK "@SHA384@"
#define SETTINGS_MARK "@SETTINGS@\n"

/* Replaces the first @mark behind @from; the place behind it is stored in @from. */
static gboolean
fill (GString *text, gsize *from, const char *mark, const char *value)
{
  const char *at = strstr (text->str + *from, mark);
  gsize pos;

  if (at == NULL)
    return FALSE;
  pos = (gsize) (at - text->str);
  g_string_erase (text, (gssize) pos, (gssize) strlen (mark));
  g_string_insert (text, (gssize) pos, value);
  *from = pos + strlen (value); /* what a group is called is not looked at again */
  return TRUE;
}

GBytes *
bl_agent_installer_head (const char *script, BlMsh *settings, guint64 size, const guint8 hash[BL_SHA384_SIZE])
{
  g_autofree char *length = g_strdup_printf ("%" G_GUINT64_FORMAT, size);
  g_autofree char *hex = bl_hex_encode (hash, BL_SHA384_SIZE, FALSE);
  /* Lines KEY=VALUE: none of them is the line that ends them. */
  g_autofree char *lines = bl_msh_to_text (settings);
  GString *text = g_string_new (script);
  gsize from = 0;

  if (!fill (text, &from, SIZE_MARK, length) || !fill (text, &from, HASH_MARK, hex)
      || !fill (text, &from, SETTINGS_MARK, lines))
    {
      g_string_free (text, TRUE);
      return NULL;
    }
  return g_string_free_to_bytes (text);
}

const char *
bl_agent_installer_archive (guint id)
{
  switch (id)
    {
    case 6:
      return "bowline-agent-linux-x86_64.tar.gz";
    case 25:
      return "bowline-agent-linux-armv7l.tar.gz";
    case 26:
    case 32:
      return "bowline-agent-linux-aarch64.tar.gz";
    case 45:
      return "bowline-agent-linux-riscv64.tar.gz";
    default:
      return NULL;
    }
}
