// SPDX-License-Identifier: Apache-2.0
// BlScriptAgent: for tests, an agent around one runner that keeps what the script sends.

#pragma once

#include "bl-script-runner.h"

G_BEGIN_DECLS

#define BL_SCRIPT_TEST_GOOD "require('MeshAgent').AddConnectHandler(function (up) {" \
             "  if (up) { require('MeshAgent').SendCommand({ action: 'coreinfo', value: 'good' }); } });"

// A core that is good, and one that runs TEXT of {"run": TEXT} and sends its value back.
#define BL_SCRIPT_TEST_EVALUATOR BL_SCRIPT_TEST_GOOD "var mesh = require('MeshAgent');" \
                       "function run(text) { try { return (0, eval)(text); } catch (e) { return 'threw ' + e; } }" \
                       "mesh.AddCommandHandler(function (c) {" \
                       "  if (c.run) { mesh.SendCommand({ action: 'answer', id: c.id, value: String(run(c.run)) }); } });"

typedef struct
{
  BlScriptRunner *runner;
  GPtrArray *sent;   // texts of send_command
  GPtrArray *logged; // texts of log
  GError *failure;   // the last error of state_changed
  guint starts;
  // The last ws.connect: its stream, what the script wrote (texts and bytes apart), url.
  BlScriptStream *tunnel;
  char *tunnel_url;
  GPtrArray *tunnel_texts;
  GByteArray *tunnel_bytes;
  guint tunnels_closed;
  guint ticks; // of a 5 ms timer: proof that the loop turns
  guint tick_source;
} BlScriptAgent;

// The host program is BL_TEST_SCRIPT_HOST of the environment. STORE may be NULL.
BlScriptAgent *bl_script_agent_new (BlScriptOptions *options, BlCoreStore *store);
void bl_script_agent_free (BlScriptAgent *agent);

// Packs SOURCE and makes it the core.
void bl_script_agent_push (BlScriptAgent *agent, const char *source);
void bl_script_agent_command (BlScriptAgent *agent, const char *json);

// Turns the loop until the state is STATE, at most 20 s; fails the test otherwise.
void bl_script_agent_wait_state (BlScriptAgent *agent, BlScriptState state);

// Until a text the script sent (or logged) contains NEEDLE. Returns: (transfer none).
const char *bl_script_agent_wait_sent (BlScriptAgent *agent, const char *needle);
const char *bl_script_agent_wait_logged (BlScriptAgent *agent, const char *needle);

// The tunnel: waits for it, writes to the script, waits for what it writes.
void bl_script_agent_wait_tunnel (BlScriptAgent *agent);
void bl_script_agent_tunnel_text (BlScriptAgent *agent, const char *text);
void bl_script_agent_tunnel_data (BlScriptAgent *agent, const void *data, gsize size);
const char *bl_script_agent_wait_tunnel_text (BlScriptAgent *agent, const char *needle);
// Until the bytes contain NEEDLE.
void bl_script_agent_wait_tunnel_bytes (BlScriptAgent *agent, const char *needle);

// Lets the evaluator run EXPRESSION; its value, as text in JSON, must be EXPECTED.
void bl_script_agent_expect (BlScriptAgent *agent, const char *expression, const char *expected);

// Turns the loop once, bounded by DEADLINE (monotonic); fails the test after it.
void bl_script_agent_turn (gint64 deadline, const char *what);

G_END_DECLS
