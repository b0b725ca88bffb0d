/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Extension point "auth": turns credentials into principals. One module provides it.
 *
 * Calls and callbacks on the main context. Password hashes are computed in the worker pool by the provider.
 */
#ifndef BOWLINE_AUTH_H
#define BOWLINE_AUTH_H

#include <bowline/abi.h>
#include <bowline/http.h>
#include <bowline/principal.h>

G_BEGIN_DECLS

/** @principal: (nullable) (transfer none); @error: (nullable): one of the BOWLINE_ERROR codes of credentials */
typedef void (*BowlineAuthDoneFunc) (BowlinePrincipal *principal, const GError *error, gpointer user_data);

#define BOWLINE_COOKIE_LOGIN 1u   /* {userid,domainid} or {u,a:3}: control channel and relay, 60 minutes */
#define BOWLINE_COOKIE_RELAY 2u   /* {ruserid}: an agent's leg of a relay, 240 minutes */
#define BOWLINE_COOKIE_INVITATION 3u /* {a:4,...}, {a:6,pid}, {m}: links given to people without an account; other key */
#define BOWLINE_COOKIE_GUEST 4u   /* {userid,domainid,nid,pid,...}: a guest's leg of a relay; ends with its share */
#define BOWLINE_COOKIE_PORT 5u    /* {userid,domainid,nodeid,tcpport,...}: one port of one device through the relay, 60 minutes */

typedef struct
{
  guint32 struct_size;
  guint32 flags;
  /**
   * check_password: account name (any case) or login token name, password and second factor (nullable) from @address.
   * Counts failures per account and per address. Exactly one call of @done, possibly before this returns.
   */
  void (*check_password) (gpointer self, const char *user, const char *password, const char *token, const char *address,
                          BowlineAuthDoneFunc done, gpointer user_data);
  /** session_open: Returns: (transfer full): cookie value of a new browser session of @principal. */
  char *(*session_open) (gpointer self, BowlinePrincipal *principal, const char *user_agent);
  /** session_lookup: Returns: (transfer full) (nullable): whose session @value is; refreshes its idle time. */
  BowlinePrincipal *(*session_lookup) (gpointer self, const char *value, const char *address);
  /** session_close: ends one session, or with @everywhere all of its account, tokens' control sessions included. */
  void (*session_close) (gpointer self, const char *value, gboolean everywhere);
  /** cookie_issue: Returns: (transfer full): a MeshCentral cookie of @purpose holding @object (a{sv}, floating sunk) */
  char *(*cookie_issue) (gpointer self, guint32 purpose, GVariant *object);
  /** cookie_verify: Returns: (transfer full) (nullable): the principal of a cookie given as auth= or rauth= */
  BowlinePrincipal *(*cookie_verify) (gpointer self, guint32 purpose, const char *text, const char *address, GError **error);
  /** set_password: (hash is made off the loop): the account must exist. @done's principal is always %NULL. */
  void (*set_password) (gpointer self, const char *user_id, const char *password, BowlineAuthDoneFunc done, gpointer user_data);
  /**
   * login_token: the login token of a page's address, `/?login=TOKEN[&gotonode=DEVICE]`. Opens a browser session and adds
   * its cookie to the answer of @request, unless the request has a session that is no narrower.
   * Returns: (transfer full) (nullable): whom the page is for
   */
  BowlinePrincipal *(*login_token) (gpointer self, BowlineHttpRequest *request);
  /**
   * cookie_issue_for: Returns: (transfer full) (nullable): a cookie of @purpose that stands for @principal with everything
   * that limits it; %NULL for a principal that no cookie can stand for
   */
  char *(*cookie_issue_for) (gpointer self, guint32 purpose, BowlinePrincipal *principal);
  /**
   * cookie_open: what an invitation cookie holds. Only for %BOWLINE_COOKIE_INVITATION: the others are for cookie_verify.
   * @minutes: how old it may be when it has no "expire" of its own; 0: any age
   * Returns: (transfer full): a{sv}, or %NULL with @error: forged, of another purpose, or expired
   */
  GVariant *(*cookie_open) (gpointer self, guint32 purpose, const char *text, guint32 minutes, GError **error);
  /**
   * port_cookie_issue: as cookie_issue_for with %BOWLINE_COOKIE_PORT, which neither that nor cookie_verify takes. Not bound
   * to an address: whoever asks for it and whoever uses it may be different programs.
   * @target: (transfer none): a{sv}: "nodeid" (s), "tcpport" (x) and, both optional, "tcpaddr" (s), what the device connects
   *   to instead of itself, and "p" (x), the relay-tunnel protocol number that the session counts as: 12, or 14 without
   * Returns: (transfer full) (nullable): %NULL too when @target is no such thing
   */
  char *(*port_cookie_issue) (gpointer self, BowlinePrincipal *principal, GVariant *target);
  /**
   * port_cookie_verify: @target: (out) (transfer full): what the cookie is for, as it was issued
   * Returns: (transfer full) (nullable): whose it is, limited to the device
   */
  BowlinePrincipal *(*port_cookie_verify) (gpointer self, const char *text, const char *address, GVariant **target,
                                           GError **error);
} BowlineAuth;

BOWLINE_AVAILABLE_IN_1_0 gboolean
bowline_host_register_auth (BowlineHost *host, const BowlineAuth *auth, gpointer self, GError **error);
/** Copies the registered table (see bowline_host_lookup_service()). Returns: %FALSE when no module provides it. */
BOWLINE_AVAILABLE_IN_1_0 gboolean bowline_host_get_auth (BowlineHost *host, BowlineAuth *auth, gpointer *self);

G_END_DECLS
#endif
