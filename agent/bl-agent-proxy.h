// SPDX-License-Identifier: Apache-2.0
// Which proxy the agent takes to a host: `WebProxy` of its settings, else that of the environment. Pure but for the
// environment; any thread.
#pragma once

#include "common/bl-msh.h"

G_BEGIN_DECLS

#define BL_AGENT_PROXY_MAX 1024 // bytes of an address

/**
 * Looks at WebProxy of MSH; without it, unless ignoreProxyFile is set, at https_proxy, HTTPS_PROXY and http_proxy, for hosts
 * that no_proxy does not name. An address without a scheme is one of an HTTP proxy.
 * Returns: (transfer full) (nullable): http://[USER:PASSWORD@]HOST[:PORT], or %NULL for a direct way
 */
char *bl_agent_proxy_find (BlMsh *msh, const char *host);
/** Completes an address. Returns: (transfer full), or %NULL with an error that does not repeat a password. */
char *bl_agent_proxy_parse (const char *text, GError **error);
/** Returns: whether LIST, as in no_proxy ("a.example, .b.example, *"), names HOST */
gboolean bl_agent_proxy_is_exempt (const char *list, const char *host);
/** Returns: (transfer full): "HOST:PORT" of a complete address, without what is secret */
char *bl_agent_proxy_describe (const char *proxy);

G_END_DECLS
