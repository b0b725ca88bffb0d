// SPDX-License-Identifier: Apache-2.0
// Enrolment: the settings an agent needs to find, and to recognise, its server.
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * Writes the settings file PATH for the device group GROUP (64 characters or a full id) of the server at URL (https://...).
 *
 * With SERVER_ID (96 hex digits) nothing is fetched: the id is what the agent recognises the server by. Without it the
 * settings are downloaded, and then the server's TLS certificate must be one this machine trusts; there is no way
 * to take whatever answers.
 */
gboolean bl_agent_enroll (const char *url, const char *group, const char *server_id, const char *path, GError **error);

G_END_DECLS
