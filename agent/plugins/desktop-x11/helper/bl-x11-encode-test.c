// SPDX-License-Identifier: Apache-2.0
#include "bl-x11-encode.h"

#include <string.h>
#include <turbojpeg.h>
#include <webp/decode.h>

#define WIDTH 512
#define HEIGHT 256
#define STRIDE (WIDTH * 4)

static guint8 *
make_noise (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  guint8 *pixels = g_malloc (STRIDE * HEIGHT);

  for (int i = 0; i < STRIDE * HEIGHT; i++)
    pixels[i] = (guint8)g_rand_int (random);
  return pixels;
}

static void
check_jpeg (const guint8 *picture, gsize length, int width, int height)
{
  tjhandle decoder = tjInitDecompress ();
  g_autofree guint8 *pixels = g_malloc ((gsize)width * (gsize)height * 4);
  int w, h, sampling, space;

  g_assert_nonnull (picture);
  g_assert_cmpint (tjDecompressHeader3 (decoder, picture, length, &w, &h, &sampling, &space), ==, 0);
  g_assert_cmpint (w, ==, width);
  g_assert_cmpint (h, ==, height);
  g_assert_cmpint (tjDecompress2 (decoder, picture, length, pixels, width, 0, height, TJPF_BGRX, 0), ==, 0);
  tjDestroy (decoder);
}

/* Pictures of noise are larger than any other of their size, and each may be larger than the one before. */
static void
test_sizes (void)
{
  static const struct { int width, height; guint8 quality; } all[] = {
    { 1, 1, 50 }, { 32, 32, 50 }, { 512, 256, 60 }, { 32, 32, 1 }, { 512, 256, 100 }, { 3, 256, 79 }, { 512, 256, 100 },
  };
  g_autoptr (BlX11Encoder) encoder = bl_x11_encoder_new ();
  g_autofree guint8 *noise = make_noise ();
  g_autofree guint8 *plain = g_malloc0 (STRIDE * HEIGHT);
  gsize length = 0;

  for (guint round = 0; round < 20; round++)
    {
      for (guint i = 0; i < G_N_ELEMENTS (all); i++)
        {
          const guint8 *picture = bl_x11_encoder_run (encoder, (round + i) % 2 == 0 ? noise : plain, all[i].width,
                                                      all[i].height, STRIDE, all[i].quality, FALSE, &length);
          check_jpeg (picture, length, all[i].width, all[i].height);
        }
    }
}

static void
test_webp (void)
{
  g_autoptr (BlX11Encoder) encoder = bl_x11_encoder_new ();
  g_autofree guint8 *noise = make_noise ();
  int width = 0, height = 0;
  gsize length = 0;

  for (int side = 16; side <= HEIGHT; side *= 2)
    {
      const guint8 *picture = bl_x11_encoder_run (encoder, noise, side, side, STRIDE, 80, TRUE, &length);

      g_assert_nonnull (picture);
      g_assert_true (WebPGetInfo (picture, length, &width, &height) && width == side && height == side);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/x11-encode/sizes", test_sizes);
  g_test_add_func ("/x11-encode/webp", test_webp);
  return g_test_run ();
}
