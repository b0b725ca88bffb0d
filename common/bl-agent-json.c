// SPDX-License-Identifier: Apache-2.0
/* Checks and cleans what a device reports, by the table of bl-agent-schema. */
#include "common/bl-agent-json.h"

#include <string.h>

#include "common/bl-agent-schema.h"
#include "common/bl-error.h"
#include "common/bl-limits.h"
#include "common/bl-utf8.h"
#include "common/bl-variant.h"

/* General bounds of free-form parts. */
#define FREE_MAX_DEPTH 12
#define FREE_MAX_KEY 256
#define FREE_MAX_TEXT 8192
#define LIST_MAX_TEXT 256

static GVariant *
wrong (const char *field, gint code, const char *expected, GVariant *found, GError **error)
{
  g_set_error (error, BL_ERROR, code, "%s: expected %s, found type %s", field, expected,
               g_variant_get_type_string (found));
  return NULL;
}

static gboolean
is_string (GVariant *value)
{
  return g_variant_is_of_type (value, G_VARIANT_TYPE_STRING);
}

static GVariant *
clean_string (GVariant *value, gsize max, gboolean newlines)
{
  gsize len;
  const char *text = g_variant_get_string (value, &len);
  return g_variant_new_take_string (bl_utf8_clean (text, len, max, newlines));
}

static GVariant *
check_token (const BlSchemaField *field, GVariant *value, gboolean newlines, GError **error)
{
  gsize len;
  if (!is_string (value))
    return wrong (field->name, BL_ERROR_INVALID, "a text", value, error);
  const char *text = g_variant_get_string (value, &len);
  if (len > field->limit)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_TOO_LARGE,
                   "%s: expected at most %u bytes, found %" G_GSIZE_FORMAT, field->name, field->limit, len);
      return NULL;
    }
  for (gsize i = 0; i < len && !newlines; i++)
    if (g_ascii_iscntrl (text[i]))
      {
        g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "%s: expected no control characters, found 0x%02x",
                     field->name, (guint)text[i]);
        return NULL;
      }
  return g_variant_ref (value);
}

/* Devices send whole numbers as doubles at times. */
static GVariant *
check_uint (const BlSchemaField *field, GVariant *value, GError **error)
{
  double number = -1;
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT64))
    number = (double)g_variant_get_int64 (value);
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_DOUBLE))
    number = g_variant_get_double (value);
  else
    return wrong (field->name, BL_ERROR_INVALID, "a number", value, error);
  if (!(number >= 0 && number <= field->limit))
    {
      g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "%s: expected 0 to %u, found %g", field->name,
                   field->limit, number);
      return NULL;
    }
  return g_variant_new_int64 ((gint64)number);
}

static GVariant *
check_bool (const BlSchemaField *field, GVariant *value, GError **error)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    return g_variant_ref (value);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT64) && (guint64)g_variant_get_int64 (value) <= 1)
    return g_variant_new_boolean (g_variant_get_int64 (value) == 1);
  return wrong (field->name, BL_ERROR_INVALID, "a boolean", value, error);
}

static GVariant *
check_scalar (const BlSchemaField *field, GVariant *value, GError **error)
{
  if (is_string (value))
    return clean_string (value, field->limit, FALSE);
  if (g_variant_is_container (value))
    return wrong (field->name, BL_ERROR_INVALID, "a text, a number or a boolean", value, error);
  return g_variant_ref (value);
}

/* Numbers and nulls among texts become texts; `msgArgs` holds such mixtures. */
static GVariant *
check_list (const BlSchemaField *field, GVariant *value, GError **error)
{
  if (!g_variant_is_of_type (value, G_VARIANT_TYPE ("av")))
    return wrong (field->name, BL_ERROR_INVALID, "an array", value, error);
  gsize n = g_variant_n_children (value);
  if (n > field->limit)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_TOO_LARGE,
                   "%s: expected at most %u entries, found %" G_GSIZE_FORMAT, field->name, field->limit, n);
      return NULL;
    }
  g_auto (GVariantBuilder) out = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("av"));
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) box = g_variant_get_child_value (value, i);
      g_autoptr (GVariant) item = g_variant_get_variant (box);
      if (is_string (item))
        g_variant_builder_add (&out, "v", clean_string (item, LIST_MAX_TEXT, FALSE));
      else if (!g_variant_is_container (item))
        g_variant_builder_add (&out, "v", item);
      else if (!bl_variant_is_null (item))
        return wrong (field->name, BL_ERROR_INVALID, "an array of texts", item, error);
    }
  return g_variant_builder_end (&out);
}

static GVariant *clean_free (GVariant *value, guint depth);

static GVariant *
clean_object (GVariant *value, guint depth)
{
  g_auto (GVariantBuilder) out = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GVariantIter iter;
  const char *key;
  GVariant *child;
  g_variant_iter_init (&iter, value);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &child))
    {
      g_autofree char *name = bl_utf8_clean (key, strlen (key), FREE_MAX_KEY, FALSE);
      /* A script that copies keys into an object of its own must not be led to its prototype. */
      if (strcmp (name, "__proto__") == 0 || g_hash_table_contains (seen, name))
        continue;
      g_autoptr (GVariant) kept = clean_free (child, depth + 1);
      if (kept == NULL)
        continue;
      g_variant_builder_add (&out, "{sv}", name, kept);
      g_hash_table_add (seen, g_steal_pointer (&name));
    }
  return g_variant_ref_sink (g_variant_builder_end (&out));
}

