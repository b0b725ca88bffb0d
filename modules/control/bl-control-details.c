// SPDX-License-Identifier: Apache-2.0
#include "bl-control-details.h"

#include "common/bl-json.h"
#include "common/bl-variant.h"

#include <string.h>

#define MAX_LISTED 256u /* tags, addresses and the like in one cell */

/* ---- CSV
 * ----------------------------------------------------------------------------------------------------------
 */

/* A cell as MeshCentral writes it: in quotes, without anything that could end it. A formula is no text that
 * somebody who opens the file expects to run: it loses its sign. */
static void
append_text (GString *out, const char *text)
{
  g_string_append_c (out, '"');
  if (text != NULL && strchr ("=+-@\t", *text) != NULL && *text != '\0')
    g_string_append_c (out, '\'');
  for (; text != NULL && *text != '\0'; text++)
    {
      if (strchr ("\",\r\n", *text) == NULL)
        g_string_append_c (out, *text);
    }
  g_string_append_c (out, '"');
}

/* Values of any simple type; nothing stays an empty cell. */
static void
append_value (GString *out, GVariant *object, const char *member)
{
  g_autoptr (GVariant) value = object != NULL ? bl_variant_get_child (object, member) : NULL;

  g_string_append_c (out, ',');
  if (value == NULL)
    return;
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    append_text (out, g_variant_get_string (value, NULL));
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT64))
    g_string_append_printf (out, "%" G_GINT64_FORMAT, g_variant_get_int64 (value));
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    append_text (out, g_variant_get_boolean (value) ? "true" : "false");
}

static void
append_joined (GString *out, GPtrArray *texts, const char *separator)
{
  g_autofree char *joined = NULL;

  g_ptr_array_add (texts, NULL);
  joined = g_strjoinv (separator, (char **)texts->pdata);
  g_string_append_c (out, ',');
  append_text (out, joined);
}

/* Calls @add for the objects of an array. */
static void
for_each_object (GVariant *array, void (*add) (GVariant *object, gpointer data), gpointer data)
{
  for (gsize i = 0; array != NULL && i < MIN (g_variant_n_children (array), MAX_LISTED); i++)
    {
      g_autoptr (GVariant) boxed = g_variant_get_child_value (array, i);
      g_autoptr (GVariant) object = g_variant_get_variant (boxed);

      if (g_variant_is_of_type (object, G_VARIANT_TYPE_VARDICT))
        add (object, data);
    }
}

static void
add_antivirus (GVariant *object, gpointer texts)
{
  const char *product = bl_variant_get_string (object, "product");

  if (product != NULL)
    g_ptr_array_add (
        texts, g_strdup_printf ("%s/%s/%s", product,
                                bl_variant_get_bool (object, "enabled", FALSE) ? "enabled" : "disabled",
                                bl_variant_get_bool (object, "updated", FALSE) ? "updated" : "notupdated"));
}

static void
append_volumes (GString *out, GVariant *node)
{
  g_autoptr (GVariant) volumes = bl_variant_get_object (node, "volumes");
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  GVariantIter iter;
  const char *name;
  GVariant *value;

  if (volumes != NULL)
    {
      g_variant_iter_init (&iter, volumes);
      while (texts->len < MAX_LISTED && g_variant_iter_next (&iter, "{&sv}", &name, &value))
        {
          if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT)
              && bl_variant_has (value, "protectionStatus"))
            g_ptr_array_add (
                texts,
                g_strdup_printf ("%s/%s", name,
                                 bl_variant_get_bool (value, "protectionStatus", FALSE) ? "on" : "off"));
          g_variant_unref (value);
        }
    }
  append_joined (out, texts, "|");
}

static void
append_node (GString *out, const BlControlDetails *details)
{
  static const char *const plain[] = { "name", "rname", "host", "icon", "ip", "osdesc" };
  static const char *const guard[] = { "antiVirus", "autoUpdate", "firewall" };
  g_autoptr (GVariant) wsc = bl_variant_get_object (details->node, "wsc");
  g_autoptr (GVariant) av = bl_variant_get_array (details->node, "av");
  g_auto (GStrv) tags = bl_variant_get_strv (details->node, "tags");
  g_autoptr (GPtrArray) products = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *joined = tags != NULL ? g_strjoinv ("|", tags) : NULL;

  append_text (out, bl_variant_get_string (details->node, "_id"));
  for (guint i = 0; i < G_N_ELEMENTS (plain); i++)
    append_value (out, details->node, plain[i]);
  g_string_append_c (out, ',');
  append_text (out, details->group);
  for (guint i = 0; i < G_N_ELEMENTS (guard); i++)
    append_value (out, wsc, guard[i]);
  append_volumes (out, details->node);
  for_each_object (av, add_antivirus, products);
  append_joined (out, products, "|");
  g_string_append_c (out, ',');
  append_text (out, joined);
  append_value (out, details->node, "lastbootuptime");
}

