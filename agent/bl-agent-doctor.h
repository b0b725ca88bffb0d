// SPDX-License-Identifier: Apache-2.0
// The doctor: tries to reach the server step by step and names the first thing that is wrong in one sentence.
#pragma once

#include "common/bl-msh.h"

G_BEGIN_DECLS

/** Pure. Returns: %FALSE with an error when NOW (seconds since 1970) is before this program was written. */
gboolean bl_agent_doctor_check_clock (gint64 now, GError **error);

/** Prints what it finds. Returns: %FALSE with an error naming the cause when the server cannot be reached and recognised. */
gboolean bl_agent_doctor (BlMsh *msh, GError **error);

G_END_DECLS
