// SPDX-License-Identifier: Apache-2.0
/*
 * The schema of everything a device reports in JSON (agent-channel.md section 10). A device is not trusted
 * (K2): known fields of the right type and length are copied, unknown ones are dropped, wrong ones refuse the
 * message. One table, no code per action. Pure; any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * bl_agent_json_check:
 * @message: (transfer none): object of type a{sv} from bl_json_parse_object(), best with
 *   %BL_JSON_REPLACE_INVALID_UTF8
 *
 * Texts lose control characters; texts that people read are cut to their limit, texts that programs read are
 * refused beyond it. Free-form parts (hardware, network) get bounds on depth, count and length.
 *
 * Returns: (transfer full): a sanitised copy, not floating; NULL with %BL_ERROR_UNKNOWN for an unknown
 * action, %BL_ERROR_INVALID or %BL_ERROR_TOO_LARGE for a field, which the message names
 */
GVariant *bl_agent_json_check (GVariant *message, GError **error);

/** bl_agent_json_is_known: TRUE when the table has @action. */
gboolean bl_agent_json_is_known (const char *action);

G_END_DECLS
