// SPDX-License-Identifier: Apache-2.0
/**
 * BlSetting: one key of a configuration section: its type, default and range, and the check of a value's
 * text.
 *
 * The static table of section [server] and the [Setting ...] groups of a module's manifest are both made of
 * it.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum
{
  BL_SETTING_STRING,
  BL_SETTING_INT,
  BL_SETTING_BOOL,
  BL_SETTING_LIST,    /* items separated by ";" or "," and spaces */
  BL_SETTING_CHOICE,  /* one of `values` */
  BL_SETTING_PATH,    /* absolute, or empty */
  BL_SETTING_SECONDS, /* 90, 90s, 15m, 12h, 30d */
  BL_SETTING_BYTES,   /* 4096, 64K, 16M, 2G; powers of 1024 */
} BlSettingType;

#define BL_SETTING_SECRET 1u /* never written to a log or a listing */
#define BL_SETTING_HEX 2u /* every item is an even number of hex digits; minimum and maximum count digits */
#define BL_SETTING_ORIGIN 4u /* every item is scheme://host[:port] without a path */

typedef struct
{
  const char *key;
  BlSettingType type;
  guint32 flags;             /* BL_SETTING_* */
  const char *default_value; /* in the form it has in a file */
  gint64 minimum;            /* numbers: value; STRING, PATH: bytes; LIST: items */
  gint64 maximum;            /* both 0: no limit beyond the type's own */
  const char *values;        /* (nullable): for CHOICE, separated by "|" */
  const char *summary;       /* one sentence for the reference */
} BlSetting;

/** BlSettingValue: the checked form of a value. Which member is set follows from the type. */
typedef struct
{
  char *text;    /* all types: the text as given */
  gint64 number; /* INT, SECONDS, BYTES; BOOL: 0 or 1 */
  char **items;  /* LIST: never NULL for it */
} BlSettingValue;

void bl_setting_value_clear (BlSettingValue *value);
/** Returns: %FALSE with @error naming what was expected and found (a secret's text is left out). @value is
 * filled on success. */
gboolean bl_setting_check (const BlSetting *setting, const char *text, BlSettingValue *value, GError **error);
/** Returns: (transfer full): what a value must look like, for example "an integer from 1 to 65535" */
char *bl_setting_dup_expectation (const BlSetting *setting);
/** Returns: %FALSE for an unknown name. @name: "string", "int", ... as in a manifest */
gboolean bl_setting_type_from_string (const char *name, BlSettingType *type);
const char *bl_setting_type_to_string (BlSettingType type);
/** Returns: (nullable) (transfer none): the entry of @candidates closest to @word, if one is close enough to
 * be a typing slip. */
const char *bl_setting_nearest (const char *word, const char *const *candidates);

G_END_DECLS
