// SPDX-License-Identifier: Apache-2.0
/* Tunnels: rights for each protocol, URLs that must not be ambiguous, control messages. */
#include "common/bl-tunnel.h"

#include <string.h>

#include "common/bl-error.h"
#include "common/bl-json.h"
#include "common/bl-variant.h"

static void
test_rights (void)
{
  const guint32 control = BL_RIGHT_REMOTE_CONTROL;
  g_assert_true (bl_tunnel_allowed (1, control));
  g_assert_false (bl_tunnel_allowed (1, control | BL_RIGHT_NO_TERMINAL));
  g_assert_false (bl_tunnel_allowed (1, BL_RIGHT_VIEW_ONLY));
  g_assert_true (bl_tunnel_allowed (2, BL_RIGHT_VIEW_ONLY));
  g_assert_false (bl_tunnel_allowed (2, control | BL_RIGHT_NO_DESKTOP));
  g_assert_true (bl_tunnel_allowed (5, control));
  g_assert_false (bl_tunnel_allowed (5, control | BL_RIGHT_NO_FILES));
  g_assert_false (bl_tunnel_allowed (10, control | BL_RIGHT_NO_FILES));
  g_assert_true (bl_tunnel_allowed (14, BL_RIGHT_RELAY));
  g_assert_true (bl_tunnel_allowed (200, BL_RIGHT_CHAT));
  for (guint protocol = 0; protocol < 300; protocol++)
    {
      g_assert_false (bl_tunnel_allowed (protocol, 0));
      /* A restriction taken away or a right added never allows less. */
      for (guint bit = 0; bit < 32; bit++)
        {
          guint32 one = 1u << bit;
          gboolean restriction = (BL_RIGHT_RESTRICTIONS & one) != 0;
          if (one == BL_RIGHT_VIEW_ONLY)
            continue;
          if (restriction)
            g_assert_true (!bl_tunnel_allowed (protocol, control | one)
                           || bl_tunnel_allowed (protocol, control));
          else
            g_assert_true (!bl_tunnel_allowed (protocol, control)
                           || bl_tunnel_allowed (protocol, control | one));
        }
    }
  g_assert_true (bl_tunnel_allowed (1, BL_RIGHT_ALL));
  g_assert_false (bl_tunnel_allowed (3, BL_RIGHT_ALL));
  g_assert_true (bl_tunnel_is_for_agent (10));
  g_assert_false (bl_tunnel_is_for_agent (4));
  g_assert_false (bl_tunnel_is_for_agent (11));
  g_assert_cmphex (bl_rights_from_json (-1), ==, BL_RIGHT_ALL);
  g_assert_cmphex (bl_rights_from_json (4294967295), ==, BL_RIGHT_ALL);
  g_assert_cmphex (bl_rights_from_json (4294967296), ==, 0);
  g_assert_cmphex (bl_rights_from_json (G_MININT64), ==, 0);
}

#define NODE "node//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void
test_port_rights (void)
{
  const guint32 control = BL_RIGHT_REMOTE_CONTROL, all = BL_RIGHT_ALL;
  for (guint protocol = BL_TUNNEL_VNC; protocol <= BL_TUNNEL_TCP; protocol += 2)
    {
      g_assert_true (bl_tunnel_is_port (protocol));
      g_assert_true (bl_tunnel_port_allowed (protocol, all, all));
      g_assert_true (bl_tunnel_port_allowed (protocol, control, all));
      g_assert_true (bl_tunnel_port_allowed (protocol, BL_RIGHT_RELAY, all));
      g_assert_true (bl_tunnel_port_allowed (protocol, BL_RIGHT_RELAY, control | BL_RIGHT_RELAY));
      g_assert_false (bl_tunnel_port_allowed (protocol, control, control));
      g_assert_false (bl_tunnel_port_allowed (protocol, BL_RIGHT_CHAT, all));
      g_assert_false (bl_tunnel_port_allowed (protocol, 0, all));
    }
  g_assert_false (bl_tunnel_port_allowed (BL_TUNNEL_VNC, control | BL_RIGHT_NO_DESKTOP, all));
  g_assert_false (bl_tunnel_port_allowed (BL_TUNNEL_VNC, control | BL_RIGHT_VIEW_ONLY, all));
  g_assert_false (bl_tunnel_port_allowed (BL_TUNNEL_VNC, control | BL_RIGHT_LIMITED_INPUT, all));
  g_assert_false (bl_tunnel_is_port (BL_TUNNEL_DESKTOP));
}

