// SPDX-License-Identifier: Apache-2.0
/** One device in an export of details, as JSON or as a line of CSV. Pure; follows control-channel 7.6. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** What is known about a device; all but @node are nullable. */
typedef struct
{
  GVariant *node; /* its public form */
  GVariant *system;
  GVariant *network;
  GVariant *last; /* last connection */
  const char *group;
} BlControlDetails;

/** Appends the names of the columns, with the end of the line. */
void bl_control_details_append_head (GString *out);
void bl_control_details_append_csv (GString *out, const BlControlDetails *details);
/** Appends one object without a comma. */
void bl_control_details_append_json (GString *out, const BlControlDetails *details);

G_END_DECLS
