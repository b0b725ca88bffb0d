// SPDX-License-Identifier: Apache-2.0
// Where an agent that came as an archive lives, and how one release of it takes the place of another:
//
//     ROOT/releases/NAME/   one unpacked archive each; NAME begins its hash
//     ROOT/current          -> releases/NAME, what is started
//     ROOT/previous         -> releases/NAME, while the current one is on trial
//     ROOT/trial            how often the one on trial was started
//     ROOT/refused          hash of an archive that did not reach the server
//
// Names change by rename(2), so that at any moment one whole release is current. An agent of a package or of a build tree
// has no such place. One thread at a time.
#pragma once

#include <gio/gio.h>

#include "common/bl-hash.h"

G_BEGIN_DECLS

#define BL_AGENT_RELEASE_STARTS 3           // of a release on trial; then the previous one comes back
#define BL_AGENT_RELEASE_TRIAL_SECONDS 180  // in which it must reach the server
#define BL_AGENT_ARCHIVE_MARKER "bowline-agent.archive"
#define BL_AGENT_ARCHIVE_HASH "archive.sha384"
#define BL_AGENT_RELEASE_LINK "meshagent"   // scripts of other products look for this name in the folder

/** Returns: (transfer full) (nullable): ROOT of the running program, when it was installed from an archive */
char *bl_agent_release_find_root (void);
/** HASH: (out): 48 bytes of the archive the current release came from. Returns: %FALSE when that is not known. */
gboolean bl_agent_release_get_hash (const char *root, guint8 hash[BL_SHA384_SIZE]);

/**
 * Makes DIRECTORY (a whole unpacked archive, beside which nothing else uses it) release NAME and the current one.
 * HASH: (nullable): of the archive. TRIAL: whether it must prove itself, which needs a current one to go back to.
 */
gboolean bl_agent_release_take (const char *root, const char *directory, const char *name, const guint8 *hash,
                                gboolean trial, GError **error);
gboolean bl_agent_release_is_on_trial (const char *root);
/** The current release reached the server: it stays, others are removed. */
void bl_agent_release_confirm (const char *root);
/** Back to the previous release; the current one's archive is refused from now on. %FALSE with an error if there is none. */
gboolean bl_agent_release_roll_back (const char *root, GError **error);
/** Called before each start of a release on trial, by the previous one: counts, and rolls back at last. Free of effect otherwise. */
gboolean bl_agent_release_guard (const char *root, GError **error);
/** Returns: whether an archive of this hash failed here before. */
gboolean bl_agent_release_is_refused (const char *root, const guint8 hash[BL_SHA384_SIZE]);
/** Removes a directory and all below it, never through a link and on one file system only. */
gboolean bl_agent_release_remove_tree (const char *path, GError **error);

G_END_DECLS
