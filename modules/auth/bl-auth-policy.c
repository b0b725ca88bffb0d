// SPDX-License-Identifier: Apache-2.0
#include "bl-auth-policy.h"

#include "common/bl-ids.h"
#include "common/bl-rights-bits.h"
#include "common/bl-variant.h"

#include <gio/gio.h>
#include <string.h>

/* What an administrator's own links would still allow to change about accounts and groups. */
#define ADMINISTRATION                                                                                       \
  (BL_RIGHT_EDIT_GROUP | BL_RIGHT_MANAGE_USERS | BL_RIGHT_MANAGE_DEVICES | BL_RIGHT_SERVER_FILES             \
   | BL_RIGHT_UNINSTALL)
#define MAX_PATTERN 128u

static const char *const default_admin[] = { "127.0.0.0/8", "::1", NULL };

static const struct
{
  const char *name;
  guint32 bit;
} right_names[] = {
  { "edit-group", BL_RIGHT_EDIT_GROUP },
  { "manage-users", BL_RIGHT_MANAGE_USERS },
  { "manage-devices", BL_RIGHT_MANAGE_DEVICES },
  { "remote-control", BL_RIGHT_REMOTE_CONTROL },
  { "console", BL_RIGHT_CONSOLE },
  { "server-files", BL_RIGHT_SERVER_FILES },
  { "wake", BL_RIGHT_WAKE },
  { "notes", BL_RIGHT_NOTES },
  { "view-only", BL_RIGHT_VIEW_ONLY },
  { "chat", BL_RIGHT_CHAT },
  { "uninstall", BL_RIGHT_UNINSTALL },
  { "commands", BL_RIGHT_COMMANDS },
  { "power", BL_RIGHT_POWER },
  { "sharing", BL_RIGHT_GUEST_SHARING },
  { "details", BL_RIGHT_DETAILS },
  { "relay", BL_RIGHT_RELAY },
};

/* A view that is not listed is forbidden; what cannot be forbidden by a restriction loses the right it needs.
 */
static const struct
{
  const char *name;
  guint32 restriction;
  guint32 right;
} view_names[] = {
  { "desktop", BL_RIGHT_NO_DESKTOP, 0 }, { "terminal", BL_RIGHT_NO_TERMINAL, BL_RIGHT_COMMANDS },
  { "files", BL_RIGHT_NO_FILES, 0 },     { "console", 0, BL_RIGHT_CONSOLE },
  { "ports", 0, BL_RIGHT_RELAY },
};

/* ---- reading a document
 * ------------------------------------------------------------------------------------------- */

static char **
get_list (GVariant *document, const char *key)
{
  char **list = bl_variant_get_strv (document, key);

  if (list != NULL && list[0] == NULL)
    g_clear_pointer (&list, g_strfreev);
  return list;
}

static GPtrArray *
read_masks (const char *const *list)
{
  GPtrArray *masks = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; list != NULL && list[i] != NULL; i++)
    {
      GInetAddressMask *mask = g_inet_address_mask_new_from_string (list[i], NULL);

      if (mask != NULL)
        g_ptr_array_add (masks, mask);
    }
  return masks;
}

static void
read_views (BlAuthPolicy *self, const char *const *views)
{
  for (guint i = 0; views != NULL && i < G_N_ELEMENTS (view_names); i++)
    {
      if (g_strv_contains (views, view_names[i].name))
        continue;
      self->added |= view_names[i].restriction;
      self->rights = (self->rights == BL_RIGHT_ALL ? BL_RIGHT_ALL & ~BL_RIGHT_RESTRICTIONS : self->rights)
                     & ~view_names[i].right;
    }
}

