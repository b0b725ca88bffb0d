// SPDX-License-Identifier: Apache-2.0
/* A TLS ClientHello: a name that is taken is a short lower-case text. */
#include "fuzz.h"

#include "bl-tls-hello.h"

#include <string.h>

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  BlTlsHello hello;
  g_autoptr (GError) error = NULL;
  if (!bl_tls_hello_parse (data, size, &hello, &error))
    {
      g_assert_nonnull (error);
      g_assert_false (hello.ecdsa);
    }
  g_assert_cmpuint (strlen (hello.server_name), <=, BL_TLS_HELLO_MAX_NAME);
  for (const char *p = hello.server_name; *p != '\0'; p++)
    g_assert_false (g_ascii_isupper (*p));
  return 0;
}
