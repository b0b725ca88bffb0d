// SPDX-License-Identifier: Apache-2.0
/**
 * Principals and the one question may (principal, object, right), behind <bowline/principal.h>.
 *
 * Rights of accounts are worked out once and kept until the account or one of its groups changes.
 */
#pragma once

#include "bowline-private.h"

G_BEGIN_DECLS

/**
 * bl_principal_install: installs BowlinePrincipalOps. Call once the directory and the topics are there.
 * @host: the core's own host; used to hear of changed documents. Main context.
 */
void bl_principal_install (BowlineHost *host);
/** Forgets everything kept, and the subscription. */
void bl_principal_uninstall (void);

/** Returns: the domain of an account or any other id: its second part; (transfer full). */
char *bl_principal_dup_domain (const char *id);

G_END_DECLS
