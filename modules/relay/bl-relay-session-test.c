// SPDX-License-Identifier: Apache-2.0
#include "bl-relay-session.h"

#include "common/bl-rights-bits.h"

#define ALICE "user//alice"
#define BOB "user//bob"
#define NODE "node//n1"

static void
test_ids (void)
{
  g_autofree char *longest = g_strnfill (BL_RELAY_ID_MAX, 'a');
  g_autofree char *too_long = g_strnfill (BL_RELAY_ID_MAX + 1, 'a');
  g_assert_true (bl_relay_id_is_valid ("0.x1y2"));
  g_assert_true (bl_relay_id_is_valid (longest));
  g_assert_false (bl_relay_id_is_valid (too_long));
  g_assert_false (bl_relay_id_is_valid (NULL));
  g_assert_false (bl_relay_id_is_valid (""));
  g_assert_false (bl_relay_id_is_valid ("a b"));
  g_assert_false (bl_relay_id_is_valid ("a\"b"));
  g_assert_false (bl_relay_id_is_valid ("a\nb"));
}

static void
test_every_order_of_arrival (void)
{
  // viewer before or after the order, device last: joined in both cases
  for (int viewer_first = 0; viewer_first < 2; viewer_first++)
    {
      g_autoptr (BlRelaySession) session = bl_relay_session_new ("id", 0);
      if (viewer_first)
        g_assert_cmpint (bl_relay_session_arrive (session, BL_RELAY_VIEWER, ALICE, NODE, "1"), ==, BL_RELAY_HOLD);
      g_assert_true (bl_relay_session_order (session, ALICE, NODE, 1, BL_RIGHT_ALL, 5));
      if (!viewer_first)
        g_assert_cmpint (bl_relay_session_arrive (session, BL_RELAY_VIEWER, ALICE, NULL, "1"), ==, BL_RELAY_HOLD);
      g_assert_cmpint (bl_relay_session_arrive (session, BL_RELAY_DEVICE, ALICE, NODE, "2"), ==, BL_RELAY_JOIN);
      g_assert_true (session->joined);
      g_assert_cmpint (session->deadline_us, ==, 5 + BL_RELAY_WAIT_SECONDS * G_USEC_PER_SEC);
    }
  g_autoptr (BlRelaySession) session = bl_relay_session_new ("id", 0);
  g_assert_true (bl_relay_session_order (session, ALICE, NODE, 1, BL_RIGHT_ALL, 0));
  g_assert_cmpint (bl_relay_session_arrive (session, BL_RELAY_DEVICE, ALICE, NODE, "2"), ==, BL_RELAY_HOLD);
  g_assert_cmpint (bl_relay_session_arrive (session, BL_RELAY_VIEWER, ALICE, NODE, "1"), ==, BL_RELAY_JOIN);
}

static void
test_intruders (void)
{
  g_autoptr (BlRelaySession) session = bl_relay_session_new ("id", 0);
  g_assert_cmpint (bl_relay_session_arrive (session, BL_RELAY_DEVICE, ALICE, NODE, "2"), ==, BL_RELAY_REFUSE);
  g_assert_cmpint (bl_relay_session_arrive (session, BL_RELAY_VIEWER, ALICE, NULL, "1"), ==, BL_RELAY_HOLD);
  g_assert_false (bl_relay_session_order (session, BOB, NODE, 1, BL_RIGHT_ALL, 0));
  g_assert_true (bl_relay_session_order (session, ALICE, NODE, 1, BL_RIGHT_ALL, 0));
  g_assert_false (bl_relay_session_order (session, ALICE, "node//n2", 1, BL_RIGHT_ALL, 0));
  g_assert_cmpint (bl_relay_session_arrive (session, BL_RELAY_VIEWER, BOB, NULL, "3"), ==, BL_RELAY_REFUSE);
  g_assert_cmpint (bl_relay_session_arrive (session, BL_RELAY_VIEWER, ALICE, NULL, "3"), ==, BL_RELAY_REFUSE);
  g_assert_cmpint (bl_relay_session_arrive (session, BL_RELAY_DEVICE, ALICE, "node//n2", "3"), ==, BL_RELAY_REFUSE);
  g_assert_cmpint (bl_relay_session_arrive (session, BL_RELAY_DEVICE, BOB, NODE, "3"), ==, BL_RELAY_REFUSE);
  g_assert_cmpint (bl_relay_session_arrive (session, BL_RELAY_DEVICE, ALICE, NODE, "2"), ==, BL_RELAY_JOIN);
  g_assert_cmpint (bl_relay_session_arrive (session, BL_RELAY_DEVICE, ALICE, NODE, "2"), ==, BL_RELAY_REFUSE);
  g_assert_cmpstr (session->ends[BL_RELAY_VIEWER], ==, "1");
}

static void
test_event_numbers (void)
{
  const char *text;
  g_assert_cmpuint (bl_relay_event_message (1, FALSE, &text), ==, 14);
  g_assert_cmpstr (text, ==, "Started terminal session");
  g_assert_cmpuint (bl_relay_event_message (5, TRUE, &text), ==, 12);
  g_assert_cmpuint (bl_relay_event_message (2, TRUE, &text), ==, 11);
  g_assert_cmpuint (bl_relay_event_message (200, FALSE, &text), ==, 162);
  g_assert_cmpuint (bl_relay_event_message (200, TRUE, &text), ==, 112);
  g_assert_cmpstr (text, ==, "Ended messenger session");
  g_assert_cmpuint (bl_relay_event_message (77, FALSE, &text), ==, 13);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/session/ids", test_ids);
  g_test_add_func ("/relay/session/every-order-of-arrival", test_every_order_of_arrival);
  g_test_add_func ("/relay/session/intruders", test_intruders);
  g_test_add_func ("/relay/session/event-numbers", test_event_numbers);
  return g_test_run ();
}