static void
add_capacity (GVariant *object, gpointer data)
{
  gint64 *sum = data;
  gint64 bytes = bl_variant_get_int (object, "Capacity", 0);
  const char *text = bl_variant_get_string (object, "Capacity");

  if (text != NULL)
    bytes = g_ascii_strtoll (text, NULL, 10);
  if (bytes > 0 && *sum <= G_MAXINT64 - bytes)
    *sum += bytes;
}

/* "8 GB" and 8 both mean eight of the unit. */
static void
add_size (GVariant *object, gpointer data)
{
  const gint64 unit = G_GINT64_CONSTANT (1) << 30;
  gint64 *sum = data;
  gint64 size = bl_variant_get_int (object, "Size", 0);
  const char *text = bl_variant_get_string (object, "Size");

  if (text != NULL)
    size = g_ascii_strtoll (text, NULL, 10);
  if (size > 0 && size <= G_MAXINT32 && *sum <= G_MAXINT64 - size * unit)
    *sum += size * unit;
}

static void
append_memory (GString *out, GVariant *windows, GVariant *linux_part)
{
  g_autoptr (GVariant) modules = windows != NULL ? bl_variant_get_array (windows, "memory") : NULL;
  g_autoptr (GVariant) memory = linux_part != NULL ? bl_variant_get_object (linux_part, "memory") : NULL;
  g_autoptr (GVariant) devices = memory != NULL ? bl_variant_get_array (memory, "Memory_Device") : NULL;
  gint64 sum = 0;

  for_each_object (modules, add_capacity, &sum);
  for_each_object (devices, add_size, &sum);
  /* Without the modules there is what the system counts. */
  if (sum == 0 && linux_part != NULL)
    sum = bl_variant_get_int (linux_part, "MemoryTotal", 0);
  if (sum > 0)
    g_string_append_printf (out, ",\"%" G_GINT64_FORMAT "\"", sum);
  else
    g_string_append_c (out, ',');
}

static GVariant *
first_of (GVariant *object, const char *member)
{
  g_autoptr (GVariant) list = object != NULL ? bl_variant_get_array (object, member) : NULL;
  g_autoptr (GVariant) boxed = NULL;

  if (list == NULL || g_variant_n_children (list) == 0)
    return NULL;
  boxed = g_variant_get_child_value (list, 0);
  return g_variant_get_variant (boxed);
}

static void
append_hardware (GString *out, GVariant *hardware)
{
  static const char *const board[]
      = { "bios_date",  "bios_vendor",  "bios_version",  "bios_serial", "bios_mode",
          "board_name", "board_vendor", "board_version", "product_uuid" };
  static const char *const chip[]
      = { "SpecVersion", "ManufacturerId", "ManufacturerVersion", "IsActivated", "IsEnabled", "IsOwned" };
  g_autoptr (GVariant) windows = hardware != NULL ? bl_variant_get_object (hardware, "windows") : NULL;
  g_autoptr (GVariant) linux_part = hardware != NULL ? bl_variant_get_object (hardware, "linux") : NULL;
  g_autoptr (GVariant) ids = hardware != NULL ? bl_variant_get_object (hardware, "identifiers") : NULL;
  g_autoptr (GVariant) tpm = hardware != NULL ? bl_variant_get_object (hardware, "tpm") : NULL;
  g_autoptr (GVariant) cpu = first_of (windows, "cpu");
  g_autoptr (GVariant) system = windows != NULL ? bl_variant_get_object (windows, "osinfo") : NULL;
  gboolean named = cpu != NULL && g_variant_is_of_type (cpu, G_VARIANT_TYPE_VARDICT);

  append_value (out, named ? cpu : ids, named ? "Name" : "cpu_name");
  append_value (out, system, "BuildNumber");
  for (guint i = 0; i < G_N_ELEMENTS (board); i++)
    append_value (out, linux_part != NULL && bl_variant_has (linux_part, board[i]) ? linux_part : ids,
                  board[i]);
  for (guint i = 0; i < G_N_ELEMENTS (chip); i++)
    append_value (out, tpm, chip[i]);
  append_memory (out, windows, linux_part);
}

