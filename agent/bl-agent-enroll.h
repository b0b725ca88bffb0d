// SPDX-License-Identifier: Apache-2.0
// Enrolment: the settings an agent needs to find, and to recognise, its server.
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  const char *url;       // https://HOST[:PORT]
  const char *group;     // 64 characters, or a full id
  const char *server_id; // (nullable): 96 hex digits
  const char *proxy;     // (nullable): kept in the settings; otherwise that of the environment serves the download
  const char *path;      // the settings file
} BlAgentEnrolment;

/**
 * Writes the settings file for a device group of a server.
 *
 * With a server id nothing is fetched: the id is what the agent recognises the server by. Without it the settings are
 * downloaded, and then the server's TLS certificate must be one this machine trusts; there is no way to take whatever
 * answers.
 */
gboolean bl_agent_enroll (const BlAgentEnrolment *what, GError **error);

G_END_DECLS
