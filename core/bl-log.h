// SPDX-License-Identifier: Apache-2.0
/**
 * The log: structured records to the journal when standard error is the journal, otherwise lines
 * "LEVEL component: message key=value" on standard error.
 *
 * Core code may simply use g_message(), g_warning(), g_debug(): the log domain ("bowline-x") is the
 * component. Text is made safe for one line. A field that is a byte array (ay), or whose name says it is a
 * secret (password, token, cookie, secret, key, ticket, ...), is never written, only its length. Any thread.
 */
#pragma once

#include <bowline/host.h>

G_BEGIN_DECLS

/** Installs the writer of g_log. @level: highest BOWLINE_LOG_* that is written. Once, before any thread. */
void bl_log_init (guint32 level);
void bl_log_set_level (guint32 level);
gboolean bl_log_level_from_string (const char *name, guint32 *level);

/** @fields: (nullable) (transfer floating): a{sv} */
void bl_log (const char *component, guint32 level, GVariant *fields, const char *format, ...)
    G_GNUC_PRINTF (4, 5);
void bl_log_text (const char *component, guint32 level, GVariant *fields, const char *message);

/** Returns: (transfer full): the line written for a record, without a line feed; for tests. */
char *bl_log_format (const char *component, guint32 level, GVariant *fields, const char *message);

/** Called for every record that is written, for example to count them; %NULL ends it. Any thread. */
typedef void (*BlLogHook) (const char *component, guint32 level, const char *message);
void bl_log_set_hook (BlLogHook hook);

G_END_DECLS
