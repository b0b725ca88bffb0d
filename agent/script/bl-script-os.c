// SPDX-License-Identifier: Apache-2.0
// Operations "os.*", "users.*", "process.kill" and "udp.send": this machine for a script.

#include "bl-script-private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gio/gio.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <utmpx.h>

#include "common/bl-variant.h"

static GVariant *
fail_errno (GError **error, const char *what)
{
  g_set_error (error, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_FAILED, "%s: %s", what, g_strerror (errno));
  return NULL;
}

static GVariant *
empty_result (void)
{
  return g_variant_new ("a{sv}", NULL);
}

static GVariant *
os_info (BlScriptEnv *env, GVariant *args, GError **error)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *name = g_get_os_info (G_OS_INFO_KEY_PRETTY_NAME);
  struct utsname system = { 0 };
  struct timespec up = { 0 };
  g_auto (GVariantDict) dict;

  g_variant_dict_init (&dict, NULL);
  uname (&system);
  clock_gettime (CLOCK_BOOTTIME, &up);
  g_variant_dict_insert (&dict, "name", "s", name != NULL ? name : system.sysname);
  g_variant_dict_insert (&dict, "hostname", "s", g_get_host_name ());
  g_variant_dict_insert (&dict, "exe", "s", program != NULL ? program : "/usr/sbin/bowline-agent");
  g_variant_dict_insert (&dict, "machine", "s", system.machine);
  g_variant_dict_insert (&dict, "uptime", "x", (gint64) up.tv_sec);
  g_variant_dict_insert (&dict, "tmpdir", "s", g_get_tmp_dir ());
  g_variant_dict_insert (&dict, "pid", "x", (gint64) getpid ());
  g_variant_dict_insert (&dict, "uid", "x", (gint64) getuid ());
  g_variant_dict_insert (&dict, "home", "s", g_get_home_dir ());
  g_variant_dict_insert (&dict, "path", "s", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  g_variant_dict_insert (&dict, "lang", "s", g_getenv ("LANG") != NULL ? g_getenv ("LANG") : "C.UTF-8");
  return g_variant_dict_end (&dict);
}

static char *
mac_of (struct ifaddrs *all, const char *name)
{
  for (struct ifaddrs *at = all; at != NULL; at = at->ifa_next)
    {
      const struct sockaddr_ll *link = (const void *) at->ifa_addr;

      if (link != NULL && link->sll_family == AF_PACKET && strcmp (at->ifa_name, name) == 0 && link->sll_halen == 6)
        return g_strdup_printf ("%02X:%02X:%02X:%02X:%02X:%02X", link->sll_addr[0], link->sll_addr[1], link->sll_addr[2],
                                link->sll_addr[3], link->sll_addr[4], link->sll_addr[5]);
    }
  return g_strdup ("00:00:00:00:00:00");
}

static const void *
address_bytes (const struct sockaddr *address)
{
  if (address->sa_family == AF_INET)
    return &((const struct sockaddr_in *) (const void *) address)->sin_addr;
  return &((const struct sockaddr_in6 *) (const void *) address)->sin6_addr;
}

static void
add_address (GVariantBuilder *list, struct ifaddrs *all, struct ifaddrs *at)
{
  char text[INET6_ADDRSTRLEN] = "", mask[INET6_ADDRSTRLEN] = "";
  g_autofree char *mac = mac_of (all, at->ifa_name);
  g_auto (GVariantDict) dict;

  g_variant_dict_init (&dict, NULL);
  inet_ntop (at->ifa_addr->sa_family, address_bytes (at->ifa_addr), text, sizeof text);
  if (at->ifa_netmask != NULL)
    inet_ntop (at->ifa_addr->sa_family, address_bytes (at->ifa_netmask), mask, sizeof mask);
  g_variant_dict_insert (&dict, "name", "s", at->ifa_name);
  g_variant_dict_insert (&dict, "address", "s", text);
  g_variant_dict_insert (&dict, "family", "s", at->ifa_addr->sa_family == AF_INET ? "IPv4" : "IPv6");
  g_variant_dict_insert (&dict, "netmask", "s", mask);
  g_variant_dict_insert (&dict, "mac", "s", mac);
  g_variant_dict_insert (&dict, "type", "s", (at->ifa_flags & IFF_LOOPBACK) != 0 ? "loopback" : "ethernet");
  g_variant_dict_insert (&dict, "status", "s", (at->ifa_flags & IFF_UP) != 0 ? "up" : "down");
  g_variant_builder_add (list, "v", g_variant_dict_end (&dict));
}

static GVariant *
os_network (BlScriptEnv *env, GVariant *args, GError **error)
{
  struct ifaddrs *all = NULL;
  GVariantBuilder list;
  g_auto (GVariantDict) dict;

  g_variant_dict_init (&dict, NULL);
  if (getifaddrs (&all) != 0)
    return fail_errno (error, "network addresses");
  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  for (struct ifaddrs *at = all; at != NULL; at = at->ifa_next)
    if (at->ifa_addr != NULL && (at->ifa_addr->sa_family == AF_INET || at->ifa_addr->sa_family == AF_INET6))
      add_address (&list, all, at);
  freeifaddrs (all);
  g_variant_dict_insert_value (&dict, "addresses", g_variant_builder_end (&list));
  return g_variant_dict_end (&dict);
}