static gboolean
reads (const char *text)
{
  g_autoptr (GVariant) object = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, NULL);
  BlTunnelPort port;
  g_assert_nonnull (object);
  return bl_tunnel_port_read (object, &port);
}

static void
test_port (void)
{
  g_autofree char *longest = g_strnfill (BL_TUNNEL_MAX_HOST, 'a');
  g_autofree char *longer = g_strnfill (BL_TUNNEL_MAX_HOST + 1, 'a');
  g_autoptr (GVariant) vnc = bl_tunnel_port_parse (NODE, "5900", "::1", "12");
  g_autoptr (GVariant) plain = bl_tunnel_port_parse (NODE + 6, "65535", longest, NULL);
  BlTunnelPort port;
  g_assert_true (bl_tunnel_port_read (vnc, &port));
  g_assert_cmpstr (port.node_id, ==, NODE);
  g_assert_cmpstr (port.address, ==, "::1");
  g_assert_cmpuint (port.port, ==, 5900);
  g_assert_cmpuint (port.protocol, ==, BL_TUNNEL_VNC);
  g_assert_true (bl_tunnel_port_read (plain, &port));
  g_assert_cmpstr (port.node_id, ==, NODE);
  g_assert_cmpuint (port.port, ==, 65535);
  g_assert_cmpuint (port.protocol, ==, BL_TUNNEL_TCP);
  for (const char *const *bad = (const char *const[]){ "0", "65536", "-1", "", " 22", "22x", NULL }; *bad;
       bad++)
    g_assert_null (bl_tunnel_port_parse (NODE, *bad, NULL, NULL));
  for (const char *const *bad = (const char *const[]){ "", "a b", "a/b", "a\n", "\xc3\xa4", longer, NULL };
       *bad; bad++)
    g_assert_null (bl_tunnel_port_parse (NODE, "22", *bad, NULL));
  g_assert_null (bl_tunnel_port_parse (NULL, "22", NULL, NULL));
  g_assert_null (bl_tunnel_port_parse (NODE, NULL, NULL, NULL));
  g_assert_null (bl_tunnel_port_parse (NODE, "22", NULL, "x"));
  g_assert_null (bl_tunnel_port_parse ("mesh//AAAA", "22", NULL, NULL));
  g_assert_true (reads ("{'nodeid': <'" NODE "'>, 'tcpport': <@x 22>}"));
  g_assert_false (reads ("{'nodeid': <'" NODE "'>}"));
  g_assert_false (reads ("{'nodeid': <'" NODE "'>, 'tcpport': <@x 0>}"));
  g_assert_false (reads ("{'nodeid': <'" NODE "'>, 'tcpport': <@x 65558>}"));
  g_assert_false (reads ("{'nodeid': <'" NODE "'>, 'tcpport': <'22'>}"));
  g_assert_false (reads ("{'nodeid': <'x'>, 'tcpport': <@x 22>}"));
  g_assert_false (reads ("{'tcpport': <@x 22>}"));
}

