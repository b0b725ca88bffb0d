// SPDX-License-Identifier: Apache-2.0
/* What a device may report (agent-channel.md section 10). Limits are generous for devices and small for us.
 */
#include "common/bl-agent-schema.h"

#include <string.h>

#include "common/bl-limits.h"

/* A table reads better in the columns it was written in. */
/* clang-format off */
#define KIB 1024
#define NAME 256
#define LINE 1024
#define TEXT(name, limit) { name, BL_SCHEMA_TEXT, limit, FALSE }
#define LINES(name, limit) { name, BL_SCHEMA_LINES, limit, FALSE }
#define TOKEN(name, limit) { name, BL_SCHEMA_TOKEN, limit, FALSE }
#define DATA(name, limit) { name, BL_SCHEMA_DATA, limit, FALSE }
#define UINT(name, limit) { name, BL_SCHEMA_UINT, limit, FALSE }
#define BOOL(name) { name, BL_SCHEMA_BOOL, 0, FALSE }
#define SCALAR(name) { name, BL_SCHEMA_SCALAR, NAME, FALSE }
#define LIST(name, limit) { name, BL_SCHEMA_LIST, limit, FALSE }
#define FREE(name, limit) { name, BL_SCHEMA_FREE, limit, FALSE }
#define NEED(type, name, limit) { name, BL_SCHEMA_##type, limit, TRUE }
#define END { NULL, 0, 0, FALSE }
/* Whom an answer is for, and what every routed message may carry. */
#define ROUTE TOKEN ("sessionid", 512), TOKEN ("userid", NAME), SCALAR ("tag"), SCALAR ("responseid")

static const BlSchemaField none[] = { END };

static const BlSchemaField coreinfo[] = {
  UINT ("caps", G_MAXUINT32), TEXT ("value", NAME),     TEXT ("osdesc", NAME),         BOOL ("root"),
  TEXT ("name", NAME),        LIST ("users", 256),      LIST ("lusers", 256),          SCALAR ("lastbootuptime"),
  FREE ("intelamt", 16 * KIB), FREE ("av", 32 * KIB),   FREE ("wsc", 8 * KIB),         FREE ("defender", 8 * KIB),
  SCALAR ("pmt"),             END,
};
static const BlSchemaField agent_name[] = { NEED (TEXT, "value", BL_AGENT_MAX_AGENT_NAME), END };
static const BlSchemaField netinfo[] = { FREE ("netif2", 256 * KIB), FREE ("netif", 256 * KIB), END };
static const BlSchemaField smbios[] = { FREE ("value", 512 * KIB), END };
static const BlSchemaField sysinfo[] = { NEED (FREE, "data", 1024 * KIB), END };
static const BlSchemaField sessions[] = { NEED (TOKEN, "type", 32), FREE ("value", 64 * KIB), END };
static const BlSchemaField battery[] = { TOKEN ("state", 8), UINT ("level", 100), END };
static const BlSchemaField log_entry[] = {
  TEXT ("msg", LINE),         UINT ("msgid", 100000),   LIST ("msgArgs", 16),
  TOKEN ("userid", NAME),     TOKEN ("xuserid", NAME),  TEXT ("username", NAME),
  TOKEN ("sessionid", 512),   TOKEN ("remoteaddr", NAME), TEXT ("guestname", NAME), END,
};
static const BlSchemaField tunnel_stats[] = {
  TOKEN ("url", BL_URL_MAX), TOKEN ("userid", NAME), SCALAR ("protocol"),       TOKEN ("sessionid", 512),
  SCALAR ("sent"),           SCALAR ("sentActual"),  SCALAR ("sentRatio"),      SCALAR ("received"),
  SCALAR ("receivedActual"), SCALAR ("receivedRatio"), END,
};
static const BlSchemaField coredump[]
    = { BOOL ("value"), BOOL ("exists"), TOKEN ("agenthashhex", 128), TOKEN ("corehashhex", 128), END };
static const BlSchemaField errorlog[] = { FREE ("log", 256 * KIB), END };
static const BlSchemaField iplocation[] = { TOKEN ("type", 32), FREE ("value", 8 * KIB), END };
static const BlSchemaField migration[] = { NEED (TOKEN, "oldnodeid", 64), END };
static const BlSchemaField get_script[] = { UINT ("type", 2), END };
static const BlSchemaField diagnostic[] = { FREE ("value", 64 * KIB), END };
static const BlSchemaField open_url[]
    = { TOKEN ("url", BL_URL_MAX), TOKEN ("sessionid", 512), SCALAR ("success"), END };
static const BlSchemaField agent_update[] = { TOKEN ("sessionid", 512), END };
static const BlSchemaField mesh_tool[] = {
  TOKEN ("name", NAME),     TOKEN ("hash", 128), TOKEN ("cookie", BL_COOKIE_MAX), TOKEN ("pipe", NAME), SCALAR ("tag"),
  TOKEN ("sessionid", 512), SCALAR ("msh"),      END,
};
static const BlSchemaField user_image[]
    = { TOKEN ("userid", NAME), SCALAR ("promise"), BOOL ("sentDefault"), BOOL ("default"), END };