static GVariant *
users_list (BlScriptEnv *env, GVariant *args, GError **error)
{
  const struct utmpx *entry;
  GVariantBuilder list;
  g_auto (GVariantDict) dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  setutxent ();
  for (guint n = 0; n < 1000 && (entry = getutxent ()) != NULL; n++)
    {
      g_autofree char *user = g_strndup (entry->ut_user, sizeof entry->ut_user);
      g_autofree char *line = g_strndup (entry->ut_line, sizeof entry->ut_line);
      g_autofree char *valid = g_utf8_make_valid (user, -1);
      g_auto (GVariantDict) one;

      g_variant_dict_init (&one, NULL);
      if (entry->ut_type != USER_PROCESS)
        continue;
      g_variant_dict_insert (&one, "Username", "s", valid);
      g_variant_dict_insert (&one, "StationName", "s", g_utf8_validate (line, -1, NULL) ? line : "");
      g_variant_dict_insert (&one, "State", "s", "Active");
      g_variant_dict_insert (&one, "SessionId", "x", (gint64) entry->ut_pid);
      g_variant_builder_add (&list, "v", g_variant_dict_end (&one));
    }
  endutxent ();
  g_variant_dict_insert_value (&dict, "users", g_variant_builder_end (&list));
  return g_variant_dict_end (&dict);
}

// The user at the screen as logind writes it down.
static GVariant *
users_console (BlScriptEnv *env, GVariant *args, GError **error)
{
  g_autofree char *text = NULL;
  const char *found;
  g_auto (GVariantDict) dict;

  g_variant_dict_init (&dict, NULL);
  g_file_get_contents ("/run/systemd/seats/seat0", &text, NULL, NULL);
  found = text != NULL ? strstr (text, "ACTIVE_UID=") : NULL;
  if (found != NULL)
    g_variant_dict_insert (&dict, "uid", "x", g_ascii_strtoll (found + strlen ("ACTIVE_UID="), NULL, 10));
  return g_variant_dict_end (&dict);
}

static GVariant *
users_info (BlScriptEnv *env, GVariant *args, GError **error)
{
  struct passwd entry, *found = NULL;
  char buffer[4096];
  g_auto (GVariantDict) dict;

  g_variant_dict_init (&dict, NULL);
  if (getpwuid_r ((uid_t) bl_script_arg_int (args, "uid", -1), &entry, buffer, sizeof buffer, &found) == 0 && found != NULL)
    {
      g_variant_dict_insert (&dict, "name", "s", found->pw_name);
      g_variant_dict_insert (&dict, "home", "s", found->pw_dir);
    }
  return g_variant_dict_end (&dict);
}

static GVariant *
process_kill (BlScriptEnv *env, GVariant *args, GError **error)
{
  gint64 pid = bl_script_arg_int (args, "pid", 0);
  gint64 number = bl_script_arg_int (args, "signal", SIGTERM);

  // Not a process group, not everything, not the first process, not the agent.
  if (pid < 2 || pid > G_MAXINT || pid == getpid () || number < 1 || number >= NSIG)
    {
      g_set_error (error, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_NOT_ALLOWED, "process.kill: not this process");
      return NULL;
    }
  return kill ((pid_t) pid, (int) number) == 0 ? empty_result () : fail_errno (error, "process.kill");
}

static GVariant *
udp_send (BlScriptEnv *env, GVariant *args, GError **error)
{
  const char *host = bl_script_arg_string (args, "host", error);
  gint64 port = bl_script_arg_int (args, "port", 0);
  g_autoptr (GVariant) data = g_variant_lookup_value (args, "data", G_VARIANT_TYPE_BYTESTRING);
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GSocket) socket = NULL;
  gsize size = 0;
  const char *bytes = data != NULL ? g_variant_get_fixed_array (data, &size, 1) : "";

  if (host == NULL)
    return NULL;
  address = port > 0 && port < 65536 ? g_inet_socket_address_new_from_string (host, (guint) port) : NULL;
  if (address == NULL || size > 65000)
    {
      g_set_error (error, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_FAILED, "udp.send: an IP address, a port and at most 65000 bytes are expected");
      return NULL;
    }
  socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, error);
  if (socket == NULL)
    return NULL;
  g_socket_set_blocking (socket, FALSE);
  g_socket_set_broadcast (socket, TRUE);
  return g_socket_send_to (socket, address, bytes, size, NULL, error) < 0 ? NULL : empty_result ();
}

const BlScriptOperationEntry bl_script_os_operations[] = {
  { "os.info", os_info },           { "os.network", os_network },     { "users.list", users_list },
  { "users.console", users_console }, { "users.info", users_info },   { "process.kill", process_kill },
  { "udp.send", udp_send },         { NULL, NULL },
};
