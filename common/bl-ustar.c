// SPDX-License-Identifier: Apache-2.0
/* Follows POSIX.1-2017, pax, section "ustar Interchange Format". */
#include "common/bl-ustar.h"

#include <string.h>

#include "common/bl-error.h"

typedef struct
{
  char name[100];
  char mode[8];
  char uid[8];
  char gid[8];
  char size[12];
  char mtime[12];
  char checksum[8];
  char type;
  char link[100];
  char magic[6];
  char version[2];
  char user[32];
  char group[32];
  char major[8];
  char minor[8];
  char prefix[155];
  char padding[12];
} Header;

G_STATIC_ASSERT (sizeof (Header) == BL_USTAR_BLOCK);

gboolean
bl_ustar_name_is_safe (const char *name)
{
  g_auto (GStrv) parts = NULL;
  gsize length = strlen (name);

  if (length == 0 || length > BL_USTAR_MAX_NAME)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    {
      if (name[i] <= ' ' || name[i] > '~' || name[i] == '\\')
        return FALSE;
    }
  parts = g_strsplit (name, "/", -1);
  for (guint i = 0; parts[i] != NULL; i++)
    {
      if (*parts[i] == '\0' || g_str_equal (parts[i], ".") || g_str_equal (parts[i], ".."))
        return FALSE;
    }
  return TRUE;
}

/* The sum of all bytes, the checksum itself counted as blanks. */
static guint
sum (const Header *header)
{
  const guint8 *bytes = (const guint8 *)header;
  const gsize from = G_STRUCT_OFFSET (Header, checksum);
  guint total = 0;

  for (gsize i = 0; i < sizeof *header; i++)
    total += i >= from && i < from + sizeof header->checksum ? ' ' : bytes[i];
  return total;
}

gboolean
bl_ustar_write (const BlUstarEntry *entry, guint8 block[BL_USTAR_BLOCK])
{
  Header header = { .type = '0', .magic = "ustar", .version = { '0', '0' } };
  char checksum[8];

  if (!bl_ustar_name_is_safe (entry->name) || entry->size > BL_USTAR_MAX_SIZE || entry->mtime < 0
      || (guint64)entry->mtime > BL_USTAR_MAX_SIZE)
    return FALSE;
  memcpy (header.name, entry->name, strlen (entry->name));
  g_snprintf (header.mode, sizeof header.mode, "%07o", entry->mode & 0777u);
  g_snprintf (header.uid, sizeof header.uid, "%07o", 0u);
  g_snprintf (header.gid, sizeof header.gid, "%07o", 0u);
  g_snprintf (header.size, sizeof header.size, "%011" G_GINT64_MODIFIER "o", entry->size);
  g_snprintf (header.mtime, sizeof header.mtime, "%011" G_GINT64_MODIFIER "o", (guint64)entry->mtime);
  g_snprintf (checksum, sizeof checksum, "%06o", sum (&header));
  memcpy (header.checksum, checksum, 7);
  header.checksum[7] = ' ';
  memcpy (block, &header, sizeof header);
  return TRUE;
}

static gboolean
read_octal (const char *field, gsize size, guint64 *value)
{
  gsize i = 0;

  *value = 0;
  for (; i < size && field[i] >= '0' && field[i] <= '7'; i++)
    *value = *value * 8 + (guint64)(field[i] - '0');
  if (i == 0)
    return FALSE;
  for (; i < size; i++)
    {
      if (field[i] != '\0' && field[i] != ' ')
        return FALSE;
    }
  return TRUE;
}

static BlUstarResult
bad (GError **error, const char *what)
{
  g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "archive: %s", what);
  return BL_USTAR_BAD;
}

BlUstarResult
bl_ustar_read (const guint8 block[BL_USTAR_BLOCK], BlUstarEntry *entry, GError **error)
{
  Header header;
  guint64 mode, checksum, mtime;
  gboolean empty = TRUE;

  for (gsize i = 0; empty && i < BL_USTAR_BLOCK; i++)
    empty = block[i] == 0;
  if (empty)
    return BL_USTAR_END;
  memcpy (&header, block, sizeof header);
  if (memcmp (header.magic, "ustar", sizeof header.magic) != 0
      || !read_octal (header.checksum, sizeof header.checksum, &checksum) || checksum != sum (&header))
    return bad (error, "expected the head of a member, found something else");
  if (header.type != '0' && header.type != '\0')
    return bad (error, "expected plain files only, found a link, a folder or an extension");
  memset (entry, 0, sizeof *entry);
  memcpy (entry->name, header.name, sizeof header.name);
  if (header.prefix[0] != '\0' || !bl_ustar_name_is_safe (entry->name))
    return bad (error, "a member's name is not one that a back-up has");
  if (!read_octal (header.mode, sizeof header.mode, &mode)
      || !read_octal (header.size, sizeof header.size, &entry->size)
      || !read_octal (header.mtime, sizeof header.mtime, &mtime))
    return bad (error, "a member's size, mode or time is no number");
  entry->mode = (guint)(mode & 0777);
  entry->mtime = (gint64)mtime;
  return BL_USTAR_ENTRY;
}
