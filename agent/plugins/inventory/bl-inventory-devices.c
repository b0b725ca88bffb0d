// SPDX-License-Identifier: Apache-2.0
#include "bl-inventory-devices.h"

#include "bl-inventory-text.h"

#include <string.h>

#define EDID_BLOCK 128u
#define EDID_DESCRIPTORS 54u
#define EDID_DESCRIPTOR 18u
#define EDID_NAME 0xFC
#define EDID_SERIAL 0xFF
#define ENTRIES_MAX 256u

static gint64
read_in (const char *root, const char *folder, const char *name)
{
  g_autofree char *path = g_strconcat (folder, "/", name, NULL);
  return bl_inventory_read_number (root, path, -1);
}

static char *
text_in (const char *root, const char *folder, const char *name)
{
  g_autofree char *path = g_strconcat (folder, "/", name, NULL);
  return bl_inventory_read_text (root, path);
}

static void
add_in (GVariantBuilder *item, const char *key, const char *root, const char *folder, const char *name)
{
  g_autofree char *text = text_in (root, folder, name);
  bl_inventory_add_text (item, key, text);
}

// ---- batteries -----------------------------------------------------------------------------------------------------

// Drivers tell energy (µWh), or charge (µAh) that becomes energy at the designed voltage (µV). Returns: mWh, -1 unknown
static gint64
read_capacity (const char *root, const char *folder, const char *what)
{
  g_autofree char *energy = g_strconcat ("energy_", what, NULL);
  g_autofree char *charge = g_strconcat ("charge_", what, NULL);
  const gint64 microwatts = read_in (root, folder, energy);
  const gint64 microamperes = read_in (root, folder, charge);
  const gint64 microvolts = read_in (root, folder, "voltage_min_design");
  if (microwatts >= 0)
    return microwatts / 1000;
  if (microamperes < 0 || microvolts <= 0)
    return -1;
  return (gint64)((double)microamperes * (double)microvolts / 1e9);
}

static void
add_number (GVariantBuilder *item, const char *key, gint64 value)
{
  if (value > 0)
    g_variant_builder_add (item, "{sv}", key, g_variant_new_int64 (value));
}

static GVariant *
describe_battery (const char *root, const char *folder, const char *name)
{
  GVariantBuilder item;
  const gint64 designed = read_capacity (root, folder, "full_design"), full = read_capacity (root, folder, "full");
  g_autofree char *model = text_in (root, folder, "model_name");
  g_variant_builder_init (&item, G_VARIANT_TYPE_VARDICT);
  bl_inventory_add_text (&item, "DeviceName", model != NULL ? model : name);
  add_in (&item, "ManufactureName", root, folder, "manufacturer");
  add_in (&item, "SerialNumber", root, folder, "serial_number");
  add_in (&item, "Chemistry", root, folder, "technology");
  add_number (&item, "CycleCount", read_in (root, folder, "cycle_count"));
  add_number (&item, "DesignedCapacity", designed);
  add_number (&item, "FullChargedCapacity", full);
  if (designed > 0 && full > 0)
    add_number (&item, "Health", MIN (full * 100 / designed, 100));
  add_number (&item, "RemainingCapacity", read_capacity (root, folder, "now"));
  return g_variant_builder_end (&item);
}

GVariant *
bl_inventory_batteries (const char *root)
{
  g_autoptr (GPtrArray) names = bl_inventory_list (root, "/sys/class/power_supply", ENTRIES_MAX);
  GVariantBuilder list;
  guint n = 0;
  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < names->len && n < BL_INVENTORY_MAX_BATTERIES; i++)
    {
      const char *name = names->pdata[i];
      g_autofree char *folder = g_strconcat ("/sys/class/power_supply/", name, NULL);
      g_autofree char *type = text_in (root, folder, "type");
      g_autofree char *scope = text_in (root, folder, "scope");
      // "Device" is the battery of a mouse or a headset.
      if (g_strcmp0 (type, "Battery") != 0 || g_strcmp0 (scope, "Device") == 0 || read_in (root, folder, "present") == 0)
        continue;
      g_variant_builder_add (&list, "v", describe_battery (root, folder, name));
      n++;
    }
  if (n > 0)
    return g_variant_builder_end (&list);
  g_variant_builder_clear (&list);
  return NULL;
}

