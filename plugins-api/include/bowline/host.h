/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The host as a plugin sees it: settings, log, services, worker pool.
 *
 * Each plugin gets its own #BowlineHost, so that the host knows who calls. It lives until the process ends.
 * Unless stated otherwise every function here is called on the main context and every callback arrives there.
 * No function blocks.
 */
#ifndef BOWLINE_HOST_H
#define BOWLINE_HOST_H

#include <bowline/abi.h>
#include <bowline/error.h>

G_BEGIN_DECLS

/** Returns: (transfer none): the main context all sources of the plugin belong to. Any thread. */
BOWLINE_AVAILABLE_IN_1_0 GMainContext *bowline_host_get_main_context (BowlineHost *host);
/** Returns: (transfer none): the plugin's own id. Any thread. */
BOWLINE_AVAILABLE_IN_1_0 const char *bowline_host_get_plugin_id (BowlineHost *host);
/** Returns: (transfer none): version of the program, for example "0.1.0". Any thread. */
BOWLINE_AVAILABLE_IN_1_0 const char *bowline_host_get_version (BowlineHost *host);
/** Returns: (transfer none): absolute path of the one directory the program keeps its data in. Any thread. */
BOWLINE_AVAILABLE_IN_1_0 const char *bowline_host_get_data_dir (BowlineHost *host);
/** Returns: (transfer none): absolute path of read-only data that is installed with the program. Any thread. */
BOWLINE_AVAILABLE_IN_1_0 const char *bowline_host_get_package_data_dir (BowlineHost *host);

/* ---- settings -------------------------------------------------------------------------------------------------
 * The keys of section [module ID] are declared in the plugin's manifest with type, default and range, and are
 * checked before the plugin is loaded. These getters therefore cannot fail; asking for a key that the manifest
 * does not declare is a programming error (a warning, and 0, %FALSE or ""). */

/** Returns: (transfer none): the text of @key; for the section [server], write the key as "server.KEY". */
BOWLINE_AVAILABLE_IN_1_0 const char *bowline_host_get_string (BowlineHost *host, const char *key);
BOWLINE_AVAILABLE_IN_1_0 gint64 bowline_host_get_int (BowlineHost *host, const char *key);
BOWLINE_AVAILABLE_IN_1_0 gboolean bowline_host_get_boolean (BowlineHost *host, const char *key);
/** Returns: (transfer none) (array zero-terminated=1): the items of a list setting, empty items removed. */
BOWLINE_AVAILABLE_IN_1_0 const char *const *bowline_host_get_list (BowlineHost *host, const char *key);

/* ---- log ------------------------------------------------------------------------------------------------------ */

#define BOWLINE_LOG_ERROR 3u
#define BOWLINE_LOG_WARNING 4u
#define BOWLINE_LOG_NOTICE 5u
#define BOWLINE_LOG_INFO 6u
#define BOWLINE_LOG_DEBUG 7u

/**
 * bowline_host_log: writes one structured record. Any thread.
 * @level: BOWLINE_LOG_*, the numbers of syslog
 * @fields: (nullable) (transfer floating): a{sv} of further fields (strings, numbers); names become upper case
 * @format: printf format of the message, one line, no secrets
 */
BOWLINE_AVAILABLE_IN_1_0 void
bowline_host_log (BowlineHost *host, guint32 level, GVariant *fields, const char *format, ...) G_GNUC_PRINTF (4, 5);

/* ---- services: how modules find each other ---------------------------------------------------------------------- */

/**
 * bowline_host_register_service: offers a table of functions to other plugins.
 * @name: for example "org.example.inventory"
 * @major: version of the table; a consumer asks for one
 * @table: its first field is a guint32 struct_size; copied by the host
 * @user_data: handed out together with the table
 * Returns: %FALSE with %BOWLINE_ERROR_EXISTS when the name is taken.
 */
BOWLINE_AVAILABLE_IN_1_0 gboolean bowline_host_register_service (
    BowlineHost *host, const char *name, guint32 major, gconstpointer table, gpointer user_data, GError **error);
/**
 * bowline_host_lookup_service: copies the table registered as @name into @table, whose struct_size field the caller
 * has set; slots the provider does not have become %NULL.
 * @user_data: (out) (optional)
 * Returns: %FALSE when nobody offers it (then @table is zeroed apart from its size).
 * A service disappears when its plugin is deactivated: topic "service.removed" tells; do not keep the copy beyond.
 */
BOWLINE_AVAILABLE_IN_1_0 gboolean
bowline_host_lookup_service (BowlineHost *host, const char *name, guint32 major, gpointer table, gpointer *user_data);

/* ---- worker pool ------------------------------------------------------------------------------------------------ */

/**
 * bowline_host_offload: runs @work on one of a few threads kept for short CPU work (signatures, password hashes),
 * then @done (nullable) on the main context, and then frees @data. After the plugin's deactivation @done is left out.
 * Returns: %FALSE when the queue is at its limit; then nothing was taken and the caller keeps @data.
 */
BOWLINE_AVAILABLE_IN_1_0 gboolean bowline_host_offload (
    BowlineHost *host, void (*work) (gpointer data), void (*done) (gpointer data), gpointer data, GDestroyNotify free_data);

G_END_DECLS
#endif
