// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-agent"

#include "bl-agent-presence.h"

#include "bl-table.h"
#include "common/bl-consent.h"
#include "common/bl-variant.h"

#include <string.h>

#define NO_ANSWER "Nobody at the device answered."
#define REFUSED "The person at the device refused."
#define NOBODY "Somebody at the device must agree, and nobody is logged in there."
#define LOCKED "Somebody at the device must agree, and its screen is locked."
#define NOTHING_ASKS "Somebody at the device must agree, and nothing is installed there that could ask."
#define TOO_MANY "The device is asking its user about other sessions already."

struct _BlAgentPresence
{
  BowlineHost *owner; // NULL while no plugin is registered
  BowlineAgentPresence table;
  gpointer user_data;
  GPtrArray *consents; // BowlineConsent, under way
  guint32 local;
  gint64 pause;
  guint pause_id;
};

struct _BowlineConsent
{
  gatomicrefcount count;
  BlAgentPresence *presence; // NULL once it is decided
  BowlineTunnel *tunnel;
  BlConsentPolicy policy;
  char *message;
  guint32 needs;
  guint timeout_id;
  BlAgentConsentDecided decided;
  gpointer user_data;
};

// ---- a question
// ----------------------------------------------------------------------------------------------------

static BowlineConsent *
consent_ref (BowlineConsent *consent)
{
  g_atomic_ref_count_inc (&consent->count);
  return consent;
}

static void
consent_unref (BowlineConsent *consent)
{
  if (!g_atomic_ref_count_dec (&consent->count))
    return;
  bl_consent_policy_clear (&consent->policy);
  bowline_tunnel_unref (consent->tunnel);
  g_free (consent->message);
  g_free (consent);
}

static void
end_question (BowlineConsent *consent)
{
  BlAgentPresence *presence = consent->presence;
  consent->presence = NULL;
  g_clear_handle_id (&consent->timeout_id, g_source_remove);
  g_ptr_array_remove_fast (presence->consents, consent);
}

static void
decide (BowlineConsent *consent, const char *refusal)
{
  if (consent->presence == NULL)
    return;
  consent_ref (consent);
  end_question (consent);
  consent->decided (refusal, consent->user_data);
  consent_unref (consent);
}

static void
tell_withdrawn (BowlineConsent *consent)
{
  const BlAgentPresence *presence = consent->presence;
  if (presence->owner != NULL && presence->table.withdrawn != NULL)
    presence->table.withdrawn (consent, presence->user_data);
}

static gboolean
timeout_cb (gpointer user_data)
{
  BowlineConsent *consent = user_data;
  consent->timeout_id = 0;
  tell_withdrawn (consent);
  decide (consent, consent->policy.accept_silence ? NULL : NO_ANSWER);
  return G_SOURCE_REMOVE;
}

static void
consent_answer (BowlineConsent *consent, guint32 answer)
{
  const gboolean must_agree = consent->policy.prompt;
  if (answer == BOWLINE_CONSENT_ALLOW)
    decide (consent, NULL);
  else if (answer == BOWLINE_CONSENT_NOBODY)
    decide (consent, !must_agree || consent->policy.accept_nobody ? NULL : NOBODY);
  else if (answer == BOWLINE_CONSENT_LOCKED)
    decide (consent, !must_agree || consent->policy.accept_locked ? NULL : LOCKED);
  else
    decide (consent, REFUSED);
}

static void
consent_get_info (BowlineConsent *consent, BowlineConsentInfo *info)
{
  const BowlineConsentInfo full = {
    .struct_size = info->struct_size,
    .needs = consent->needs,
    .timeout = consent->policy.timeout,
    .title = consent->policy.title,
    .message = consent->message,
  };
  memcpy (info, &full, MIN (info->struct_size, sizeof full));
}

static BowlineTunnel *
consent_get_tunnel (BowlineConsent *consent)
{
  return consent->tunnel;
}

static BowlineConsent *
new_question (BlAgentPresence *presence, BowlineTunnel *tunnel, BlConsentPolicy *policy)
{
  BowlineConsent *consent = g_new0 (BowlineConsent, 1);
  BowlineTunnelInfo who = { .struct_size = sizeof who };

  g_atomic_ref_count_init (&consent->count);
  consent->presence = presence;
  consent->tunnel = bowline_tunnel_ref (tunnel);
  consent->policy = *policy;
  *policy = (BlConsentPolicy){ 0 };
  consent->needs = (consent->policy.notify ? BOWLINE_CONSENT_NOTIFY : 0)
                   | (consent->policy.prompt ? BOWLINE_CONSENT_PROMPT : 0)
                   | (consent->policy.bar ? BOWLINE_CONSENT_BAR : 0);
  bowline_tunnel_get_info (tunnel, &who);
  if (consent->policy.message != NULL)
    consent->message = bl_consent_fill (consent->policy.message,
                                        who.real_name != NULL   ? who.real_name
                                        : who.user_name != NULL ? who.user_name
                                                                : "",
                                        who.user_name != NULL ? who.user_name : "");
  return consent;
}

