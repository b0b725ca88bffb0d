// SPDX-License-Identifier: Apache-2.0
/*
 * Which screen is shown: the one that the agent's own environment names when it was started by hand,
 * otherwise that of the session on the seat, the login greeter included, as logind tells it. Main context.
 */
#pragma once

#include <gio/gio.h>
#include <sys/types.h>

G_BEGIN_DECLS

typedef struct
{
  char *display;   /* ":0" */
  char *authority; /* (nullable): file with the authority to connect */
  uid_t uid;       /* of the session's user */
  gid_t gid;
  char *session; /* (nullable): object path of the session in logind */
} BlDesktopTarget;

void bl_desktop_target_free (BlDesktopTarget *target);

/** bl_desktop_target_find_async: finish with bl_desktop_target_find_finish() */
void
bl_desktop_target_find_async (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
/** Returns: (transfer full), or %NULL with an error that can be shown to the viewer */
BlDesktopTarget *bl_desktop_target_find_finish (GAsyncResult *result, GError **error);

/** Locks the screen of the session, if logind knows it. What comes of it is logged. */
void bl_desktop_target_lock (const BlDesktopTarget *target);

/* Pure parts, for the test. */

/** Returns: (transfer none) (nullable): value of NAME in an environment block of LENGTH bytes, whose last
 * byte is NUL */
const char *bl_desktop_environment_get (const char *block, gsize length, const char *name);
/**
 * The words of an X server's command line, each ended by NUL: its display and authority file.
 * Returns: %FALSE when it is no X server's
 */
gboolean
bl_desktop_server_parse (const char *words, gsize length, const char **display, const char **authority);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlDesktopTarget, bl_desktop_target_free)

G_END_DECLS
