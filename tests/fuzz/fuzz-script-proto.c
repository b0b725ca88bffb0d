// SPDX-License-Identifier: Apache-2.0
// Fuzz target: frames and bodies between agent and script host.

#include "agent/script/bl-script-proto.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  BlScriptParser parser;
  BlScriptFrame frame;
  gsize half = size / 2;

  bl_script_parser_init (&parser);
  for (guint part = 0; part < 2; part++)
    {
      bl_script_parser_feed (&parser, part == 0 ? data : data + half, part == 0 ? half : size - half);
      while (bl_script_parser_next (&parser, &frame, NULL))
        {
          g_autoptr (GVariant) body = bl_script_body_decode (frame.payload, frame.size, NULL);
          g_autoptr (GBytes) again = body != NULL ? bl_script_body_encode (body, NULL) : NULL;

          if (body != NULL)
            g_assert_nonnull (again);
        }
    }
  bl_script_parser_clear (&parser);
  return 0;
}
