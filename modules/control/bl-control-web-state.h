// SPDX-License-Identifier: Apache-2.0
/** What a page keeps about itself for an account (userWebState, control-channel 7.1). Pure; any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BL_CONTROL_MAX_WEB_STATE 30000u

/**
 * bl_control_web_state_filter: only the members pages are known to keep, of the types and lengths they have.
 * @text: JSON, an object
 * Returns: (transfer full) (nullable): JSON text; %NULL when @text is no object or too long
 */
char *bl_control_web_state_filter (const char *text);

G_END_DECLS
