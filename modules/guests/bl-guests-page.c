// SPDX-License-Identifier: Apache-2.0
#include "bl-guests-page.h"

#include "bl-guests-words.h"

#include <string.h>

/* The colours of the sign-in form. */
static const char style[]
    = ":root{color-scheme:light "
      "dark;--ink:#151515;--soft:#4d4d4d;--ground:#f2f2f2;--card:#fff;--line:#8a8d90;"
      "--accent:#06c;--danger:#b1380b;--button:#fff}"
      "@media (prefers-color-scheme:dark){:root{--ink:#fff;--soft:#c7c7c7;--ground:#151515;--card:#292929;"
      "--line:#a3a3a3;--accent:#92c5f9;--danger:#f9a8a8;--button:#151515}}"
      "*{box-sizing:border-box}"
      "body{margin:0;min-height:100vh;display:flex;justify-content:center;align-items:flex-start;padding:"
      "48px 16px;"
      "background:var(--ground);color:var(--ink);font:14px/1.5 \"Red Hat Text\",system-ui,\"Segoe "
      "UI\",Roboto,"
      "\"Noto Sans\",Arial,sans-serif}"
      "main{width:100%;max-width:680px;padding:32px;border-radius:16px;background:var(--card);"
      "box-shadow:0 8px 24px rgb(0 0 0/14%)}"
      "h1{margin:0 0 8px;font-size:24px;font-weight:500}h2{margin:24px 0 4px;font-size:16px}p{margin:0 0 8px}"
      ".soft{color:var(--soft)}.problem{color:var(--danger)}"
      "label{display:block;margin:16px 0 4px;font-weight:500}"
      "input,textarea{width:100%;padding:10px 12px;border:1px solid var(--line);border-radius:6px;"
      "background:transparent;color:inherit;font:inherit}"
      "input{height:44px;font-size:16px}textarea{font-family:monospace;resize:vertical}"
      "button,a.button{display:inline-block;margin-top:16px;padding:10px 24px;border:0;border-radius:999px;"
      "background:var(--accent);color:var(--button);font:inherit;font-weight:500;text-decoration:none;cursor:"
      "pointer}"
      ":focus-visible{outline:2px solid var(--accent);outline-offset:2px}";

/* Returns: (transfer full): GString with everything up to the content */
static GString *
begin (const char *language, const char *title)
{
  g_autofree char *escaped = g_markup_escape_text (bl_guests_say (language, title), -1);
  GString *out = g_string_new ("<!doctype html>\n");

  g_string_append_printf (out, "<html lang=\"%s\"><head><meta charset=\"utf-8\">", language);
  g_string_append (out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                        "<meta name=\"robots\" content=\"noindex\"><title>");
  g_string_append_printf (
      out, "%s</title><link rel=\"stylesheet\" href=\"/invite.css\"></head><body><main><h1>%s</h1>\n",
      escaped, escaped);
  return out;
}

static GBytes *
end (GString *out)
{
  g_string_append (out, "</main></body></html>\n");
  return g_string_free_to_bytes (out);
}

static void
append_paragraph (GString *out, const char *class, const char *text)
{
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  g_string_append_printf (out, "<p class=\"%s\">%s</p>\n", class, escaped);
}

GBytes *
bl_guests_page_form (const char *language, const char *problem)
{
  GString *out = begin (language, "Invitation");

  append_paragraph (
      out, "soft", bl_guests_say (language, "Enter the code you were given to install the agent on this computer."));
  g_string_append_printf (out,
                          "<form method=\"post\" action=\"/invite\"><label for=\"code\">%s</label>"
                          "<input id=\"code\" name=\"inviteCode\" required maxlength=\"64\" autocomplete=\"off\" "
                          "autofocus>",
                          bl_guests_say (language, "Invitation code"));
  if (problem != NULL)
    {
      g_autofree char *escaped = g_markup_escape_text (bl_guests_say (language, problem), -1);

      g_string_append_printf (out, "<p class=\"problem\" role=\"alert\">%s</p>", escaped);
    }
  g_string_append_printf (out, "<button>%s</button></form>\n", bl_guests_say (language, "Continue"));
  return end (out);
}

static void
append_way (GString *out, const char *language, const BlGuestsWay *way, guint number)
{
  g_autofree char *title = g_markup_escape_text (bl_guests_say (language, way->title), -1);

  g_string_append_printf (out, "<h2 id=\"way%u\">%s</h2>\n", number, title);
  append_paragraph (out, "soft", bl_guests_say (language, way->note));
  if (way->command != NULL)
    {
      g_autofree char *command = g_markup_escape_text (way->command, -1);

      g_string_append_printf (out, "<textarea rows=\"3\" readonly aria-labelledby=\"way%u\">%s</textarea>\n",
                              number, command);
    }
  if (way->link != NULL)
    {
      g_autofree char *link = g_markup_escape_text (way->link, -1);

      g_string_append_printf (out, "<a class=\"button\" href=\"%s\" download>%s</a>\n", link,
                              bl_guests_say (language, "Download"));
    }
}

/* The sentence around the name of the group. */
static const char invited[] = "You were invited to add this computer to the group \"%s\". Whoever manages this group can "
                              "then reach it. Go on only if you know who invited you.";

GBytes *
bl_guests_page_invitation (const char *language, const char *group, const BlGuestsWay *ways)
{
  GString *out = begin (language, "Install the agent");
  g_auto (GStrv) parts = g_strsplit (bl_guests_say (language, invited), "%s", 2);
  g_autofree char *text = g_strjoinv (group, parts);

  append_paragraph (out, "soft", text);
  for (guint i = 0; ways[i].title != NULL; i++)
    append_way (out, language, &ways[i], i + 1);
  return end (out);
}

GBytes *
bl_guests_page_message (const char *language, const char *title, const char *text)
{
  GString *out = begin (language, title);

  append_paragraph (out, "soft", bl_guests_say (language, text));
  return end (out);
}

GBytes *
bl_guests_page_style (void)
{
  return g_bytes_new_static (style, sizeof style - 1);
}

char *
bl_guests_page_shell (const char *word)
{
  return g_shell_quote (word);
}
