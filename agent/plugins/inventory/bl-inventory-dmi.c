// SPDX-License-Identifier: Apache-2.0
#include "bl-inventory-dmi.h"

#include <string.h>

#define HEADER 4u
#define TYPE_MEMORY 17
#define TYPE_END 127
#define STRUCTURES_MAX 4096u
#define TEXT_MAX 64u
// Offsets in a structure of type 17
#define SIZE 0x0C
#define LOCATOR 0x10
#define BANK 0x11
#define SPEED 0x15
#define MAKER 0x17
#define SERIAL 0x18
#define PART 0x1A
#define LARGE_SIZE 0x1C
#define SIZE_UNKNOWN 0xFFFFu
#define SIZE_IS_LARGE 0x7FFFu
#define SIZE_IN_KIB 0x8000u

typedef struct
{
  const guint8 *data; // the formatted part
  gsize length;
  const guint8 *texts; // one after the other, each ended by a zero
  gsize texts_length;
} Structure;

static guint32
number (const Structure *structure, gsize offset, gsize bytes)
{
  guint32 value = 0;
  if (offset + bytes > structure->length)
    return 0;
  for (gsize i = 0; i < bytes; i++)
    value |= (guint32)structure->data[offset + i] << (8 * i);
  return value;
}

// Adds the text whose number, from 1, stands at OFFSET.
static void
add_text (GVariantBuilder *item, const char *name, const Structure *structure, gsize offset)
{
  guint wanted = number (structure, offset, 1);
  const guint8 *text = structure->texts, *end = text + structure->texts_length;
  if (wanted == 0)
    return;
  while (text < end && --wanted > 0)
    {
      const guint8 *zero = memchr (text, 0, (gsize)(end - text));
      text = zero != NULL ? zero + 1 : end;
    }
  const gsize length = text < end ? strnlen ((const char *)text, MIN ((gsize)(end - text), TEXT_MAX)) : 0;
  g_autofree char *valid = g_utf8_make_valid ((const char *)text, (gssize)length);
  for (char *p = valid; *p != '\0'; p++)
    *p = g_ascii_iscntrl (*p) ? ' ' : *p;
  g_strstrip (valid);
  if (valid[0] != '\0')
    g_variant_builder_add (item, "{sv}", name, g_variant_new_string (valid));
}

// Returns: MiB, 0 for an empty socket
static guint64
read_size (const Structure *structure)
{
  const guint32 size = number (structure, SIZE, 2);
  if (size == 0 || size == SIZE_UNKNOWN)
    return 0;
  if (size == SIZE_IS_LARGE)
    return number (structure, LARGE_SIZE, 4) & 0x7FFFFFFFu;
  return (size & SIZE_IN_KIB) != 0 ? (size & ~SIZE_IN_KIB) / 1024 : size;
}

static gboolean
add_module (GVariantBuilder *list, const Structure *structure)
{
  const guint64 size = read_size (structure);
  const guint32 speed = number (structure, SPEED, 2);
  GVariantBuilder item;
  if (size == 0)
    return FALSE;
  g_variant_builder_init (&item, G_VARIANT_TYPE_VARDICT);
  add_text (&item, "Locator", structure, LOCATOR);
  add_text (&item, "Bank_Locator", structure, BANK);
  add_text (&item, "Manufacturer", structure, MAKER);
  add_text (&item, "PartNumber", structure, PART);
  add_text (&item, "SerialNumber", structure, SERIAL);
  g_variant_builder_add (&item, "{sv}", "Size",
                         g_variant_new_take_string (size % 1024 == 0
                                                        ? g_strdup_printf ("%" G_GUINT64_FORMAT " GB", size / 1024)
                                                        : g_strdup_printf ("%" G_GUINT64_FORMAT " MB", size)));
  if (speed != 0 && speed != 0xFFFF)
    g_variant_builder_add (&item, "{sv}", "Speed", g_variant_new_take_string (g_strdup_printf ("%u MT/s", speed)));
  g_variant_builder_add (list, "v", g_variant_builder_end (&item));
  return TRUE;
}

// Takes one structure off the front of TABLE. Returns: %FALSE when there is no whole one
static gboolean
next_structure (const guint8 **table, gsize *length, Structure *structure)
{
  if (*length < HEADER || (*table)[1] < HEADER || (*table)[1] > *length)
    return FALSE;
  structure->data = *table;
  structure->length = (*table)[1];
  structure->texts = *table + structure->length;
  gsize rest = *length - structure->length, i = 0;
  while (i + 1 < rest && (structure->texts[i] != 0 || structure->texts[i + 1] != 0))
    i++;
  if (i + 1 >= rest)
    return FALSE;
  structure->texts_length = i + 1;
  *table = structure->texts + i + 2;
  *length = rest - i - 2;
  return TRUE;
}

GVariant *
bl_inventory_dmi_memory (const guint8 *table, gsize length)
{
  GVariantBuilder list;
  Structure structure;
  guint modules = 0;
  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  length = MIN (length, BL_INVENTORY_DMI_MAX);
  for (guint i = 0; i < STRUCTURES_MAX && modules < BL_INVENTORY_MAX_MODULES
                    && next_structure (&table, &length, &structure) && structure.data[0] != TYPE_END;
       i++)
    {
      if (structure.data[0] == TYPE_MEMORY && add_module (&list, &structure))
        modules++;
    }
  return g_variant_builder_end (&list);
}
