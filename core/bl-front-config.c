// SPDX-License-Identifier: Apache-2.0
#include "bl-front-config.h"

static const char *const *
list_or_null (BlConfig *config, const char *key)
{
  const char *const *list = bl_config_server_list (config, key);
  return list[0] != NULL ? list : NULL;
}

void
bl_front_options_from_config (BlFrontOptions *options, BlConfig *config)
{
  bl_front_options_init (options);
  options->bind = list_or_null (config, "bind");
  options->port = (guint16)bl_config_server_int (config, "port");
  options->redirect_port = (guint16)bl_config_server_int (config, "redirect-port");
  options->public_port = (guint16)bl_config_server_int (config, "alias-port");
  options->tls_offload = bl_config_server_boolean (config, "tls-offload");
  options->tls_cbc = bl_config_server_boolean (config, "tls-cbc-suites");
  options->name = bl_config_server_string (config, "name");
  options->allowed_hosts = bl_config_server_list (config, "allowed-hosts");
  options->allowed_origins = bl_config_server_list (config, "allowed-origins");
  options->trusted_proxies = bl_config_server_list (config, "trusted-proxies");
  options->allow_framing = bl_config_server_list (config, "allow-framing");
  options->io_threads = (guint)bl_config_server_int (config, "io-threads");
  options->max_connections = (guint)bl_config_server_int (config, "max-connections");
  options->max_pending = (guint)bl_config_server_int (config, "max-handshakes");
  options->max_pending_per_address = (guint)bl_config_server_int (config, "max-handshakes-per-address");
  options->handshake_timeout = (guint)bl_config_server_int (config, "handshake-timeout");
  options->keepalive_timeout = (guint)bl_config_server_int (config, "http-idle-timeout");
  options->max_headers = (guint)bl_config_server_int (config, "max-header-bytes");
  options->max_body = (guint32)bl_config_server_int (config, "max-body-bytes");
  options->max_message = (guint32)bl_config_server_int (config, "max-message-bytes");
}
