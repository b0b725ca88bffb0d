// SPDX-License-Identifier: Apache-2.0
/*
 * What the person in front of a device is told or asked before a session (relay-tunnel.md sections 1.2 and
 * 3). Pure; any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BL_CONSENT_TIMEOUT_DEFAULT 30u /* seconds that a person has to answer */
#define BL_CONSENT_TIMEOUT_MIN 5u
#define BL_CONSENT_TIMEOUT_MAX 600u
#define BL_CONSENT_TEXT_MAX 1024u /* bytes of a text that an administrator set */

/**
 * BlConsentPolicy:
 * @notify: say that the session starts
 * @prompt: ask first
 * @bar: keep a bar on the screen while it lasts (desktop only)
 * @timeout: seconds to wait for an answer
 * @accept_silence: no answer in time means yes
 * @accept_nobody: yes when nobody is logged in
 * @accept_locked: yes when the screen is locked
 * @title: (nullable): owned; title of the question, set by the server's administrator
 * @message: (nullable): owned; its text, `{0}` and `{1}` stand for the real name and the account
 */
typedef struct
{
  gboolean notify;
  gboolean prompt;
  gboolean bar;
  guint timeout;
  gboolean accept_silence;
  gboolean accept_nobody;
  gboolean accept_locked;
  char *title;
  char *message;
} BlConsentPolicy;

/**
 * bl_consent_policy_init:
 * @protocol: of the session
 * @order: the server's tunnel order: `consent` and `soptions`
 * @asked: further consent flags that the viewer's own options added
 * @local: consent flags set on the device itself
 *
 * The flags are added up: neither server nor viewer takes away what the device demands. What the server would
 * accept without an answer counts only for questions that it alone demands.
 */
void bl_consent_policy_init (
    BlConsentPolicy *policy, guint protocol, GVariant *order, guint32 asked, guint32 local);
void bl_consent_policy_clear (BlConsentPolicy *policy);

/** bl_consent_fill: Returns: (transfer full): @message with `{0}` and `{1}` filled in, at most
 * %BL_CONSENT_TEXT_MAX bytes */
char *bl_consent_fill (const char *message, const char *real_name, const char *user_name);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BlConsentPolicy, bl_consent_policy_clear)

G_END_DECLS
