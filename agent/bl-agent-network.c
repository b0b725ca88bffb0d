// SPDX-License-Identifier: Apache-2.0
#include "bl-agent-network.h"

#include <errno.h>
#include <glib-unix.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct _BlAgentNetwork
{
  BlAgentNetworkFunc changed;
  gpointer user_data;
  int fd;
  guint source_id;
  guint timer_id;
  gint64 reported_us; // 0: never
};

static gboolean
report_cb (gpointer user_data)
{
  BlAgentNetwork *self = user_data;
  self->timer_id = 0;
  self->reported_us = g_get_monotonic_time ();
  self->changed (self->user_data);
  return G_SOURCE_REMOVE;
}

static void
schedule (BlAgentNetwork *self)
{
  if (self->timer_id != 0)
    return;
  gint64 wait = BL_AGENT_NETWORK_SETTLE_MS;
  if (self->reported_us != 0)
    wait = MAX (wait, BL_AGENT_NETWORK_GAP_MS - (g_get_monotonic_time () - self->reported_us) / 1000);
  self->timer_id = g_timeout_add ((guint)wait, report_cb, self);
}

static gboolean
ready_cb (int fd, GIOCondition condition, gpointer user_data)
{
  BlAgentNetwork *self = user_data;
  gboolean news = FALSE;
  for (;;)
    {
      guint8 buffer[8192]; // a longer message is cut; nobody reads it
      struct sockaddr_nl sender = { 0 };
      socklen_t length = sizeof sender;
      const ssize_t n = recvfrom (fd, buffer, sizeof buffer, MSG_DONTWAIT, (struct sockaddr *)&sender, &length);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0 && errno != ENOBUFS) // some were lost, which is news as well
        break;
      news |= n < 0 || sender.nl_pid == 0; // other programs may write to us too, but are not the kernel
      if (n == 0)
        break;
    }
  if (news)
    schedule (self);
  return G_SOURCE_CONTINUE;
}

BlAgentNetwork *
bl_agent_network_new (BlAgentNetworkFunc changed, gpointer user_data, GError **error)
{
  const struct sockaddr_nl address = {
    .nl_family = AF_NETLINK,
    .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE,
  };
  const int fd = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (fd < 0 || bind (fd, (const struct sockaddr *)&address, sizeof address) != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "messages about the network: %s",
                   g_strerror (errno));
      if (fd >= 0)
        close (fd);
      return NULL;
    }
  BlAgentNetwork *self = g_new0 (BlAgentNetwork, 1);
  self->changed = changed;
  self->user_data = user_data;
  self->fd = fd;
  self->source_id = g_unix_fd_add (fd, G_IO_IN, ready_cb, self);
  return self;
}

void
bl_agent_network_free (BlAgentNetwork *self)
{
  if (self == NULL)
    return;
  g_clear_handle_id (&self->source_id, g_source_remove);
  g_clear_handle_id (&self->timer_id, g_source_remove);
  close (self->fd);
  g_free (self);
}

static gint64
read_clock (clockid_t id)
{
  struct timespec now = { 0 };
  (void)clock_gettime (id, &now); // both clocks exist on every kernel since 2.6.39
  return (gint64)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

gint64
bl_agent_network_get_slept (void)
{
  const gint64 awake = read_clock (CLOCK_MONOTONIC); // it stands still while the machine sleeps, the other does not
  return read_clock (CLOCK_BOOTTIME) - awake;
}

gboolean
bl_agent_network_has_slept (gint64 before, gint64 now)
{
  return now - before >= BL_AGENT_NETWORK_SLEEP_US;
}