// ---- graphics ------------------------------------------------------------------------------------------------------

static gboolean
is_card (const char *name)
{
  if (!g_str_has_prefix (name, "card") || name[strlen ("card")] == '\0')
    return FALSE;
  for (const char *p = name + strlen ("card"); *p != '\0'; p++)
    if (!g_ascii_isdigit (*p))
      return FALSE;
  return TRUE;
}

// udev looked the numbers of the device up when it appeared. Returns: (transfer full) (nullable)
static char *
find_record (const char *record, const char *key)
{
  g_auto (GStrv) lines = record != NULL ? g_strsplit (record, "\n", 1024) : NULL;
  for (guint i = 0; lines != NULL && lines[i] != NULL; i++)
    if (g_str_has_prefix (lines[i], "E:") && g_str_has_prefix (lines[i] + 2, key) && lines[i][2 + strlen (key)] == '=')
      return g_strdup (lines[i] + 3 + strlen (key));
  return NULL;
}

static char *
name_adapter (const char *root, const char *card)
{
  g_autofree char *folder = g_strconcat ("/sys/class/drm/", card, "/device", NULL);
  g_autofree char *events = text_in (root, folder, "uevent");
  g_auto (GStrv) lines = events != NULL ? g_strsplit (events, "\n", 64) : NULL;
  const char *slot = NULL, *driver = NULL;
  for (guint i = 0; lines != NULL && lines[i] != NULL; i++)
    {
      if (g_str_has_prefix (lines[i], "PCI_SLOT_NAME="))
        slot = lines[i] + strlen ("PCI_SLOT_NAME=");
      else if (g_str_has_prefix (lines[i], "DRIVER="))
        driver = lines[i] + strlen ("DRIVER=");
    }
  if (slot != NULL && strchr (slot, '/') == NULL)
    {
      g_autofree char *path = g_strconcat ("/run/udev/data/+pci:", slot, NULL);
      g_autofree char *record = bl_inventory_read_text (root, path);
      g_autofree char *maker = find_record (record, "ID_VENDOR_FROM_DATABASE");
      g_autofree char *model = find_record (record, "ID_MODEL_FROM_DATABASE");
      if (model != NULL)
        return g_strjoin (" ", maker != NULL ? maker : model, maker != NULL ? model : NULL, NULL);
    }
  return g_strdup (driver);
}

GVariant *
bl_inventory_graphics (const char *root)
{
  g_autoptr (GPtrArray) names = bl_inventory_list (root, "/sys/class/drm", ENTRIES_MAX);
  GVariantBuilder list;
  guint n = 0;
  g_variant_builder_init (&list, G_VARIANT_TYPE_STRING_ARRAY);
  for (guint i = 0; i < names->len && n < BL_INVENTORY_MAX_ADAPTERS; i++)
    {
      g_autofree char *name = is_card (names->pdata[i]) ? name_adapter (root, names->pdata[i]) : NULL;
      if (name == NULL || name[0] == '\0')
        continue;
      g_autofree char *bounded = g_utf8_substring (name, 0, MIN (g_utf8_strlen (name, -1), BL_INVENTORY_TEXT_MAX));
      g_variant_builder_add (&list, "s", bounded);
      n++;
    }
  if (n > 0)
    return g_variant_builder_end (&list);
  g_variant_builder_clear (&list);
  return NULL;
}

// ---- displays ------------------------------------------------------------------------------------------------------

static void
add_descriptor (GVariantBuilder *display, const char *key, const guint8 *text)
{
  char plain[EDID_DESCRIPTOR - 5 + 1] = "";
  for (guint i = 0; i < sizeof plain - 1 && text[i] != '\n' && text[i] != '\0'; i++)
    plain[i] = (char)(g_ascii_isprint (text[i]) ? text[i] : '?');
  g_strchomp (plain);
  bl_inventory_add_text (display, key, plain);
}

