// SPDX-License-Identifier: Apache-2.0
#include "bl-control-report.h"

#include "common/bl-variant.h"

#include <string.h>

#define MAX_COLUMNS 16u

/* ---- columns
 * ------------------------------------------------------------------------------------------------------ */

typedef struct
{
  const char *id;
  const char *title;
  const char *format; /* (nullable) */
  gboolean centred;
  const char *sum; /* (nullable): column whose values are summed apart; "" for one sum */
} Column;

static const Column col_time = { "time", "time", "datetime", FALSE, NULL };
static const Column col_clock = { "time", "time", "time", FALSE, NULL };
static const Column col_node = { "nodeid", "device", "node", FALSE, NULL };
static const Column col_mesh = { "meshid", "devgroup", "mesh", FALSE, NULL };
static const Column col_user = { "userid", "user", "user", FALSE, NULL };
static const Column col_guest = { "guestname", "guest", NULL, TRUE, NULL };
static const Column col_protocol = { "protocol", "session", "protocol", TRUE, NULL };
static const Column col_length = { "length", "length", "seconds", TRUE, "protocol" };
static const Column col_in = { "bytesin", "bytesin", "bytes", TRUE, "protocol" };
static const Column col_out = { "bytesout", "bytesout", "bytes", TRUE, "protocol" };
static const Column col_length_all = { "length", "length", "seconds", TRUE, "" };
static const Column col_in_all = { "bytesin", "bytesin", "bytes", TRUE, "" };
static const Column col_out_all = { "bytesout", "bytesout", "bytes", TRUE, "" };
static const Column col_ip = { "ip", "ip", NULL, FALSE, NULL };
static const Column col_browser = { "browser", "browser", NULL, FALSE, NULL };
static const Column col_os = { "os", "os", NULL, FALSE, NULL };
static const Column col_factor = { "twofactor", "twofactor", "2fa", FALSE, NULL };
static const Column col_msg = { "msg", "msg", "msg", FALSE, NULL };
static const Column col_record = { "record", "Record", "records", FALSE, NULL };
static const Column col_count = { "recordcount", "Count", NULL, TRUE, "" };

typedef struct
{
  const Column *list[MAX_COLUMNS];
  guint n;
} Columns;

static void
add_columns (Columns *columns, const Column *const *list)
{
  for (; *list != NULL; list++)
    columns->list[columns->n++] = *list;
}

#define COLUMNS(...) ((const Column *const[]){ __VA_ARGS__, NULL })

static void
session_columns (const BlControlReport *report, gboolean guests, Columns *columns)
{
  if (report->group_by == BL_CONTROL_REPORT_BY_DEVICE)
    add_columns (columns, COLUMNS (&col_time, &col_user));
  else
    add_columns (columns, COLUMNS (report->group_by == BL_CONTROL_REPORT_BY_DAY ? &col_clock : &col_time,
                                   &col_node, &col_mesh));
  if (guests)
    add_columns (columns, COLUMNS (&col_guest));
  if (report->group_by == BL_CONTROL_REPORT_BY_DAY)
    add_columns (columns, COLUMNS (&col_user));
  add_columns (columns, COLUMNS (&col_protocol, &col_length));
  if (report->traffic)
    add_columns (columns, COLUMNS (&col_in, &col_out));
}

static void
login_columns (const BlControlReport *report, Columns *columns)
{
  if (report->group_by == BL_CONTROL_REPORT_BY_DAY)
    add_columns (columns, COLUMNS (&col_clock, &col_user));
  else
    add_columns (columns, COLUMNS (&col_time));
  add_columns (columns, COLUMNS (&col_ip, &col_browser, &col_os, &col_factor, &col_msg));
}

static GVariant *
describe_columns (const Columns *columns)
{
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < columns->n; i++)
    {
      const Column *column = columns->list[i];
      GVariantBuilder object;

      g_variant_builder_init (&object, G_VARIANT_TYPE_VARDICT);
      g_variant_builder_add (&object, "{sv}", "id", g_variant_new_string (column->id));
      g_variant_builder_add (&object, "{sv}", "title", g_variant_new_string (column->title));
      if (column->format != NULL)
        g_variant_builder_add (&object, "{sv}", "format", g_variant_new_string (column->format));
      if (column->centred)
        g_variant_builder_add (&object, "{sv}", "align", g_variant_new_string ("center"));
      if (column->sum != NULL)
        g_variant_builder_add (&object, "{sv}", "sumBy",
                               *column->sum != '\0' ? g_variant_new_string (column->sum)
                                                    : g_variant_new_boolean (TRUE));
      g_variant_builder_add (&list, "v", g_variant_builder_end (&object));
    }
  return g_variant_builder_end (&list);
}

