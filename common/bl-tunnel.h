// SPDX-License-Identifier: Apache-2.0
/*
 * Tunnels between a viewer and an agent: protocol numbers, the URL in a tunnel request, and the text control
 * messages (relay-tunnel.md sections 1 and 2). Pure; any thread.
 */
#pragma once

#include <glib.h>
#include "common/bl-limits.h"
#include "common/bl-rights-bits.h"

G_BEGIN_DECLS

typedef enum
{
  BL_TUNNEL_NONE = 0,
  BL_TUNNEL_TERMINAL = 1, /* as root or administrator */
  BL_TUNNEL_DESKTOP = 2,
  BL_TUNNEL_FILES_OLD = 4, /* in rights checks only */
  BL_TUNNEL_FILES = 5,
  BL_TUNNEL_POWERSHELL = 6,
  BL_TUNNEL_PLUGIN = 7,
  BL_TUNNEL_USER_SHELL = 8,
  BL_TUNNEL_USER_POWERSHELL = 9,
  BL_TUNNEL_FILE_DOWNLOAD = 10,
  BL_TUNNEL_SSH = 11,
  BL_TUNNEL_VNC = 12,
  BL_TUNNEL_SSH_FILES = 13,
  BL_TUNNEL_TCP = 14,
  BL_TUNNEL_AMT_WSMAN = 100,
  BL_TUNNEL_AMT_REDIRECTION = 101,
  BL_TUNNEL_MESSENGER = 200,
} BlTunnelProtocol;

/** bl_tunnel_is_terminal: 1, 6, 8 or 9. */
gboolean bl_tunnel_is_terminal (guint protocol);

/** bl_tunnel_is_files: 4, 5 or 10. */
gboolean bl_tunnel_is_files (guint protocol);

/** bl_tunnel_is_screen: TRUE for what shows the screen: 2 and 12. */
gboolean bl_tunnel_is_screen (guint protocol);

/** bl_tunnel_is_for_agent: TRUE when the number may be sent to an agent: 1, 2, 5..10. */
gboolean bl_tunnel_is_for_agent (guint protocol);

/** bl_tunnel_is_port: TRUE for what a session to a TCP port of the device counts as: 12 and 14. */
gboolean bl_tunnel_is_port (guint protocol);

/**
 * bl_tunnel_port_kind:
 * @protocol: what the viewer calls the session, 0 for nothing
 * @port: where it leads
 *
 * Returns: %BL_TUNNEL_VNC when the person at the device is seen there: it is said to be, or the port is one
 * of VNC (5900..5999) or RDP (3389), whatever is said; otherwise %BL_TUNNEL_TCP
 */
guint bl_tunnel_port_kind (guint protocol, guint16 port);

/**
 * bl_tunnel_allowed:
 * @rights: effective rights on the device
 *
 * Returns: TRUE when @rights allow opening @protocol: remote control, minus its restriction bits; desktop
 * also with "view only" alone
 */
gboolean bl_tunnel_allowed (guint protocol, guint32 rights);

/* What a port relay leads to (relay-tunnel.md section 8). Texts are borrowed from what it was read from. */
typedef struct
{
  const char *node_id;
  const char *address; /* (nullable): what the device connects to; NULL is the device itself */
  guint16 port;
  guint protocol; /* what the session counts as: BL_TUNNEL_VNC or BL_TUNNEL_TCP */
} BlTunnelPort;

/**
 * bl_tunnel_port_read:
 * @object: a{sv} with `nodeid`, `tcpport` and perhaps `tcpaddr` and `p`, of a cookie or a request
 *
 * Returns: FALSE unless the device's id, the port (1..65535) and the address (an IP address or a host name of
 * at most BL_TUNNEL_MAX_HOST characters) are well formed; any other `p` than 12 counts as 14
 */
gboolean bl_tunnel_port_read (GVariant *object, BlTunnelPort *port);

/** bl_tunnel_port_parse: the same from the texts of a query. @port: decimal; @address, @protocol: (nullable).
 * Returns: (transfer full) (nullable): an object for bl_tunnel_port_read() */
GVariant *
bl_tunnel_port_parse (const char *node_id, const char *port, const char *address, const char *protocol);

/** bl_tunnel_port_to_variant: Returns: (transfer floating): a{sv} for bl_tunnel_port_read() */
GVariant *bl_tunnel_port_to_variant (const BlTunnelPort *port);

/**
 * bl_tunnel_port_allowed:
 * @rights: effective rights on the device
 * @ceiling: what the viewer's credential leaves of any rights (BowlinePrincipalInfo)
 *
 * Returns: TRUE when @rights allow @protocol and the credential was not made without relays: remote control
 * alone opens ports too, so that its bit does not tell
 */
gboolean bl_tunnel_port_allowed (guint protocol, guint32 rights, guint32 ceiling);

/** bl_tunnel_consent: the part of @consent that concerns @protocol; *@notify and *@prompt are set. */
void bl_tunnel_consent (guint protocol, guint32 consent, gboolean *notify, gboolean *prompt);

