// SPDX-License-Identifier: Apache-2.0
/** The power history of a device out of its events. Pure; any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * bl_control_timeline: (control-channel 7.6, powertimeline)
 * @events: a list of stored events of action "power", newest first
 * Returns: (transfer floating): av: the power before, the time of the first change in seconds, the power since; then for
 * each further change the seconds since the one before, and the power. States that lasted less than two minutes are left
 * out. Empty when there is nothing to tell.
 */
GVariant *bl_control_timeline (GVariant *events);

G_END_DECLS