/* ---- values
 * ------------------------------------------------------------------------------------------------------- */

static gint64
time_of (GVariant *event)
{
  const char *text = bl_variant_get_string (event, "time");
  g_autoptr (GDateTime) time = text != NULL ? g_date_time_new_from_iso8601 (text, NULL) : NULL;

  return time != NULL ? g_date_time_to_unix (time) * 1000 + g_date_time_get_microsecond (time) / 1000 : 0;
}

/* Returns: (transfer full) (nullable): argument @index of the message, of whatever type */
static GVariant *
dup_argument (GVariant *event, guint index)
{
  g_autoptr (GVariant) list = bl_variant_get_array (event, "msgArgs");
  g_autoptr (GVariant) boxed = NULL;

  if (list == NULL || index >= g_variant_n_children (list))
    return NULL;
  boxed = g_variant_get_child_value (list, index);
  return g_variant_get_variant (boxed);
}

/* Only the ends of sessions know how long they were: 10 to 12 in their fourth argument, 122 to 126 in the
 * first. */
static gint64
length_of (GVariant *event)
{
  gint64 number = bl_variant_get_int (event, "msgid", 0);
  gint index = number >= 10 && number <= 12 ? 3 : number >= 122 && number <= 126 ? 0 : number == 144 ? 1 : -1;
  g_autoptr (GVariant) value = index >= 0 ? dup_argument (event, (guint)index) : NULL;

  if (value == NULL)
    return -1;
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT64))
    return g_variant_get_int64 (value);
  return g_variant_is_of_type (value, G_VARIANT_TYPE_DOUBLE) ? (gint64)g_variant_get_double (value) : -1;
}

static const char *
group_target (char **ids)
{
  for (guint i = 0; ids != NULL && ids[i] != NULL; i++)
    {
      if (g_str_has_prefix (ids[i], "mesh/"))
        return ids[i];
    }
  return NULL;
}

static GVariant *
login_value (GVariant *event, const char *id)
{
  static const char *const arguments[] = { "ip", "browser", "os" };

  for (guint i = 0; i < G_N_ELEMENTS (arguments); i++)
    {
      if (g_str_equal (id, arguments[i]))
        return dup_argument (event, i);
    }
  if (g_str_equal (id, "msg"))
    return g_variant_ref_sink (g_variant_new_int64 (bl_variant_get_int (event, "msgid", 0)));
  if (g_str_equal (id, "twofactor"))
    {
      const char *factor = bl_variant_get_string (event, "twoFactorType");

      return g_variant_ref_sink (g_variant_new_string (factor != NULL ? factor : ""));
    }
  return bl_variant_get_child (event, id);
}

/* Returns: (transfer full) (nullable): what stands in a column; nothing for values the event does not have */
static GVariant *
value_of (GVariant *event, const char *id)
{
  if (g_str_equal (id, "time"))
    return g_variant_ref_sink (g_variant_new_int64 (time_of (event)));
  if (g_str_equal (id, "length"))
    {
      gint64 length = length_of (event);

      return length >= 0 ? g_variant_ref_sink (g_variant_new_int64 (length)) : NULL;
    }
  if (g_str_equal (id, "meshid"))
    {
      g_auto (GStrv) ids = bl_variant_get_strv (event, "ids");
      const char *mesh = group_target (ids);

      return mesh != NULL ? g_variant_ref_sink (g_variant_new_string (mesh)) : NULL;
    }
  return login_value (event, id);
}

/* In the order of the columns: clients print the values as they come. */
static GVariant *
make_entry (const Columns *columns, GVariant *event)
{
  GVariantBuilder entry;

  g_variant_builder_init (&entry, G_VARIANT_TYPE_VARDICT);
  for (guint i = 0; i < columns->n; i++)
    {
      g_autoptr (GVariant) value = value_of (event, columns->list[i]->id);

      if (value != NULL)
        g_variant_builder_add (&entry, "{sv}", columns->list[i]->id, value);
    }
  return g_variant_builder_end (&entry);
}

/* ---- groups
 * ------------------------------------------------------------------------------------------------------- */

