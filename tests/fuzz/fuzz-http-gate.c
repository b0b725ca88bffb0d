// SPDX-License-Identifier: Apache-2.0
/* What a stranger writes into a request: the first byte says which value the rest is. A host or origin that is not ours
 * never passes for ours, a cookie's value never holds what a header must not. */
#include "fuzz.h"

#include "bl-http-gate.h"

#include <bowline/http.h>
#include <string.h>

static BlHttpGate *gate;

static void
check_host (const char *text)
{
  g_autofree char *name = bl_http_host_dup_name (text, NULL);
  static const char *const ours[] = { "server.example", "localhost", "127.0.0.1", "::1", NULL };
  g_assert_true (!bl_http_gate_host_is_allowed (gate, text) || g_strv_contains (ours, name));
}

static void
check_origin (const char *text)
{
  const BlHttpGateRequest request = { .method = "GET", .host = "server.example", .origin = text, .secure = TRUE,
                                      .upgrade = TRUE, .flags = BOWLINE_ENDPOINT_COOKIE };
  BlHttpGateVerdict verdict;
  bl_http_gate_decide (gate, &request, &verdict);
  const gboolean own = g_ascii_strcasecmp (text, "https://server.example") == 0
                       || g_ascii_strcasecmp (text, "https://server.example.") == 0
                       || g_ascii_strcasecmp (text, "https://server.example:443") == 0
                       || g_ascii_strcasecmp (text, "https://server.example.:443") == 0;
  /* leading zeros of a port are the only other spelling */
  g_assert_true (own || verdict.status == 403 || strstr (text, ":0") != NULL);
}

static void
check_cookie (const char *text)
{
  g_autofree char *value = bl_http_cookie_dup (text, "__Host-bowline");
  if (value == NULL)
    return;
  g_assert_nonnull (strstr (text, "__Host-bowline="));
  g_assert_null (strpbrk (value, "; \t\r\n\"\\,"));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  if (size == 0)
    return 0;
  if (gate == NULL)
    {
      static const char *const proxies[] = { "10.0.0.0/8", NULL };
      const BlHttpGateConfig config = { .name = "server.example", .trusted_proxies = proxies };
      gate = bl_http_gate_new (&config, NULL);
    }
  g_autofree char *text = g_strndup ((const char *) data + 1, size - 1);
  g_autoptr (GHashTable) query = NULL;
  g_autofree char *result = NULL;
  switch (data[0])
    {
    case 'h':
      check_host (text);
      break;
    case 'o':
      check_origin (text);
      break;
    case 'c':
      check_cookie (text);
      break;
    case 'q':
      query = bl_http_query_parse (text, NULL);
      break;
    case 'p':
      result = bl_http_path_decode (text, NULL);
      g_assert_true (result == NULL || (result[0] == '/' && strstr (result, "/../") == NULL));
      break;
    default:
      result = bl_http_gate_dup_client (gate, "10.0.0.1", text);
      g_assert_nonnull (result);
      break;
    }
  return 0;
}
