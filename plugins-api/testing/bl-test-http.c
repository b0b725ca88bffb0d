// SPDX-License-Identifier: Apache-2.0
/* The test host: endpoints and HTTP requests. */
#include "bowline-testing-private.h"

#include "bl-table.h"
#include <string.h>

struct _BowlineHttpRequest
{
  gatomicrefcount refs;
  char *method;
  char *path;
  char *address;
  char *host;
  GHashTable *query;
  GHashTable *headers;
  GHashTable *cookies;
  GHashTable *answer_headers;
  GBytes *body;
  GBytes *certificate_hash;
  BowlinePrincipal *principal;
  guint32 status;
  GByteArray *answer;
  gboolean complete;
};

static GHashTable *
pairs (const char *const *list)
{
  GHashTable *map = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (; list != NULL && list[0] != NULL; list += 2)
    g_hash_table_replace (map, g_ascii_strdown (list[0], -1), g_strdup (list[1]));
  return map;
}

static const char *
find_pair (GHashTable *map, const char *name)
{
  g_autofree char *lower = g_ascii_strdown (name, -1);

  return g_hash_table_lookup (map, lower);
}

BowlineHttpRequest *
bl_test_request_new (const BlTestRequest *given)
{
  static const guint8 zeros[48];
  BowlineHttpRequest *request = g_new0 (BowlineHttpRequest, 1);

  g_atomic_ref_count_init (&request->refs);
  request->method = g_strdup (given->method != NULL ? given->method : "GET");
  request->path = g_strdup (given->path);
  request->address = g_strdup (given->address != NULL ? given->address : "127.0.0.1");
  request->host = g_strdup (given->host != NULL ? given->host : "localhost:8443");
  request->query = pairs (given->query);
  request->headers = pairs (given->headers);
  request->cookies = pairs (given->cookies);
  request->answer_headers = pairs (NULL);
  request->body = given->body != NULL ? g_bytes_ref (given->body) : g_bytes_new (NULL, 0);
  request->certificate_hash = g_bytes_new_static (zeros, sizeof zeros);
  request->principal = given->principal != NULL ? bowline_principal_ref (given->principal) : NULL;
  request->answer = g_byte_array_new ();
  return request;
}

static BowlineHttpRequest *
ref (BowlineHttpRequest *request)
{
  g_atomic_ref_count_inc (&request->refs);
  return request;
}

static void
unref (BowlineHttpRequest *request)
{
  if (!g_atomic_ref_count_dec (&request->refs))
    return;
  g_free (request->method);
  g_free (request->path);
  g_free (request->address);
  g_free (request->host);
  g_hash_table_unref (request->query);
  g_hash_table_unref (request->headers);
  g_hash_table_unref (request->cookies);
  g_hash_table_unref (request->answer_headers);
  g_bytes_unref (request->body);
  g_bytes_unref (request->certificate_hash);
  g_clear_pointer (&request->principal, bowline_principal_unref);
  g_byte_array_unref (request->answer);
  g_free (request);
}

static const char *
get_method (BowlineHttpRequest *request)
{
  return request->method;
}

static const char *
get_path (BowlineHttpRequest *request)
{
  return request->path;
}

static const char *
get_query (BowlineHttpRequest *request, const char *name)
{
  return find_pair (request->query, name);
}

static const char *
get_header (BowlineHttpRequest *request, const char *name)
{
  return find_pair (request->headers, name);
}

static const char *
get_cookie (BowlineHttpRequest *request, const char *name)
{
  return find_pair (request->cookies, name);
}

static const char *
get_address (BowlineHttpRequest *request)
{
  return request->address;
}

static const char *
get_host (BowlineHttpRequest *request)
{
  return request->host;
}

static gboolean
is_secure (BowlineHttpRequest *request)
{
  return TRUE;
}

static GBytes *
get_body (BowlineHttpRequest *request)
{
  return request->body;
}

static BowlinePrincipal *
get_principal (BowlineHttpRequest *request)
{
  return request->principal;
}

static GBytes *
get_certificate_hash (BowlineHttpRequest *request)
{
  return request->certificate_hash;
}

/* No socket is opened by a request here; sockets that belong together are those that the test opens. */
static const char *
get_affinity (BowlineHttpRequest *request)
{
  return g_hash_table_lookup (request->query, "id");
}

static void
add_header (BowlineHttpRequest *request, const char *name, const char *value)
{
  g_hash_table_replace (request->answer_headers, g_ascii_strdown (name, -1), g_strdup (value));
}

static gboolean
write_piece (BowlineHttpRequest *request, GBytes *piece)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (piece, &size);

  g_byte_array_append (request->answer, data, (guint)size);
  return TRUE;
}

