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
  unsigned long size = 0;

  if (webp)
    return run_webp (encoder, pixels, width, height, stride, quality, length);
  if (tjCompress2 (encoder->jpeg, pixels, width, (int)stride, height, TJPF_BGRX, &encoder->jpeg_buffer, &size,
                   quality >= FULL_COLOUR_QUALITY ? TJSAMP_444 : TJSAMP_420, quality, TJFLAG_FASTDCT)
      != 0)
    return NULL;
  *length = size;
  return encoder->jpeg_buffer;
}
