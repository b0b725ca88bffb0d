// SPDX-License-Identifier: Apache-2.0
// Restoring a back-up into a data directory whose server does not run.
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Whether a server starts on the data in @directory. */
typedef gboolean (*BlCtlProbe) (const char *directory, gpointer user_data, GError **error);

/**
 * bl_ctl_restore: verifies the whole archive and starts a server on a copy of what is in it; only then, and
 * unless @check_only, what is in @data_dir is moved aside, in one decided step.
 * @aside: (out) (transfer full) (nullable): where the former data is now
 */
gboolean bl_ctl_restore (const char *data_dir,
                         const char *file,
                         gboolean check_only,
                         BlCtlProbe probe,
                         gpointer user_data,
                         char **aside,
                         GError **error);

G_END_DECLS
