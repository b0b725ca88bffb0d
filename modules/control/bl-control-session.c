// SPDX-License-Identifier: Apache-2.0
#include "bl-control-session.h"

#include "bl-control-documents.h"
#include "bl-control-hello.h"
#include "bl-control-inner.h"
#include "bl-control-login.h"
#include "common/bl-ids.h"
#include "common/bl-json.h"
#include "common/bl-rights-bits.h"
#include "common/bl-variant.h"

#include <string.h>

BlControlSession *
bl_control_session_ref (BlControlSession *self)
{
  g_atomic_ref_count_inc (&self->count);
  return self;
}

void
bl_control_session_unref (BlControlSession *self)
{
  if (!g_atomic_ref_count_dec (&self->count))
    return;
  g_clear_pointer (&self->principal, bowline_principal_unref);
  bowline_websocket_unref (self->socket);
  g_bytes_unref (self->certificate_hash);
  g_object_unref (self->cancellable);
  g_clear_pointer (&self->traffic, g_variant_unref);
  g_free (self->id);
  g_free (self->address);
  g_free (self);
}

void
bl_control_session_stop_stats (BlControlSession *self)
{
  if (self->stats == NULL)
    return;
  g_source_destroy (self->stats);
  g_clear_pointer (&self->stats, g_source_unref);
}

const char *
bl_control_session_get_user_id (BlControlSession *self)
{
  return bowline_principal_get_user_id (self->principal);
}

char *
bl_control_session_dup_domain (BlControlSession *self)
{
  return bl_control_domain_of (bl_control_session_get_user_id (self));
}

/* ---- out
 * ----------------------------------------------------------------------------------------------------------
 */

void
bl_control_session_send_bytes (BlControlSession *self, GBytes *text)
{
  if (self->control != NULL && !self->closing)
    bowline_websocket_send (self->socket, BOWLINE_MESSAGE_TEXT, text);
}

void
bl_control_session_send (BlControlSession *self, GVariant *frame)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (frame);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) text = bl_json_from_variant (owned, &error);

  if (text != NULL)
    bl_control_session_send_bytes (self, text);
  else if (self->control != NULL)
    bowline_host_log (self->control->host, BOWLINE_LOG_WARNING, NULL, "A frame cannot be sent: %s",
                      error->message);
}

void
bl_control_session_end (BlControlSession *self)
{
  if (self->control == NULL || self->closing)
    return;
  self->closing = TRUE;
  bowline_websocket_close (self->socket, 1000, NULL);
}

void
bl_control_session_close_with (BlControlSession *self, const char *cause, const char *message, GVariant *more)
{
  g_autoptr (GVariant) members = more != NULL ? g_variant_ref_sink (more) : NULL;
  GVariantDict frame;

  g_variant_dict_init (&frame, members);
  g_variant_dict_insert (&frame, "action", "s", "close");
  g_variant_dict_insert (&frame, "cause", "s", cause);
  g_variant_dict_insert (&frame, "msg", "s", message);
  bl_control_session_send (self, g_variant_dict_end (&frame));
  bl_control_session_end (self);
}

void
bl_control_session_close (BlControlSession *self, const char *cause, const char *message)
{
  bl_control_session_close_with (self, cause, message, NULL);
}

/* ---- in
 * -----------------------------------------------------------------------------------------------------------
 */

static gboolean
on_resume (gpointer user_data)
{
  BlControlSession *self = user_data;

  g_clear_pointer (&self->resume, g_source_unref);
  if (self->paused && self->calls < BL_CONTROL_MAX_CALLS)
    {
      self->paused = FALSE;
      bowline_websocket_resume (self->socket);
    }
  return G_SOURCE_REMOVE;
}

/* A client that sends faster than the limit is read no faster. */
static void
slow_down (BlControlSession *self, gint64 now)
{
  gint64 wait = bl_rate_wait (&self->rate, 1, now);

  if (self->paused)
    return;
  self->paused = TRUE;
  bowline_websocket_pause (self->socket);
  if (self->calls >= BL_CONTROL_MAX_CALLS || self->resume != NULL)
    return;
  self->resume = g_timeout_source_new ((guint)(MAX (wait, 0) / 1000 + 1));
  g_source_set_callback (self->resume, on_resume, self, NULL);
  g_source_attach (self->resume, bowline_host_get_main_context (self->control->host));
}

static void
send_frame (GVariant *frame, gpointer user_data)
{
  BlControlSession *self = user_data;
  g_autoptr (GBytes) text = NULL;

  if (g_variant_is_of_type (frame, G_VARIANT_TYPE_BYTESTRING))
    {
      text = g_variant_get_data_as_bytes (frame);
      bl_control_session_send_bytes (self, text);
    }
  else
    bl_control_session_send (self, frame);
}

static void
call_ended (gpointer user_data)
{
  g_autoptr (BlControlSession) self = user_data;

  self->calls--;
  if (self->control != NULL && self->paused && self->resume == NULL && self->calls < BL_CONTROL_MAX_CALLS)
    {
      self->paused = FALSE;
      bowline_websocket_resume (self->socket);
    }
}

static gboolean
is_request (GVariant *request)
{
  const char *action = bl_variant_get_string (request, "action");
  gsize length = action != NULL ? strlen (action) : 0;

  return length >= 3 && length <= 32;
}

