// SPDX-License-Identifier: Apache-2.0
#include "bl-guests-words.h"

#include <string.h>

/* Which language a page is in differs from visitor to visitor, so it is no matter of the process's locale. */
static const struct
{
  const char *english;
  const char *german;
} words[] = {
  { "Invitation",
    "Einladung" },
  { "Invitation code",
    "Einladungscode" },
  { "Continue",
    "Weiter" },
  { "Download",
    "Herunterladen" },
  { "Install the agent",
    "Den Agenten installieren" },
  { "Enter the code you were given to install the agent on this computer.",
    "Geben Sie den Code ein, den Sie bekommen haben, um den Agenten auf diesem Computer zu "
    "installieren." },
  { "You were invited to add this computer to the group \"%s\". Whoever manages this group "
    "can then reach it. Go on only if you know who invited you.",
    "Sie wurden eingeladen, diesen Computer in die Gruppe „%s“ aufzunehmen. Wer diese "
    "Gruppe verwaltet, kann ihn dann erreichen. Fahren Sie nur fort, wenn Sie wissen, wer "
    "Sie eingeladen hat." },
  { "Linux with the package bowline-agent",
    "Linux mit dem Paket bowline-agent" },
  { "Type this into a terminal. It installs bowline-agent.",
    "Geben Sie das in ein Terminal ein. Es installiert bowline-agent." },
  { "The package is installed already: type this into a terminal.",
    "Das Paket ist schon installiert: Geben Sie das in ein Terminal ein." },
  { "MeshAgent for Windows, if this server offers it. Start the downloaded program.",
    "MeshAgent für Windows, falls dieser Server ihn anbietet. Starten Sie das "
    "heruntergeladene Programm." },
  { "MeshAgent for macOS, if this server offers it. Start the downloaded program in a "
    "terminal with sudo.",
    "MeshAgent für macOS, falls dieser Server ihn anbietet. Starten Sie das "
    "heruntergeladene Programm in einem Terminal mit sudo." },
  { "Another system with MeshAgent",
    "Ein anderes System mit MeshAgent" },
  { "Put these settings beside the MeshAgent program and start it with -fullinstall.",
    "Legen Sie diese Einstellungen neben das Programm MeshAgent und starten Sie es mit "
    "-fullinstall." },
  { "This invitation is not valid, or it has expired. Ask whoever sent it for a new one.",
    "Diese Einladung ist ungültig oder abgelaufen. Bitten Sie den Absender um eine neue." },
  { "The invitation cannot be opened.",
    "Die Einladung lässt sich nicht öffnen." },
  { "Too many attempts. Try again in a minute.",
    "Zu viele Versuche. Versuchen Sie es in einer Minute wieder." },
  { "This code is not valid.",
    "Dieser Code ist ungültig." },
  { "This server has no invitation codes.",
    "Dieser Server hat keine Einladungscodes." },
};

/* One range as "de-AT;q=0.7". Returns: its quality in thousandths, 0 for what is refused or damaged */
static guint
read_quality (const char *range)
{
  const char *q = strchr (range, ';');
  guint value = 0;

  if (q == NULL)
    return 1000;
  do
    q++;
  while (*q == ' ' || *q == '\t');
  if ((q[0] != 'q' && q[0] != 'Q') || q[1] != '=' || (q[2] != '0' && q[2] != '1'))
    return 0;
  value = q[2] == '1' ? 1000 : 0;
  if (q[3] != '.')
    return value;
  for (guint i = 0, weight = 100; i < 3 && g_ascii_isdigit (q[4 + i]); i++, weight /= 10)
    value += (guint)(q[4 + i] - '0') * weight;
  return MIN (value, 1000);
}

static gboolean
is_language (const char *range, const char *language)
{
  gsize length = strlen (language);

  return g_ascii_strncasecmp (range, language, length) == 0 && !g_ascii_isalnum (range[length]);
}

const char *
bl_guests_language (const char *accept)
{
  g_auto (GStrv) ranges = NULL;
  guint german = 0, english = 0;

  if (accept == NULL || strlen (accept) > BL_GUESTS_MAX_ACCEPT)
    return "en";
  ranges = g_strsplit (accept, ",", (gint)BL_GUESTS_MAX_RANGES);
  for (guint i = 0; ranges[i] != NULL; i++)
    {
      const char *range = g_strstrip (ranges[i]);

      if (is_language (range, "de"))
        german = MAX (german, read_quality (range));
      else if (is_language (range, "en"))
        english = MAX (english, read_quality (range));
    }
  return german > english ? "de" : "en";
}

const char *
bl_guests_say (const char *language, const char *english)
{
  for (guint i = 0; g_strcmp0 (language, "de") == 0 && i < G_N_ELEMENTS (words); i++)
    {
      if (g_str_equal (words[i].english, english))
        return words[i].german;
    }
  return english;
}