/* Parsed tunnel URL or relay query. All texts owned, NULL when absent. */
typedef struct
{
  gboolean relative; /* began with the star and slash that stand for "your server" */
  char *domain;      /* path segments before the endpoint, "" for none */
  char *endpoint;    /* "meshrelay.ashx" or "devicefile.ashx" */
  guint protocol;    /* p */
  char *id;
  char *nodeid;
  char *auth;
  char *rauth;
  gboolean browser;
  gboolean no_ping;
  guint16 tcp_port; /* 0: not a port relay */
  char *tcp_addr;
  guint16 udp_port;
  char *udp_addr;
} BlTunnelUrl;

/**
 * bl_tunnel_url_parse:
 * @url: `*` and `/[DOMAIN/]meshrelay.ashx?...`, a path with a query, or a `wss:` URL
 *
 * Returns: FALSE with %BL_ERROR_INVALID or %BL_ERROR_TOO_LARGE; otherwise clear @out with
 * bl_tunnel_url_clear()
 */
gboolean bl_tunnel_url_parse (const char *url, BlTunnelUrl *out, GError **error);

/** bl_tunnel_query_parse: only the part behind '?'; `domain` and `endpoint` stay NULL. */
gboolean bl_tunnel_query_parse (const char *query, BlTunnelUrl *out, GError **error);
void bl_tunnel_url_clear (BlTunnelUrl *url);

/**
 * bl_tunnel_url_resolve:
 * @url: value of a tunnel command, relative to the server
 * @server: the agent's `wss://host:port/.../agent.ashx`
 *
 * Returns: (transfer full) (nullable): the absolute URL on the same scheme, host and port, with `$` and `@`
 *   percent-encoded; NULL with %BL_ERROR_INVALID. Never another host: an absolute @url is refused.
 */
char *bl_tunnel_url_resolve (const char *url, const char *server, GError **error);

typedef enum
{
  BL_TUNNEL_MSG_PROTOCOL,           /* a bare number: start this protocol */
  BL_TUNNEL_MSG_CONNECTED,          /* "c" */
  BL_TUNNEL_MSG_CONNECTED_RECORDED, /* "cr" */
  BL_TUNNEL_MSG_OPTIONS,
  BL_TUNNEL_MSG_CLOSE,
  BL_TUNNEL_MSG_TERMSIZE,
  BL_TUNNEL_MSG_LOCK,
  BL_TUNNEL_MSG_AUTOLOCK,
  BL_TUNNEL_MSG_RTT,
  BL_TUNNEL_MSG_PING,
  BL_TUNNEL_MSG_PONG,
  BL_TUNNEL_MSG_CONSOLE,
  BL_TUNNEL_MSG_METADATA,
  BL_TUNNEL_MSG_OFFER,
  BL_TUNNEL_MSG_ANSWER,
  BL_TUNNEL_MSG_WEBRTC0,
  BL_TUNNEL_MSG_WEBRTC1,
  BL_TUNNEL_MSG_WEBRTC2,
  BL_TUNNEL_MSG_OTHER, /* well formed, a type we do not know: ignore */
} BlTunnelMsgType;

/**
 * BlTunnelMsg:
 * @protocol: protocol
 * @cols: options, termsize; 0 when absent, at most BL_TUNNEL_MAX_COLS
 * @rows: likewise
 * @value: autolock
 * @require_login: options
 * @consent: options, to be OR-ed
 * @file: (nullable): options, protocol 10
 * @message: (nullable): the whole object
 */
typedef struct
{
  BlTunnelMsgType type;
  guint protocol;
  guint cols;
  guint rows;
  gboolean value;
  gboolean require_login;
  guint32 consent;
  char *file;
  GVariant *message;
} BlTunnelMsg;

/**
 * bl_tunnel_msg_parse:
 * A text frame of a tunnel. `ctrlChannel` is not required: before the protocol starts browsers leave it out.
 *
 * Returns: FALSE with an error; otherwise clear @msg with bl_tunnel_msg_clear()
 */
gboolean bl_tunnel_msg_parse (const char *text, gsize len, BlTunnelMsg *msg, GError **error);
void bl_tunnel_msg_clear (BlTunnelMsg *msg);

/** bl_tunnel_has_ctrl_channel: TRUE when @object holds ctrlChannel 102938 as text or number. */
gboolean bl_tunnel_has_ctrl_channel (GVariant *object);

/* Builders, (transfer full) JSON text with ctrlChannel. */
char *bl_tunnel_build_simple (BlTunnelMsgType type); /* close, ping, pong, lock */
char *bl_tunnel_build_termsize (guint cols, guint rows);
/** bl_tunnel_build_rtt: the answer to an rtt @msg, repeating its time. */
char *bl_tunnel_build_rtt (const BlTunnelMsg *msg);
/** bl_tunnel_build_console: @text NULL clears the line; @msgid 1 waiting for consent, 2 denied, 0 none. */
char *bl_tunnel_build_console (const char *text, guint msgid);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BlTunnelUrl, bl_tunnel_url_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BlTunnelMsg, bl_tunnel_msg_clear)

G_END_DECLS
