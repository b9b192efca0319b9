/* Writing canonical XML: the same calls give the same bytes. */
#include "config.h"
#include "xml/xml.h"

struct HdXmlWriter {
  GString *text;
  GPtrArray *open;      /* names of the open elements */
  gboolean in_tag;      /* the last element's start tag still takes attributes */
  gboolean in_text;     /* the last element holds text: its end stands right behind it */
};

HdXmlWriter *
hd_xml_writer_new (void)
{
  HdXmlWriter *self = g_new0 (HdXmlWriter, 1);
  self->text = g_string_new ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
  self->open = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
hd_xml_writer_free (HdXmlWriter *self)
{
  if (self == NULL)
    return;
  if (self->text != NULL)
    g_string_free (self->text, TRUE);
  g_ptr_array_unref (self->open);
  g_free (self);
}

static void
indent (HdXmlWriter *self)
{
  for (guint i = 0; i < self->open->len; i++)
    g_string_append (self->text, "  ");
}

void
hd_xml_writer_open (HdXmlWriter *self, const char *element)
{
  if (self->in_tag)
    g_string_append (self->text, ">\n");
  indent (self);
  g_string_append_printf (self->text, "<%s", element);
  g_ptr_array_add (self->open, g_strdup (element));
  self->in_tag = TRUE;
}

void
hd_xml_writer_attribute (HdXmlWriter *self, const char *name, const char *value)
{
  g_return_if_fail (self->in_tag);
  g_autofree char *escaped = g_markup_escape_text (value, -1);
  g_string_append_printf (self->text, " %s=\"%s\"", name, escaped);
}

void
hd_xml_writer_attribute_u64 (HdXmlWriter *self, const char *name, guint64 value, HdUnit unit)
{
  g_autofree char *text = hd_quantity_format_u64 (value, unit);
  hd_xml_writer_attribute (self, name, text);
}

void
hd_xml_writer_attribute_i64 (HdXmlWriter *self, const char *name, gint64 value)
{
  char text[24];
  g_snprintf (text, sizeof text, "%" G_GINT64_FORMAT, value);
  hd_xml_writer_attribute (self, name, text);
}

void
hd_xml_writer_attribute_double (HdXmlWriter *self, const char *name, double value, HdUnit unit)
{
  g_autofree char *text = hd_quantity_format (value, unit);
  hd_xml_writer_attribute (self, name, text);
}

/* How much of @text, which has @left bytes, goes into one section: up to the end of a line if there is one, else of a character. */
static gsize
section_length (const char *text, gsize left)
{
  const gsize most = HD_XML_MAX_CDATA_BYTES / 2;
  if (left <= most)
    return left;
  const char *line = g_strrstr_len (text, (gssize) most, "\n");
  return line != NULL ? (gsize) (line + 1 - text) : (gsize) (g_utf8_find_prev_char (text, text + most) - text);
}

void
hd_xml_writer_text (HdXmlWriter *self, const char *text)
{
  g_return_if_fail (self->in_tag);
  g_string_append_c (self->text, '>');
  gsize left = strlen (text);
  do {
    gsize n = section_length (text, left);
    g_autofree char *part = g_strndup (text, n);
    g_auto (GStrv) parts = g_strsplit (part, "]]>", -1);
    g_autofree char *safe = g_strjoinv ("]]]]><![CDATA[>", parts);
    g_string_append_printf (self->text, "<![CDATA[%s]]>", safe);
    text += n;
    left -= n;
  } while (left > 0);
  self->in_tag = FALSE;
  self->in_text = TRUE;
}

void
hd_xml_writer_close (HdXmlWriter *self)
{
  g_return_if_fail (self->open->len > 0);
  g_autofree char *name = g_ptr_array_steal_index (self->open, self->open->len - 1);
  if (self->in_tag) {
    g_string_append (self->text, "/>\n");
    self->in_tag = FALSE;
    return;
  }
  if (!self->in_text)
    indent (self);
  self->in_text = FALSE;
  g_string_append_printf (self->text, "</%s>\n", name);
}

char *
hd_xml_writer_finish (HdXmlWriter *self)
{
  g_return_val_if_fail (self->open->len == 0, NULL);
  return g_string_free (g_steal_pointer (&self->text), FALSE);
}