gboolean
bl_inventory_edid (GVariantBuilder *display, const guint8 *data, gsize length)
{
  static const guint8 magic[] = { 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0 };
  gboolean named = FALSE, numbered = FALSE;
  guint8 sum = 0;
  if (length < EDID_BLOCK || memcmp (data, magic, sizeof magic) != 0)
    return FALSE;
  for (guint i = 0; i < EDID_BLOCK; i++)
    sum = (guint8)(sum + data[i]);
  if (sum != 0)
    return FALSE;
  const guint maker = (guint)data[8] << 8 | data[9];
  char letters[4] = "";
  for (guint i = 0; i < 3; i++)
    letters[i] = (char)('@' + ((maker >> (10 - 5 * i)) & 31));
  if (g_ascii_isupper (letters[0]) && g_ascii_isupper (letters[1]) && g_ascii_isupper (letters[2]))
    bl_inventory_add_text (display, "Manufacturer", letters);
  if (data[21] > 0 && data[22] > 0)
    {
      g_autofree char *size = g_strdup_printf ("%u x %u", data[21], data[22]);
      bl_inventory_add_text (display, "SizeCm", size);
    }
  for (guint at = EDID_DESCRIPTORS; at + EDID_DESCRIPTOR <= EDID_BLOCK - 2; at += EDID_DESCRIPTOR)
    {
      if (data[at] != 0 || data[at + 1] != 0)
        continue;
      if (data[at + 3] == EDID_NAME && !named)
        add_descriptor (display, "Name", data + at + 5);
      else if (data[at + 3] == EDID_SERIAL && !numbered)
        add_descriptor (display, "SerialNumber", data + at + 5);
      named |= data[at + 3] == EDID_NAME;
      numbered |= data[at + 3] == EDID_SERIAL;
    }
  return TRUE;
}

static GVariant *
describe_display (const char *root, const char *name)
{
  GVariantBuilder item;
  g_autofree char *folder = g_strconcat ("/sys/class/drm/", name, NULL);
  g_autofree char *edid = g_strconcat (root, folder, "/edid", NULL);
  g_autofree char *modes = text_in (root, folder, "modes");
  g_autoptr (GFile) file = g_file_new_for_path (edid);
  g_autoptr (GFileInputStream) stream = g_file_read (file, NULL, NULL);
  g_autofree guint8 *data = g_malloc (BL_INVENTORY_EDID_MAX);
  gsize length = 0;
  g_variant_builder_init (&item, G_VARIANT_TYPE_VARDICT);
  bl_inventory_add_text (&item, "Connector", strchr (name, '-') + 1);
  if (stream != NULL
      && g_input_stream_read_all (G_INPUT_STREAM (stream), data, BL_INVENTORY_EDID_MAX, &length, NULL, NULL))
    (void)bl_inventory_edid (&item, data, length); // a display without one is still connected
  if (modes != NULL)
    {
      *(strchrnul (modes, '\n')) = '\0'; // the first is the one it prefers
      bl_inventory_add_text (&item, "Resolution", modes);
    }
  return g_variant_builder_end (&item);
}

GVariant *
bl_inventory_displays (const char *root)
{
  g_autoptr (GPtrArray) names = bl_inventory_list (root, "/sys/class/drm", ENTRIES_MAX);
  GVariantBuilder list;
  guint n = 0;
  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < names->len && n < BL_INVENTORY_MAX_DISPLAYS; i++)
    {
      const char *name = names->pdata[i];
      if (!g_str_has_prefix (name, "card") || strchr (name, '-') == NULL)
        continue;
      g_autofree char *folder = g_strconcat ("/sys/class/drm/", name, NULL);
      g_autofree char *status = text_in (root, folder, "status");
      if (g_strcmp0 (status, "connected") != 0)
        continue;
      g_variant_builder_add (&list, "v", describe_display (root, name));
      n++;
    }
  if (n > 0)
    return g_variant_builder_end (&list);
  g_variant_builder_clear (&list);
  return NULL;
}
