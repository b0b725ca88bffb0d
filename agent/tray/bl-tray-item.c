// SPDX-License-Identifier: Apache-2.0
#include "bl-tray-item.h"

#include <string.h>
#include <unistd.h>

#define ITEM_PATH "/StatusNotifierItem"
#define MENU_PATH "/MenuBar"
#define ITEM "org.kde.StatusNotifierItem"
#define MENU "com.canonical.dbusmenu"
#define WATCHER "org.kde.StatusNotifierWatcher"
#define MENU_VERSION 3u

static const char introspection[]
    = "<node><interface name='org.kde.StatusNotifierItem'><property name='Category' type='s' access='read'/>"
      "<property name='Id' type='s' access='read'/><property name='Title' type='s' access='read'/>"
      "<property name='Status' type='s' access='read'/><property name='IconName' type='s' access='read'/>"
      "<property name='ToolTip' type='(sa(iiay)ss)' access='read'/><property name='ItemIsMenu' type='b' "
      "access='read'/>"
      "<property name='Menu' type='o' access='read'/>"
      "<method name='Activate'><arg type='i' direction='in'/><arg type='i' direction='in'/></method>"
      "<method name='SecondaryActivate'><arg type='i' direction='in'/><arg type='i' direction='in'/></method>"
      "<method name='ContextMenu'><arg type='i' direction='in'/><arg type='i' direction='in'/></method>"
      "<method name='Scroll'><arg type='i' direction='in'/><arg type='s' direction='in'/></method>"
      "<signal name='NewTitle'/><signal name='NewIcon'/><signal name='NewToolTip'/>"
      "<signal name='NewStatus'><arg type='s'/></signal></interface>"
      "<interface name='com.canonical.dbusmenu'><property name='Version' type='u' access='read'/>"
      "<property name='Status' type='s' access='read'/><property name='TextDirection' type='s' "
      "access='read'/>"
      "<property name='IconThemePath' type='as' access='read'/>"
      "<method name='GetLayout'><arg type='i' direction='in'/><arg type='i' direction='in'/><arg type='as' "
      "direction='in'/>"
      "<arg type='u' direction='out'/><arg type='(ia{sv}av)' direction='out'/></method>"
      "<method name='GetGroupProperties'><arg type='ai' direction='in'/><arg type='as' direction='in'/>"
      "<arg type='a(ia{sv})' direction='out'/></method>"
      "<method name='GetProperty'><arg type='i' direction='in'/><arg type='s' direction='in'/><arg type='v' "
      "direction='out'/></method>"
      "<method name='Event'><arg type='i' direction='in'/><arg type='s' direction='in'/><arg type='v' "
      "direction='in'/>"
      "<arg type='u' direction='in'/></method>"
      "<method name='EventGroup'><arg type='a(isvu)' direction='in'/><arg type='ai' "
      "direction='out'/></method>"
      "<method name='AboutToShow'><arg type='i' direction='in'/><arg type='b' direction='out'/></method>"
      "<method name='AboutToShowGroup'><arg type='ai' direction='in'/><arg type='ai' direction='out'/>"
      "<arg type='ai' direction='out'/></method>"
      "<signal name='LayoutUpdated'><arg type='u'/><arg type='i'/></signal></interface></node>";

typedef struct
{
  gint32 id;
  char *label;
  gboolean enabled;
} Row;

struct _BlTrayItem
{
  void (*activated) (gint32 id, gpointer user_data);
  gpointer user_data;
  GDBusConnection *connection;
  char *name; /* of ours on the bus */
  guint own_id;
  guint watch_id;
  guint object_ids[2];
  char *icon;
  char *title;
  GPtrArray *rows; /* Row */
  guint32 revision;
};

static void
row_free (gpointer data)
{
  Row *row = data;

  g_free (row->label);
  g_free (row);
}

/* ---- menu --------------------------------------------------------------------------------------------- */

static GVariant *
row_properties (const Row *row)
{
  GVariantBuilder properties;

  g_variant_builder_init (&properties, G_VARIANT_TYPE_VARDICT);
  if (row->label == NULL)
    g_variant_builder_add (&properties, "{sv}", "type", g_variant_new_string ("separator"));
  else
    g_variant_builder_add (&properties, "{sv}", "label", g_variant_new_string (row->label));
  g_variant_builder_add (&properties, "{sv}", "enabled", g_variant_new_boolean (row->enabled));
  g_variant_builder_add (&properties, "{sv}", "visible", g_variant_new_boolean (TRUE));
  return g_variant_builder_end (&properties);
}

static GVariant *
root_properties (void)
{
  GVariantBuilder properties;

  g_variant_builder_init (&properties, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&properties, "{sv}", "children-display", g_variant_new_string ("submenu"));
  return g_variant_builder_end (&properties);
}

static GVariant *
menu_layout (BlTrayItem *item)
{
  GVariantBuilder children;

  g_variant_builder_init (&children, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < item->rows->len; i++)
    {
      const Row *row = item->rows->pdata[i];

      g_variant_builder_add (&children, "v",
                             g_variant_new ("(i@a{sv}@av)", row->id, row_properties (row),
                                            g_variant_new_array (G_VARIANT_TYPE_VARIANT, NULL, 0)));
    }
  return g_variant_new ("(u(i@a{sv}@av))", item->revision, 0, root_properties (),
                        g_variant_builder_end (&children));
}

