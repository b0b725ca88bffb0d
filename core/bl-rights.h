// SPDX-License-Identifier: Apache-2.0
/**
 * BlRights: what one account holds, worked out from its documents (control-channel section 5).
 *
 * Pure and immutable: built from the account and the user groups it is in, asked with ids. A principal's
 * ceiling is applied to the result by bl_rights_limit().
 */
#pragma once

#include <glib.h>

#include "common/bl-rights-bits.h"

G_BEGIN_DECLS

/* What allows something; the other bits of a mask take away. Desktop view only is both: alone it allows
 * watching. */
#define BL_RIGHTS_GRANTS 0x3EC0FFu
#define BL_SITE_GRANTS 0xB1Fu
#define BL_SITE_RESTRICTIONS 0x14E0u

typedef struct _BlRights BlRights;

/** Returns: (transfer full) (nullable): document @id, a{sv} */
typedef GVariant *(*BlRightsLookup) (const char *id, gpointer user_data);

/** Works out what account @user_id holds. @lookup is called for the account and its user groups only, during
 * the call. A missing or locked account holds nothing. Returns: (transfer full) */
BlRights *bl_rights_resolve (const char *user_id, BlRightsLookup lookup, gpointer user_data);
BlRights *bl_rights_ref (BlRights *rights);
void bl_rights_unref (BlRights *rights);

/** Returns: site rights as an unsigned mask; 0 for a missing or locked account. */
guint32 bl_rights_get_site (const BlRights *rights);
/** Returns: %FALSE when the account is missing or locked. */
gboolean bl_rights_is_usable (const BlRights *rights);
/** Returns: rights on device group @mesh_id. */
guint32 bl_rights_on_group (const BlRights *rights, const char *mesh_id);
/** Returns: rights on device @node_id, which is in @mesh_id (nullable). */
guint32 bl_rights_on_device (const BlRights *rights, const char *node_id, const char *mesh_id);
/** Returns: %TRUE when the account is a member of user group @ugrp_id. */
gboolean bl_rights_is_member (const BlRights *rights, const char *ugrp_id);
/** Returns: %TRUE when the account may manage only the accounts that share one of its realms ("groups") with
 * it. */
gboolean bl_rights_shares_realm (const BlRights *rights, GVariant *other_account);

/**
 * bl_rights_limit: @rights under a principal's ceiling and added restrictions. Never more than @rights: a
 * restriction survives any ceiling, and an added "view only" does not let a viewer in who could not watch
 * before.
 */
guint32 bl_rights_limit (guint32 rights, guint32 ceiling, guint32 added);
/** Site rights under a ceiling. A full administrator under a ceiling is an ordinary account with these
 * rights. */
guint32 bl_rights_limit_site (guint32 site, guint32 ceiling);
/** Returns: %TRUE when @held covers all grants in @asked; restriction bits in @asked are not looked at. */
gboolean bl_rights_cover (guint32 held, guint32 asked);

/** A mask as documents and messages carry it; anything but a number counts as nothing. */
guint32 bl_rights_from_variant (GVariant *value);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlRights, bl_rights_unref)

G_END_DECLS
