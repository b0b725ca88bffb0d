/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Who asks, and the one question every check goes through: may (principal, object, right).
 *
 * A principal is immutable and counted; it carries an account's identity and a ceiling. Rights are always computed from
 * the directory at the moment of the question, so a revoked link counts at once.
 * Device and group rights are the masks of MeshCentral (control-channel: rights), full rights are 0xFFFFFFFF.
 */
#ifndef BOWLINE_PRINCIPAL_H
#define BOWLINE_PRINCIPAL_H

#include <bowline/abi.h>

G_BEGIN_DECLS

#define BOWLINE_PRINCIPAL_USER 1u  /* an account: browser session or password on the control channel */
#define BOWLINE_PRINCIPAL_TOKEN 2u /* a login token of an account */
#define BOWLINE_PRINCIPAL_KEY 3u   /* an integration key acting for an account */
#define BOWLINE_PRINCIPAL_GUEST 4u /* a device share */
#define BOWLINE_PRINCIPAL_AGENT 5u /* a device */
#define BOWLINE_PRINCIPAL_LOCAL 6u /* the administrator on the local socket; full rights */

/**
 * BowlinePrincipalInfo: what a principal is made of. Strings are copied; all but @user_id are nullable.
 */
typedef struct
{
  guint32 struct_size;
  guint32 kind;             /* BOWLINE_PRINCIPAL_* */
  const char *user_id;      /* "user//admin"; for AGENT the node id */
  const char *token_id;     /* token, key or share it came with */
  const char *address;      /* the peer's address as text, as far as trusted proxies tell */
  const char *only_node;    /* when set: this device and nothing else */
  guint32 rights_ceiling;   /* AND-ed to device and group rights; 0xFFFFFFFF for none */
  guint32 rights_added;     /* restriction bits OR-ed to a result other than 0 (view only, no terminal, ...) */
  guint32 site_ceiling;     /* AND-ed to site rights; 0xFFFFFFFF for none */
  gint64 expires_ms;        /* 0: never; afterwards every question is answered with no */
  const char *const *only_objects; /* when set: these devices, devices of these device groups, and nothing else */
} BowlinePrincipalInfo;

/** Returns: (transfer full). Any thread. */
BOWLINE_AVAILABLE_IN_1_0 BowlinePrincipal *bowline_principal_new (BowlineHost *host, const BowlinePrincipalInfo *info);
BOWLINE_AVAILABLE_IN_1_0 BowlinePrincipal *bowline_principal_ref (BowlinePrincipal *principal);
BOWLINE_AVAILABLE_IN_1_0 void bowline_principal_unref (BowlinePrincipal *principal);
/** Fills @info up to its struct_size with borrowed strings, valid as long as the principal. Any thread. */
BOWLINE_AVAILABLE_IN_1_0 void bowline_principal_get_info (BowlinePrincipal *principal, BowlinePrincipalInfo *info);
/** Returns: (transfer none): the account, for example "user//admin". Any thread. */
BOWLINE_AVAILABLE_IN_1_0 const char *bowline_principal_get_user_id (BowlinePrincipal *principal);
BOWLINE_AVAILABLE_IN_1_0 guint32 bowline_principal_get_kind (BowlinePrincipal *principal);

/**
 * bowline_rights: the rights of @principal on @object_id now: a device, device group, user group (membership) or user
 * (0xFFFFFFFF on oneself's own data, otherwise by site rights). 0: none, the object does not exist for this principal.
 */
BOWLINE_AVAILABLE_IN_1_0 guint32 bowline_rights (BowlineHost *host, BowlinePrincipal *principal, const char *object_id);
/** Returns: %TRUE when all bits of @rights are held; restriction bits (view only, no terminal, ...) are not asked here. */
BOWLINE_AVAILABLE_IN_1_0 gboolean
bowline_may (BowlineHost *host, BowlinePrincipal *principal, const char *object_id, guint32 rights);
/** Returns: %TRUE when the object may be known to exist: any right on it, or a site right that lists it. */
BOWLINE_AVAILABLE_IN_1_0 gboolean bowline_may_see (BowlineHost *host, BowlinePrincipal *principal, const char *object_id);
/** Returns: the site rights (control-channel: site rights); a locked or missing account has none. */
BOWLINE_AVAILABLE_IN_1_0 guint32 bowline_site_rights (BowlineHost *host, BowlinePrincipal *principal);
/** Returns: %TRUE when @targets of an event (bowline_event_emit()) and its node or group make it visible to @principal. */
BOWLINE_AVAILABLE_IN_1_0 gboolean bowline_may_receive (
    BowlineHost *host, BowlinePrincipal *principal, const char *const *targets, GVariant *event);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BowlinePrincipal, bowline_principal_unref)

G_END_DECLS
#endif