static void
test_consent (void)
{
  gboolean notify, prompt;
  bl_tunnel_consent (2, BL_CONSENT_DESKTOP_PROMPT | BL_CONSENT_FILES_NOTIFY, &notify, &prompt);
  g_assert_true (!notify && prompt);
  bl_tunnel_consent (5, BL_CONSENT_DESKTOP_PROMPT | BL_CONSENT_FILES_NOTIFY, &notify, &prompt);
  g_assert_true (notify && !prompt);
  bl_tunnel_consent (8, BL_CONSENT_TERMINAL_NOTIFY | BL_CONSENT_TERMINAL_PROMPT, &notify, &prompt);
  g_assert_true (notify && prompt);
  bl_tunnel_consent (12, BL_CONSENT_DESKTOP_PROMPT | BL_CONSENT_DESKTOP_NOTIFY, &notify, &prompt);
  g_assert_true (notify && prompt);
  bl_tunnel_consent (12, BL_CONSENT_FILES_PROMPT | BL_CONSENT_TERMINAL_NOTIFY, &notify, &prompt);
  g_assert_true (!notify && !prompt);
  bl_tunnel_consent (14, BL_CONSENT_DESKTOP_PROMPT, &notify, &prompt);
  g_assert_true (notify && !prompt);
  bl_tunnel_consent (14, BL_CONSENT_FILES_NOTIFY, &notify, &prompt);
  g_assert_true (notify && !prompt);
  bl_tunnel_consent (14, BL_CONSENT_DESKTOP_TOOLBAR, &notify, &prompt);
  g_assert_true (!notify && !prompt);
  bl_tunnel_consent (7, BL_CONSENT_ALL, &notify, &prompt);
  g_assert_true (!notify && !prompt);
}

/* What shows the screen is told by what is said and by the port, so that nobody gets around a question by
 * saying nothing. */
static void
test_port_kind (void)
{
  g_assert_cmpuint (bl_tunnel_port_kind (12, 22), ==, BL_TUNNEL_VNC);
  g_assert_cmpuint (bl_tunnel_port_kind (0, 5900), ==, BL_TUNNEL_VNC);
  g_assert_cmpuint (bl_tunnel_port_kind (14, 5999), ==, BL_TUNNEL_VNC);
  g_assert_cmpuint (bl_tunnel_port_kind (14, 3389), ==, BL_TUNNEL_VNC);
  g_assert_cmpuint (bl_tunnel_port_kind (14, 5899), ==, BL_TUNNEL_TCP);
  g_assert_cmpuint (bl_tunnel_port_kind (14, 6000), ==, BL_TUNNEL_TCP);
  g_assert_cmpuint (bl_tunnel_port_kind (0, 22), ==, BL_TUNNEL_TCP);
  g_assert_true (bl_tunnel_is_screen (2) && bl_tunnel_is_screen (12) && !bl_tunnel_is_screen (14));
}

static void
test_url (void)
{
  g_auto (BlTunnelUrl) url = { 0 };
  g_autoptr (GError) error = NULL;
  g_assert_true (bl_tunnel_url_parse (
      "*/dom/meshrelay.ashx?p=1&nodeid=node/dom/a$b%40c&id=x9&rauth=AA==&hd=1", &url, &error));
  g_assert_no_error (error);
  g_assert_true (url.relative);
  g_assert_cmpstr (url.domain, ==, "dom");
  g_assert_cmpstr (url.endpoint, ==, "meshrelay.ashx");
  g_assert_cmpuint (url.protocol, ==, 1);
  g_assert_cmpstr (url.nodeid, ==, "node/dom/a$b@c");
  g_assert_cmpstr (url.id, ==, "x9");
  g_assert_cmpstr (url.rauth, ==, "AA==");
  bl_tunnel_url_clear (&url);
  g_assert_true (bl_tunnel_query_parse ("browser=1&tcpport=22&tcpaddr=::1&noping=1&&x", &url, &error));
  g_assert_true (url.browser && url.no_ping);
  g_assert_cmpuint (url.tcp_port, ==, 22);
  g_assert_cmpstr (url.tcp_addr, ==, "::1");
  g_assert_null (url.domain);
}

