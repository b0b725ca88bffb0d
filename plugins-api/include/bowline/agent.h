/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The agent's side of the plugin interface: features of bowline-agent (terminal, files, inventory, ...).
 *
 * Descriptor, manifest, loading and the functions of <bowline/host.h> are the same as for server modules; `kind` is
 * BOWLINE_PLUGIN_KIND_AGENT. Everything runs on the agent's main context and may not block: long work goes to
 * GTask threads. The data directory of the host is the agent's state directory.
 */
#ifndef BOWLINE_AGENT_H
#define BOWLINE_AGENT_H

#include <bowline/abi.h>
#include <bowline/descriptor.h>
#include <bowline/error.h>
#include <bowline/host.h>

G_BEGIN_DECLS

typedef struct _BowlineTunnel BowlineTunnel;
typedef struct _BowlineMessageCall BowlineMessageCall;

/* ---- tunnels: the device's end of a relay session ---------------------------------------------------------------- */

/** Who is at the other end, as the server's authenticated order says. Strings are borrowed, valid with the tunnel. */
typedef struct
{
  guint32 struct_size;
  guint32 protocol;        /* relay-tunnel protocol number; of a port relay 12 when the port shows the screen, else 14 */
  guint32 rights;          /* device rights of the user; features check them again (K3) */
  guint32 consent;         /* consent flags */
  const char *user_id;     /* "user//admin" */
  const char *user_name;
  const char *real_name;   /* (nullable) */
  const char *guest_name;  /* (nullable): a guest of a device share */
  const char *address;     /* the viewer's address */
  const char *session_id;  /* (nullable) */
} BowlineTunnelInfo;

BOWLINE_AVAILABLE_IN_1_0 BowlineTunnel *bowline_tunnel_ref (BowlineTunnel *tunnel);
BOWLINE_AVAILABLE_IN_1_0 void bowline_tunnel_unref (BowlineTunnel *tunnel);
/** Fills @info up to its struct_size. */
BOWLINE_AVAILABLE_IN_1_0 void bowline_tunnel_get_info (BowlineTunnel *tunnel, BowlineTunnelInfo *info);
/** Returns: (transfer full): a{sv}: the order (`tcpport`, `soptions`, ...) and the viewer's `options` merged over it. */
BOWLINE_AVAILABLE_IN_1_0 GVariant *bowline_tunnel_dup_options (BowlineTunnel *tunnel);
/**
 * Sends one frame. @message: (transfer none). Returns: bytes that now wait; above 256 KiB wait for `drained`. Above 16 MiB the
 * tunnel is closed.
 */
BOWLINE_AVAILABLE_IN_1_0 gsize bowline_tunnel_send_binary (BowlineTunnel *tunnel, GBytes *message);
/** As above, a text frame with the JSON form of @message: (transfer floating): a{sv} */
BOWLINE_AVAILABLE_IN_1_0 gsize bowline_tunnel_send_json (BowlineTunnel *tunnel, GVariant *message);
/** A status line for the viewer ("console" control message). @msgid as relay-tunnel; @text: (nullable): clears it */
BOWLINE_AVAILABLE_IN_1_0 void bowline_tunnel_send_status (BowlineTunnel *tunnel, guint32 msgid, const char *text);
/** Stops and resumes delivery of the viewer's frames; the viewer feels the pressure. */
BOWLINE_AVAILABLE_IN_1_0 void bowline_tunnel_pause (BowlineTunnel *tunnel);
BOWLINE_AVAILABLE_IN_1_0 void bowline_tunnel_resume (BowlineTunnel *tunnel);
/** Sends what waits, then closes. `closed` is called. */
BOWLINE_AVAILABLE_IN_1_0 void bowline_tunnel_close (BowlineTunnel *tunnel);
/** An entry for the server's event log: @msgid and @args (as, nullable, floating sunk) translate @text. */
BOWLINE_AVAILABLE_IN_1_0 void
bowline_tunnel_log (BowlineTunnel *tunnel, guint32 msgid, GVariant *args, const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BowlineTunnel, bowline_tunnel_unref)

/**
 * BowlineTunnelHandler: what a feature does with a tunnel. `closed` is mandatory, the others are nullable.
 */
