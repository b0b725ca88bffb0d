// SPDX-License-Identifier: Apache-2.0
/* Heads of archive members: what is written is read back; names that could lead elsewhere are refused. */
#include "common/bl-ustar.h"

#include <string.h>

#include "common/bl-error.h"

static void
fill (BlUstarEntry *entry, const char *name, guint64 size)
{
  memset (entry, 0, sizeof *entry);
  g_strlcpy (entry->name, name, sizeof entry->name);
  entry->size = size;
  entry->mode = 0600;
  entry->mtime = 1700000000;
}

static void
test_round_trip (void)
{
  static const guint64 sizes[] = { 0, 1, 512, 5 * 1024 * 1024, BL_USTAR_MAX_SIZE };
  guint8 block[BL_USTAR_BLOCK];
  BlUstarEntry entry, again;
  g_autofree char *longest = g_strnfill (BL_USTAR_MAX_NAME, 'a');
  const char *const names[] = { "bowline.db", "certs/root-cert-public.crt", longest };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      fill (&entry, names[i % G_N_ELEMENTS (names)], sizes[i]);
      g_assert_true (bl_ustar_write (&entry, block));
      g_assert_cmpint (bl_ustar_read (block, &again, NULL), ==, BL_USTAR_ENTRY);
      g_assert_cmpstr (again.name, ==, entry.name);
      g_assert_cmpuint (again.size, ==, entry.size);
      g_assert_cmpuint (again.mode, ==, 0600);
      g_assert_cmpint (again.mtime, ==, 1700000000);
    }
  fill (&entry, "x", BL_USTAR_MAX_SIZE + 1);
  g_assert_false (bl_ustar_write (&entry, block));
  g_assert_cmpuint (bl_ustar_padding (0), ==, 0);
  g_assert_cmpuint (bl_ustar_padding (1), ==, 511);
  g_assert_cmpuint (bl_ustar_padding (512), ==, 0);
}

static void
test_names (void)
{
  static const char *const refused[] = { "",  "/etc/passwd", "..",   "../x", "a/../b", "a//b",    "a/",
                                         ".", "./a",         "a\\b", "a b",  "a\n",    "\xc3\xa4" };
  guint8 block[BL_USTAR_BLOCK];
  BlUstarEntry entry;

  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_assert_false (bl_ustar_name_is_safe (refused[i]));
      fill (&entry, refused[i], 1);
      g_assert_false (bl_ustar_write (&entry, block));
    }
  g_assert_true (bl_ustar_name_is_safe ("..a/b..c"));
}

/* A head that is right but for one field; its checksum fits. */
static void
damage (guint8 block[BL_USTAR_BLOCK], gsize at, const char *value, gsize length)
{
  BlUstarEntry entry;
  guint total = 0;
  char checksum[8];

  fill (&entry, "bowline.db", 5);
  g_assert_true (bl_ustar_write (&entry, block));
  memcpy (block + at, value, length);
  memset (block + 148, ' ', 8);
  for (guint i = 0; i < BL_USTAR_BLOCK; i++)
    total += block[i];
  g_snprintf (checksum, sizeof checksum, "%06o", total);
  memcpy (block + 148, checksum, 7);
}

static void
test_refused (void)
{
  static const struct
  {
    gsize at;
    const char *value;
  } cases[] = { { 0, "../outside" },
                { 156, "2" },
                { 156, "5" },
                { 156, "x" },
                { 124, "12x" },
                { 124, "\x80"
                       "1" },
                { 257, "nostar" },
                { 345, "prefix" } };
  guint8 block[BL_USTAR_BLOCK];
  BlUstarEntry entry;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      damage (block, cases[i].at, cases[i].value, strlen (cases[i].value));
      g_assert_cmpint (bl_ustar_read (block, &entry, &error), ==, BL_USTAR_BAD);
      g_assert_error (error, BL_ERROR, BL_ERROR_INVALID);
      g_clear_error (&error);
    }
  fill (&entry, "bowline.db", 5);
  g_assert_true (bl_ustar_write (&entry, block));
  block[0] ^= 1;
  g_assert_cmpint (bl_ustar_read (block, &entry, NULL), ==, BL_USTAR_BAD);
  memset (block, 0, sizeof block);
  g_assert_cmpint (bl_ustar_read (block, &entry, NULL), ==, BL_USTAR_END);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ustar/round-trip", test_round_trip);
  g_test_add_func ("/ustar/names", test_names);
  g_test_add_func ("/ustar/refused", test_refused);
  return g_test_run ();
}