static void
test_url_refused (void)
{
  const char *bad[] = { "",
                        "*",
                        "*/",
                        "*/meshrelay.ashx",
                        "*/control.ashx?id=1",
                        "http://h/meshrelay.ashx?id=1",
                        "wss://h",
                        "*/meshrelay.ashx?id=1&id=2",
                        "*/meshrelay.ashx?id=1&%69d=2",
                        "*/meshrelay.ashx?p=x",
                        "*/meshrelay.ashx?p=-1",
                        "*/meshrelay.ashx?p=99999",
                        "*/meshrelay.ashx?id=",
                        "*/meshrelay.ashx?id=%00",
                        "*/meshrelay.ashx?id=%zz",
                        "*/meshrelay.ashx?id=a%20b",
                        "*/meshrelay.ashx?id=%C3%A4",
                        "*/meshrelay.ashx?tcpport=0",
                        "*/meshrelay.ashx?tcpport=65536",
                        "*/meshrelay.ashx?tcpaddr=a%0Ab",
                        NULL };
  for (guint i = 0; bad[i]; i++)
    {
      g_auto (BlTunnelUrl) url = { 0 };
      g_autoptr (GError) error = NULL;
      g_assert_false (bl_tunnel_url_parse (bad[i], &url, &error));
      g_assert_error (error, BL_ERROR, BL_ERROR_INVALID);
    }
  g_autofree char *fill = g_strnfill (BL_URL_MAX, 'x');
  g_autofree char *large = g_strconcat ("*/meshrelay.ashx?id=", fill, NULL);
  g_auto (BlTunnelUrl) url = { 0 };
  g_autoptr (GError) error = NULL;
  g_assert_false (bl_tunnel_url_parse (large, &url, &error));
  g_assert_error (error, BL_ERROR, BL_ERROR_TOO_LARGE);
}

static void
test_resolve (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *url = bl_tunnel_url_resolve ("*/meshrelay.ashx?nodeid=node//a$b@c&id=1",
                                                "wss://host:444/dom/agent.ashx", &error);
  g_assert_cmpstr (url, ==, "wss://host:444/meshrelay.ashx?nodeid=node//a%24b%40c&id=1");
  g_assert_null (bl_tunnel_url_resolve ("wss://evil/meshrelay.ashx?id=1", "wss://host/agent.ashx", NULL));
  g_assert_null (bl_tunnel_url_resolve ("*.evil.example/x", "wss://host/agent.ashx", NULL));
  g_assert_null (bl_tunnel_url_resolve ("*/a b", "wss://host/agent.ashx", NULL));
  g_assert_null (bl_tunnel_url_resolve ("*/a\r\nX: y", "wss://host/agent.ashx", NULL));
  g_assert_null (bl_tunnel_url_resolve ("*/a", "http://host/agent.ashx", NULL));
  g_assert_null (bl_tunnel_url_resolve ("*/a", "wss:///agent.ashx", NULL));
  g_autofree char *bare = bl_tunnel_url_resolve ("*/a", "wss://host", NULL);
  g_assert_cmpstr (bare, ==, "wss://host/a");
}

static BlTunnelMsg
parse (const char *text)
{
  BlTunnelMsg msg;
  g_autoptr (GError) error = NULL;
  g_assert_true (bl_tunnel_msg_parse (text, strlen (text), &msg, &error));
  g_assert_no_error (error);
  return msg;
}

