// SPDX-License-Identifier: Apache-2.0
/** Making and removing accounts, with the events that tell the pages. Main context. */
#pragma once

#include "bl-auth.h"

G_BEGIN_DECLS

typedef struct
{
  const char *name;
  const char *domain;
  const char *password; /* (nullable): when @hash is given */
  const char *hash;     /* (nullable): MeshCentral's PBKDF2 form, with @salt */
  const char *salt;
  const char *email;    /* (nullable) */
  const char *realname; /* (nullable) */
  const char *phone;    /* (nullable) */
  GVariant *realms;     /* (nullable): av of texts: the "groups" it belongs to */
  guint32 site_rights;
  gint64 consent;
  gboolean email_verified;
  gboolean reset; /* the password must be changed at the first login */
} BlAuthNewAccount;

/** @user_id: (nullable): of the account made or removed */
typedef void (*BlAuthAccountFunc) (const char *user_id, const GError *error, gpointer user_data);

/**
 * bl_auth_account_create: the account exists at once, and can log in when its password is hashed and kept;
 * then @done runs. Errors: INVALID, EXISTS, STORAGE, THROTTLED
 */
void bl_auth_account_create (BlAuth *auth,
                             const BlAuthNewAccount *account,
                             BlAuthAccountFunc done,
                             gpointer user_data);
/** bl_auth_account_make_admin: gives an account all site rights. Errors: NOT_FOUND, STORAGE */
void bl_auth_account_make_admin (BlAuth *auth, const char *user_id, BlAuthAccountFunc done, gpointer user_data);
/** bl_auth_account_reset: a new password, no second factor, no lock. Errors: NOT_FOUND, INVALID, STORAGE, THROTTLED */
void bl_auth_account_reset (
    BlAuth *auth, const char *user_id, const char *password, BlAuthAccountFunc done, gpointer user_data);
/** Removes an account, its links on groups, devices and user groups, its tokens, device shares, sessions, notes and page
 * state. */
void bl_auth_account_remove (BlAuth *auth, const char *user_id, BlAuthAccountFunc done, gpointer user_data);

G_END_DECLS