static GVariant *
group_properties (BlTrayItem *item, GVariant *parameters)
{
  g_autoptr (GVariant) ids = g_variant_get_child_value (parameters, 0);
  const gsize n = g_variant_n_children (ids);
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("a(ia{sv})"));
  for (guint i = 0; i < item->rows->len; i++)
    {
      const Row *row = item->rows->pdata[i];
      gboolean wanted = n == 0; /* none named: all */

      for (gsize k = 0; k < n && !wanted; k++)
        {
          gint32 id;

          g_variant_get_child (ids, k, "i", &id);
          wanted = id == row->id;
        }
      if (wanted)
        g_variant_builder_add (&list, "(i@a{sv})", row->id, row_properties (row));
    }
  return g_variant_new ("(a(ia{sv}))", &list);
}

static void
tell_event (BlTrayItem *item, gint32 id, const char *event)
{
  for (guint i = 0; i < item->rows->len && g_str_equal (event, "clicked"); i++)
    {
      const Row *row = item->rows->pdata[i];

      if (row->id == id && row->enabled)
        {
          item->activated (id, item->user_data);
          return; /* the rows may be others now */
        }
    }
}

static void
menu_call (GDBusConnection *connection,
           const char *sender,
           const char *path,
           const char *interface,
           const char *method,
           GVariant *parameters,
           GDBusMethodInvocation *invocation,
           gpointer user_data)
{
  BlTrayItem *item = user_data;
  GVariant *reply = NULL;
  gint32 id;
  const char *event;

  if (g_str_equal (method, "GetLayout"))
    reply = menu_layout (item);
  else if (g_str_equal (method, "GetGroupProperties"))
    reply = group_properties (item, parameters);
  else if (g_str_equal (method, "AboutToShow"))
    reply = g_variant_new ("(b)", FALSE);
  else if (g_str_equal (method, "AboutToShowGroup"))
    reply = g_variant_new_parsed ("(@ai [], @ai [])");
  else if (g_str_equal (method, "EventGroup"))
    reply = g_variant_new_parsed ("(@ai [],)");
  else if (g_str_equal (method, "GetProperty"))
    {
      g_dbus_method_invocation_return_error_literal (invocation, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_PROPERTY,
                                                     "Ask for the layout");
      return;
    }
  g_dbus_method_invocation_return_value (invocation, reply);
  if (g_str_equal (method, "Event"))
    {
      g_variant_get_child (parameters, 0, "i", &id);
      g_variant_get_child (parameters, 1, "&s", &event);
      tell_event (item, id, event);
    }
  else if (g_str_equal (method, "EventGroup"))
    {
      GVariantIter *iter;

      g_variant_get (parameters, "(a(isvu))", &iter);
      while (g_variant_iter_next (iter, "(i&s@vu)", &id, &event, NULL, NULL))
        tell_event (item, id, event);
      g_variant_iter_free (iter);
    }
}

static GVariant *
menu_property (GDBusConnection *connection,
               const char *sender,
               const char *path,
               const char *interface,
               const char *name,
               GError **error,
               gpointer user_data)
{
  if (g_str_equal (name, "Version"))
    return g_variant_new_uint32 (MENU_VERSION);
  if (g_str_equal (name, "IconThemePath"))
    return g_variant_new_strv (NULL, 0);
  return g_variant_new_string (g_str_equal (name, "Status") ? "normal" : "ltr");
}

/* ---- icon --------------------------------------------------------------------------------------------- */

static void
item_call (GDBusConnection *connection,
           const char *sender,
           const char *path,
           const char *interface,
           const char *method,
           GVariant *parameters,
           GDBusMethodInvocation *invocation,
           gpointer user_data)
{
  BlTrayItem *item = user_data;

  g_dbus_method_invocation_return_value (invocation, NULL);
  if (g_str_equal (method, "Activate"))
    item->activated (0, item->user_data);
}

static GVariant *
item_property (GDBusConnection *connection,
               const char *sender,
               const char *path,
               const char *interface,
               const char *name,
               GError **error,
               gpointer user_data)
{
  const BlTrayItem *item = user_data;

  if (g_str_equal (name, "Menu"))
    return g_variant_new_object_path (MENU_PATH);
  if (g_str_equal (name, "ItemIsMenu"))
    return g_variant_new_boolean (FALSE);
  if (g_str_equal (name, "Category"))
    return g_variant_new_string ("SystemServices");
  if (g_str_equal (name, "Id"))
    return g_variant_new_string ("bowline-tray");
  if (g_str_equal (name, "Status"))
    return g_variant_new_string ("Active");
  if (g_str_equal (name, "IconName"))
    return g_variant_new_string (item->icon);
  if (g_str_equal (name, "ToolTip"))
    return g_variant_new ("(sa(iiay)ss)", item->icon, NULL, "Bowline", item->title);
  return g_variant_new_string (item->title);
}