char *
bl_control_report_day (gint64 ms, const char *locale, const char *timezone)
{
  static const struct
  {
    const char *locale;
    const char *format;
  } formats[] = {
    { "en-GB", "%d/%m/%Y" }, { "en", "%-m/%-d/%Y" }, { "de", "%-d.%-m.%Y" },
    { "fr", "%d/%m/%Y" },    { "es", "%-d/%-m/%Y" }, { "it", "%-d/%-m/%Y" },
  };
  g_autoptr (GTimeZone) named = timezone != NULL ? g_time_zone_new_identifier (timezone) : NULL;
  g_autoptr (GTimeZone) zone = named != NULL ? g_time_zone_ref (named) : g_time_zone_new_utc ();
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (ms / 1000);
  g_autoptr (GDateTime) local = utc != NULL ? g_date_time_to_timezone (utc, zone) : NULL;

  if (local == NULL)
    return g_strdup ("");
  for (guint i = 0; locale != NULL && i < G_N_ELEMENTS (formats); i++)
    {
      if (g_str_has_prefix (locale, formats[i].locale))
        return g_date_time_format (local, formats[i].format);
    }
  return g_date_time_format (local, "%Y-%m-%d");
}

static char *
key_of (const BlControlReport *report, GVariant *event)
{
  g_auto (GStrv) ids = NULL;
  const char *id = bl_variant_get_string (event, "userid");
  const char *mesh;

  if (report->group_by == BL_CONTROL_REPORT_BY_DAY)
    return bl_control_report_day (time_of (event), report->locale, report->timezone);
  if (report->group_by == BL_CONTROL_REPORT_BY_USER || report->type == BL_CONTROL_REPORT_LOGINS)
    return g_strdup (id != NULL ? id : "");
  id = bl_variant_get_string (event, "nodeid");
  ids = bl_variant_get_strv (event, "ids");
  mesh = group_target (ids);
  return mesh != NULL ? g_strconcat (id != NULL ? id : "", "/", mesh, NULL) : g_strdup (id != NULL ? id : "");
}

typedef struct
{
  char *key;
  GVariantBuilder entries;
} Group;

static void
group_free (gpointer data)
{
  Group *group = data;

  g_variant_builder_clear (&group->entries);
  g_free (group->key);
  g_free (group);
}

static Group *
get_group (GPtrArray *groups, GHashTable *by_key, char *key)
{
  Group *group = g_hash_table_lookup (by_key, key);

  if (group != NULL)
    {
      g_free (key);
      return group;
    }
  group = g_new0 (Group, 1);
  group->key = key;
  g_variant_builder_init (&group->entries, G_VARIANT_TYPE ("av"));
  g_ptr_array_add (groups, group);
  g_hash_table_insert (by_key, group->key, group);
  return group;
}

static GVariant *
finish_groups (GPtrArray *groups)
{
  GVariantBuilder object;

  g_variant_builder_init (&object, G_VARIANT_TYPE_VARDICT);
  for (guint i = 0; i < groups->len; i++)
    {
      Group *group = groups->pdata[i];
      GVariantBuilder holder;

      g_variant_builder_init (&holder, G_VARIANT_TYPE_VARDICT);
      g_variant_builder_add (&holder, "{sv}", "entries", g_variant_builder_end (&group->entries));
      g_variant_builder_add (&object, "{sv}", group->key, g_variant_builder_end (&holder));
      g_variant_builder_init (&group->entries, G_VARIANT_TYPE ("av"));
    }
  return g_variant_builder_end (&object);
}

/* @groups: (transfer floating) */
static GVariant *
finish (GVariant *groups, const char *format, const Columns *columns)
{
  GVariantBuilder data;

  g_variant_builder_init (&data, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&data, "{sv}", "groups", groups);
  if (format != NULL)
    g_variant_builder_add (&data, "{sv}", "groupFormat", g_variant_new_string (format));
  g_variant_builder_add (&data, "{sv}", "columns", describe_columns (columns));
  return g_variant_builder_end (&data);
}

static gboolean
has_guests (GPtrArray *events)
{
  for (guint i = 0; i < events->len; i++)
    {
      if (bl_variant_get_string (events->pdata[i], "guestname") != NULL)
        return TRUE;
    }
  return FALSE;
}

