// SPDX-License-Identifier: Apache-2.0
#include "bl-x11-spare.h"

void
bl_x11_spare_add (BlX11Spare *spare, guint8 code, gint64 used)
{
  if (spare->n < BL_X11_SPARE_MAX)
    spare->keys[spare->n++] = (BlX11SpareKey){ .code = code, .used = used };
}

BlX11SpareKey *
bl_x11_spare_find (BlX11Spare *spare, guint8 code)
{
  for (guint i = 0; i < spare->n; i++)
    {
      if (spare->keys[i].code == code)
        return &spare->keys[i];
    }
  return NULL;
}

BlX11SpareKey *
bl_x11_spare_with (BlX11Spare *spare, guint32 symbol)
{
  for (guint i = 0; i < spare->n; i++)
    {
      if (spare->keys[i].symbol == symbol)
        return &spare->keys[i];
    }
  return NULL;
}

static BlX11SpareKey *
oldest_key (BlX11Spare *spare)
{
  BlX11SpareKey *oldest = NULL;

  for (guint i = 0; i < spare->n; i++)
    {
      if (!spare->keys[i].held && (oldest == NULL || spare->keys[i].used < oldest->used))
        oldest = &spare->keys[i];
    }
  return oldest;
}

BlX11SpareKey *
bl_x11_spare_take (BlX11Spare *spare, guint32 symbol, gint64 now, gboolean *fresh, gint64 *wait)
{
  BlX11SpareKey *key = bl_x11_spare_with (spare, symbol);

  *wait = 0;
  *fresh = key == NULL;
  if (key == NULL)
    {
      key = oldest_key (spare);
      if (key == NULL)
        return NULL;
      if (key->used != 0 && now - key->used < BL_X11_SPARE_REST_US)
        {
          *wait = BL_X11_SPARE_REST_US - (now - key->used);
          return NULL;
        }
      key->symbol = symbol;
    }
  key->used = now;
  return key;
}
