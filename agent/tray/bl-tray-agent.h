// SPDX-License-Identifier: Apache-2.0
/* BlTrayAgent: the agent of this device as a program of the person sees it: a client of org.bowline.Agent1.
 * Main context. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _BlTrayAgent BlTrayAgent;

/* All strings are owned. */
typedef struct
{
  guint32 id;
  char *kind; /* desktop, terminal, files, other */
  char *who;  /* real name or account, and the guest's name where there is one */
  char *address;
  gint64 started; /* seconds since 1970 */
  gboolean bar;
} BlTraySession;

typedef struct
{
  guint32 id;
  BlTraySession session;
  char *title;   /* "" when none was set */
  char *message; /* likewise */
  guint timeout; /* seconds */
} BlTrayQuestion;

typedef struct
{
  char *kind; /* notify, toast, message, url, chat */
  char *title;
  char *text;
  guint timeout;         /* seconds, 0 until it is closed */
  BlTraySession session; /* of a notification that can be worded here; otherwise its kind is "" */
} BlTrayMessage;

typedef struct
{
  /** Connection, sessions or pause changed; or the agent came or went. */
  void (*changed) (gpointer user_data);
  /** @question: (transfer none) */
  void (*question) (const BlTrayQuestion *question, gpointer user_data);
  void (*withdrawn) (guint32 question, gpointer user_data);
  /** Another person is at the screen: all questions are over. */
  void (*dismissed) (gpointer user_data);
  /** @message: (transfer none) */
  void (*message) (const BlTrayMessage *message, gpointer user_data);
  /** An order was refused: @text can be shown. */
  void (*failed) (const char *text, gpointer user_data);
} BlTrayAgentEvents;

/** EVENTS is static. */
BlTrayAgent *bl_tray_agent_new (GBusType bus, const BlTrayAgentEvents *events, gpointer user_data);
void bl_tray_agent_free (BlTrayAgent *agent);

/** Returns: whether an agent is on the bus */
gboolean bl_tray_agent_is_there (BlTrayAgent *agent);
/** Returns: whether it asks and tells us; otherwise another person is at the screen, or polkit refuses */
gboolean bl_tray_agent_is_presenter (BlTrayAgent *agent);
gboolean bl_tray_agent_is_connected (BlTrayAgent *agent);
/** Returns: (transfer full): host of the server, "" when unknown */
char *bl_tray_agent_dup_server (BlTrayAgent *agent);
/** Returns: end of the pause in seconds since 1970, 0 for none */
gint64 bl_tray_agent_get_pause (BlTrayAgent *agent);
/** Returns: whether a request for help stands */
gboolean bl_tray_agent_has_help (BlTrayAgent *agent);
/** Returns: (transfer none) (element-type BlTraySession): oldest first, valid until the next `changed` */
GPtrArray *bl_tray_agent_get_sessions (BlTrayAgent *agent);

void bl_tray_agent_answer (BlTrayAgent *agent, guint32 question, gboolean allow, gboolean remember);
void bl_tray_agent_stop (BlTrayAgent *agent, guint32 session);
void bl_tray_agent_stop_all (BlTrayAgent *agent);
/** @seconds: 0 ends the pause */
void bl_tray_agent_pause (BlTrayAgent *agent, guint seconds);
/** @text: "" takes the request back */
void bl_tray_agent_request_help (BlTrayAgent *agent, const char *text);

/** Reads the details of a session or a question, a{sv}; whatever is missing or of another type is "" or 0. */
void bl_tray_session_read (BlTraySession *session, GVariant *details);
void bl_tray_session_clear (BlTraySession *session);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlTrayAgent, bl_tray_agent_free)

G_END_DECLS
