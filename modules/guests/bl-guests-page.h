// SPDX-License-Identifier: Apache-2.0
/** Small pages without script. Pure: text in, HTML out; everything that is not markup is escaped. @language is one of
 * bl_guests_language(), and English sentences are told in it. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** How a machine of some kind is brought into a group. */
typedef struct
{
  const char *title;
  const char *note;
  const char *command; /* (nullable): to copy */
  const char *link;    /* (nullable): to download, a path on this server */
} BlGuestsWay;

/** The form for an invitation code. @problem: (nullable). Returns: (transfer full) */
GBytes *bl_guests_page_form (const char *language, const char *problem);
/** @group: name of the group; @ways: ended by one without title. Returns: (transfer full) */
GBytes *bl_guests_page_invitation (const char *language, const char *group, const BlGuestsWay *ways);
/** One sentence. Returns: (transfer full) */
GBytes *bl_guests_page_message (const char *language, const char *title, const char *text);
/** Returns: (transfer full): the style sheet of these pages */
GBytes *bl_guests_page_style (void);

/** Returns: (transfer full): @word as one word of a POSIX shell */
char *bl_guests_page_shell (const char *word);

G_END_DECLS
