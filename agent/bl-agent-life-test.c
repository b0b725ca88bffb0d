// SPDX-License-Identifier: Apache-2.0
// Parts of the agent's life that need no server: proxies, clocks, sleep, and changes of a network of our own.
#include "bl-agent-doctor.h"
#include "bl-agent-network.h"
#include "bl-agent-proxy.h"

#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEADLINE_MS 20000

static void
expect_proxy (const char *text, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *found = bl_agent_proxy_parse (text, &error);
  g_assert_cmpstr (found, ==, expected);
  g_assert_true ((found == NULL) == (error != NULL));
  if (error != NULL)
    g_assert_null (strstr (error->message, "secret"));
}

static void
test_proxy_parse (void)
{
  g_autofree char *longest = g_strnfill (BL_AGENT_PROXY_MAX, 'a'), *longer = g_strnfill (BL_AGENT_PROXY_MAX + 1, 'a');
  g_autofree char *completed = g_strdup_printf ("http://%s:8080", longest);
  expect_proxy ("proxy.example:3128", "http://proxy.example:3128");
  expect_proxy ("http://proxy.example", "http://proxy.example:8080");
  expect_proxy ("http://user:secret@[::1]:3128/", "http://user:secret@[::1]:3128");
  expect_proxy (longest, completed);
  expect_proxy (longer, NULL);
  expect_proxy ("socks5://user:secret@proxy.example:1080", NULL);
  expect_proxy ("http://", NULL);
  expect_proxy ("user:secret@", NULL);
  g_autofree char *said = bl_agent_proxy_describe ("http://user:secret@proxy.example:3128");
  g_assert_cmpstr (said, ==, "proxy.example:3128");
}

static void
test_proxy_exempt (void)
{
  g_assert_true (bl_agent_proxy_is_exempt ("localhost, .example.org", "a.example.org"));
  g_assert_true (bl_agent_proxy_is_exempt ("EXAMPLE.org", "example.ORG"));
  g_assert_true (bl_agent_proxy_is_exempt ("*", "anything"));
  g_assert_false (bl_agent_proxy_is_exempt ("example.org", "badexample.org"));
  g_assert_false (bl_agent_proxy_is_exempt (" , ,.", "example.org"));
  g_assert_false (bl_agent_proxy_is_exempt ("", "example.org"));
}

static void
expect_found (const char *settings, const char *host, const char *expected)
{
  g_autoptr (BlMsh) msh = bl_msh_parse (settings, strlen (settings), NULL);
  g_autofree char *found = bl_agent_proxy_find (msh, host);
  g_assert_cmpstr (found, ==, expected);
}

static void
test_proxy_find (void)
{
  g_setenv ("https_proxy", "environment:1", TRUE);
  g_setenv ("no_proxy", "inside.example", TRUE);
  expect_found ("WebProxy=settings:2\n", "inside.example", "http://settings:2");
  expect_found ("a=b\n", "outside.example", "http://environment:1");
  expect_found ("a=b\n", "inside.example", NULL);
  expect_found ("ignoreProxyFile=1\n", "outside.example", NULL);
  g_unsetenv ("https_proxy");
  g_setenv ("http_proxy", "http://plain:3", TRUE);
  expect_found ("a=b\n", "outside.example", "http://plain:3");
  g_unsetenv ("http_proxy");
  expect_found ("a=b\n", "outside.example", NULL);
}

static void
test_clock (void)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (bl_agent_doctor_check_clock (g_get_real_time () / G_USEC_PER_SEC, NULL));
  g_assert_false (bl_agent_doctor_check_clock (86400, &error));
  g_assert_cmpstr (error->message, ==, "clock: this machine believes it is 1970; set its time first");
}

static void
test_slept (void)
{
  const gint64 now = bl_agent_network_get_slept ();
  g_assert_cmpint (now, >=, -1000); // two clocks are read one after the other
  g_assert_false (bl_agent_network_has_slept (now, now + BL_AGENT_NETWORK_SLEEP_US - 1));
  g_assert_true (bl_agent_network_has_slept (now, now + BL_AGENT_NETWORK_SLEEP_US));
  g_assert_false (bl_agent_network_has_slept (now, now - 10 * G_USEC_PER_SEC));
}

// ---- a network of our own ------------------------------------------------------------------------------------------

typedef struct
{
  GMainLoop *loop;
  guint reports;
} Watch;

static void
changed_cb (gpointer user_data)
{
  Watch *watch = user_data;
  watch->reports++;
  g_main_loop_quit (watch->loop);
}

static gboolean
deadline_cb (gpointer user_data)
{
  g_main_loop_quit (((Watch *)user_data)->loop);
  return G_SOURCE_REMOVE;
}

static gboolean
set_loopback (gboolean up)
{
  struct ifreq request = { .ifr_name = "lo", .ifr_flags = up ? IFF_UP : 0 };
  const int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const gboolean done = fd >= 0 && ioctl (fd, SIOCSIFFLAGS, &request) == 0;
  if (fd >= 0)
    close (fd);
  return done;
}

// Returns: seconds until the next report, or -1
static double
wait_report (Watch *watch)
{
  const guint before = watch->reports;
  const gint64 start = g_get_monotonic_time ();
  const guint timer = g_timeout_add (DEADLINE_MS, deadline_cb, watch);
  g_main_loop_run (watch->loop);
  if (watch->reports == before)
    return -1;
  g_source_remove (timer);
  return (double)(g_get_monotonic_time () - start) / G_USEC_PER_SEC;
}

// In a process of its own, since a process that has threads gets no namespace. Returns: 0 good, 77 not possible here
static int
watch_own_network (void)
{
  if (unshare (CLONE_NEWUSER | CLONE_NEWNET) != 0)
    return 77;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Watch watch = { .loop = loop };
  g_autoptr (BlAgentNetwork) network = bl_agent_network_new (changed_cb, &watch, NULL);
  if (network == NULL || !set_loopback (TRUE))
    return 1;
  const double first = wait_report (&watch);
  if (first < 0.2 || first > 4)
    return 2;
  for (int i = 0; i < 20; i++) // a restless network is one report, and that one waits
    if (!set_loopback (i % 2 != 0))
      return 3;
  const double second = wait_report (&watch);
  return second < 4 || second > 15 || watch.reports != 2 ? 4 : 0;
}

static void
test_network (void)
{
  int status = 0;
  const pid_t child = fork ();
  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    _exit (watch_own_network ());
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFEXITED (status));
  if (WEXITSTATUS (status) == 77)
    g_test_skip ("no network namespaces here");
  else
    g_assert_cmpint (WEXITSTATUS (status), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-life/proxy/parse", test_proxy_parse);
  g_test_add_func ("/agent-life/proxy/exempt", test_proxy_exempt);
  g_test_add_func ("/agent-life/proxy/find", test_proxy_find);
  g_test_add_func ("/agent-life/clock", test_clock);
  g_test_add_func ("/agent-life/slept", test_slept);
  g_test_add_func ("/agent-life/network", test_network);
  return g_test_run ();
}
