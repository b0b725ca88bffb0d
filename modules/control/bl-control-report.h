// SPDX-License-Identifier: Apache-2.0
/** Reports: tables made of stored events, in MeshCentral's shape. Pure; follows control-channel 6 ("report").
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  BL_CONTROL_REPORT_SESSIONS = 1,
  BL_CONTROL_REPORT_TRAFFIC = 2,
  BL_CONTROL_REPORT_LOGINS = 3,
  BL_CONTROL_REPORT_RECORDS = 4,
} BlControlReportType;

typedef enum
{
  BL_CONTROL_REPORT_BY_USER = 1,
  BL_CONTROL_REPORT_BY_DEVICE = 2,
  BL_CONTROL_REPORT_BY_DAY = 3,
} BlControlReportGroup;

typedef struct
{
  BlControlReportType type;
  BlControlReportGroup group_by;
  gboolean traffic;     /* columns with bytes */
  const char *locale;   /* (nullable): how days are written */
  const char *timezone; /* (nullable): name of the zone days begin in */
} BlControlReport;

/**
 * bl_control_report_make: the table of sessions, traffic or logins.
 * @events: (element-type GVariant): a{sv}, oldest first, with their targets in "ids"
 * Returns: (transfer floating): a{sv}: groups, columns, groupFormat
 */
GVariant *bl_control_report_make (const BlControlReport *report, GPtrArray *events);
/** @names: NULL-terminated; @counts: as many. Returns: (transfer floating): the table of how many documents
 * there are */
GVariant *bl_control_report_records (const char *const *names, const guint *counts);

/** Returns: (transfer full): the day of @ms, as the locale writes it */
char *bl_control_report_day (gint64 ms, const char *locale, const char *timezone);

G_END_DECLS
