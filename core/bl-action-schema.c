// SPDX-License-Identifier: Apache-2.0
/* Types, lengths, enumerations and ids of arguments. */
#include "bl-action-schema.h"

#include <math.h>
#include <string.h>

#define MAX_ID_LENGTH 300u

static gboolean
is_null (GVariant *value)
{
  return g_variant_is_of_type (value, G_VARIANT_TYPE_MAYBE) && g_variant_n_children (value) == 0;
}

static gboolean
refuse (GError **error, const BowlineArgument *argument, const char *expected, GVariant *found)
{
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID,
               "Invalid argument \"%s\": expected %s, found type \"%s\"", argument->name, expected,
               found != NULL ? g_variant_get_type_string (found) : "none");
  return FALSE;
}

static gboolean
refuse_range (GError **error, const BowlineArgument *argument, const char *unit, gint64 found)
{
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID,
               "Invalid argument \"%s\": expected %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
               "%s, found %" G_GINT64_FORMAT,
               argument->name, argument->min, argument->max, unit, found);
  return FALSE;
}

/* TRUE when @word is one of the words of @list that "|" separates. */
static gboolean
is_listed (const char *list, const char *word, gsize length)
{
  const char *at = list;

  while (at != NULL)
    {
      const char *end = strchrnul (at, '|');

      if ((gsize)(end - at) == length && memcmp (at, word, length) == 0)
        return TRUE;
      at = *end == '|' ? end + 1 : NULL;
    }
  return FALSE;
}

char *
bl_action_schema_complete_id (const char *text, const char *kinds, const char *domain)
{
  const char *first = strchr (text, '/');
  const char *second = first != NULL ? strchr (first + 1, '/') : NULL;

  if (*text == '\0' || strlen (text) > MAX_ID_LENGTH)
    return NULL;
  for (const char *c = text; *c != '\0'; c++)
    {
      if (g_ascii_iscntrl (*c))
        return NULL;
    }
  if (first == NULL)
    return g_strdup_printf ("%.*s/%s/%s", (int)strcspn (kinds, "|"), kinds, domain, text);
  if (second == NULL || second[1] == '\0' || strchr (second + 1, '/') != NULL)
    return NULL;
  return is_listed (kinds, text, (gsize)(first - text)) ? g_strdup (text) : NULL;
}

static gboolean
read_integer (GVariant *value, gint64 *number)
{
  double real;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT64))
    *number = g_variant_get_int64 (value);
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT32))
    *number = g_variant_get_int32 (value);
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_UINT32))
    *number = g_variant_get_uint32 (value);
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_DOUBLE))
    {
      real = g_variant_get_double (value);
      if (!(fabs (real) <= 9007199254740992.0) || real != floor (real))
        return FALSE;
      *number = (gint64)real;
    }
  else
    return FALSE;
  return TRUE;
}

static GVariant *
check_string (const BowlineArgument *argument, GVariant *value, GError **error)
{
  gsize length;
  const char *text;

  if (!g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return refuse (error, argument, "a text", value), NULL;
  text = g_variant_get_string (value, &length);
  if ((gint64)length < argument->min || (gint64)length > argument->max)
    return refuse_range (error, argument, " bytes", (gint64)length), NULL;
  return g_variant_new_string (text);
}

static GVariant *
check_id (const BowlineArgument *argument, GVariant *value, const char *domain, GError **error)
{
  g_autofree char *id = NULL;

  if (!g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return refuse (error, argument, "an id", value), NULL;
  id = bl_action_schema_complete_id (g_variant_get_string (value, NULL), argument->detail, domain);
  if (id == NULL)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID,
                   "Invalid argument \"%s\": expected an id of kind %s, found another text", argument->name,
                   argument->detail);
      return NULL;
    }
  return g_variant_new_string (id);
}

static GVariant *
check_choice (const BowlineArgument *argument, GVariant *value, GError **error)
{
  const char *text;

  if (!g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return refuse (error, argument, "a text", value), NULL;
  text = g_variant_get_string (value, NULL);
  if (!is_listed (argument->detail, text, strlen (text)))
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID,
                   "Invalid argument \"%s\": expected one of %s, found another text", argument->name,
                   argument->detail);
      return NULL;
    }
  return g_variant_new_string (text);
}

static GVariant *
check_integer (const BowlineArgument *argument, GVariant *value, GError **error)
{
  gint64 number;

  if (!read_integer (value, &number))
    return refuse (error, argument, "a whole number", value), NULL;
  if (number < argument->min || number > argument->max)
    return refuse_range (error, argument, "", number), NULL;
  return g_variant_new_int64 (number);
}

static GVariant *
check_boolean (const BowlineArgument *argument, GVariant *value, GError **error)
{
  gint64 number;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    return g_variant_new_boolean (g_variant_get_boolean (value));
  if (!read_integer (value, &number) || number < 0 || number > 1)
    return refuse (error, argument, "true or false", value), NULL;
  return g_variant_new_boolean (number == 1);
}

static GVariant *
check_object (const BowlineArgument *argument, GVariant *value, GError **error)
{
  gsize members;

  if (!g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT))
    return refuse (error, argument, "an object", value), NULL;
  members = g_variant_n_children (value);
  if ((gint64)members > argument->max)
    return refuse_range (error, argument, " members", (gint64)members), NULL;
  return g_variant_ref (value);
}

