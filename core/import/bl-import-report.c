// SPDX-License-Identifier: Apache-2.0
#include "bl-import-report.h"

typedef struct
{
  const char *kind;
  guint counts[BL_IMPORT_N_OUTCOMES];
} Row;

typedef struct
{
  const char *kind;
  const char *why;
  guint count;
} Reason;

struct _BlImportReport
{
  GArray *rows;    /* Row, in order of appearance */
  GArray *reasons; /* Reason */
  GPtrArray *notes;
};

BlImportReport *
bl_import_report_new (void)
{
  BlImportReport *report = g_new (BlImportReport, 1);

  report->rows = g_array_new (FALSE, FALSE, sizeof (Row));
  report->reasons = g_array_new (FALSE, FALSE, sizeof (Reason));
  report->notes = g_ptr_array_new_with_free_func (g_free);
  return report;
}

void
bl_import_report_free (BlImportReport *report)
{
  g_array_unref (report->rows);
  g_array_unref (report->reasons);
  g_ptr_array_unref (report->notes);
  g_free (report);
}

void
bl_import_report_count (BlImportReport *report, const char *kind, BlImportOutcome outcome, guint n)
{
  Row fresh = { .kind = kind };

  if (n == 0)
    return;
  for (guint i = 0; i < report->rows->len; i++)
    {
      Row *row = &g_array_index (report->rows, Row, i);
      if (g_str_equal (row->kind, kind))
        {
          row->counts[outcome] += n;
          return;
        }
    }
  fresh.counts[outcome] = n;
  g_array_append_val (report->rows, fresh);
}

void
bl_import_report_left (BlImportReport *report, const char *kind, const char *why, guint n)
{
  const Reason fresh = { kind, why, n };

  if (n == 0)
    return;
  bl_import_report_count (report, kind, BL_IMPORT_LEFT, n);
  for (guint i = 0; i < report->reasons->len; i++)
    {
      Reason *reason = &g_array_index (report->reasons, Reason, i);
      if (g_str_equal (reason->kind, kind) && g_str_equal (reason->why, why))
        {
          reason->count += n;
          return;
        }
    }
  g_array_append_val (report->reasons, fresh);
}

void
bl_import_report_note (BlImportReport *report, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  if (!g_ptr_array_find_with_equal_func (report->notes, text, g_str_equal, NULL))
    g_ptr_array_add (report->notes, g_steal_pointer (&text));
}

guint
bl_import_report_changes (BlImportReport *report)
{
  guint changes = 0;

  for (guint i = 0; i < report->rows->len; i++)
    {
      const Row *row = &g_array_index (report->rows, Row, i);
      changes += row->counts[BL_IMPORT_NEW] + row->counts[BL_IMPORT_MERGED] + row->counts[BL_IMPORT_REPLACED];
    }
  return changes;
}

static GVariant *
rows_to_variant (BlImportReport *report)
{
  static const char *const names[BL_IMPORT_N_OUTCOMES]
      = { "found", "new", "merged", "replaced", "unchanged", "kept", "left" };
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < report->rows->len; i++)
    {
      const Row *row = &g_array_index (report->rows, Row, i);
      GVariantDict dict;

      g_variant_dict_init (&dict, NULL);
      g_variant_dict_insert (&dict, "kind", "s", row->kind);
      for (guint o = 0; o < BL_IMPORT_N_OUTCOMES; o++)
        g_variant_dict_insert (&dict, names[o], "x", (gint64)row->counts[o]);
      g_variant_builder_add (&list, "v", g_variant_dict_end (&dict));
    }
  return g_variant_builder_end (&list);
}

static GVariant *
reasons_to_variant (BlImportReport *report)
{
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < report->reasons->len; i++)
    {
      const Reason *reason = &g_array_index (report->reasons, Reason, i);
      GVariantDict dict;

      g_variant_dict_init (&dict, NULL);
      g_variant_dict_insert (&dict, "kind", "s", reason->kind);
      g_variant_dict_insert (&dict, "count", "x", (gint64)reason->count);
      g_variant_dict_insert (&dict, "why", "s", reason->why);
      g_variant_builder_add (&list, "v", g_variant_dict_end (&dict));
    }
  return g_variant_builder_end (&list);
}

void
bl_import_report_add_to (BlImportReport *report, GVariantDict *answer)
{
  GVariantBuilder notes;

  g_variant_builder_init (&notes, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < report->notes->len; i++)
    g_variant_builder_add (&notes, "v", g_variant_new_string (g_ptr_array_index (report->notes, i)));
  g_variant_dict_insert (answer, "changed", "x", (gint64)bl_import_report_changes (report));
  g_variant_dict_insert_value (answer, "counts", rows_to_variant (report));
  g_variant_dict_insert_value (answer, "left", reasons_to_variant (report));
  g_variant_dict_insert_value (answer, "notes", g_variant_builder_end (&notes));
}
