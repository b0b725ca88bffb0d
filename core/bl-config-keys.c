// SPDX-License-Identifier: Apache-2.0
/* The keys of section [server]: the one place that knows their types, defaults and ranges. The default file
 * and the manual page are generated from it (docs/gen-conf-doc.py reads this table: one key an entry, strings
 * in plain literals). */
#include "bl-config.h"

#define STRING BL_SETTING_STRING
#define INT BL_SETTING_INT
#define BOOL BL_SETTING_BOOL
#define LIST BL_SETTING_LIST
#define CHOICE BL_SETTING_CHOICE
#define PATH BL_SETTING_PATH
#define SECONDS BL_SETTING_SECONDS
#define BYTES BL_SETTING_BYTES
#define HEX BL_SETTING_HEX
#define ORIGIN BL_SETTING_ORIGIN

/* clang-format off */
static const BlSetting server_settings[] = {
  /* Addresses and names */
  { "bind", LIST, 0, "", 0, 16, NULL,
    "Addresses the ports are opened on; nothing stands for all addresses." },
  { "port", INT, 0, "443", 1, 65535, NULL,
    "The web port: page, browsers' and agents' channels." },
  { "redirect-port", INT, 0, "80", 0, 65535, NULL,
    "Plain HTTP port that redirects to the web port; 0 leaves it closed." },
  { "mps-port", INT, 0, "4433", 0, 65535, NULL,
    "Port for Intel AMT devices that call in (CIRA); 0 leaves it closed." },
  { "name", STRING, 0, "localhost", 1, 255, NULL,
    "Public DNS name or address of this server, as agents and browsers reach it." },
  { "alias-port", INT, 0, "0", 0, 65535, NULL,
    "The web port as clients see it, when a proxy or a port forwarding stands between; 0 for the port itself." },
  { "allowed-hosts", LIST, 0, "", 0, 64, NULL,
    "Further host names the page may be asked for; name, localhost and the bound addresses always count." },
  { "allowed-origins", LIST, ORIGIN, "", 0, 64, NULL,
    "Origins besides our own whose pages may open WebSockets." },
  { "allow-framing", LIST, ORIGIN, "", 0, 64, NULL,
    "Origins whose pages may show ours in a frame." },

  /* Places */
  { "data-dir", PATH, 0, "/var/lib/bowline", 0, 0, NULL,
    "The one directory everything is kept in." },
  { "module-path", LIST, 0, "", 0, 16, NULL,
    "Directories with modules; nothing stands for the one the program was installed with." },

  /* TLS */
  { "web-certificate", PATH, 0, "", 0, 0, NULL,
    "PEM file with the web certificate and its chain; nothing: one is made and signed by our own root." },
  { "web-key", PATH, 0, "", 0, 0, NULL,
    "PEM file with the key of web-certificate." },
  { "tls-cbc-suites", BOOL, 0, "false", 0, 0, NULL,
    "Also offer the ECDHE suites with CBC of TLS 1.2, which very old agents need." },
  { "tls-offload", BOOL, 0, "false", 0, 0, NULL,
    "Speak plain HTTP on the web port, because a proxy in trusted-proxies does TLS." },
  { "trusted-proxies", LIST, 0, "", 0, 64, NULL,
    "Addresses or networks (192.0.2.0/24) whose X-Forwarded headers are believed." },
  { "cert-url", STRING, 0, "", 0, 2048, NULL,
    "Where the certificate that clients really see is read from, for example https://example.org/." },
  { "cert-url-interval", SECONDS, 0, "1h", 60, 604800, NULL,
    "How often cert-url is read again." },
  { "accepted-web-hashes", LIST, HEX, "", 96, 96, NULL,
    "SHA-384 hashes of further web certificates or their keys that agents may report." },
  { "ticket-rotation", SECONDS, 0, "6h", 300, 604800, NULL,
    "How often the key of the TLS session tickets is renewed." },

  /* Limits */
  { "handshake-timeout", SECONDS, 0, "10s", 1, 120, NULL,
    "How long a TLS handshake may take." },
  { "max-handshakes", INT, 0, "2000", 16, 100000, NULL,
    "TLS handshakes at a time." },
  { "max-handshakes-per-address", INT, 0, "200", 1, 100000, NULL,
    "TLS handshakes at a time from one address." },
  { "max-connections", INT, 0, "50000", 64, 1000000, NULL,
    "Open connections at a time." },
  { "max-header-bytes", BYTES, 0, "32K", 1024, 1048576, NULL,
    "Request line and headers of one request." },
  { "max-body-bytes", BYTES, 0, "1M", 1024, 1073741824, NULL,
    "Body of one request, where an endpoint does not set its own limit." },
  { "max-message-bytes", BYTES, 0, "16M", 1024, 1073741824, NULL,
    "The most that any endpoint may accept as one WebSocket message." },
  { "http-idle-timeout", SECONDS, 0, "60s", 5, 3600, NULL,
    "How long a connection may wait between requests, or inside one." },

  /* Running */
  { "io-threads", INT, 0, "0", 0, 64, NULL,
    "Threads that move bytes; 0: one a processor." },
  { "worker-threads", INT, 0, "0", 0, 64, NULL,
    "Threads for signatures and password hashes; 0: one a processor." },
  { "worker-queue", INT, 0, "4096", 16, 65536, NULL,
    "Jobs that may wait for the worker threads." },
  { "module-start-timeout", SECONDS, 0, "10s", 1, 300, NULL,
    "How long a module may take to start; one that takes longer is left out." },
  { "log-level", CHOICE, 0, "info", 0, 0, "error|warning|notice|info|debug",
    "The least important records that are still written." },
};
/* clang-format on */

const BlSetting *
bl_config_get_server_settings (guint *n_settings)
{
  *n_settings = G_N_ELEMENTS (server_settings);
  return server_settings;
}