static GVariant *
make_listing (const BlControlReport *report, GPtrArray *events)
{
  g_autoptr (GPtrArray) groups = g_ptr_array_new_with_free_func (group_free);
  g_autoptr (GHashTable) by_key = g_hash_table_new (g_str_hash, g_str_equal);
  const char *format = report->group_by == BL_CONTROL_REPORT_BY_USER     ? "user"
                       : report->group_by == BL_CONTROL_REPORT_BY_DEVICE ? "nodemesh"
                                                                         : NULL;
  Columns columns = { .n = 0 };

  if (report->type == BL_CONTROL_REPORT_LOGINS)
    login_columns (report, &columns);
  else
    session_columns (report, has_guests (events), &columns);
  if (report->type == BL_CONTROL_REPORT_LOGINS && format != NULL)
    format = "user";
  for (guint i = 0; i < events->len; i++)
    {
      Group *group = get_group (groups, by_key, key_of (report, events->pdata[i]));

      g_variant_builder_add (&group->entries, "v", make_entry (&columns, events->pdata[i]));
    }
  return finish (finish_groups (groups), format, &columns);
}

/* ---- traffic
 * ------------------------------------------------------------------------------------------------------ */

typedef struct
{
  const char *user_id;
  gint64 length;
  gint64 in;
  gint64 out;
} Sum;

static gint64
add_counted (gint64 sum, gint64 more)
{
  return more > 0 && sum <= G_MAXINT64 - more ? sum + more : sum;
}

static GVariant *
sum_entry (const Sum *sum)
{
  GVariantBuilder entry;

  g_variant_builder_init (&entry, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&entry, "{sv}", "userid", g_variant_new_string (sum->user_id));
  g_variant_builder_add (&entry, "{sv}", "length", g_variant_new_int64 (sum->length));
  g_variant_builder_add (&entry, "{sv}", "bytesin", g_variant_new_int64 (sum->in));
  g_variant_builder_add (&entry, "{sv}", "bytesout", g_variant_new_int64 (sum->out));
  return g_variant_builder_end (&entry);
}

/* Returns: (transfer full): the entries as the only group, called 0 */
static Group *
only_group (GPtrArray *groups)
{
  g_autoptr (GHashTable) by_key = g_hash_table_new (g_str_hash, g_str_equal);

  return get_group (groups, by_key, g_strdup ("0"));
}

static GVariant *
make_traffic (GPtrArray *events)
{
  g_autoptr (GPtrArray) groups = g_ptr_array_new_with_free_func (group_free);
  g_autoptr (GPtrArray) sums = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) by_user = g_hash_table_new (g_str_hash, g_str_equal);
  Group *group = only_group (groups);
  Columns columns = { .n = 0 };

  for (guint i = 0; i < events->len; i++)
    {
      const char *user_id = bl_variant_get_string (events->pdata[i], "userid");
      Sum *sum = g_hash_table_lookup (by_user, user_id != NULL ? user_id : "");

      if (sum == NULL)
        {
          sum = g_new0 (Sum, 1);
          sum->user_id = user_id != NULL ? user_id : "";
          g_ptr_array_add (sums, sum);
          g_hash_table_insert (by_user, (char *)sum->user_id, sum);
        }
      sum->length = add_counted (sum->length, length_of (events->pdata[i]));
      sum->in = add_counted (sum->in, bl_variant_get_int (events->pdata[i], "bytesin", 0));
      sum->out = add_counted (sum->out, bl_variant_get_int (events->pdata[i], "bytesout", 0));
    }
  for (guint i = 0; i < sums->len; i++)
    g_variant_builder_add (&group->entries, "v", sum_entry (sums->pdata[i]));
  add_columns (&columns, COLUMNS (&col_user, &col_length_all, &col_in_all, &col_out_all));
  return finish (finish_groups (groups), NULL, &columns);
}

GVariant *
bl_control_report_make (const BlControlReport *report, GPtrArray *events)
{
  return report->type == BL_CONTROL_REPORT_TRAFFIC ? make_traffic (events) : make_listing (report, events);
}

GVariant *
bl_control_report_records (const char *const *names, const guint *counts)
{
  g_autoptr (GPtrArray) groups = g_ptr_array_new_with_free_func (group_free);
  Group *group = only_group (groups);
  Columns columns = { .n = 0 };

  for (guint i = 0; names[i] != NULL; i++)
    {
      GVariantBuilder entry;

      if (counts[i] == 0)
        continue;
      g_variant_builder_init (&entry, G_VARIANT_TYPE_VARDICT);
      g_variant_builder_add (&entry, "{sv}", "record", g_variant_new_string (names[i]));
      g_variant_builder_add (&entry, "{sv}", "recordcount", g_variant_new_int64 (counts[i]));
      g_variant_builder_add (&group->entries, "v", g_variant_builder_end (&entry));
    }
  add_columns (&columns, COLUMNS (&col_record, &col_count));
  return finish (finish_groups (groups), NULL, &columns);
}