BlAuthPolicy *
bl_auth_policy_new (GVariant *document)
{
  BlAuthPolicy *self = g_new0 (BlAuthPolicy, 1);
  g_auto (GStrv) from = get_list (document, "addresses");
  g_auto (GStrv) admin = get_list (document, "adminfrom");
  g_auto (GStrv) views = get_list (document, "views");

  self->users = get_list (document, "users");
  self->devices = get_list (document, "devices");
  self->from = read_masks ((const char *const *)from);
  self->admin = read_masks (admin != NULL ? (const char *const *)admin : default_admin);
  self->rights = bl_rights_from_json (bl_variant_get_int (document, "rights", BL_RIGHT_ALL));
  read_views (self, (const char *const *)views);
  self->bind_node = bl_variant_get_bool (document, "bindnode", FALSE);
  self->expires_ms = bl_variant_get_int (document, "expire", 0);
  self->rate = (guint)CLAMP (bl_variant_get_int (document, "rate", 0), 0, 100000);
  self->narrow = self->devices != NULL || self->rights != BL_RIGHT_ALL || self->added != 0;
  return self;
}

void
bl_auth_policy_free (BlAuthPolicy *self)
{
  g_strfreev (self->users);
  g_strfreev (self->devices);
  g_ptr_array_unref (self->from);
  g_ptr_array_unref (self->admin);
  g_free (self);
}

/* ---- asking
 * ------------------------------------------------------------------------------------------------------- */

static gboolean
matches_address (GPtrArray *masks, const char *text)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (text != NULL ? text : "");

  for (guint i = 0; address != NULL && i < masks->len; i++)
    {
      if (g_inet_address_mask_matches (masks->pdata[i], address))
        return TRUE;
    }
  return FALSE;
}

static gboolean
matches_user (const BlAuthPolicy *self, const char *user_id)
{
  const char *name = strrchr (user_id, '/');

  name = name != NULL ? name + 1 : user_id;
  for (guint i = 0; self->users != NULL && self->users[i] != NULL; i++)
    {
      const char *pattern = self->users[i];

      if (g_pattern_match_simple (pattern, strchr (pattern, '/') != NULL ? user_id : name))
        return TRUE;
    }
  return self->users == NULL;
}

const char *
bl_auth_policy_admit (const BlAuthPolicy *self, const BlAuthPolicyUse *use, BowlinePrincipalInfo *info)
{
  if (self->expires_ms != 0 && self->expires_ms <= use->now_ms)
    return "the key is over";
  if (self->from->len > 0 && !matches_address (self->from, use->address))
    return "the address is not one of the key's";
  if (!matches_user (self, use->user_id))
    return "the account is not one of the key's";
  info->rights_ceiling = self->rights;
  info->rights_added = self->added;
  info->site_ceiling = self->narrow ? 0 : BL_SITE_FULL;
  info->only_objects = (const char *const *)self->devices;
  info->expires_ms = self->expires_ms;
  if (use->administrator && !matches_address (self->admin, use->address))
    {
      info->site_ceiling = 0;
      info->rights_ceiling &= ~ADMINISTRATION;
    }
  return NULL;
}

/* ---- changing a document
 * ------------------------------------------------------------------------------------------ */

static gboolean
expected (GError **error, const char *key, const char *what, const char *found)
{
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "%s: expected %s, found \"%.60s\"", key, what,
               found);
  return FALSE;
}

static gboolean
is_view (const char *text)
{
  for (guint i = 0; i < G_N_ELEMENTS (view_names); i++)
    {
      if (g_str_equal (text, view_names[i].name))
        return TRUE;
    }
  return FALSE;
}

static gboolean
is_address (const char *text)
{
  g_autoptr (GInetAddressMask) mask = g_inet_address_mask_new_from_string (text, NULL);

  return mask != NULL;
}

static gboolean
is_object (const char *text)
{
  return bl_id_is_valid (text, BL_ID_NODE | BL_ID_MESH);
}

static gboolean
is_pattern (const char *text)
{
  return strlen (text) <= MAX_PATTERN && g_utf8_validate (text, -1, NULL);
}

