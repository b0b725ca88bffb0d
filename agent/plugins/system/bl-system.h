// SPDX-License-Identifier: Apache-2.0
/* What the parts of the plugin share. Main context. */
#pragma once

#include <bowline/agent.h>

G_BEGIN_DECLS

#define BL_SYSTEM_BUS_TIMEOUT_MS 20000

/** Returns: whether the user behind @call holds all of @rights on this device; the server itself does */
gboolean bl_system_may (BowlineMessageCall *call, guint32 rights);
/** Answers with `value`: the JSON text of @value (floating sunk), as MeshCentral's page expects lists. */
void bl_system_answer_text (BowlineMessageCall *call, GVariant *value);
void bl_system_answer_error (BowlineMessageCall *call, const char *text);
/** An entry for the server's event log, in the name of the user behind @call. */
void bl_system_log (BowlineHost *host, BowlineMessageCall *call, guint32 msgid, const char *text);

/** `poweraction`: through logind. */
void bl_system_power (BowlineHost *host, BowlineMessageCall *call);
/** `wakeonlan`: magic packets on every network. */
void bl_system_wake (BowlineHost *host, BowlineMessageCall *call);
/** `ps`, `psinfo`, `pskill` */
void bl_system_processes (BowlineHost *host, BowlineMessageCall *call, const char *type);
/** `services`, `service`, `serviceStart`, `serviceStop`, `serviceRestart`: through systemd. */
void bl_system_services (BowlineHost *host, BowlineMessageCall *call, const char *type);
/** `userSessions`: who is logged in, from logind. */
void bl_system_sessions (BowlineHost *host, BowlineMessageCall *call);

/* Pure parts, for the test. */

/** @root: "" or a directory with a made-up /proc. Returns: (transfer floating): a{sv} of pid -> {pid, cmd,
 * user} */
GVariant *bl_system_process_list (const char *root);
/** Returns: (transfer full) (nullable): command line of the process, at most 512 bytes; %NULL when there is
 * none */
char *bl_system_process_command (const char *root, guint pid);
/** Returns: %TRUE when @text is 12 hex digits, with or without colons or dashes between pairs. */
gboolean bl_system_mac_parse (const char *text, guint8 mac[6]);
/** Six bytes FF, then the address 16 times. */
#define BL_SYSTEM_MAGIC_SIZE 102
void bl_system_magic_packet (const guint8 mac[6], guint8 packet[BL_SYSTEM_MAGIC_SIZE]);
/** Returns: (transfer floating): av of {name, displayName, status: {state}} from systemd's list of units,
 * a(ssssssouso) */
GVariant *bl_system_service_list (GVariant *units);
/** Returns: (transfer full) (nullable): the unit that a viewer's name stands for; %NULL when it is no name of
 * a service */
char *bl_system_service_unit (const char *name);

G_END_DECLS