static void
emit (BlTrayItem *item, const char *path, const char *interface, const char *signal, GVariant *parameters)
{
  if (item->connection != NULL)
    (void)g_dbus_connection_emit_signal (item->connection, NULL, path, interface, signal, parameters, NULL);
  else if (parameters != NULL)
    g_variant_unref (g_variant_ref_sink (parameters));
}

void
bl_tray_item_set_state (BlTrayItem *item, const char *icon, const char *title)
{
  if (g_strcmp0 (item->icon, icon) != 0)
    {
      g_free (item->icon);
      item->icon = g_strdup (icon);
      emit (item, ITEM_PATH, ITEM, "NewIcon", NULL);
    }
  if (g_strcmp0 (item->title, title) != 0)
    {
      g_free (item->title);
      item->title = g_strdup (title);
      emit (item, ITEM_PATH, ITEM, "NewTitle", NULL);
      emit (item, ITEM_PATH, ITEM, "NewToolTip", NULL);
    }
}

static gboolean
is_same_menu (const BlTrayItem *item, const BlTrayMenuRow *rows, guint n)
{
  gboolean same = item->rows->len == n;

  for (guint i = 0; i < n && same; i++)
    {
      const Row *row = item->rows->pdata[i];

      same = row->id == rows[i].id && row->enabled == rows[i].enabled
             && g_strcmp0 (row->label, rows[i].label) == 0;
    }
  return same;
}

void
bl_tray_item_set_menu (BlTrayItem *item, const BlTrayMenuRow *rows, guint n)
{
  g_return_if_fail (n <= BL_TRAY_MENU_MAX);
  if (is_same_menu (item, rows, n))
    return;
  g_ptr_array_set_size (item->rows, 0);
  for (guint i = 0; i < n; i++)
    {
      Row *row = g_new (Row, 1);

      *row = (Row){ rows[i].id, g_strdup (rows[i].label), rows[i].enabled };
      g_ptr_array_add (item->rows, row);
    }
  emit (item, MENU_PATH, MENU, "LayoutUpdated", g_variant_new ("(ui)", ++item->revision, 0));
}

/* ---- life --------------------------------------------------------------------------------------------- */

static void
watcher_cb (GDBusConnection *connection, const char *name, const char *owner, gpointer user_data)
{
  const BlTrayItem *item = user_data;

  g_dbus_connection_call (connection, name, "/StatusNotifierWatcher", WATCHER, "RegisterStatusNotifierItem",
                          g_variant_new ("(s)", item->name), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL,
                          NULL);
}

static void
named_cb (GDBusConnection *connection, const char *name, gpointer user_data)
{
  BlTrayItem *item = user_data;

  item->watch_id = g_bus_watch_name_on_connection (connection, WATCHER, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                                   watcher_cb, NULL, item, NULL);
}

static void
bus_cb (GDBusConnection *connection, const char *name, gpointer user_data)
{
  static const GDBusInterfaceVTable item_table = { .method_call = item_call, .get_property = item_property };
  static const GDBusInterfaceVTable menu_table = { .method_call = menu_call, .get_property = menu_property };
  BlTrayItem *item = user_data;
  g_autoptr (GDBusNodeInfo) info = g_dbus_node_info_new_for_xml (introspection, NULL);

  item->connection = g_object_ref (connection);
  item->object_ids[0] = g_dbus_connection_register_object (connection, ITEM_PATH, info->interfaces[0],
                                                           &item_table, item, NULL, NULL);
  item->object_ids[1] = g_dbus_connection_register_object (connection, MENU_PATH, info->interfaces[1],
                                                           &menu_table, item, NULL, NULL);
}

BlTrayItem *
bl_tray_item_new (void (*activated) (gint32 id, gpointer user_data), gpointer user_data)
{
  BlTrayItem *item = g_new0 (BlTrayItem, 1);

  item->activated = activated;
  item->user_data = user_data;
  item->icon = g_strdup ("");
  item->title = g_strdup ("Bowline");
  item->rows = g_ptr_array_new_with_free_func (row_free);
  item->name = g_strdup_printf (ITEM "-%d-1", (int)getpid ());
  item->own_id = g_bus_own_name (G_BUS_TYPE_SESSION, item->name, G_BUS_NAME_OWNER_FLAGS_NONE, bus_cb,
                                 named_cb, NULL, item, NULL);
  return item;
}

void
bl_tray_item_free (BlTrayItem *item)
{
  if (item == NULL)
    return;
  if (item->watch_id != 0)
    g_bus_unwatch_name (item->watch_id);
  for (guint i = 0; i < G_N_ELEMENTS (item->object_ids); i++)
    {
      if (item->object_ids[i] != 0)
        g_dbus_connection_unregister_object (item->connection, item->object_ids[i]);
    }
  g_bus_unown_name (item->own_id);
  g_clear_object (&item->connection);
  g_ptr_array_unref (item->rows);
  g_free (item->name);
  g_free (item->icon);
  g_free (item->title);
  g_free (item);
}
