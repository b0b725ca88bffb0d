// SPDX-License-Identifier: Apache-2.0
/* Certificates and signatures of agents. Input: two bytes with the length of the certificate, it, the
 * signature. */
#include "fuzz.h"

#include "common/bl-hash.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  guint8 hash[BL_SHA384_SIZE];
  const BlSlice part = { "signed", 6 };

  if (size < 2)
    return 0;
  gsize len = MIN ((gsize)(data[0] << 8 | data[1]), size - 2);
  (void)bl_keyhash (data + 2, len, hash, NULL);
  (void)bl_cert_rsa_bits (data + 2, len);
  g_assert_false (bl_agent_verify (data + 2, len, &part, 1, data + 2 + len, size - 2 - len, NULL, NULL));
  return 0;
}