static const BlSchemaField server_image[] = { TOKEN ("agent", 32), END };
static const BlSchemaField guest_share[] = { UINT ("flags", G_MAXUINT32), BOOL ("viewOnly"), END };
static const BlSchemaField lms_info[] = { FREE ("value", 16 * KIB), END };
static const BlSchemaField two_factor[] = { TOKEN ("url", BL_URL_MAX), BOOL ("approved"), END };

static const BlSchemaField msg_console[] = { NEED (LINES, "value", 128 * KIB), ROUTE, END };
static const BlSchemaField msg_notify[] = {
  TEXT ("value", LINE), TEXT ("title", NAME), SCALAR ("icon"), SCALAR ("id"), UINT ("msgid", 100000), LIST ("args", 16),
  ROUTE,                END,
};
static const BlSchemaField msg_ps[] = { NEED (DATA, "value", 1024 * KIB), ROUTE, END };
static const BlSchemaField msg_psinfo[] = { SCALAR ("pid"), FREE ("value", 64 * KIB), ROUTE, END };
static const BlSchemaField msg_services[] = { DATA ("value", 1024 * KIB), TEXT ("error", LINE), ROUTE, END };
static const BlSchemaField msg_service[] = { DATA ("value", 256 * KIB), TEXT ("error", LINE), ROUTE, END };
static const BlSchemaField msg_getclip[] = { DATA ("data", 512 * KIB), ROUTE, END };
static const BlSchemaField msg_setclip[] = { SCALAR ("success"), ROUTE, END };
static const BlSchemaField msg_sessions[] = { FREE ("data", 64 * KIB), ROUTE, END };
static const BlSchemaField msg_cpuinfo[]
    = { FREE ("cpu", 16 * KIB), FREE ("memory", 16 * KIB), FREE ("thermals", 16 * KIB), ROUTE, END };
static const BlSchemaField msg_commands[]
    = { LINES ("result", 1024 * KIB), TOKEN ("stream", 8), DATA ("data", 64 * KIB), SCALAR ("exit"), SCALAR ("signal"), ROUTE,
        END };
static const BlSchemaField msg_background[] = { FREE ("data", 8 * KIB), ROUTE, END };
static const BlSchemaField msg_open_url[] = { TOKEN ("url", BL_URL_MAX), SCALAR ("success"), ROUTE, END };

static const BlSchemaMessage messages[] = {
  { "coreinfo", NULL, coreinfo },
  { "agentName", NULL, agent_name },
  { "netinfo", NULL, netinfo },
  { "smbios", NULL, smbios },
  { "sysinfo", NULL, sysinfo },
  { "sysinfocheck", NULL, none },
  { "sessions", "kvm", sessions },
  { "sessions", "terminal", sessions },
  { "sessions", "files", sessions },
  { "sessions", "tcp", sessions },
  { "sessions", "udp", sessions },
  { "sessions", "msg", sessions },
  { "sessions", "help", sessions },
  { "sessions", "app", sessions },
  { "battery", NULL, battery },
  { "msg", "console", msg_console },
  { "msg", "notify", msg_notify },
  { "msg", "ps", msg_ps },
  { "msg", "psinfo", msg_psinfo },
  { "msg", "services", msg_services },
  { "msg", "service", msg_service },
  { "msg", "getclip", msg_getclip },
  { "msg", "setclip", msg_setclip },
  { "msg", "userSessions", msg_sessions },
  { "msg", "cpuinfo", msg_cpuinfo },
  { "msg", "runcommands", msg_commands },
  { "msg", "deskBackground", msg_background },
  { "msg", "openUrl", msg_open_url },
  { "log", NULL, log_entry },
  { "tunnelCloseStats", NULL, tunnel_stats },
  { "ping", NULL, none },
  { "pong", NULL, none },
  { "getcoredump", NULL, coredump },
  { "errorlog", NULL, errorlog },
  { "iplocation", NULL, iplocation },
  { "mc1migration", NULL, migration },
  { "getScript", NULL, get_script },
  { "diagnostic", NULL, diagnostic },
  { "openUrl", NULL, open_url },
  { "agentupdate", NULL, agent_update },
  { "agentupdatedownloaded", NULL, none },
  { "meshToolInfo", NULL, mesh_tool },
  { "getUserImage", NULL, user_image },
  { "getServerImage", NULL, server_image },
  { "guestShare", NULL, guest_share },
  { "amtconfig", NULL, none },
  { "lmsinfo", NULL, lms_info },
  { "2faauth", NULL, two_factor },
};

/* clang-format on */

const BlSchemaField *
bl_agent_schema_find (const char *action, const char *type, gboolean *known_action)
{
  *known_action = FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (messages); i++)
    {
      if (strcmp (messages[i].action, action) != 0)
        continue;
      *known_action = TRUE;
      if (messages[i].type == NULL || g_strcmp0 (messages[i].type, type) == 0)
        return messages[i].fields;
    }
  return NULL;
}
