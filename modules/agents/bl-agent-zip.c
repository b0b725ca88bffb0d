// SPDX-License-Identifier: Apache-2.0
/* A ZIP archive of one stored file (APPNOTE 6.3, sections 4.3 and 4.4). */
#include "bl-agent-zip.h"

#include <string.h>

#include "common/bl-bytes.h"

#define VERSION 10
#define MADE_BY_UNIX (3 << 8 | VERSION)
#define EXECUTABLE (0100755u << 16)

guint32
bl_agent_zip_crc (const guint8 *data, gsize size)
{
  static guint32 table[256];
  static gsize ready;
  guint32 crc = 0xFFFFFFFFu;

  if (g_once_init_enter (&ready))
    {
      for (guint32 i = 0; i < G_N_ELEMENTS (table); i++)
        {
          guint32 value = i;
          for (guint bit = 0; bit < 8; bit++)
            value = (value & 1) != 0 ? 0xEDB88320u ^ (value >> 1) : value >> 1;
          table[i] = value;
        }
      g_once_init_leave (&ready, 1);
    }
  for (gsize i = 0; i < size; i++)
    crc = table[(crc ^ data[i]) & 0xFF] ^ (crc >> 8);
  return crc ^ 0xFFFFFFFFu;
}

/* The part both headers of a file share. */
static void
write_common (BlWriter *w, const char *name, gint64 time, guint32 size, guint32 crc)
{
  g_autoptr (GDateTime) when = g_date_time_new_from_unix_utc (MAX (time, 315532800)); /* the format begins in 1980 */

  bl_writer_u16le (w, VERSION);
  bl_writer_u16le (w, 0);
  bl_writer_u16le (w, 0);
  bl_writer_u16le (w, (guint16) (g_date_time_get_hour (when) << 11 | g_date_time_get_minute (when) << 5
                                 | g_date_time_get_second (when) / 2));
  bl_writer_u16le (w, (guint16) ((g_date_time_get_year (when) - 1980) << 9 | g_date_time_get_month (when) << 5
                                 | g_date_time_get_day_of_month (when)));
  bl_writer_u32le (w, crc);
  bl_writer_u32le (w, size);
  bl_writer_u32le (w, size);
  bl_writer_u16le (w, (guint16) strlen (name));
  bl_writer_u16le (w, 0);
}

void
bl_agent_zip_wrap (const char *name, gint64 time, guint32 size, guint32 crc, GBytes **head, GBytes **tail)
{
  guint32 head_size, directory;
  BlWriter w;

  bl_writer_init (&w, 64);
  bl_writer_u32le (&w, 0x04034b50);
  write_common (&w, name, time, size, crc);
  bl_writer_bytes (&w, name, strlen (name));
  *head = bl_writer_end (&w);
  head_size = (guint32) g_bytes_get_size (*head);

  bl_writer_init (&w, 128);
  bl_writer_u32le (&w, 0x02014b50);
  bl_writer_u16le (&w, MADE_BY_UNIX);
  write_common (&w, name, time, size, crc);
  bl_writer_u16le (&w, 0);
  bl_writer_u16le (&w, 0);
  bl_writer_u16le (&w, 0);
  bl_writer_u32le (&w, EXECUTABLE);
  bl_writer_u32le (&w, 0);
  bl_writer_bytes (&w, name, strlen (name));
  directory = 46 + (guint32) strlen (name);
  bl_writer_u32le (&w, 0x06054b50);
  bl_writer_u32le (&w, 0);
  bl_writer_u16le (&w, 1);
  bl_writer_u16le (&w, 1);
  bl_writer_u32le (&w, directory);
  bl_writer_u32le (&w, head_size + size);
  bl_writer_u16le (&w, 0);
  *tail = bl_writer_end (&w);
}