typedef struct
{
  GPtrArray *macs;
  GPtrArray *addresses;
} Addresses;

static void
add_addresses (GVariant *object, gpointer data)
{
  Addresses *found = data;
  const char *mac = bl_variant_get_string (object, "mac");
  const char *address = bl_variant_get_string (object, "address");

  if (mac != NULL && found->macs->len < MAX_LISTED)
    g_ptr_array_add (found->macs, g_strdup (mac));
  if (address != NULL && found->addresses->len < MAX_LISTED)
    g_ptr_array_add (found->addresses, g_strdup (address));
}

static void
append_network (GString *out, GVariant *network)
{
  g_autoptr (GVariant) interfaces = network != NULL ? bl_variant_get_object (network, "netif2") : NULL;
  g_autoptr (GPtrArray) macs = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func (g_free);
  Addresses found = { macs, addresses };
  GVariantIter iter;
  const char *name;
  GVariant *value;

  if (interfaces == NULL)
    {
      g_string_append (out, ",,,");
      return;
    }
  g_variant_iter_init (&iter, interfaces);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      if (g_variant_is_of_type (value, G_VARIANT_TYPE ("av")))
        for_each_object (value, add_addresses, &found);
      g_variant_unref (value);
    }
  g_string_append_printf (out, ",%" G_GSIZE_FORMAT, g_variant_n_children (interfaces));
  append_joined (out, macs, " ");
  append_joined (out, addresses, " ");
}

void
bl_control_details_append_head (GString *out)
{
  g_string_append (
      out, "id,name,rname,host,icon,ip,osdesc,groupname,av,update,firewall,bitlocker,avdetails,tags,"
           "lastbootuptime,cpu,osbuild,biosDate,biosVendor,biosVersion,biosSerial,biosMode,boardName,"
           "boardVendor,boardVersion,productUuid,tpmversion,tpmmanufacturer,tpmmanufacturerversion,"
           "tpmisactivated,tpmisenabled,tpmisowned,totalMemory,agentOpenSSL,agentCommitDate,"
           "agentCommitHash,agentCompileTime,netIfCount,macs,addresses,lastConnectTime,lastConnectAddr\r\n");
}

void
bl_control_details_append_csv (GString *out, const BlControlDetails *details)
{
  static const char *const versions[] = { "openssl", "commitDate", "commitHash", "compileTime" };
  g_autoptr (GVariant) hardware
      = details->system != NULL ? bl_variant_get_object (details->system, "hardware") : NULL;
  g_autoptr (GVariant) agent = hardware != NULL ? bl_variant_get_object (hardware, "agentvers") : NULL;

  append_node (out, details);
  append_hardware (out, hardware);
  for (guint i = 0; i < G_N_ELEMENTS (versions); i++)
    append_value (out, agent, versions[i]);
  append_network (out, details->network);
  append_value (out, details->last, "time");
  append_value (out, details->last, "addr");
  g_string_append (out, "\r\n");
}

/* ---- JSON
 * ---------------------------------------------------------------------------------------------------------
 */

static GVariant *
without_head (GVariant *document)
{
  g_autoptr (GVariant) no_id = bl_doc_remove (document, "_id");
  g_autoptr (GVariant) no_type = bl_doc_remove (no_id, "type");
  g_autoptr (GVariant) no_mesh = bl_doc_remove (no_type, "meshid");

  return bl_doc_remove (no_mesh, "domain");
}

static void
add_part (GVariantBuilder *object, const char *name, GVariant *document)
{
  g_autoptr (GVariant) part = document != NULL ? without_head (document) : NULL;

  if (part != NULL)
    g_variant_builder_add (object, "{sv}", name, part);
}

void
bl_control_details_append_json (GString *out, const BlControlDetails *details)
{
  g_autoptr (GVariant) node = details->group != NULL
                                  ? bl_doc_set_string (details->node, "groupname", details->group)
                                  : g_variant_ref (details->node);
  g_autoptr (GVariant) value = NULL;
  GVariantBuilder object;

  g_variant_builder_init (&object, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&object, "{sv}", "node", node);
  add_part (&object, "sys", details->system);
  add_part (&object, "net", details->network);
  add_part (&object, "lastConnect", details->last);
  value = g_variant_ref_sink (g_variant_builder_end (&object));
  (void)bl_json_append (out, value, NULL); /* what came as JSON can be written as JSON */
}