static GVariant *
clean_array (GVariant *value, guint depth)
{
  g_auto (GVariantBuilder) out = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("av"));
  for (gsize i = 0, n = g_variant_n_children (value); i < n; i++)
    {
      g_autoptr (GVariant) box = g_variant_get_child_value (value, i);
      g_autoptr (GVariant) item = g_variant_get_variant (box);
      g_autoptr (GVariant) kept = clean_free (item, depth + 1);
      if (kept)
        g_variant_builder_add (&out, "v", kept);
    }
  return g_variant_ref_sink (g_variant_builder_end (&out));
}

/* Returns a full reference; NULL for what lies too deep. */
static GVariant *
clean_free (GVariant *value, guint depth)
{
  if (depth > FREE_MAX_DEPTH)
    return NULL;
  if (is_string (value))
    return g_variant_ref_sink (clean_string (value, FREE_MAX_TEXT, TRUE));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT))
    return clean_object (value, depth);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE ("av")))
    return clean_array (value, depth);
  return g_variant_ref (value);
}

static GVariant *
check_free (const BlSchemaField *field, GVariant *value, GError **error)
{
  gsize size = g_variant_get_size (value);
  if (size > field->limit)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_TOO_LARGE,
                   "%s: expected at most %u bytes, found %" G_GSIZE_FORMAT, field->name, field->limit, size);
      return NULL;
    }
  return clean_free (value, 0);
}

/* Returns the value to keep: floating or full. */
static GVariant *
check_field (const BlSchemaField *field, GVariant *value, GError **error)
{
  switch (field->type)
    {
    case BL_SCHEMA_TEXT:
    case BL_SCHEMA_LINES:
      if (!is_string (value))
        return wrong (field->name, BL_ERROR_INVALID, "a text", value, error);
      return clean_string (value, field->limit, field->type == BL_SCHEMA_LINES);
    case BL_SCHEMA_TOKEN:
      return check_token (field, value, FALSE, error);
    case BL_SCHEMA_DATA:
      return check_token (field, value, TRUE, error);
    case BL_SCHEMA_UINT:
      return check_uint (field, value, error);
    case BL_SCHEMA_BOOL:
      return check_bool (field, value, error);
    case BL_SCHEMA_SCALAR:
      return check_scalar (field, value, error);
    case BL_SCHEMA_LIST:
      return check_list (field, value, error);
    case BL_SCHEMA_FREE:
    default:
      return check_free (field, value, error);
    }
}

static const BlSchemaField *
find_schema (GVariant *message, const char **action, const char **type, GError **error)
{
  gboolean known = FALSE;
  *action = bl_variant_get_string (message, "action");
  *type = bl_variant_get_string (message, "type");
  if (*action == NULL)
    {
      g_set_error_literal (error, BL_ERROR, BL_ERROR_INVALID, "action: expected a text, found none");
      return NULL;
    }
  const BlSchemaField *fields = bl_agent_schema_find (*action, *type, &known);
  if (fields)
    return fields;
  g_autofree char *shown = bl_show (known && *type ? *type : *action, BL_ACTION_MAX);
  g_set_error (error, BL_ERROR, BL_ERROR_UNKNOWN, "%s: expected a known one, found '%s'",
               known ? "type" : "action", shown);
  return NULL;
}

GVariant *
bl_agent_json_check (GVariant *message, GError **error)
{
  const char *action, *type;
  const BlSchemaField *fields = find_schema (message, &action, &type, error);
  if (fields == NULL)
    return NULL;
  g_auto (GVariantBuilder) out = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&out, "{sv}", "action", g_variant_new_string (action));
  /* The kind of a `msg` is not in its list of fields. */
  if (strcmp (action, "msg") == 0)
    g_variant_builder_add (&out, "{sv}", "type", g_variant_new_string (type));
  for (; fields->name; fields++)
    {
      g_autoptr (GVariant) value = bl_variant_get_child (message, fields->name);
      if (value == NULL || bl_variant_is_null (value))
        {
          if (!fields->required)
            continue;
          g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "%s: %s: expected a value, found none", action,
                       fields->name);
          return NULL;
        }
      GVariant *kept = check_field (fields, value, error);
      if (kept == NULL)
        {
          g_prefix_error (error, "%s: ", action);
          return NULL;
        }
      g_autoptr (GVariant) held = g_variant_take_ref (kept);
      g_variant_builder_add (&out, "{sv}", fields->name, held);
    }
  g_autoptr (GVariant) result = g_variant_ref_sink (g_variant_builder_end (&out));
  /* One block of memory instead of a tree. */
  (void)g_variant_get_data (result);
  return g_steal_pointer (&result);
}

gboolean
bl_agent_json_is_known (const char *action)
{
  gboolean known;
  (void)bl_agent_schema_find (action, NULL, &known);
  return known;
}