static void
begin (BowlineHttpRequest *request,
       guint32 status,
       const char *content_type,
       gint64 length,
       void (*writable) (BowlineHttpRequest *request, gpointer user_data),
       void (*gone) (BowlineHttpRequest *request, gpointer user_data),
       gpointer user_data)
{
  g_assert_cmpuint (request->status, ==, 0);
  request->status = status;
  if (content_type != NULL)
    add_header (request, "Content-Type", content_type);
  if (writable != NULL)
    writable (request, user_data);
}

static void
end (BowlineHttpRequest *request, gboolean complete)
{
  request->complete = complete;
}

static void
respond (BowlineHttpRequest *request, guint32 status, const char *content_type, GBytes *body)
{
  begin (request, status, content_type, -1, NULL, NULL, NULL);
  if (body != NULL)
    write_piece (request, body);
  end (request, TRUE);
}

/* ---- the test's side --------------------------------------------------------------------------------------
 */

guint32
bl_test_request_get_status (BowlineHttpRequest *request)
{
  return request->status;
}

const char *
bl_test_request_get_answer_header (BowlineHttpRequest *request, const char *name)
{
  return find_pair (request->answer_headers, name);
}

GBytes *
bl_test_request_dup_answer (BowlineHttpRequest *request)
{
  return g_bytes_new (request->answer->data, request->answer->len);
}

gboolean
bl_test_request_is_complete (BowlineHttpRequest *request)
{
  return request->complete;
}

static gboolean
serves (const BowlineEndpoint *endpoint, const char *path, gsize *length)
{
  *length = strlen (endpoint->path);
  if (strcmp (endpoint->path, path) == 0)
    return TRUE;
  return (endpoint->flags & BOWLINE_ENDPOINT_PREFIX) && g_str_has_prefix (path, endpoint->path)
         && (path[*length] == '/' || path[*length - 1] == '/');
}

static BlTestEndpoint *
find (BlTestHost *test, const char *path)
{
  BlTestEndpoint *best = NULL;
  gsize best_length = 0, length;

  for (guint i = 0; i < test->endpoints->len; i++)
    {
      BlTestEndpoint *entry = test->endpoints->pdata[i];

      if (entry->endpoint.flags & BOWLINE_ENDPOINT_FALLBACK)
        best = best != NULL ? best : entry;
      else if (serves (&entry->endpoint, path, &length) && length > best_length)
        {
          best = entry;
          best_length = length;
        }
    }
  return best;
}

const BowlineEndpoint *
bl_test_host_find_endpoint (BlTestHost *test, const char *path)
{
  BlTestEndpoint *entry = find (test, path);

  return entry != NULL ? &entry->endpoint : NULL;
}

BowlineHttpRequest *
bl_test_host_request (BlTestHost *test, const BlTestRequest *given)
{
  BlTestEndpoint *entry = find (test, given->path);
  BowlineHttpRequest *request = bl_test_request_new (given);

  g_assert_nonnull (entry);
  g_assert_nonnull (entry->endpoint.request);
  entry->endpoint.request (request, entry->user_data);
  bl_test_host_settle ();
  return request;
}

static guint64
register_endpoint (BowlineHost *host, const BowlineEndpoint *endpoint, gpointer user_data, GError **error)
{
  BlTestHost *test = bl_test_host_from (host);
  g_autofree BlTestEndpoint *entry = g_new0 (BlTestEndpoint, 1);

  if (!bl_table_copy (&entry->endpoint, sizeof entry->endpoint, endpoint, sizeof (BowlineEndpoint),
                      "endpoint", error))
    return 0;
  g_assert_true (entry->endpoint.request != NULL || entry->endpoint.opened != NULL);
  entry->number = ++test->last_number;
  entry->user_data = user_data;
  g_ptr_array_add (test->endpoints, entry);
  return g_steal_pointer (&entry)->number;
}

static void
unregister_endpoint (BowlineHost *host, guint64 number)
{
  GPtrArray *endpoints = bl_test_host_from (host)->endpoints;

  for (guint i = 0; i < endpoints->len; i++)
    if (((BlTestEndpoint *)endpoints->pdata[i])->number == number)
      {
        g_ptr_array_remove_index (endpoints, i);
        return;
      }
}

static const BowlineHttpRequestOps http_request_ops = {
  .ref = ref,
  .unref = unref,
  .get_method = get_method,
  .get_path = get_path,
  .get_query = get_query,
  .get_header = get_header,
  .get_cookie = get_cookie,
  .get_address = get_address,
  .get_host = get_host,
  .is_secure = is_secure,
  .get_body = get_body,
  .get_principal = get_principal,
  .get_certificate_hash = get_certificate_hash,
  .add_header = add_header,
  .respond = respond,
  .begin = begin,
  .write = write_piece,
  .end = end,
  .get_affinity = get_affinity,
};

static const BowlineEndpointOps endpoint_ops = {
  .register_endpoint = register_endpoint,
  .unregister_endpoint = unregister_endpoint,
};

void
bl_test_install_http (void)
{
  bowline_private_install_http_request_ops (&http_request_ops);
  bowline_private_install_endpoint_ops (&endpoint_ops);
}