/* Returns: (transfer full), perhaps floating */
static GVariant *
check_value (const BowlineArgument *argument, GVariant *value, const char *domain, GError **error)
{
  switch (argument->type)
    {
    case BOWLINE_ARGUMENT_STRING:
      return check_string (argument, value, error);
    case BOWLINE_ARGUMENT_INTEGER:
      return check_integer (argument, value, error);
    case BOWLINE_ARGUMENT_BOOLEAN:
      return check_boolean (argument, value, error);
    case BOWLINE_ARGUMENT_ID:
      return check_id (argument, value, domain, error);
    case BOWLINE_ARGUMENT_CHOICE:
      return check_choice (argument, value, error);
    case BOWLINE_ARGUMENT_OBJECT:
      return check_object (argument, value, error);
    default:
      return g_variant_ref (value);
    }
}

/* The members of an array of texts ("as") or of anything ("av"). Returns: (transfer full) */
static GVariant *
list_item (GVariant *list, gsize index)
{
  g_autoptr (GVariant) child = g_variant_get_child_value (list, index);

  if (g_variant_is_of_type (child, G_VARIANT_TYPE_VARIANT))
    return g_variant_get_variant (child);
  return g_steal_pointer (&child);
}

static GVariant *
check_list (const BowlineArgument *argument, GVariant *list, const char *domain, GError **error)
{
  gboolean texts = argument->type == BOWLINE_ARGUMENT_STRING || argument->type == BOWLINE_ARGUMENT_ID
                   || argument->type == BOWLINE_ARGUMENT_CHOICE;
  GVariantBuilder builder;
  gsize count;

  if (!g_variant_is_of_type (list, G_VARIANT_TYPE ("av"))
      && !g_variant_is_of_type (list, G_VARIANT_TYPE_STRING_ARRAY))
    return refuse (error, argument, "an array", list), NULL;
  count = g_variant_n_children (list);
  if (count > argument->list_max)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID,
                   "Invalid argument \"%s\": expected at most %u items, found %" G_GSIZE_FORMAT,
                   argument->name, argument->list_max, count);
      return NULL;
    }
  g_variant_builder_init (&builder, texts ? G_VARIANT_TYPE_STRING_ARRAY : G_VARIANT_TYPE ("av"));
  for (gsize i = 0; i < count; i++)
    {
      g_autoptr (GVariant) item = list_item (list, i);
      g_autoptr (GVariant) checked = check_value (argument, item, domain, error);

      if (checked == NULL)
        {
          g_variant_builder_clear (&builder);
          return NULL;
        }
      g_variant_take_ref (checked);
      if (texts)
        g_variant_builder_add_value (&builder, checked);
      else
        g_variant_builder_add (&builder, "v", checked);
    }
  return g_variant_builder_end (&builder);
}

static gboolean
check_argument (const BowlineArgument *argument,
                GVariant *request,
                const char *domain,
                GVariantDict *arguments,
                GError **error)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (request, argument->name, NULL);
  GVariant *checked;

  if (value != NULL && (argument->flags & BOWLINE_ARGUMENT_NULLABLE) != 0 && is_null (value))
    g_clear_pointer (&value, g_variant_unref);
  if (value == NULL)
    {
      if ((argument->flags & BOWLINE_ARGUMENT_REQUIRED) == 0)
        return TRUE;
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "Invalid argument \"%s\": it is missing",
                   argument->name);
      return FALSE;
    }
  if ((argument->flags & BOWLINE_ARGUMENT_LIST) != 0)
    checked = check_list (argument, value, domain, error);
  else
    checked = check_value (argument, value, domain, error);
  if (checked == NULL)
    return FALSE;
  checked = g_variant_take_ref (checked);
  g_variant_dict_insert_value (arguments, argument->name, checked);
  g_variant_unref (checked);
  return TRUE;
}

static void
keep_others (const BlActionRow *row, GVariant *request, GVariantDict *arguments)
{
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_iter_init (&iter, request);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      if (!g_str_equal (name, "action") && !g_str_equal (name, "responseid")
          && bl_action_row_find (row, name) == NULL)
        g_variant_dict_insert_value (arguments, name, value);
      g_variant_unref (value);
    }
}

GVariant *
bl_action_schema_check (const BlActionRow *row,
                        GVariant *request,
                        const char *domain,
                        const BowlineArgument **bad,
                        GError **error)
{
  GVariantDict arguments;

  if (bad != NULL)
    *bad = NULL;
  g_variant_dict_init (&arguments, NULL);
  for (guint i = 0; i < row->action.n_arguments; i++)
    {
      const BowlineArgument *argument = &row->action.arguments[i];

      if (check_argument (argument, request, domain, &arguments, error))
        continue;
      if (bad != NULL)
        *bad = argument;
      g_variant_dict_clear (&arguments);
      return NULL;
    }
  if ((row->action.flags & BOWLINE_ACTION_OPEN_ARGUMENTS) != 0)
    keep_others (row, request, &arguments);
  return g_variant_ref_sink (g_variant_dict_end (&arguments));
}

static gboolean
measure (GVariant *value, guint depth, guint *values, GError **error)
{
  if (depth > BL_ACTION_MAX_DEPTH)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "The request nests deeper than %u levels",
                   BL_ACTION_MAX_DEPTH);
      return FALSE;
    }
  if (++*values > BL_ACTION_MAX_VALUES)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "The request holds more than %u values",
                   BL_ACTION_MAX_VALUES);
      return FALSE;
    }
  if (!g_variant_is_container (value))
    return TRUE;
  /* Boxes and dictionary entries are not levels of the JSON text. */
  if (!g_variant_is_of_type (value, G_VARIANT_TYPE_VARIANT)
      && !g_variant_is_of_type (value, G_VARIANT_TYPE_DICT_ENTRY))
    depth++;
  for (gsize i = 0; i < g_variant_n_children (value); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (value, i);

      if (!measure (child, depth, values, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
bl_action_schema_check_size (GVariant *value, GError **error)
{
  guint values = 0;

  return measure (value, 0, &values, error);
}
