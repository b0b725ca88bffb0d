// SPDX-License-Identifier: Apache-2.0
/* Where each member of each public table lies, on machines with 64-bit pointers. A line here is never changed
 * once a version with it was released: a new member adds a line at the end of its table. */
#include <bowline/agent.h>
#include <bowline/plugin.h>
#include <bowline/presence.h>

#if GLIB_SIZEOF_VOID_P == 8
#define PIN(table, member, offset) G_STATIC_ASSERT (G_STRUCT_OFFSET (table, member) == (offset))

PIN (BowlineArgument, name, 0);
PIN (BowlineArgument, type, 8);
PIN (BowlineArgument, flags, 12);
PIN (BowlineArgument, min, 16);
PIN (BowlineArgument, max, 24);
PIN (BowlineArgument, list_max, 32);
PIN (BowlineArgument, reserved, 36);
PIN (BowlineArgument, detail, 40);
PIN (BowlineArgument, problem, 48);

PIN (BowlineAction, struct_size, 0);
PIN (BowlineAction, flags, 4);
PIN (BowlineAction, name, 8);
PIN (BowlineAction, summary, 16);
PIN (BowlineAction, arguments, 24);
PIN (BowlineAction, n_arguments, 32);
PIN (BowlineAction, argument_size, 36);
PIN (BowlineAction, site_rights, 40);
PIN (BowlineAction, object_rights, 44);
PIN (BowlineAction, object, 48);
PIN (BowlineAction, run, 56);
PIN (BowlineAction, denied, 64);

PIN (BowlineTunnelInfo, struct_size, 0);
PIN (BowlineTunnelInfo, protocol, 4);
PIN (BowlineTunnelInfo, rights, 8);
PIN (BowlineTunnelInfo, consent, 12);
PIN (BowlineTunnelInfo, user_id, 16);
PIN (BowlineTunnelInfo, user_name, 24);
PIN (BowlineTunnelInfo, real_name, 32);
PIN (BowlineTunnelInfo, guest_name, 40);
PIN (BowlineTunnelInfo, address, 48);
PIN (BowlineTunnelInfo, session_id, 56);

PIN (BowlineTunnelHandler, struct_size, 0);
PIN (BowlineTunnelHandler, flags, 4);
PIN (BowlineTunnelHandler, binary, 8);
PIN (BowlineTunnelHandler, json, 16);
PIN (BowlineTunnelHandler, control, 24);
PIN (BowlineTunnelHandler, drained, 32);
PIN (BowlineTunnelHandler, closed, 40);

PIN (BowlineAgentFeature, struct_size, 0);
PIN (BowlineAgentFeature, capabilities, 4);
PIN (BowlineAgentFeature, name, 8);
PIN (BowlineAgentFeature, protocols, 16);
PIN (BowlineAgentFeature, messages, 24);
PIN (BowlineAgentFeature, tunnel_opened, 32);
PIN (BowlineAgentFeature, message, 40);
PIN (BowlineAgentFeature, connected, 48);
PIN (BowlineAgentFeature, disconnected, 56);

PIN (BowlineConsentInfo, struct_size, 0);
PIN (BowlineConsentInfo, needs, 4);
PIN (BowlineConsentInfo, timeout, 8);
PIN (BowlineConsentInfo, reserved, 12);
PIN (BowlineConsentInfo, title, 16);
PIN (BowlineConsentInfo, message, 24);

PIN (BowlineAgentPresence, struct_size, 0);
PIN (BowlineAgentPresence, flags, 4);
PIN (BowlineAgentPresence, ask, 8);
PIN (BowlineAgentPresence, withdrawn, 16);
PIN (BowlineAgentPresence, changed, 24);

PIN (BowlineAuth, struct_size, 0);
PIN (BowlineAuth, flags, 4);
PIN (BowlineAuth, check_password, 8);
PIN (BowlineAuth, session_open, 16);
PIN (BowlineAuth, session_lookup, 24);
PIN (BowlineAuth, session_close, 32);
PIN (BowlineAuth, cookie_issue, 40);
PIN (BowlineAuth, cookie_verify, 48);
PIN (BowlineAuth, set_password, 56);
PIN (BowlineAuth, login_token, 64);
PIN (BowlineAuth, cookie_issue_for, 72);
PIN (BowlineAuth, cookie_open, 80);
PIN (BowlineAuth, port_cookie_issue, 88);
PIN (BowlineAuth, port_cookie_verify, 96);