BowlineConsent *
bl_agent_presence_ask (BlAgentPresence *presence,
                       BowlineTunnel *tunnel,
                       guint32 protocol,
                       GVariant *order,
                       guint32 asked,
                       BlAgentConsentDecided decided,
                       gpointer user_data)
{
  g_auto (BlConsentPolicy) policy = { 0 };
  const char *refusal = NULL;

  bl_consent_policy_init (&policy, protocol, order, asked, presence->local);
  if (policy.prompt && presence->owner == NULL)
    refusal = NOTHING_ASKS;
  else if (policy.prompt && presence->consents->len >= BL_AGENT_MAX_CONSENTS)
    refusal = TOO_MANY;
  else if (presence->owner != NULL && presence->consents->len < BL_AGENT_MAX_CONSENTS
           && (policy.prompt || policy.notify || policy.bar))
    {
      g_autoptr (BowlineConsent) consent = new_question (presence, tunnel, &policy);
      consent->decided = decided;
      consent->user_data = user_data;
      g_ptr_array_add (presence->consents, consent);
      consent->timeout_id = g_timeout_add_seconds (consent->policy.timeout, timeout_cb, consent);
      presence->table.ask (consent, presence->user_data);
      return consent->presence != NULL ? g_steal_pointer (&consent) : NULL;
    }
  decided (refusal, user_data);
  return NULL;
}

void
bl_agent_presence_withdraw (BowlineConsent *consent)
{
  if (consent->presence != NULL)
    {
      tell_withdrawn (consent);
      end_question (consent);
    }
  consent_unref (consent);
}

// ---- life
// ----------------------------------------------------------------------------------------------------------

BlAgentPresence *
bl_agent_presence_new (guint32 local)
{
  BlAgentPresence *presence = g_new0 (BlAgentPresence, 1);
  presence->local = local;
  presence->consents = g_ptr_array_new ();
  return presence;
}

static void
refuse_all (BlAgentPresence *presence, const char *refusal)
{
  while (presence->consents->len > 0)
    decide (presence->consents->pdata[presence->consents->len - 1], refusal);
}

void
bl_agent_presence_free (BlAgentPresence *presence)
{
  if (presence == NULL)
    return;
  refuse_all (presence, NOTHING_ASKS);
  g_clear_handle_id (&presence->pause_id, g_source_remove);
  g_ptr_array_unref (presence->consents);
  g_free (presence);
}

gboolean
bl_agent_presence_register (BlAgentPresence *presence,
                            BowlineHost *host,
                            const BowlineAgentPresence *table,
                            gpointer user_data,
                            GError **error)
{
  BowlineAgentPresence copy = { 0 };
  if (presence->owner != NULL)
    {
      g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_EXISTS,
                           "presence: another plugin provides it");
      return FALSE;
    }
  if (!bl_table_copy (&copy, sizeof copy, table, sizeof copy, "presence", error))
    return FALSE;
  if (copy.ask == NULL)
    {
      g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID,
                           "presence: ask: expected a function, found nothing");
      return FALSE;
    }
  presence->owner = host;
  presence->table = copy;
  presence->user_data = user_data;
  return TRUE;
}

void
bl_agent_presence_remove_owner (BlAgentPresence *presence, BowlineHost *owner)
{
  if (presence->owner != owner)
    return;
  presence->owner = NULL;
  refuse_all (presence, NOTHING_ASKS);
}

void
bl_agent_presence_changed (BlAgentPresence *presence)
{
  if (presence->owner != NULL && presence->table.changed != NULL)
    presence->table.changed (presence->user_data);
}

// ---- pause
// ---------------------------------------------------------------------------------------------------------

static gboolean
pause_cb (gpointer user_data)
{
  BlAgentPresence *presence = user_data;
  presence->pause_id = 0;
  bl_agent_presence_pause (presence, 0);
  return G_SOURCE_REMOVE;
}

void
bl_agent_presence_pause (BlAgentPresence *presence, gint64 until)
{
  const gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  g_clear_handle_id (&presence->pause_id, g_source_remove);
  presence->pause = until > now ? MIN (until, now + BL_AGENT_PAUSE_MAX) : 0;
  if (presence->pause != 0)
    presence->pause_id = g_timeout_add_seconds ((guint)(presence->pause - now), pause_cb, presence);
  bl_agent_presence_changed (presence);
}

gint64
bl_agent_presence_get_pause (BlAgentPresence *presence)
{
  return presence->pause;
}

// ---- behind <bowline/presence.h>
// -----------------------------------------------------------------------------------

void
bl_agent_presence_install (void)
{
  static const BowlineConsentOps ops = {
    .ref = consent_ref,
    .unref = consent_unref,
    .get_info = consent_get_info,
    .get_tunnel = consent_get_tunnel,
    .answer = consent_answer,
  };
  bowline_private_install_consent_ops (&ops);
}
