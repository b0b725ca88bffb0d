// SPDX-License-Identifier: Apache-2.0
/* Forwards the functions of <bowline/action.h> to the tables the program installed. */
#include "bowline-forward.h"

static const BowlineActionOps *action_ops;

void
bowline_private_install_action_ops (const BowlineActionOps *ops)
{
  action_ops = ops;
}

gboolean
bowline_host_register_actions (
    BowlineHost *host, const BowlineAction *actions, guint32 n_actions, gpointer user_data, GError **error)
{
  if (BOWLINE_ABSENT (action_ops, register_actions))
    {
      bowline_forward_set_error ("bowline_host_register_actions", error);
      return FALSE;
    }
  return action_ops->register_actions (host, actions, n_actions, user_data, error);
}

gboolean
bowline_action_dispatch (BowlineHost *host,
                         BowlinePrincipal *principal,
                         const char *session,
                         GVariant *request,
                         GCancellable *cancellable,
                         BowlineFrameFunc send,
                         gpointer user_data,
                         GDestroyNotify free_user_data)
{
  if (BOWLINE_ABSENT (action_ops, dispatch))
    {
      bowline_forward_drop (request);
      return FALSE;
    }
  return action_ops->dispatch (host, principal, session, request, cancellable, send, user_data,
                               free_user_data);
}

static const BowlineActionCallOps *action_call_ops;

void
bowline_private_install_action_call_ops (const BowlineActionCallOps *ops)
{
  action_call_ops = ops;
}

BowlineActionCall *
bowline_action_call_ref (BowlineActionCall *call)
{
  if (BOWLINE_ABSENT (action_call_ops, ref))
    return NULL;
  return action_call_ops->ref (call);
}

void
bowline_action_call_unref (BowlineActionCall *call)
{
  if (BOWLINE_ABSENT (action_call_ops, unref))
    return;
  action_call_ops->unref (call);
}

GVariant *
bowline_action_call_get_arguments (BowlineActionCall *call)
{
  if (BOWLINE_ABSENT (action_call_ops, get_arguments))
    return NULL;
  return action_call_ops->get_arguments (call);
}

GVariant *
bowline_action_call_get_request (BowlineActionCall *call)
{
  if (BOWLINE_ABSENT (action_call_ops, get_request))
    return NULL;
  return action_call_ops->get_request (call);
}

BowlinePrincipal *
bowline_action_call_get_principal (BowlineActionCall *call)
{
  if (BOWLINE_ABSENT (action_call_ops, get_principal))
    return NULL;
  return action_call_ops->get_principal (call);
}

const char *
bowline_action_call_get_session (BowlineActionCall *call)
{
  if (BOWLINE_ABSENT (action_call_ops, get_session))
    return NULL;
  return action_call_ops->get_session (call);
}

gboolean
bowline_action_call_wants_answer (BowlineActionCall *call)
{
  if (BOWLINE_ABSENT (action_call_ops, wants_answer))
    return FALSE;
  return action_call_ops->wants_answer (call);
}

const char *const *
bowline_action_call_get_refused (BowlineActionCall *call)
{
  if (BOWLINE_ABSENT (action_call_ops, get_refused))
    return NULL;
  return action_call_ops->get_refused (call);
}

void
bowline_action_call_answer (BowlineActionCall *call, GVariant *answer)
{
  if (BOWLINE_ABSENT (action_call_ops, answer))
    {
      bowline_forward_drop (answer);
      return;
    }
  action_call_ops->answer (call, answer);
}

void
bowline_action_call_answer_json (BowlineActionCall *call, GBytes *members)
{
  if (BOWLINE_ABSENT (action_call_ops, answer_json))
    return;
  action_call_ops->answer_json (call, members);
}

void
bowline_action_call_result (BowlineActionCall *call, const char *result)
{
  if (BOWLINE_ABSENT (action_call_ops, result))
    return;
  action_call_ops->result (call, result);
}

void
bowline_action_call_fail (BowlineActionCall *call, const GError *error)
{
  if (BOWLINE_ABSENT (action_call_ops, fail))
    return;
  action_call_ops->fail (call, error);
}

void
bowline_action_call_push (BowlineActionCall *call, GVariant *frame)
{
  if (BOWLINE_ABSENT (action_call_ops, push))
    {
      bowline_forward_drop (frame);
      return;
    }
  action_call_ops->push (call, frame);
}

gboolean
bowline_action_call_is_over (BowlineActionCall *call)
{
  if (BOWLINE_ABSENT (action_call_ops, is_over))
    return FALSE;
  return action_call_ops->is_over (call);
}