PIN (BowlinePluginDescriptor, struct_size, 0);
PIN (BowlinePluginDescriptor, abi_major, 4);
PIN (BowlinePluginDescriptor, abi_minor, 8);
PIN (BowlinePluginDescriptor, min_host_minor, 12);
PIN (BowlinePluginDescriptor, kind, 16);
PIN (BowlinePluginDescriptor, flags, 20);
PIN (BowlinePluginDescriptor, id, 24);
PIN (BowlinePluginDescriptor, version, 32);
PIN (BowlinePluginDescriptor, license, 40);
PIN (BowlinePluginDescriptor, activate_async, 48);
PIN (BowlinePluginDescriptor, activate_finish, 56);
PIN (BowlinePluginDescriptor, deactivate, 64);

PIN (BowlineDeviceTransport, struct_size, 0);
PIN (BowlineDeviceTransport, connectivity, 4);
PIN (BowlineDeviceTransport, send, 8);
PIN (BowlineDeviceTransport, disconnect, 16);

PIN (BowlineDeviceState, struct_size, 0);
PIN (BowlineDeviceState, connectivity, 4);
PIN (BowlineDeviceState, power, 8);
PIN (BowlineDeviceState, reserved, 12);
PIN (BowlineDeviceState, agent_since_ms, 16);
PIN (BowlineDeviceState, cira_since_ms, 24);

PIN (BowlineAgents, struct_size, 0);
PIN (BowlineAgents, flags, 4);
PIN (BowlineAgents, upload_core, 8);
PIN (BowlineAgents, update, 16);

PIN (BowlineSocketStats, struct_size, 0);
PIN (BowlineSocketStats, reserved, 4);
PIN (BowlineSocketStats, bytes_in, 8);
PIN (BowlineSocketStats, bytes_out, 16);
PIN (BowlineSocketStats, messages_in, 24);
PIN (BowlineSocketStats, messages_out, 32);

PIN (BowlineSocketHandler, struct_size, 0);
PIN (BowlineSocketHandler, flags, 4);
PIN (BowlineSocketHandler, message, 8);
PIN (BowlineSocketHandler, drained, 16);
PIN (BowlineSocketHandler, closed, 24);

PIN (BowlineEndpoint, struct_size, 0);
PIN (BowlineEndpoint, flags, 4);
PIN (BowlineEndpoint, path, 8);
PIN (BowlineEndpoint, methods, 16);
PIN (BowlineEndpoint, max_body, 24);
PIN (BowlineEndpoint, max_message, 28);
PIN (BowlineEndpoint, max_queued, 32);
PIN (BowlineEndpoint, idle_timeout, 36);
PIN (BowlineEndpoint, affinity_query, 40);
PIN (BowlineEndpoint, request, 48);
PIN (BowlineEndpoint, opened, 56);

PIN (BowlinePage, struct_size, 0);
PIN (BowlinePage, flags, 4);
PIN (BowlinePage, respond, 8);

PIN (BowlinePrincipalInfo, struct_size, 0);
PIN (BowlinePrincipalInfo, kind, 4);
PIN (BowlinePrincipalInfo, user_id, 8);
PIN (BowlinePrincipalInfo, token_id, 16);
PIN (BowlinePrincipalInfo, address, 24);
PIN (BowlinePrincipalInfo, only_node, 32);
PIN (BowlinePrincipalInfo, rights_ceiling, 40);
PIN (BowlinePrincipalInfo, rights_added, 44);
PIN (BowlinePrincipalInfo, site_ceiling, 48);
PIN (BowlinePrincipalInfo, expires_ms, 56);
PIN (BowlinePrincipalInfo, only_objects, 64);

PIN (BowlineRelay, struct_size, 0);
PIN (BowlineRelay, flags, 4);
PIN (BowlineRelay, order, 8);
PIN (BowlineRelay, end, 16);
PIN (BowlineRelay, status, 24);

PIN (BowlineTunnels, struct_size, 0);
PIN (BowlineTunnels, flags, 4);
PIN (BowlineTunnels, open, 8);
PIN (BowlineTunnels, open_port, 16);

PIN (BowlineStore, struct_size, 0);
PIN (BowlineStore, flags, 4);
PIN (BowlineStore, load, 8);
PIN (BowlineStore, commit, 16);
PIN (BowlineStore, read, 24);
PIN (BowlineStore, list, 32);
PIN (BowlineStore, add_event, 40);
PIN (BowlineStore, query_events, 48);
PIN (BowlineStore, flush, 56);
PIN (BowlineStore, status, 64);
PIN (BowlineStore, backup, 72);

#endif

int
main (void)
{
  return 0;
}