static void
test_messages (void)
{
  const struct
  {
    const char *text;
    BlTunnelMsgType type;
  } cases[] = { { "c", BL_TUNNEL_MSG_CONNECTED },
                { "cr", BL_TUNNEL_MSG_CONNECTED_RECORDED },
                { "1", BL_TUNNEL_MSG_PROTOCOL },
                { "200", BL_TUNNEL_MSG_PROTOCOL },
                { "{\"type\":\"close\"}", BL_TUNNEL_MSG_CLOSE },
                { "{\"ctrlChannel\":\"102938\",\"type\":\"ping\"}", BL_TUNNEL_MSG_PING },
                { "{\"type\":\"new thing\"}", BL_TUNNEL_MSG_OTHER } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (BlTunnelMsg) msg = parse (cases[i].text);
      g_assert_cmpint (msg.type, ==, cases[i].type);
    }
  g_auto (BlTunnelMsg) options = parse ("{\"type\":\"options\",\"cols\":120,\"rows\":99999,\"requireLogin\":"
                                        "true,\"consent\":255,\"file\":\"/x\"}");
  g_assert_cmpuint (options.cols, ==, 120);
  g_assert_cmpuint (options.rows, ==, BL_TUNNEL_MAX_ROWS);
  g_assert_true (options.require_login);
  g_assert_cmphex (options.consent, ==, 0x7F);
  g_assert_cmpstr (options.file, ==, "/x");
  g_auto (BlTunnelMsg) negative = parse ("{\"type\":\"termsize\",\"cols\":-5,\"rows\":\"7\"}");
  g_assert_cmpuint (negative.cols, ==, 0);
  g_assert_cmpuint (negative.rows, ==, 0);
  const char *bad[] = { "", "x", "0", "1a", "1234", "{", "{}", "{\"type\":5}", "[1]", "crx", NULL };
  for (guint i = 0; bad[i]; i++)
    {
      BlTunnelMsg msg;
      g_assert_false (bl_tunnel_msg_parse (bad[i], strlen (bad[i]), &msg, NULL));
    }
}

static void
test_builders (void)
{
  g_autofree char *pong = bl_tunnel_build_simple (BL_TUNNEL_MSG_PONG);
  g_assert_cmpstr (pong, ==, "{\"ctrlChannel\":\"102938\",\"type\":\"pong\"}");
  g_auto (BlTunnelMsg) rtt = parse ("{\"ctrlChannel\":102938,\"type\":\"rtt\",\"time\":1700000000123}");
  g_assert_true (bl_tunnel_has_ctrl_channel (rtt.message));
  g_autofree char *answer = bl_tunnel_build_rtt (&rtt);
  g_assert_cmpstr (answer, ==, "{\"ctrlChannel\":\"102938\",\"type\":\"rtt\",\"time\":1700000000123}");
  g_auto (BlTunnelMsg) large = parse ("{\"type\":\"rtt\",\"time\":[1]}");
  g_assert_false (bl_tunnel_has_ctrl_channel (large.message));
  g_autofree char *plain = bl_tunnel_build_rtt (&large);
  g_assert_cmpstr (plain, ==, "{\"ctrlChannel\":\"102938\",\"type\":\"rtt\"}");
  g_autofree char *console = bl_tunnel_build_console ("a\"b", 1);
  g_assert_cmpstr (console, ==,
                   "{\"ctrlChannel\":\"102938\",\"type\":\"console\",\"msg\":\"a\\\"b\",\"msgid\":1}");
  g_autofree char *clear = bl_tunnel_build_console (NULL, 0);
  g_assert_cmpstr (clear, ==, "{\"ctrlChannel\":\"102938\",\"type\":\"console\",\"msg\":null,\"msgid\":0}");
  g_autofree char *size = bl_tunnel_build_termsize (80, 25);
  g_auto (BlTunnelMsg) back = parse (size);
  g_assert_cmpint (back.type, ==, BL_TUNNEL_MSG_TERMSIZE);
  g_assert_cmpuint (back.rows, ==, 25);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tunnel/rights", test_rights);
  g_test_add_func ("/tunnel/port-rights", test_port_rights);
  g_test_add_func ("/tunnel/port", test_port);
  g_test_add_func ("/tunnel/consent", test_consent);
  g_test_add_func ("/tunnel/port-kind", test_port_kind);
  g_test_add_func ("/tunnel/url", test_url);
  g_test_add_func ("/tunnel/url-refused", test_url_refused);
  g_test_add_func ("/tunnel/resolve", test_resolve);
  g_test_add_func ("/tunnel/messages", test_messages);
  g_test_add_func ("/tunnel/builders", test_builders);
  return g_test_run ();
}
