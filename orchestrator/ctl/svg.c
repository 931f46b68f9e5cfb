/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "svg.h"

static void put_escaped(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			strbuf_puts(out, "&amp;");
			break;
		case '<':
			strbuf_puts(out, "&lt;");
			break;
		case '>':
			strbuf_puts(out, "&gt;");
			break;
		case '"':
			strbuf_puts(out, "&quot;");
			break;
		default:
			/* XML 1.0 has no other control characters. */
			strbuf_putc(out,
				    (unsigned char)*text < 0x20 && *text != '\n' ? '?' : *text);
		}
	}
}

/* Ends an element without text: "/>", or with a title in it. */
static void put_end(struct strbuf *out, const struct layout_item *item, const char *element)
{
	if (!item->title) {
		strbuf_puts(out, "/>\n");
		return;
	}
	strbuf_puts(out, "><title>");
	put_escaped(out, item->title);
	strbuf_printf(out, "</title></%s>\n", element);
}

static void put_item(struct strbuf *out, const struct layout_item *item)
{
	unsigned int color = layout_color(item->style);

	switch (item->kind) {
	case LAYOUT_RECT:
		strbuf_printf(out,
			      "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
			      "fill=\"#%06x\"",
			      item->x, item->y, item->w, item->h, color);
		put_end(out, item, "rect");
		break;
	case LAYOUT_LINE:
		strbuf_printf(out,
			      "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" "
			      "stroke=\"#%06x\"",
			      item->x, item->y, item->x + item->w, item->y + item->h, color);
		put_end(out, item, "line");
		break;
	case LAYOUT_TEXT:
		strbuf_printf(out, "<text x=\"%.1f\" y=\"%.1f\" fill=\"#%06x\">", item->x, item->y,
			      color);
		if (item->title) {
			strbuf_puts(out, "<title>");
			put_escaped(out, item->title);
			strbuf_puts(out, "</title>");
		}
		put_escaped(out, item->text);
		strbuf_puts(out, "</text>\n");
		break;
	}
}

void svg_write(const struct layout *layout, struct strbuf *out)
{
	strbuf_printf(out,
		      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
		      "viewBox=\"0 0 %.0f %.0f\" font-family=\"sans-serif\" font-size=\"%.0f\">\n",
		      layout->width, layout->height, layout->width, layout->height,
		      LAYOUT_FONT_SIZE);
	for (size_t i = 0; i < layout->n_items; i++)
		put_item(out, &layout->items[i]);
	strbuf_puts(out, "</svg>\n");
}
