// SPDX-License-Identifier: Apache-2.0
/**
 * BlAuthPolicy: what a login key may be used for (K4). A key makes tokens of any account, so each has a
 * policy: whom it may become, with which rights, on what, from where and until when. Read from a document
 * "loginkey-NAME"; pure.
 */
#pragma once

#include <bowline/plugin.h>

G_BEGIN_DECLS

#define BL_AUTH_POLICY_MAX_ITEMS 256u

typedef struct
{
  char **users;       /* patterns of account names, or of ids when they hold a "/"; empty: every account */
  char **devices;     /* ids of devices and device groups; %NULL: all */
  GPtrArray *from;    /* (element-type GInetAddressMask): where tokens may come from; empty: everywhere */
  GPtrArray *admin;   /* (element-type GInetAddressMask): where an administrator keeps the site rights */
  guint32 rights;     /* ceiling of device and group rights */
  guint32 added;      /* restrictions that the views bring */
  gboolean narrow;    /* anything above limits what an account may: no site rights then */
  gboolean bind_node; /* a login token is good for the page of one device only */
  gint64 expires_ms;  /* 0: never */
  guint rate;         /* tokens a second; 0: no limit */
} BlAuthPolicy;

/** Returns: (transfer full): @document: members users, devices, views, addresses, adminfrom (lists of text),
 * rights, expire, rate, bindnode. What is missing does not limit, and without adminfrom it is this machine.
 */
BlAuthPolicy *bl_auth_policy_new (GVariant *document);
void bl_auth_policy_free (BlAuthPolicy *self);

/**
 * bl_auth_policy_set: one assignment of an administrator, KEY=VALUE; an empty value takes the limit away.
 * @document: (transfer none): a policy's document
 * @now_ms: what "30d" is counted from
 * Returns: (transfer full) (nullable): the changed document, or %NULL with an @error that says what was
 * expected
 */
GVariant *bl_auth_policy_set (GVariant *document, const char *assignment, gint64 now_ms, GError **error);
/** Returns: (transfer full): the limits for people: a{sv} of texts and lists, without the key. */
GVariant *bl_auth_policy_describe (GVariant *document);

/** Who wants to use a token of the key. */
typedef struct
{
  const char *user_id;
  gboolean administrator; /* the account has site rights */
  const char *address;
  gint64 now_ms;
} BlAuthPolicyUse;

/**
 * bl_auth_policy_admit: fills the ceilings of @info, which borrows from the policy.
 * Returns: (nullable): %NULL to admit, otherwise why not, for the log
 */
const char *
bl_auth_policy_admit (const BlAuthPolicy *self, const BlAuthPolicyUse *use, BowlinePrincipalInfo *info);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlAuthPolicy, bl_auth_policy_free)

G_END_DECLS
