// SPDX-License-Identifier: Apache-2.0
#include "bl-x11-encode.h"

#include <turbojpeg.h>
#include <webp/encode.h>

/* From here on the colours keep their full resolution: text stays sharp. */
#define FULL_COLOUR_QUALITY 80

struct _BlX11Encoder
{
  tjhandle jpeg;
  unsigned char *jpeg_buffer;
  unsigned long jpeg_size;
  WebPMemoryWriter webp;
};

BlX11Encoder *
bl_x11_encoder_new (void)
{
  tjhandle jpeg = tjInitCompress ();
  BlX11Encoder *encoder;

  if (jpeg == NULL)
    return NULL;
  encoder = g_new0 (BlX11Encoder, 1);
  encoder->jpeg = jpeg;
  WebPMemoryWriterInit (&encoder->webp);
  return encoder;
}

void
bl_x11_encoder_free (BlX11Encoder *encoder)
{
  if (encoder == NULL)
    return;
  tjFree (encoder->jpeg_buffer);
  tjDestroy (encoder->jpeg);
  WebPMemoryWriterClear (&encoder->webp);
  g_free (encoder);
}

static const guint8 *
run_webp (BlX11Encoder *encoder,
          const guint8 *pixels,
          int width,
          int height,
          gsize stride,
          guint8 quality,
          gsize *length)
{
  WebPConfig config;
  WebPPicture picture;
  gboolean done;

  if (!WebPConfigInit (&config) || !WebPPictureInit (&picture))
    return NULL;
  config.quality = quality;
  config.method = 0;
  picture.width = width;
  picture.height = height;
  picture.writer = WebPMemoryWrite;
  picture.custom_ptr = &encoder->webp;
  encoder->webp.size = 0;
  done = WebPPictureImportBGRX (&picture, pixels, (int)stride) && WebPEncode (&config, &picture);
  WebPPictureFree (&picture);
  *length = encoder->webp.size;
  return done ? encoder->webp.mem : NULL;
}

/*
 * A buffer that holds the largest picture of this size, made here: the library's own growing of a buffer that it was
 * given before with another length writes past the end.
 */
static gboolean
reserve_jpeg (BlX11Encoder *encoder, int width, int height, int sampling)
{
  const unsigned long needed = tjBufSize (width, height, sampling);

  if (needed > G_MAXINT) /* also what means that it cannot be said */
    return FALSE;
  if (needed <= encoder->jpeg_size)
    return TRUE;
  tjFree (encoder->jpeg_buffer);
  encoder->jpeg_buffer = tjAlloc ((int)needed);
  encoder->jpeg_size = encoder->jpeg_buffer != NULL ? needed : 0;
  return encoder->jpeg_buffer != NULL;
}

const guint8 *
bl_x11_encoder_run (BlX11Encoder *encoder,
                    const guint8 *pixels,
                    int width,
                    int height,
                    gsize stride,
                    guint8 quality,
                    gboolean webp,
                    gsize *length)
{
  const int sampling = quality >= FULL_COLOUR_QUALITY ? TJSAMP_444 : TJSAMP_420;
  unsigned long size;

  if (webp)
    return run_webp (encoder, pixels, width, height, stride, quality, length);
  if (!reserve_jpeg (encoder, width, height, sampling))
    return NULL;
  size = encoder->jpeg_size;
  if (tjCompress2 (encoder->jpeg, pixels, width, (int)stride, height, TJPF_BGRX, &encoder->jpeg_buffer, &size, sampling,
                   quality, TJFLAG_FASTDCT | TJFLAG_NOREALLOC)
      != 0)
    return NULL;
  *length = size;
  return encoder->jpeg_buffer;
}
