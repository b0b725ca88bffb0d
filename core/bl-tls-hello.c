// SPDX-License-Identifier: Apache-2.0
#include "bl-tls-hello.h"

#include "common/bl-error.h"

#include <string.h>

#define BL_TLS_EXTENSION_SERVER_NAME 0
#define BL_TLS_EXTENSION_SIGNATURE_ALGORITHMS 13
#define BL_TLS_SIGNATURE_ECDSA_SHA256 0x0403

/* A reader of vectors with a length in front (RFC 8446 section 3.4). */
typedef struct
{
  const guint8 *data;
  gsize left;
} BlTlsReader;

static gboolean
bl_tls_read (BlTlsReader *reader, gsize n, BlTlsReader *out)
{
  if (reader->left < n)
    return FALSE;
  if (out != NULL)
    *out = (BlTlsReader){ reader->data, n };
  reader->data += n;
  reader->left -= n;
  return TRUE;
}

static gboolean
bl_tls_read_u16 (BlTlsReader *reader, guint16 *value)
{
  BlTlsReader bytes;
  if (!bl_tls_read (reader, 2, &bytes))
    return FALSE;
  *value = (guint16) (bytes.data[0] << 8 | bytes.data[1]);
  return TRUE;
}

static gboolean
bl_tls_read_vector8 (BlTlsReader *reader, BlTlsReader *out)
{
  BlTlsReader byte;
  return bl_tls_read (reader, 1, &byte) && bl_tls_read (reader, byte.data[0], out);
}

static gboolean
bl_tls_read_vector16 (BlTlsReader *reader, BlTlsReader *out)
{
  guint16 length;
  return bl_tls_read_u16 (reader, &length) && bl_tls_read (reader, length, out);
}

/* TLS 1.3 suites say nothing about certificates; of the older ones these are the ECDHE-ECDSA ones we may offer. */
static gboolean
bl_tls_suite_takes_ecdsa (guint16 suite)
{
  static const guint16 suites[] = { 0xc009, 0xc00a, 0xc023, 0xc024, 0xc02b, 0xc02c, 0xc0ac, 0xc0ad, 0xcca9 };

  if (suite >> 8 == 0x13)
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (suites); i++)
    if (suites[i] == suite)
      return TRUE;
  return FALSE;
}

static gboolean
bl_tls_parse_name (BlTlsReader extension, BlTlsHello *hello)
{
  BlTlsReader list, type, name;
  if (!bl_tls_read_vector16 (&extension, &list))
    return FALSE;
  while (list.left > 0)
    {
      if (!bl_tls_read (&list, 1, &type) || !bl_tls_read_vector16 (&list, &name))
        return FALSE;
      /* a longer name is no DNS name; the client then gets what one without a name gets */
      if (type.data[0] != 0 || name.left > BL_TLS_HELLO_MAX_NAME || memchr (name.data, 0, name.left) != NULL)
        continue;
      for (gsize i = 0; i < name.left; i++)
        hello->server_name[i] = g_ascii_tolower ((char) name.data[i]);
      hello->server_name[name.left] = '\0';
    }
  return TRUE;
}

static gboolean
bl_tls_parse_signatures (BlTlsReader extension, gboolean *ecdsa)
{
  BlTlsReader list;
  guint16 algorithm;
  if (!bl_tls_read_vector16 (&extension, &list))
    return FALSE;
  *ecdsa = FALSE;
  while (list.left > 0)
    {
      if (!bl_tls_read_u16 (&list, &algorithm))
        return FALSE;
      if (algorithm == BL_TLS_SIGNATURE_ECDSA_SHA256)
        *ecdsa = TRUE;
    }
  return TRUE;
}

static gboolean
bl_tls_parse (BlTlsReader reader, BlTlsHello *hello)
{
  BlTlsReader suites, extensions, extension;
  guint16 suite, type;
  /* without the extension a TLS 1.2 client means SHA-1, which we do not sign with an ECDSA key */
  gboolean suite_ecdsa = FALSE, signature_ecdsa = FALSE;

  if (!bl_tls_read (&reader, 2 + 32, NULL) || !bl_tls_read_vector8 (&reader, &extension)
      || !bl_tls_read_vector16 (&reader, &suites) || !bl_tls_read_vector8 (&reader, &extension))
    return FALSE;
  while (suites.left > 0)
    {
      if (!bl_tls_read_u16 (&suites, &suite))
        return FALSE;
      suite_ecdsa |= bl_tls_suite_takes_ecdsa (suite);
    }
  if (reader.left == 0)
    return TRUE;
  if (!bl_tls_read_vector16 (&reader, &extensions) || reader.left > 0)
    return FALSE;
  while (extensions.left > 0)
    {
      if (!bl_tls_read_u16 (&extensions, &type) || !bl_tls_read_vector16 (&extensions, &extension))
        return FALSE;
      if (type == BL_TLS_EXTENSION_SERVER_NAME && !bl_tls_parse_name (extension, hello))
        return FALSE;
      if (type == BL_TLS_EXTENSION_SIGNATURE_ALGORITHMS && !bl_tls_parse_signatures (extension, &signature_ecdsa))
        return FALSE;
    }
  hello->ecdsa = suite_ecdsa && signature_ecdsa;
  return TRUE;
}

gboolean
bl_tls_hello_parse (const guint8 *data, gsize length, BlTlsHello *hello, GError **error)
{
  memset (hello, 0, sizeof *hello);
  if (bl_tls_parse ((BlTlsReader){ data, length }, hello))
    return TRUE;
  memset (hello, 0, sizeof *hello);
  g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "ClientHello of %" G_GSIZE_FORMAT " bytes: a length does not fit",
               length);
  return FALSE;
}
