/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Extension point "action": one row per action of the control channel and of bowlinectl.
 *
 * The host's one dispatcher finds the row by name, checks the arguments against the schema, asks may() for the object,
 * runs the handler and writes the audit record. A handler therefore sees only valid and permitted calls. Main context.
 */
#ifndef BOWLINE_ACTION_H
#define BOWLINE_ACTION_H

#include <bowline/abi.h>
#include <bowline/principal.h>

G_BEGIN_DECLS

/* Argument types */
#define BOWLINE_ARGUMENT_STRING 1u  /* min..max: bytes of UTF-8 without NUL */
#define BOWLINE_ARGUMENT_INTEGER 2u /* min..max: value; a double without fraction is taken, -1 only if in range */
#define BOWLINE_ARGUMENT_BOOLEAN 3u /* also 0 and 1 */
#define BOWLINE_ARGUMENT_ID 4u      /* detail: "node", "mesh", "user", "ugrp" or several with "|"; a bare third part is completed */
#define BOWLINE_ARGUMENT_CHOICE 5u  /* detail: allowed strings with "|" */
#define BOWLINE_ARGUMENT_OBJECT 6u  /* an object; max: members */
#define BOWLINE_ARGUMENT_ANY 7u     /* anything the JSON limits let through */

/* Argument flags */
#define BOWLINE_ARGUMENT_REQUIRED 1u
#define BOWLINE_ARGUMENT_LIST 2u    /* an array of the type; list_max items at most */
#define BOWLINE_ARGUMENT_NULLABLE 4u /* null counts as absent */
#define BOWLINE_ARGUMENT_SECRET 8u  /* never logged */

typedef struct
{
  const char *name;
  guint32 type;
  guint32 flags;
  gint64 min;
  gint64 max;
  guint32 list_max;
  guint32 reserved;
  const char *detail;
  const char *problem; /* (nullable): result text when it is missing or invalid; otherwise the host words one */
} BowlineArgument;

/* Action flags */
#define BOWLINE_ACTION_CHANGES 1u        /* audited; refused while the store is not healthy */
#define BOWLINE_ACTION_LOCAL 2u          /* only for the local socket (bowlinectl) */
#define BOWLINE_ACTION_NO_TOKEN 4u       /* refused for login tokens and keys */
#define BOWLINE_ACTION_SILENT 8u         /* a refusal is not answered (MeshCentral clients expect silence) */
#define BOWLINE_ACTION_OPEN_ARGUMENTS 16u /* members the schema does not name are kept; otherwise they are dropped */
#define BOWLINE_ACTION_FULL_ADMIN 32u    /* site rights must be 0xFFFFFFFF */
#define BOWLINE_ACTION_GUEST 64u         /* also for guests and devices, who are refused otherwise */

typedef struct
{
  guint32 struct_size;
  guint32 flags;                    /* BOWLINE_ACTION_* */
  const char *name;                 /* wire name, 3 to 32 characters */
  const char *summary;              /* one line for the reference, translatable */
  const BowlineArgument *arguments; /* static */
  guint32 n_arguments;
  guint32 argument_size;            /* sizeof (BowlineArgument) */
  guint32 site_rights;              /* all of these, or full administrator; 0: none needed */
  guint32 object_rights;            /* on the object(s) that `object` names; 0: it must be visible */
  const char *object;               /* (nullable): argument of type ID the rights are asked for; a list: refused ones
                                       are left out and named by bowline_action_call_get_refused() */
  void (*run) (BowlineActionCall *call, gpointer user_data);
  const char *denied;               /* (nullable): result text when rights are missing or the object is not visible;
                                       %NULL: "Access denied" */
} BowlineAction;

/** Registers rows; the tables are copied. Returns: %FALSE when a name is taken or a row is malformed; then none is kept. */
BOWLINE_AVAILABLE_IN_1_0 gboolean bowline_host_register_actions (
    BowlineHost *host, const BowlineAction *actions, guint32 n_actions, gpointer user_data, GError **error);

/* ---- one call: keep a reference to answer later -------------------------------------------------------------------- */

