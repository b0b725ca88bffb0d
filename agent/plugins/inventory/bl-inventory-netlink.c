// SPDX-License-Identifier: Apache-2.0
#include "bl-inventory-netlink.h"

#include <linux/if.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

typedef struct
{
  int index;
  BlInventoryAddress address;
  guint8 mac[6];
} Neighbour;

typedef struct
{
  const guint8 *data;
  gsize length;
} Attribute;

#define ATTRIBUTES 32u

static void
link_free (gpointer data)
{
  g_array_unref (((BlInventoryLink *)data)->addresses);
  g_free (data);
}

BlInventoryLinks *
bl_inventory_links_new (void)
{
  BlInventoryLinks *links = g_new0 (BlInventoryLinks, 1);
  links->links = g_ptr_array_new_with_free_func (link_free);
  links->neighbours = g_array_new (FALSE, TRUE, sizeof (Neighbour));
  return links;
}

void
bl_inventory_links_free (BlInventoryLinks *links)
{
  g_ptr_array_unref (links->links);
  g_array_unref (links->neighbours);
  g_free (links);
}

static BlInventoryLink *
find_link (BlInventoryLinks *links, int index)
{
  for (guint i = 0; i < links->links->len; i++)
    if (((BlInventoryLink *)links->links->pdata[i])->index == index)
      return links->links->pdata[i];
  return NULL;
}

// Splits what follows the fixed part of a message; of attributes that come twice the last counts.
static void
read_attributes (const guint8 *data, gsize length, Attribute attributes[ATTRIBUTES])
{
  memset (attributes, 0, ATTRIBUTES * sizeof (Attribute));
  while (length >= sizeof (struct rtattr))
    {
      struct rtattr head;
      memcpy (&head, data, sizeof head);
      if (head.rta_len < sizeof head || head.rta_len > length)
        return;
      const guint type = head.rta_type & 0x3FFFu;
      if (type < ATTRIBUTES)
        attributes[type] = (Attribute){ data + sizeof head, head.rta_len - sizeof head };
      const gsize whole = MIN (RTA_ALIGN ((gsize)head.rta_len), length);
      data += whole;
      length -= whole;
    }
}

static guint32
number (const Attribute *attribute)
{
  guint32 value = 0;
  if (attribute->length == sizeof value)
    memcpy (&value, attribute->data, sizeof value);
  return value;
}

static gboolean
read_address (const Attribute *attribute, int family, BlInventoryAddress *address)
{
  const gsize size = family == AF_INET ? 4 : 16;
  if ((family != AF_INET && family != AF_INET6) || attribute->length != size)
    return FALSE;
  address->family = family;
  memcpy (address->bytes, attribute->data, size);
  return TRUE;
}

static void
read_link (BlInventoryLinks *links, const guint8 *data, gsize length)
{
  Attribute attributes[ATTRIBUTES];
  struct ifinfomsg head;
  if (length < sizeof head || links->links->len >= BL_INVENTORY_MAX_LINKS)
    return;
  memcpy (&head, data, sizeof head);
  read_attributes (data + NLMSG_ALIGN (sizeof head), length - MIN (NLMSG_ALIGN (sizeof head), length), attributes);
  const Attribute *name = &attributes[IFLA_IFNAME], *mac = &attributes[IFLA_ADDRESS];
  if (name->length == 0 || name->data[0] == 0 || find_link (links, head.ifi_index) != NULL)
    return;
  BlInventoryLink *link = g_new0 (BlInventoryLink, 1);
  link->index = head.ifi_index;
  memcpy (link->name, name->data, MIN (name->length, sizeof link->name - 1));
  if (mac->length == sizeof link->mac)
    memcpy (link->mac, mac->data, sizeof link->mac);
  link->loopback = (head.ifi_flags & IFF_LOOPBACK) != 0;
  link->up = (head.ifi_flags & IFF_RUNNING) != 0;
  link->mtu = number (&attributes[IFLA_MTU]);
  link->addresses = g_array_new (FALSE, TRUE, sizeof (BlInventoryAddress));
  g_ptr_array_add (links->links, link);
}