typedef struct
{
  guint32 struct_size;
  guint32 flags;
  /** A binary frame. @data: (transfer none) */
  void (*binary) (BowlineTunnel *tunnel, GBytes *data, gpointer user_data);
  /** A text frame that is not a JSON object, or a JSON one without `ctrlChannel`: parsed as a{sv} when it is an object. */
  void (*json) (BowlineTunnel *tunnel, GVariant *message, gpointer user_data);
  /** A control message (`ctrlChannel`) the agent does not serve itself, for example `termsize`. a{sv} */
  void (*control) (BowlineTunnel *tunnel, GVariant *message, gpointer user_data);
  /** All that was sent has left for the kernel. */
  void (*drained) (BowlineTunnel *tunnel, gpointer user_data);
  /** Called exactly once, last. */
  void (*closed) (BowlineTunnel *tunnel, gpointer user_data);
} BowlineTunnelHandler;

BOWLINE_AVAILABLE_IN_1_0 void
bowline_tunnel_set_handler (BowlineTunnel *tunnel, const BowlineTunnelHandler *handler, gpointer user_data);

/* ---- features ------------------------------------------------------------------------------------------------------ */

/** A JSON message of the server: answer it now or later. */
BOWLINE_AVAILABLE_IN_1_0 BowlineMessageCall *bowline_message_call_ref (BowlineMessageCall *call);
BOWLINE_AVAILABLE_IN_1_0 void bowline_message_call_unref (BowlineMessageCall *call);
/** Returns: (transfer none): a{sv}: the message as it came from the authenticated server */
BOWLINE_AVAILABLE_IN_1_0 GVariant *bowline_message_call_get_message (BowlineMessageCall *call);
/** Returns: the device rights of the user behind it; 0xFFFFFFFF when the server itself asks. */
BOWLINE_AVAILABLE_IN_1_0 guint32 bowline_message_call_get_rights (BowlineMessageCall *call);
/** Sends {action, type, sessionid, responseid as in the message} plus @answer (a{sv}, floating sunk). */
BOWLINE_AVAILABLE_IN_1_0 void bowline_message_call_answer (BowlineMessageCall *call, GVariant *answer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BowlineMessageCall, bowline_message_call_unref)

#define BOWLINE_AGENT_CAPABILITY_DESKTOP 1u
#define BOWLINE_AGENT_CAPABILITY_TERMINAL 2u
#define BOWLINE_AGENT_CAPABILITY_FILES 4u

/**
 * BowlineAgentFeature: extension point "feature": what the agent can do. All slots are nullable.
 */
typedef struct
{
  guint32 struct_size;
  guint32 capabilities;              /* BOWLINE_AGENT_CAPABILITY_*, announced to the server */
  const char *name;                  /* "terminal" */
  const guint32 *protocols;          /* tunnel protocol numbers it serves, ended by G_MAXUINT32; or NULL */
  const char *const *messages;       /* messages it serves: "ACTION" or "msg/TYPE", NULL-terminated; or NULL */
  /** A tunnel of one of the protocols is open and the viewer's rights were checked. Set a handler, or it is closed. */
  void (*tunnel_opened) (BowlineTunnel *tunnel, gpointer user_data);
  /** One of `messages` arrived. */
  void (*message) (BowlineMessageCall *call, gpointer user_data);
  /** The agent is online (again): send what the server should know. */
  void (*connected) (gpointer user_data);
  void (*disconnected) (gpointer user_data);
} BowlineAgentFeature;

/** Returns: %FALSE when a protocol or message is taken by another feature. The tables are copied. */
BOWLINE_AVAILABLE_IN_1_0 gboolean bowline_host_register_agent_feature (
    BowlineHost *host, const BowlineAgentFeature *feature, gpointer user_data, GError **error);
/** Sends a JSON message to the server. @message: (transfer floating): a{sv}. Returns: %FALSE while offline; nothing is kept. */
BOWLINE_AVAILABLE_IN_1_0 gboolean bowline_agent_send (BowlineHost *host, GVariant *message);
BOWLINE_AVAILABLE_IN_1_0 gboolean bowline_agent_is_connected (BowlineHost *host);
/** Returns: the capabilities of all features that are registered now, BOWLINE_AGENT_CAPABILITY_* */
BOWLINE_AVAILABLE_IN_1_0 guint32 bowline_agent_get_capabilities (BowlineHost *host);

G_END_DECLS
#endif
