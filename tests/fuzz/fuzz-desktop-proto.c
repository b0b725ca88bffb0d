// SPDX-License-Identifier: Apache-2.0
/* Packets of a viewer: whatever passes is within the limits that the capture relies on. */
#include "fuzz.h"

#include "common/bl-desktop-proto.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  BlReader reader;
  BlDesktopInput input;
  g_autoptr (GError) error = NULL;
  gsize left;

  bl_reader_init (&reader, data, size);
  for (left = size; bl_desktop_input_next (&reader, &input, &error); left = bl_reader_remaining (&reader))
    {
      g_assert_cmpuint (bl_reader_remaining (&reader), <=, left - BL_DESKTOP_HEADER);
      g_assert_cmpuint (input.quality, <=, 100);
      g_assert_cmpuint (input.scaling, <=, BL_DESKTOP_SCALE_ONE);
      g_assert_cmpuint (input.interval, <=, BL_DESKTOP_INTERVAL_MAX);
      g_assert_cmpuint (input.lock, <=, BL_DESKTOP_LOCK_QUERY);
      g_assert_cmpint (ABS (input.wheel), <=, 32768);
    }
  g_assert_true (error != NULL || left == 0);
  return 0;
}
