// SPDX-License-Identifier: Apache-2.0
/* Stands in for libFuzzer in an ordinary build: runs a target on every seed and on mutations of it that are
 * the same each time. */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#define MUTATIONS 300
#define MAX_SEED (1024 * 1024)

/* An exact allocation, so that a read past the end is found by a sanitizer. */
static void
run_one (const guint8 *data, gsize size)
{
  g_autofree guint8 *copy = g_memdup2 (data, size);

  LLVMFuzzerTestOneInput (copy, size);
}

static void
mutate (GRand *random, GByteArray *bytes)
{
  static const guint8 special[] = { 0, 1, 0x7f, 0x80, 0xff, '\n', '"', '[', '{', '=', '/', '\\' };
  guint at = bytes->len > 0 ? (guint)g_rand_int_range (random, 0, (gint32)bytes->len) : 0;
  guint8 byte = special[g_rand_int_range (random, 0, G_N_ELEMENTS (special))];

  switch (bytes->len > 0 ? g_rand_int_range (random, 0, 5) : 4)
    {
    case 0:
      bytes->data[at] ^= (guint8)(1u << g_rand_int_range (random, 0, 8));
      break;
    case 1:
      bytes->data[at] = byte;
      break;
    case 2:
      g_byte_array_set_size (bytes, at);
      break;
    case 3:
      g_byte_array_remove_range (bytes, at, MIN (bytes->len - at, 4));
      break;
    default:
      g_byte_array_append (bytes, &byte, 1);
      if (at < bytes->len)
        g_byte_array_append (bytes, bytes->data + at, MIN (bytes->len - at, 16));
      break;
    }
}

static void
run_seed (const char *path)
{
  g_autofree char *data = NULL;
  g_autoptr (GRand) random = g_rand_new_with_seed (0x626f776c);
  gsize size = 0;

  if (!g_file_get_contents (path, &data, &size, NULL) || size > MAX_SEED)
    return;
  run_one ((const guint8 *)data, size);
  for (guint i = 0; i < MUTATIONS; i++)
    {
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      gint32 changes = g_rand_int_range (random, 1, 8);

      g_byte_array_append (bytes, (const guint8 *)data, (guint)size);
      while (changes-- > 0)
        {
          /* Growing may move the array while a part of it is being copied. */
          g_byte_array_set_size (bytes, bytes->len + 64);
          g_byte_array_set_size (bytes, bytes->len - 64);
          mutate (random, bytes);
        }
      run_one (bytes->data, bytes->len);
    }
}

int
main (int argc, char **argv)
{
  guint seeds = 0;

  run_one (NULL, 0);
  for (int i = 1; i < argc; i++)
    {
      g_autoptr (GDir) dir = g_dir_open (argv[i], 0, NULL);
      const char *name;

      while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
        {
          g_autofree char *path = g_build_filename (argv[i], name, NULL);

          run_seed (path);
          seeds++;
        }
    }
  printf ("%u seeds\n", seeds);
  return seeds > 0 ? 0 : 1;
}