static const struct
{
  const char *key;    /* as administrators write it */
  const char *member; /* of the document */
  gboolean (*is_item) (const char *text);
  const char *what;
} list_keys[] = {
  { "users", "users", is_pattern, "patterns of account names such as *___*" },
  { "devices", "devices", is_object, "ids of devices and device groups" },
  { "views", "views", is_view, "desktop, terminal, files, console, ports" },
  { "addresses", "addresses", is_address, "addresses or networks" },
  { "admin-from", "adminfrom", is_address, "addresses or networks" },
};

static GVariant *
set_list (GVariant *document, guint which, const char *value, GError **error)
{
  g_auto (GStrv) pieces = g_strsplit_set (value, ", ", -1);
  GVariantBuilder items;
  guint n = 0;

  g_variant_builder_init (&items, G_VARIANT_TYPE ("av"));
  for (guint i = 0; pieces[i] != NULL; i++)
    {
      if (pieces[i][0] == '\0')
        continue;
      if (n++ >= BL_AUTH_POLICY_MAX_ITEMS || !list_keys[which].is_item (pieces[i]))
        {
          g_variant_builder_clear (&items);
          expected (error, list_keys[which].key, list_keys[which].what, pieces[i]);
          return NULL;
        }
      g_variant_builder_add (&items, "v", g_variant_new_string (pieces[i]));
    }
  if (n > 0)
    return bl_doc_set (document, list_keys[which].member, g_variant_builder_end (&items));
  g_variant_builder_clear (&items);
  return bl_doc_remove (document, list_keys[which].member);
}

static gboolean
parse_rights (const char *value, guint32 *rights)
{
  g_auto (GStrv) names = g_strsplit_set (value, ", ", -1);
  guint64 number;

  if (g_ascii_string_to_unsigned (value, 10, 0, G_MAXUINT32, &number, NULL)
      || (g_str_has_prefix (value, "0x")
          && g_ascii_string_to_unsigned (value + 2, 16, 0, G_MAXUINT32, &number, NULL)))
    {
      *rights = (guint32)number;
      return TRUE;
    }
  *rights = 0;
  for (guint i = 0; names[i] != NULL; i++)
    {
      guint n = 0;

      while (n < G_N_ELEMENTS (right_names) && !g_str_equal (names[i], right_names[n].name))
        n++;
      if (n == G_N_ELEMENTS (right_names) && names[i][0] != '\0')
        return FALSE;
      *rights |= n < G_N_ELEMENTS (right_names) ? right_names[n].bit : 0;
    }
  return *rights != 0;
}

/* "30d", "12h", or a moment in ISO 8601. */
static gboolean
parse_moment (const char *value, gint64 now_ms, gint64 *moment)
{
  static const gint64 units[] = { ['h'] = 3600000, ['d'] = 86400000 };
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GDateTime) date = g_date_time_new_from_iso8601 (value, utc);
  gsize length = strlen (value);
  g_autofree char *digits = NULL;
  gint64 number;

  if (date != NULL)
    {
      *moment = g_date_time_to_unix (date) * 1000;
      return TRUE;
    }
  if (length < 2 || (value[length - 1] != 'h' && value[length - 1] != 'd'))
    return FALSE;
  digits = g_strndup (value, length - 1);
  if (!g_ascii_string_to_signed (digits, 10, 1, 36500, &number, NULL))
    return FALSE;
  *moment = now_ms + number * units[(guchar)value[length - 1]];
  return TRUE;
}