BOWLINE_AVAILABLE_IN_1_0 BowlineActionCall *bowline_action_call_ref (BowlineActionCall *call);
/** The last reference gone without an answer: nothing is sent. */
BOWLINE_AVAILABLE_IN_1_0 void bowline_action_call_unref (BowlineActionCall *call);
/** Returns: (transfer none): a{sv}: the checked arguments; ids complete, absent ones missing. INTEGER is "x", a list of
 * texts (STRING, ID, CHOICE) "as", any other list "av". */
BOWLINE_AVAILABLE_IN_1_0 GVariant *bowline_action_call_get_arguments (BowlineActionCall *call);
/** Returns: (transfer none): the whole request as it came */
BOWLINE_AVAILABLE_IN_1_0 GVariant *bowline_action_call_get_request (BowlineActionCall *call);
BOWLINE_AVAILABLE_IN_1_0 BowlinePrincipal *bowline_action_call_get_principal (BowlineActionCall *call);
/** Returns: (transfer none) (nullable): "user//name/hex" of the control session */
BOWLINE_AVAILABLE_IN_1_0 const char *bowline_action_call_get_session (BowlineActionCall *call);
/** Returns: %TRUE when the request carries a responseid. */
BOWLINE_AVAILABLE_IN_1_0 gboolean bowline_action_call_wants_answer (BowlineActionCall *call);
/** Returns: (transfer none) (array zero-terminated=1): objects of a list argument that were refused or unknown */
BOWLINE_AVAILABLE_IN_1_0 const char *const *bowline_action_call_get_refused (BowlineActionCall *call);
/** Sends {action, responseid} plus @answer (a{sv}, floating sunk). May be called more than once. */
BOWLINE_AVAILABLE_IN_1_0 void bowline_action_call_answer (BowlineActionCall *call, GVariant *answer);
/**
 * bowline_action_call_answer_json: as answer, for large answers that are kept as text.
 * @members: (transfer none): JSON text of the further members without braces, for example "\"nodes\":{}"; not checked
 * The frame reaches #BowlineFrameFunc as a byte string.
 */
BOWLINE_AVAILABLE_IN_1_0 void bowline_action_call_answer_json (BowlineActionCall *call, GBytes *members);
/** Sends {action, responseid, result}, only if the caller wants an answer. */
BOWLINE_AVAILABLE_IN_1_0 void bowline_action_call_result (BowlineActionCall *call, const char *result);
/** As result, for a refusal or failure; noted in the audit record. */
BOWLINE_AVAILABLE_IN_1_0 void bowline_action_call_fail (BowlineActionCall *call, const GError *error);
/** Sends one more frame to the caller, exactly as given (a{sv}, floating sunk). */
BOWLINE_AVAILABLE_IN_1_0 void bowline_action_call_push (BowlineActionCall *call, GVariant *frame);
/** Returns: %TRUE when the caller has left: nothing that is sent reaches anybody any more. Main context. */
BOWLINE_AVAILABLE_IN_1_0 gboolean bowline_action_call_is_over (BowlineActionCall *call);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BowlineActionCall, bowline_action_call_unref)

/* ---- for modules that carry requests: the control channel, REST ------------------------------------------------------ */

/** @frame: (transfer none): a{sv} to send to the client, or "ay": the frame's complete JSON text without NUL */
typedef void (*BowlineFrameFunc) (GVariant *frame, gpointer user_data);
/**
 * bowline_action_dispatch: runs one request.
 * @request: (transfer floating): a{sv} with "action"
 * @session: (nullable): the control session's id
 * @send: called for every frame, now or later, until @cancellable is cancelled
 * Returns: %FALSE when there is no such action (nothing was sent; the host counted it).
 */
BOWLINE_AVAILABLE_IN_1_0 gboolean bowline_action_dispatch (BowlineHost *host,
                                                           BowlinePrincipal *principal,
                                                           const char *session,
                                                           GVariant *request,
                                                           GCancellable *cancellable,
                                                           BowlineFrameFunc send,
                                                           gpointer user_data,
                                                           GDestroyNotify free_user_data);

G_END_DECLS
#endif
