// SPDX-License-Identifier: Apache-2.0
// One GET over TLS, for commands of people (enroll, doctor): it blocks.
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define BL_AGENT_FETCH_SECONDS 20

typedef struct
{
  const char *host;
  guint16 port;
  const char *target;  // path and query, encoded
  const char *proxy;   // (nullable): as bl_agent_proxy_find() gives it
  const guint8 *pin;   // (nullable): 48 bytes: the one certificate that is good; otherwise one this machine trusts
  gsize max;           // bytes of the answer's body
} BlAgentFetch;

/** STATUS: (out): of HTTP. Returns: (transfer full): the body, or %NULL with an error. Blocks for at most 20 s a step. */
char *bl_agent_fetch (const BlAgentFetch *what, guint *status, GError **error);
/** Makes CLIENT go by PROXY (nullable) and by nothing else. */
void bl_agent_fetch_set_proxy (GSocketClient *client, const char *proxy);
/** Returns: whether ERROR is one of the proxy's own: it refused, or wants a name and password. */
gboolean bl_agent_fetch_is_proxy_error (const GError *error);

G_END_DECLS
