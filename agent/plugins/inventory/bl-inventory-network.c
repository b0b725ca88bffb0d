// SPDX-License-Identifier: Apache-2.0
#include "bl-inventory-network.h"

#include "bl-inventory-text.h"

#include <arpa/inet.h>
#include <glib-unix.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_SECONDS 2
#define DATAGRAM_MAX 65536u
#define DATAGRAMS_MAX 1024u
#define SERVERS_MAX 16u

// ---- asking the kernel ---------------------------------------------------------------------------------------------

static int
open_socket (guint32 groups, int flags)
{
  const struct sockaddr_nl own = { .nl_family = AF_NETLINK, .nl_groups = groups };
  const struct timeval limit = { .tv_sec = ANSWER_SECONDS };
  const int fd = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE);
  if (fd < 0)
    return -1;
  if (bind (fd, (const struct sockaddr *)(const void *)&own, sizeof own) != 0
      || setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0)
    {
      close (fd);
      return -1;
    }
  return fd;
}

// Anybody on the machine may send to the socket; only what the kernel sends (port 0) counts.
static gssize
receive (int fd, guint8 *buffer)
{
  struct sockaddr_nl from = { 0 };
  struct iovec vector = { buffer, DATAGRAM_MAX };
  struct msghdr message = { .msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &vector, .msg_iovlen = 1 };
  const gssize n = recvmsg (fd, &message, 0);
  if (n <= 0 || (message.msg_flags & MSG_TRUNC) != 0)
    return -1;
  return from.nl_pid == 0 ? n : 0;
}

static void
dump (BlInventoryLinks *links, int fd, guint16 type)
{
  g_autofree guint8 *buffer = g_malloc (DATAGRAM_MAX);
  struct
  {
    struct nlmsghdr head;
    struct rtgenmsg family;
  } request = { .head = { .nlmsg_len = NLMSG_LENGTH (sizeof (struct rtgenmsg)),
                          .nlmsg_type = type,
                          .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
                .family = { .rtgen_family = AF_UNSPEC } };
  if (send (fd, &request, request.head.nlmsg_len, 0) < 0)
    return;
  for (guint i = 0; i < DATAGRAMS_MAX; i++)
    {
      const gssize n = receive (fd, buffer);
      if (n < 0 || (n > 0 && !bl_inventory_links_feed (links, buffer, (gsize)n)))
        return;
    }
}

GVariant *
bl_inventory_network (const char *root)
{
  static const guint16 dumps[] = { RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE, RTM_GETNEIGH };
  g_autoptr (BlInventoryLinks) links = bl_inventory_links_new ();
  for (guint i = 0; i < G_N_ELEMENTS (dumps); i++)
    {
      // One socket each, so that a dump that was cut short leaves nothing for the next.
      const int fd = open_socket (0, 0);
      if (fd < 0)
        break;
      dump (links, fd, dumps[i]);
      close (fd);
    }
  bl_inventory_links_finish (links);
  return bl_inventory_network_describe (links, root);
}

// ---- changes -------------------------------------------------------------------------------------------------------

typedef struct
{
  GSourceFunc changed;
  gpointer user_data;
  int fd;
} Watch;

static gboolean
readable_cb (gint fd, GIOCondition condition, gpointer user_data)
{
  Watch *watch = user_data;
  guint8 ignored[4096];
  // What it says is read anew anyway; a queue that overran (ENOBUFS) means the same.
  for (guint i = 0; i < DATAGRAMS_MAX && recv (fd, ignored, sizeof ignored, MSG_DONTWAIT) > 0; i++)
    ;
  (void)watch->changed (watch->user_data); // it is not a source of its own
  return G_SOURCE_CONTINUE;
}

static void
watch_free (gpointer data)
{
  close (((Watch *)data)->fd);
  g_free (data);
}

guint
bl_inventory_network_watch (GSourceFunc changed, gpointer user_data)
{
  const int fd
      = open_socket (RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE, SOCK_NONBLOCK);
  if (fd < 0)
    return 0;
  Watch *watch = g_new (Watch, 1);
  *watch = (Watch){ changed, user_data, fd };
  return g_unix_fd_add_full (G_PRIORITY_LOW, fd, G_IO_IN, readable_cb, watch, watch_free);
}

// ---- description ---------------------------------------------------------------------------------------------------

static void
add_mac (GVariantBuilder *item, const char *key, const guint8 *m)
{
  char text[18];
  g_snprintf (text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
  g_variant_builder_add (item, "{sv}", key, g_variant_new_string (text));
}

static void
add_address (GVariantBuilder *item, const char *key, int family, const guint8 *bytes)
{
  char text[INET6_ADDRSTRLEN] = "";
  if (inet_ntop (family, bytes, text, sizeof text) != NULL)
    g_variant_builder_add (item, "{sv}", key, g_variant_new_string (text));
}

static void
add_net (GVariantBuilder *item, const BlInventoryLink *link, const BlInventoryAddress *address)
{
  static const guint8 unknown[6];
  const guint kind = address->family == AF_INET6 ? 1 : 0;
  guint8 mask[16] = { 0 };
  for (guint bit = 0; bit < address->prefix; bit++)
    mask[bit / 8] = (guint8)(mask[bit / 8] | (0x80u >> (bit % 8)));
  add_address (item, "address", address->family, address->bytes);
  add_address (item, "netmask", address->family, mask);
  g_variant_builder_add (item, "{sv}", "family", g_variant_new_string (kind == 0 ? "IPv4" : "IPv6"));
  if (!link->has_gateway[kind])
    return;
  add_address (item, "gateway", address->family, link->gateways[kind].bytes);
  if (memcmp (link->gateway_macs[kind], unknown, sizeof unknown) != 0)
    add_mac (item, "gatewaymac", link->gateway_macs[kind]);
}

static GVariant *
describe_link (const BlInventoryLink *link, const char *name, const char *root)
{
  GVariantBuilder list;
  g_autofree char *path = g_strconcat ("/sys/class/net/", link->name, NULL);
  g_autofree char *speed_path = g_strconcat (path, "/speed", NULL);
  g_autofree char *wireless = g_strconcat (root, path, "/phy80211", NULL);
  const gboolean plain = strchr (name, '/') == NULL;
  const gint64 megabits = plain ? bl_inventory_read_number (root, speed_path, 0) : 0;
  const char *type = link->loopback                                                ? "loopback"
                     : plain && g_file_test (wireless, G_FILE_TEST_EXISTS) ? "wireless"
                                                                           : "ethernet";
  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < MAX (link->addresses->len, 1); i++)
    {
      GVariantBuilder item;
      g_variant_builder_init (&item, G_VARIANT_TYPE_VARDICT);
      add_mac (&item, "mac", link->mac);
      g_variant_builder_add (&item, "{sv}", "type", g_variant_new_string (type));
      g_variant_builder_add (&item, "{sv}", "status", g_variant_new_string (link->up ? "up" : "down"));
      g_variant_builder_add (&item, "{sv}", "index", g_variant_new_int64 (link->index));
      if (link->mtu > 0)
        g_variant_builder_add (&item, "{sv}", "mtu", g_variant_new_int64 (link->mtu));
      if (megabits > 0 && megabits < G_MAXINT32)
        g_variant_builder_add (&item, "{sv}", "speed", g_variant_new_int64 (megabits * 1000000));
      if (i < link->addresses->len)
        add_net (&item, link, &g_array_index (link->addresses, BlInventoryAddress, i));
      g_variant_builder_add (&list, "v", g_variant_builder_end (&item));
    }
  return g_variant_builder_end (&list);
}

static gint
compare_links (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(const BlInventoryLink *const *)a)->name, (*(const BlInventoryLink *const *)b)->name);
}