static void
on_message (BowlineWebSocket *socket, guint32 type, GBytes *message, gpointer user_data)
{
  BlControlSession *self = user_data;
  gint64 now = g_get_monotonic_time ();
  gsize size;
  const char *text = g_bytes_get_data (message, &size);
  g_autoptr (GVariant) request = NULL;

  if (self->principal == NULL && self->inner != NULL && !self->closing)
    bl_control_inner_message (self, type, message);
  if (self->principal == NULL || self->closing)
    return;
  if (!bl_rate_take (&self->rate, 1, now))
    slow_down (self, now);
  if (type == BOWLINE_MESSAGE_TEXT)
    request = bl_json_parse_object (text, size, NULL, BL_JSON_DEFAULT, NULL);
  if (request == NULL || !is_request (request))
    {
      self->control->ignored++; /* as MeshCentral does: no answer */
      return;
    }
  self->calls++;
  bowline_action_dispatch (self->control->host, self->principal, self->id, request, self->cancellable,
                           send_frame, bl_control_session_ref (self), call_ended);
  if (self->calls >= BL_CONTROL_MAX_CALLS)
    slow_down (self, now);
}

/* ---- begin and end
 * ------------------------------------------------------------------------------------------------ */

static void
leave_user (BlControl *control, BlControlSession *self)
{
  const char *user_id = bl_control_session_get_user_id (self);
  GPtrArray *own = g_hash_table_lookup (control->users, user_id);

  g_hash_table_remove (control->sessions, self->id);
  if (own == NULL)
    return;
  g_ptr_array_remove_fast (own, self);
  if (own->len == 0)
    g_hash_table_remove (control->users, user_id);
}

static void
on_closed (BowlineWebSocket *socket, guint32 code, const char *reason, gpointer user_data)
{
  g_autoptr (BlControlSession) self = user_data;
  BlControl *control = g_steal_pointer (&self->control);

  g_cancellable_cancel (self->cancellable);
  bl_control_session_stop_stats (self);
  bl_control_inner_end (self);
  if (self->resume != NULL)
    {
      g_source_destroy (self->resume);
      g_clear_pointer (&self->resume, g_source_unref);
    }
  if (control == NULL)
    return;
  if (self->id == NULL)
    {
      g_ptr_array_remove_fast (control->waiting, self);
      return;
    }
  leave_user (control, self);
  bowline_topic_publish (control->host, "session.closed", g_variant_new ("(s)", self->id));
  bl_control_announce_count (control, bl_control_session_get_user_id (self));
}

BlControlSession *
bl_control_session_new (BlControl *control, BowlineWebSocket *socket, BowlineHttpRequest *request)
{
  static const BowlineSocketHandler handler
      = { .struct_size = sizeof handler, .message = on_message, .closed = on_closed };
  BlControlSession *self = g_new0 (BlControlSession, 1);

  g_atomic_ref_count_init (&self->count);
  self->control = control;
  self->socket = bowline_websocket_ref (socket);
  self->address = g_strdup (bowline_http_request_get_address (request));
  self->certificate_hash = g_bytes_ref (bowline_http_request_get_certificate_hash (request));
  self->cancellable = g_cancellable_new ();
  bl_rate_init (&self->rate, BL_CONTROL_FRAMES_PER_SECOND, BL_CONTROL_FRAMES_BURST, g_get_monotonic_time ());
  g_ptr_array_add (control->waiting, self);
  bowline_websocket_set_handler (socket, &handler, bl_control_session_ref (self));
  bowline_websocket_pause (socket);
  self->paused = TRUE;
  return self;
}

static gboolean
is_plain (BowlinePrincipal *principal)
{
  BowlinePrincipalInfo who = { .struct_size = sizeof who };

  bowline_principal_get_info (principal, &who);
  return who.only_node == NULL && who.rights_ceiling == BL_RIGHT_ALL && who.site_ceiling == BL_SITE_FULL
         && who.rights_added == 0
         && (who.kind == BOWLINE_PRINCIPAL_USER || who.kind == BOWLINE_PRINCIPAL_TOKEN);
}

static gboolean
has_room (BlControl *control, const char *user_id)
{
  GPtrArray *own = g_hash_table_lookup (control->users, user_id);

  return g_hash_table_size (control->sessions) < control->max_sessions
         && (own == NULL || own->len < control->max_sessions_per_user);
}

static void
refuse_session (BlControlSession *self)
{
  GVariantDict frame;

  g_variant_dict_init (&frame, NULL);
  g_variant_dict_insert (&frame, "action", "s", "stopped");
  g_variant_dict_insert (&frame, "msg", "s", "Session count exceed"); /* the text clients know */
  bl_control_session_send (self, g_variant_dict_end (&frame));
  bl_control_session_end (self);
}

static void
join_user (BlControl *control, BlControlSession *self, const char *user_id)
{
  GPtrArray *own = g_hash_table_lookup (control->users, user_id);

  if (own == NULL)
    {
      own = g_ptr_array_new ();
      g_hash_table_insert (control->users, g_strdup (user_id), own);
    }
  g_ptr_array_add (own, self);
  g_hash_table_insert (control->sessions, self->id, self);
}

void
bl_control_session_accept (BlControlSession *self, BowlinePrincipal *principal)
{
  BlControl *control = self->control;
  const char *user_id = bowline_principal_get_user_id (principal);
  g_autofree char *random = NULL;

  if (!has_room (control, user_id))
    {
      refuse_session (self);
      return;
    }
  random = bl_random_hex (20);
  g_ptr_array_remove_fast (control->waiting, self);
  bowline_websocket_set_max_message (self->socket,
                                     (guint32)bowline_host_get_int (control->host, "max-message"));
  self->principal = bowline_principal_ref (principal);
  self->plain = is_plain (principal);
  self->id = g_strconcat (user_id, "/", random, NULL);
  join_user (control, self, user_id);
  bl_control_hello_send (self);
  self->paused = FALSE;
  bowline_websocket_resume (self->socket);
  bl_control_announce_count (control, user_id);
}