static void
read_interface_address (BlInventoryLinks *links, const guint8 *data, gsize length)
{
  Attribute attributes[ATTRIBUTES];
  BlInventoryAddress address = { 0 };
  struct ifaddrmsg head;
  if (length < sizeof head)
    return;
  memcpy (&head, data, sizeof head);
  read_attributes (data + sizeof head, length - sizeof head, attributes);
  BlInventoryLink *link = find_link (links, (int)head.ifa_index);
  // With a peer, the address is the peer's and "local" is ours.
  if (link == NULL || link->addresses->len >= BL_INVENTORY_MAX_ADDRESSES
      || (!read_address (&attributes[IFA_LOCAL], head.ifa_family, &address)
          && !read_address (&attributes[IFA_ADDRESS], head.ifa_family, &address)))
    return;
  address.prefix = MIN (head.ifa_prefixlen, head.ifa_family == AF_INET ? 32 : 128);
  g_array_append_val (link->addresses, address);
}

static void
read_route (BlInventoryLinks *links, const guint8 *data, gsize length)
{
  Attribute attributes[ATTRIBUTES];
  BlInventoryAddress gateway = { 0 };
  struct rtmsg head;
  if (length < sizeof head)
    return;
  memcpy (&head, data, sizeof head);
  read_attributes (data + sizeof head, length - sizeof head, attributes);
  const guint32 table = attributes[RTA_TABLE].length != 0 ? number (&attributes[RTA_TABLE]) : head.rtm_table;
  const guint kind = head.rtm_family == AF_INET6 ? 1 : 0;
  const guint32 metric = number (&attributes[RTA_PRIORITY]);
  BlInventoryLink *link = find_link (links, (int)number (&attributes[RTA_OIF]));
  if (link == NULL || head.rtm_dst_len != 0 || head.rtm_type != RTN_UNICAST || table != RT_TABLE_MAIN
      || !read_address (&attributes[RTA_GATEWAY], head.rtm_family, &gateway)
      || (link->has_gateway[kind] && link->metrics[kind] <= metric))
    return;
  link->has_gateway[kind] = TRUE;
  link->gateways[kind] = gateway;
  link->metrics[kind] = metric;
}

static void
read_neighbour (BlInventoryLinks *links, const guint8 *data, gsize length)
{
  Attribute attributes[ATTRIBUTES];
  Neighbour neighbour = { 0 };
  struct ndmsg head;
  if (length < sizeof head || links->neighbours->len >= BL_INVENTORY_MAX_NEIGHBOURS)
    return;
  memcpy (&head, data, sizeof head);
  read_attributes (data + sizeof head, length - sizeof head, attributes);
  const Attribute *mac = &attributes[NDA_LLADDR];
  if (mac->length != sizeof neighbour.mac || (head.ndm_state & (NUD_INCOMPLETE | NUD_FAILED)) != 0
      || !read_address (&attributes[NDA_DST], head.ndm_family, &neighbour.address))
    return;
  neighbour.index = head.ndm_ifindex;
  memcpy (neighbour.mac, mac->data, sizeof neighbour.mac);
  g_array_append_val (links->neighbours, neighbour);
}

gboolean
bl_inventory_links_feed (BlInventoryLinks *links, const guint8 *data, gsize length)
{
  while (length >= sizeof (struct nlmsghdr))
    {
      struct nlmsghdr head;
      memcpy (&head, data, sizeof head);
      if (head.nlmsg_len < sizeof head || head.nlmsg_len > length || head.nlmsg_type == NLMSG_DONE
          || head.nlmsg_type == NLMSG_ERROR)
        return FALSE;
      const guint8 *body = data + NLMSG_HDRLEN;
      const gsize size = head.nlmsg_len - NLMSG_HDRLEN;
      if (head.nlmsg_type == RTM_NEWLINK)
        read_link (links, body, size);
      else if (head.nlmsg_type == RTM_NEWADDR)
        read_interface_address (links, body, size);
      else if (head.nlmsg_type == RTM_NEWROUTE)
        read_route (links, body, size);
      else if (head.nlmsg_type == RTM_NEWNEIGH)
        read_neighbour (links, body, size);
      const gsize whole = MIN (NLMSG_ALIGN ((gsize)head.nlmsg_len), length);
      data += whole;
      length -= whole;
    }
  return length == 0;
}

void
bl_inventory_links_finish (BlInventoryLinks *links)
{
  for (guint i = 0; i < links->links->len; i++)
    {
      BlInventoryLink *link = links->links->pdata[i];
      for (guint j = 0; j < links->neighbours->len; j++)
        {
          const Neighbour *neighbour = &g_array_index (links->neighbours, Neighbour, j);
          const guint kind = neighbour->address.family == AF_INET6 ? 1 : 0;
          if (neighbour->index == link->index && link->has_gateway[kind]
              && memcmp (neighbour->address.bytes, link->gateways[kind].bytes, 16) == 0)
            memcpy (link->gateway_macs[kind], neighbour->mac, sizeof neighbour->mac);
        }
    }
}
