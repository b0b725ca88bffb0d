// SPDX-License-Identifier: Apache-2.0
#include "bl-system.h"

#include "common/bl-rights-bits.h"
#include "common/bl-variant.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MACS_MAX 100
#define WAKE_PORT 9 /* discard */

gboolean
bl_system_mac_parse (const char *text, guint8 mac[6])
{
  guint digits = 0;

  for (const char *p = text; *p != '\0'; p++)
    {
      const int value = g_ascii_xdigit_value (*p);

      if ((*p == ':' || *p == '-') && digits > 0 && digits % 2 == 0 && digits < 12 && g_ascii_isxdigit (p[1]))
        continue;
      if (value < 0 || digits >= 12)
        return FALSE;
      mac[digits / 2] = (guint8)(digits % 2 == 0 ? value << 4 : mac[digits / 2] | value);
      digits++;
    }
  return digits == 12;
}

void
bl_system_magic_packet (const guint8 mac[6], guint8 packet[BL_SYSTEM_MAGIC_SIZE])
{
  memset (packet, 0xFF, 6);
  for (guint i = 1; i <= 16; i++)
    memcpy (packet + i * 6, mac, 6);
}

static void
send_packet (int fd, const struct ifaddrs *entry, const guint8 *packet)
{
  struct sockaddr_in target = *(const struct sockaddr_in *)(const void *)entry->ifa_broadaddr;
  struct ip_mreqn way = { .imr_ifindex = (int)if_nametoindex (entry->ifa_name) };

  target.sin_port = htons (WAKE_PORT);
  (void)setsockopt (fd, IPPROTO_IP, IP_MULTICAST_IF, &way,
                    sizeof way); /* the address decides the way as well */
  /* One network that does not take it must not keep it from the others. */
  (void)sendto (fd, packet, BL_SYSTEM_MAGIC_SIZE, 0, (const struct sockaddr *)&target, sizeof target);
}

void
bl_system_wake (BowlineHost *host, BowlineMessageCall *call)
{
  g_auto (GStrv) macs = bl_variant_get_strv (bowline_message_call_get_message (call), "macs");
  struct ifaddrs *interfaces = NULL;
  const int on = 1, fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  guint networks = 0;

  if (!bl_system_may (call, BL_RIGHT_WAKE) || macs == NULL || fd < 0
      || setsockopt (fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on) != 0 || getifaddrs (&interfaces) != 0)
    {
      bowline_host_log (host, BOWLINE_LOG_WARNING, NULL, "no wake packets are sent: %s",
                        macs == NULL ? "the order names no devices"
                                     : "the user may not, or the network refuses");
      if (fd >= 0)
        close (fd);
      return;
    }
  for (const struct ifaddrs *entry = interfaces; entry != NULL; entry = entry->ifa_next)
    {
      if (entry->ifa_addr == NULL || entry->ifa_addr->sa_family != AF_INET
          || (entry->ifa_flags & IFF_BROADCAST) == 0 || (entry->ifa_flags & IFF_UP) == 0
          || entry->ifa_broadaddr == NULL)
        continue;
      networks++;
      for (guint i = 0; macs[i] != NULL && i < MACS_MAX; i++)
        {
          guint8 mac[6], packet[BL_SYSTEM_MAGIC_SIZE];

          if (!bl_system_mac_parse (macs[i], mac))
            continue;
          bl_system_magic_packet (mac, packet);
          send_packet (fd, entry, packet);
        }
    }
  bowline_host_log (host, BOWLINE_LOG_INFO, NULL, "wake packets sent on %u networks", networks);
  freeifaddrs (interfaces);
  close (fd);
}
