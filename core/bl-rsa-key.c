// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-identity"

#include "bl-rsa-key.h"

#include "bl-build-config.h"

#ifdef BL_HAVE_OPENSSL

#include <gmodule.h>
#include <gnutls/x509.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#define LIBRARY "libcrypto.so." G_STRINGIFY (OPENSSL_SHLIB_VERSION)
#define MAX_SIGNATURE 2048 /* bytes; of a key of 16384 bits, more than GnuTLS takes */

#define FUNCTIONS(X)                                                                                                   \
  X (OPENSSL_init_crypto)                                                                                              \
  X (ERR_clear_error)                                                                                                  \
  X (EVP_DigestSign)                                                                                                   \
  X (EVP_DigestSignInit_ex)                                                                                            \
  X (EVP_MD_CTX_free)                                                                                                  \
  X (EVP_MD_CTX_new)                                                                                                   \
  X (EVP_PKEY_free)                                                                                                    \
  X (EVP_PKEY_get_size)                                                                                                \
  X (d2i_PrivateKey)

/* The functions by their names, with the types the header gives them. */
#define MEMBER(name) __typeof__ (name) *name;
typedef struct
{
  FUNCTIONS (MEMBER)
} Library;

/* Returns: (nullable): %NULL when it is not installed. It is never unloaded: it keeps something for each thread. */
static const Library *
get_library (void)
{
  static Library library;
  static gsize state; /* 1: not there, 2: there */

  if (g_once_init_enter (&state))
    {
      GModule *module = g_module_open (LIBRARY, G_MODULE_BIND_LAZY | G_MODULE_BIND_LOCAL);
      gboolean found = module != NULL;

#define LOOK_UP(name) found = found && g_module_symbol (module, #name, (gpointer *) &library.name);
      FUNCTIONS (LOOK_UP)
      if (module != NULL)
        g_module_make_resident (module);
      /* no configuration of the system: it could name engines and providers, that is foreign code with our key */
      found = found
              && library.OPENSSL_init_crypto (OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS
                                                  | OPENSSL_INIT_NO_ATEXIT,
                                              NULL)
                     == 1;
      g_debug ("signatures by %s", found ? LIBRARY : "GnuTLS");
      g_once_init_leave (&state, found ? 2 : 1);
    }
  return state == 2 ? &library : NULL;
}

struct _BlRsaKey
{
  const Library *library;
  EVP_PKEY *pkey;
};

/* Returns: (nullable): PKCS#1 RSAPrivateKey with all its parts */
static EVP_PKEY *
import (const Library *library, gnutls_privkey_t key)
{
  gnutls_x509_privkey_t x509 = NULL;
  gnutls_datum_t der = { NULL, 0 };
  EVP_PKEY *pkey = NULL;

  if (gnutls_privkey_get_pk_algorithm (key, NULL) != GNUTLS_PK_RSA || gnutls_privkey_export_x509 (key, &x509) < 0)
    return NULL;
  if (gnutls_x509_privkey_export2 (x509, GNUTLS_X509_FMT_DER, &der) >= 0)
    {
      const unsigned char *begin = der.data;

      pkey = library->d2i_PrivateKey (EVP_PKEY_RSA, NULL, &begin, (long) der.size);
      gnutls_memset (der.data, 0, der.size);
      gnutls_free (der.data);
    }
  gnutls_x509_privkey_deinit (x509);
  if (pkey == NULL)
    library->ERR_clear_error ();
  return pkey;
}

BlRsaKey *
bl_rsa_key_new (gnutls_privkey_t key)
{
  const Library *library = get_library ();
  EVP_PKEY *pkey = library != NULL ? import (library, key) : NULL;
  BlRsaKey *self;

  if (pkey == NULL)
    return NULL;
  self = g_new0 (BlRsaKey, 1);
  self->library = library;
  self->pkey = pkey;
  return self;
}

void
bl_rsa_key_free (BlRsaKey *self)
{
  self->library->EVP_PKEY_free (self->pkey);
  g_free (self);
}

GBytes *
bl_rsa_key_sign_sha384 (BlRsaKey *self, gconstpointer data, gsize length)
{
  const Library *library = self->library;
  guint8 signature[MAX_SIGNATURE];
  size_t size = sizeof signature;
  gboolean ok = library->EVP_PKEY_get_size (self->pkey) <= MAX_SIGNATURE;
  EVP_MD_CTX *context = ok ? library->EVP_MD_CTX_new () : NULL;

  ok = context != NULL && library->EVP_DigestSignInit_ex (context, NULL, "SHA384", NULL, NULL, self->pkey, NULL) == 1
       && library->EVP_DigestSign (context, signature, &size, data, length) == 1;
  if (context != NULL)
    library->EVP_MD_CTX_free (context);
  if (ok)
    return g_bytes_new (signature, size);
  library->ERR_clear_error ();
  return NULL;
}

#else

BlRsaKey *
bl_rsa_key_new (gnutls_privkey_t key)
{
  return NULL;
}

/* never reached: there is no key */
void
bl_rsa_key_free (BlRsaKey *key)
{
}

GBytes *
bl_rsa_key_sign_sha384 (BlRsaKey *key, gconstpointer data, gsize length)
{
  return NULL;
}

#endif
