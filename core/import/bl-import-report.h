// SPDX-License-Identifier: Apache-2.0
/** BlImportReport: what an import found, what it did with it, what it left and why. One thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  BL_IMPORT_FOUND,    /* in the source */
  BL_IMPORT_NEW,      /* taken over */
  BL_IMPORT_MERGED,   /* was here already; links to what is new were added */
  BL_IMPORT_REPLACED, /* was here already and is now as in the source */
  BL_IMPORT_SAME,     /* was here already, the same */
  BL_IMPORT_KEPT,     /* was here already, and ours stays */
  BL_IMPORT_LEFT,     /* not taken over */
  BL_IMPORT_N_OUTCOMES,
} BlImportOutcome;

typedef struct _BlImportReport BlImportReport;

BlImportReport *bl_import_report_new (void);
void bl_import_report_free (BlImportReport *report);
/** @kind: constant text */
void bl_import_report_count (BlImportReport *report, const char *kind, BlImportOutcome outcome, guint n);
/** Counts @n of @kind as left. @why: constant text */
void bl_import_report_left (BlImportReport *report, const char *kind, const char *why, guint n);
/** Something to know or to do, once each. */
void bl_import_report_note (BlImportReport *report, const char *format, ...) G_GNUC_PRINTF (2, 3);
/** Returns: how many things were changed, or would be. */
guint bl_import_report_changes (BlImportReport *report);
/** Adds "counts", "left", "notes" and "changed" to an answer (a{sv}). */
void bl_import_report_add_to (BlImportReport *report, GVariantDict *answer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlImportReport, bl_import_report_free)

G_END_DECLS
