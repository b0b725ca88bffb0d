// SPDX-License-Identifier: Apache-2.0
/* The table behind bl-agent-json: what a device may report, field by field. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  BL_SCHEMA_TEXT,   /* one line for people: cleaned, cut at the limit */
  BL_SCHEMA_LINES,  /* several lines for people: cleaned, cut at the limit */
  BL_SCHEMA_TOKEN,  /* for programs: no control characters, refused beyond the limit */
  BL_SCHEMA_DATA,   /* text for programs with any line ends, e.g. JSON in a text: refused beyond the limit */
  BL_SCHEMA_UINT,   /* integer from 0 to the limit */
  BL_SCHEMA_BOOL,   /* also 0 and 1 */
  BL_SCHEMA_SCALAR, /* short text, number or boolean */
  BL_SCHEMA_LIST,   /* array of one-line texts; the limit is their number */
  BL_SCHEMA_FREE,   /* any value within general bounds; the limit is its size in bytes */
} BlSchemaType;

typedef struct
{
  const char *name; /* NULL ends a list of fields */
  BlSchemaType type;
  guint32 limit;
  gboolean required;
} BlSchemaField;

/* One kind of message. @type is compared with the field `type` when not NULL. */
typedef struct
{
  const char *action;
  const char *type;
  const BlSchemaField *fields;
} BlSchemaMessage;

/**
 * bl_agent_schema_find:
 * @type: (nullable): the message's `type`
 * @known_action: (out): TRUE when @action exists, maybe with other types
 *
 * Returns: (nullable): the fields
 */
const BlSchemaField *bl_agent_schema_find (const char *action, const char *type, gboolean *known_action);

G_END_DECLS