GVariant *
bl_inventory_network_describe (BlInventoryLinks *links, const char *root)
{
  GVariantBuilder netif, info;
  g_autofree char *before = NULL;
  g_ptr_array_sort (links->links, compare_links);
  g_variant_builder_init (&netif, G_VARIANT_TYPE_VARDICT);
  for (guint i = 0; i < links->links->len; i++)
    {
      const BlInventoryLink *link = links->links->pdata[i];
      g_autofree char *name = g_utf8_make_valid (link->name, -1);
      // Two names may look the same once they are text; an object has each once.
      if (g_strcmp0 (name, before) == 0)
        continue;
      g_variant_builder_add (&netif, "{sv}", name, describe_link (link, name, root));
      g_free (before);
      before = g_steal_pointer (&name);
    }
  g_variant_builder_init (&info, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&info, "{sv}", "netif2", g_variant_builder_end (&netif));
  return g_variant_builder_end (&info);
}

static guint
add_servers (GVariantBuilder *servers, const char *text, gboolean *stub)
{
  g_auto (GStrv) lines = text != NULL ? g_strsplit (text, "\n", 1024) : NULL;
  guint n = 0;
  for (guint i = 0; lines != NULL && lines[i] != NULL && n < SERVERS_MAX; i++)
    {
      g_auto (GStrv) words = g_strsplit_set (lines[i], " \t", 8);
      guint at = 1;
      if (words[0] == NULL || !g_str_equal (words[0], "nameserver"))
        continue;
      while (words[at] != NULL && words[at][0] == '\0')
        at++;
      if (words[at] == NULL || strlen (words[at]) > INET6_ADDRSTRLEN + 16)
        continue;
      *stub |= g_str_equal (words[at], "127.0.0.53");
      g_variant_builder_add (servers, "s", words[at]);
      n++;
    }
  return n;
}

GVariant *
bl_inventory_network_dns (const char *root)
{
  g_autofree char *text = bl_inventory_read_text (root, "/etc/resolv.conf");
  g_autofree char *behind = bl_inventory_read_text (root, "/run/systemd/resolve/resolv.conf");
  GVariantBuilder servers, real;
  gboolean stub = FALSE, ignored = FALSE;
  g_variant_builder_init (&servers, G_VARIANT_TYPE_STRING_ARRAY);
  g_variant_builder_init (&real, G_VARIANT_TYPE_STRING_ARRAY);
  (void)add_servers (&servers, text, &stub); // none is an answer as well
  if (stub && add_servers (&real, behind, &ignored) > 0)
    {
      g_variant_builder_clear (&servers);
      return g_variant_builder_end (&real);
    }
  g_variant_builder_clear (&real);
  return g_variant_builder_end (&servers);
}
