// SPDX-License-Identifier: Apache-2.0
/** What the server is busy with: numbers for administrators, now and over the last days. Main context. */
#pragma once

#include "bl-control.h"

G_BEGIN_DECLS

#define BL_CONTROL_STATS_SECONDS 300 /* between two samples that are kept */
#define BL_CONTROL_STATS_HOURS 720

BlControlStats *bl_control_stats_new (BlControl *control);
void bl_control_stats_free (BlControlStats *self);
/** Takes a sample, keeps it and tells the pages (event `servertimelinestats`). */
void bl_control_stats_sample (BlControlStats *self);
/** Returns: (transfer floating): av: the samples of the last @hours, oldest first */
GVariant *bl_control_stats_history (BlControlStats *self, gint64 hours);

/** Returns: (transfer floating): a `serverstats` frame of now */
GVariant *bl_control_stats_frame (BlControl *control);

G_END_DECLS
