// SPDX-License-Identifier: Apache-2.0
/**
 * Certificates and keys of another server: its agents know it by the agent-server key, so that one must come
 * along. Any thread, blocks.
 */
#pragma once

#include "bl-import-report.h"
#include "bl-import-source.h"

G_BEGIN_DECLS

typedef struct
{
  BlImportSource *source;
  const char *data_dir;
  gboolean fresh;   /* nobody knows this server yet: its certificates may be thrown away */
  gboolean replace; /* become the other server, and stay ours beside it */
  gboolean dry_run;
} BlImportCerts;

/**
 * bl_import_certs: puts the certificates into DATA/certs, all of them or none; they count at the next start.
 * A server others know already keeps its own and becomes the other one besides.
 * @web_given: (out): the web certificate is the other server's now, which was given to it and not made by it
 */
gboolean
bl_import_certs (const BlImportCerts *options, BlImportReport *report, gboolean *web_given, GError **error);

G_END_DECLS