static GVariant *
set_single (GVariant *document, const char *key, const char *value, gint64 now_ms, GError **error)
{
  guint32 rights;
  gint64 number;

  if (g_str_equal (key, "rights"))
    {
      if (*value == '\0')
        return bl_doc_remove (document, key);
      if (parse_rights (value, &rights))
        return bl_doc_set_int (document, key, rights);
      expected (error, key, "a number, 0x and hex digits, or names such as remote-control,chat", value);
    }
  else if (g_str_equal (key, "expire"))
    {
      if (*value == '\0')
        return bl_doc_remove (document, key);
      if (parse_moment (value, now_ms, &number))
        return bl_doc_set_int (document, key, number);
      expected (error, key, "hours (12h), days (30d) or a moment such as 2030-01-31T12:00:00Z", value);
    }
  else if (g_str_equal (key, "rate"))
    {
      if (*value == '\0')
        return bl_doc_remove (document, key);
      if (g_ascii_string_to_signed (value, 10, 0, 100000, &number, NULL))
        return bl_doc_set_int (document, key, number);
      expected (error, key, "tokens a second from 0 to 100000", value);
    }
  else if (g_str_equal (key, "bind-node"))
    {
      if (g_str_equal (value, "true") || g_str_equal (value, "false") || *value == '\0')
        return bl_doc_set_bool (document, "bindnode", g_str_equal (value, "true"));
      expected (error, key, "true or false", value);
    }
  else
    expected (error, "login key",
              "users, rights, devices, views, addresses, admin-from, expire, rate or bind-node", key);
  return NULL;
}

GVariant *
bl_auth_policy_set (GVariant *document, const char *assignment, gint64 now_ms, GError **error)
{
  const char *equals = strchr (assignment, '=');
  g_autofree char *key = equals != NULL ? g_strndup (assignment, (gsize)(equals - assignment)) : NULL;

  if (key == NULL)
    {
      expected (error, "login key", "KEY=VALUE", assignment);
      return NULL;
    }
  for (guint i = 0; i < G_N_ELEMENTS (list_keys); i++)
    {
      if (g_str_equal (key, list_keys[i].key))
        return set_list (document, i, equals + 1, error);
    }
  return set_single (document, key, equals + 1, now_ms, error);
}

/* ---- for people
 * --------------------------------------------------------------------------------------------------- */

static char *
rights_text (guint32 rights)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  if (rights == BL_RIGHT_ALL)
    return g_strdup ("all");
  for (guint i = 0; i < G_N_ELEMENTS (right_names); i++)
    {
      if ((rights & right_names[i].bit) != 0)
        g_ptr_array_add (names, (char *)right_names[i].name);
    }
  g_ptr_array_add (names, NULL);
  return g_strjoinv (",", (char **)names->pdata);
}

GVariant *
bl_auth_policy_describe (GVariant *document)
{
  g_autofree char *rights
      = rights_text (bl_rights_from_json (bl_variant_get_int (document, "rights", BL_RIGHT_ALL)));
  gint64 expire = bl_variant_get_int (document, "expire", 0);
  const char *name = bl_variant_get_string (document, "name");
  GVariantDict text;

  g_variant_dict_init (&text, NULL);
  g_variant_dict_insert (&text, "name", "s", name != NULL ? name : "default");
  for (guint i = 0; i < G_N_ELEMENTS (list_keys); i++)
    {
      g_auto (GStrv) list = get_list (document, list_keys[i].member);
      const gboolean admin = g_str_equal (list_keys[i].key, "admin-from");
      g_autofree char *joined = g_strjoinv (",", list != NULL ? list
                                                 : admin      ? (char **)default_admin
                                                              : (char *[]){ NULL });

      g_variant_dict_insert (&text, list_keys[i].key, "s", *joined != '\0' ? joined : "all");
    }
  g_variant_dict_insert (&text, "rights", "s", rights);
  g_variant_dict_insert (&text, "rate", "x", bl_variant_get_int (document, "rate", 0));
  g_variant_dict_insert (&text, "bind-node", "b", bl_variant_get_bool (document, "bindnode", FALSE));
  if (expire == 0)
    g_variant_dict_insert (&text, "expire", "s", "never");
  else
    {
      g_autoptr (GDateTime) moment = g_date_time_new_from_unix_utc (expire / 1000);
      g_autofree char *iso = moment != NULL ? g_date_time_format_iso8601 (moment) : g_strdup ("?");

      g_variant_dict_insert (&text, "expire", "s", iso);
    }
  return g_variant_ref_sink (g_variant_dict_end (&text));
}
