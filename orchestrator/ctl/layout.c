/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A chart of a boot: milestones as lines from their names at the top down through everything, services as bars, dark while they
 * start (its colour says what came of it) and with a light line below while they run, one below the other in the order of their first starts. A service that
 * started more than once has all its runs in its row.
 *
 * Nothing overlaps: a milestone's name goes to the first lane at the top in which there is room left of it, a service's name has
 * its own row and column, and what a bar says stands behind it or, where there is no room, before it, or nowhere. Widths of text are
 * estimated generously, so that any font fits.
 */
#include "layout.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "early/macros.h"
#include "early/strbuf.h"

#define WIDTH 1280.0
#define MARGIN 16.0
#define NAMES_WIDTH 260.0
#define ROW 20.0
#define BAR 12.0
#define CHARACTER 7.6 /* of LAYOUT_FONT_SIZE, on the generous side */
#define GAP 8.0
#define NAME_MAX_CHARACTERS 33
#define MAX_LANES 32
#define ONESHOT_US 5000 /* between ready and the end */
#define US_PER_S 1000000.0

/* One run of a service. */
struct bar {
	const char *name;
	size_t name_len;
	uint64_t start_us;
	uint64_t ready_us; /* 0: never */
	uint64_t stop_us; /* 0: still runs */
	const char *why; /* it was started */
	const char *failure; /* NULL: none */
	size_t row;
};

struct chart {
	struct layout layout;
	struct bar *bars;
	size_t n_bars;
	size_t n_rows;
	size_t n_later; /* starts after the right edge */
	uint64_t start_us; /* left edge: the kernel's start, or in a container its own */
	uint64_t end_us;
	double top; /* where the bars begin */
	bool no_memory;
};

void layout_done(struct layout *layout)
{
	for (size_t i = 0; i < layout->n_items; i++) {
		free(layout->items[i].text);
		free(layout->items[i].title);
	}
	free(layout->items);
	*layout = (struct layout){ 0 };
}

uint32_t layout_color(enum layout_style style)
{
	switch (style) {
	case LAYOUT_STYLE_BACKGROUND:
		return 0xffffff;
	case LAYOUT_STYLE_GRID:
		return 0xe4e4e8;
	case LAYOUT_STYLE_MILESTONE:
		return 0xc2410c;
	case LAYOUT_STYLE_STARTING:
		return 0x1d4ed8;
	case LAYOUT_STYLE_RUNNING:
		return 0xbfd3f7;
	case LAYOUT_STYLE_FINISHED:
		return 0x15803d;
	case LAYOUT_STYLE_FAILED:
		return 0xb91c1c;
	case LAYOUT_STYLE_WAITING:
		return 0xd97706;
	case LAYOUT_STYLE_TEXT:
		return 0x1f2430;
	case LAYOUT_STYLE_FAINT_TEXT:
		return 0x6b7080;
	}
	return 0;
}

/* --- items --- */

static void add(struct chart *chart, struct layout_item item)
{
	struct layout *layout = &chart->layout;
	struct layout_item *items = reallocarray(layout->items, layout->n_items + 1,
						 sizeof(*items));

	if (!items) {
		free(item.text);
		free(item.title);
		chart->no_memory = true;
		return;
	}
	layout->items = items;
	items[layout->n_items++] = item;
}

static double text_width(const char *text)
{
	return (double)strlen(text) * CHARACTER;
}

static void add_text(struct chart *chart, enum layout_style style, double x, double y,
		     const char *text)
{
	char *copy = strdup(text);

	if (!copy) {
		chart->no_memory = true;
		return;
	}
	add(chart, (struct layout_item){ LAYOUT_TEXT, style, x, y, text_width(text),
					 LAYOUT_FONT_SIZE, copy, NULL });
}

static void add_rect(struct chart *chart, enum layout_style style, double x, double y, double w,
		     double h)
{
	add(chart, (struct layout_item){ LAYOUT_RECT, style, x, y, w, h, NULL, NULL });
}

/* What a pointer over the item that was added last is told. */
static void set_title(struct chart *chart, const char *title)
{
	struct layout *layout = &chart->layout;

	if (chart->no_memory || layout->n_items == 0)
		return;
	layout->items[layout->n_items - 1].title = strdup(title);
	chart->no_memory = !layout->items[layout->n_items - 1].title;
}

static double x_of(const struct chart *chart, uint64_t t_us)
{
	double left = MARGIN + NAMES_WIDTH;
	uint64_t t = MAX(MIN(t_us, chart->end_us), chart->start_us) - chart->start_us;
	double share = (double)t / (double)(chart->end_us - chart->start_us);

	return left + share * (WIDTH - MARGIN - left);
}

static void format_seconds(uint64_t us, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%.2f s", (double)us / US_PER_S);
}

/* --- services --- */

static bool is_service(const struct layout_event *event)
{
	return strncmp(event->name, "service:", strlen("service:")) == 0;
}

/* The newest run of that name. */
static struct bar *find_bar(struct chart *chart, const char *name, size_t len)
{
	for (size_t i = chart->n_bars; i > 0; i--)
		if (chart->bars[i - 1].name_len == len &&
		    strncmp(chart->bars[i - 1].name, name, len) == 0)
			return &chart->bars[i - 1];
	return NULL;
}

static void new_bar(struct chart *chart, const char *name, size_t len,
		    const struct layout_event *event)
{
	uint64_t t_us = event->t_us;
	struct bar bar = { .name = name,
			   .name_len = len,
			   .start_us = t_us,
			   .why = event->why,
			   .row = chart->n_rows };
	struct bar *before = find_bar(chart, name, len);
	struct bar *bars;

	if (before)
		bar.row = before->row;
	if (before && before->stop_us == 0)
		before->stop_us = t_us; /* its end was not told */
	bars = reallocarray(chart->bars, chart->n_bars + 1, sizeof(*bars));
	if (!bars) {
		chart->no_memory = true;
		return;
	}
	chart->bars = bars;
	bars[chart->n_bars++] = bar;
	if (bar.row == chart->n_rows)
		chart->n_rows++;
}

/* A condition that was not met is no failure; timelines of before there were reasons say nothing at a stop. */
static void end_bar(struct bar *bar, const struct layout_event *event)
{
	bar->stop_us = event->t_us;
	if (event->why && *event->why && strcmp(event->why, "success") != 0 &&
	    strcmp(event->why, "condition") != 0)
		bar->failure = event->why;
}

/* Events come in the order of time, so rows are in the order of first starts. */
static void take_service_event(struct chart *chart, const struct layout_event *event)
{
	const char *name = event->name + strlen("service:");
	const char *what = strrchr(name, ':');
	struct bar *bar;
	size_t len;

	if (!what)
		return;
	if (event->t_us > chart->end_us) {
		chart->n_later += strcmp(what, ":start") == 0;
		return;
	}
	len = (size_t)(what - name);
	bar = find_bar(chart, name, len);
	if (strcmp(what, ":start") == 0)
		new_bar(chart, name, len, event);
	else if (strcmp(what, ":ready") == 0 && bar && bar->ready_us == 0 && bar->stop_us == 0)
		bar->ready_us = event->t_us;
	else if (strcmp(what, ":stop") == 0 && bar && bar->stop_us == 0)
		end_bar(bar, event);
}

/* Where the runs before and after in the same row, or the edges, leave room. */
static void find_room(const struct chart *chart, const struct bar *bar, double *ret_left,
		      double *ret_right)
{
	*ret_left = MARGIN + NAMES_WIDTH;
	*ret_right = WIDTH - MARGIN;
	for (const struct bar *other = chart->bars; other < chart->bars + chart->n_bars; other++) {
		if (other->row != bar->row || other == bar)
			continue;
		/* The label of a run before may stand behind it, up to this one's start. */
		if (other < bar)
			*ret_left = x_of(chart, bar->start_us);
		else
			*ret_right = MIN(*ret_right, x_of(chart, other->start_us) - GAP);
	}
}

static void draw_bar_label(struct chart *chart, const struct bar *bar, double x_end, double y)
{
	double left, right;
	char label[64];
	uint64_t until = bar->ready_us ? bar->ready_us : bar->stop_us;

	if (until == 0)
		(void)snprintf(label, sizeof(label), "not ready");
	else
		format_seconds(until - MIN(until, bar->start_us), label, sizeof(label));
	find_room(chart, bar, &left, &right);
	if (x_end + GAP + text_width(label) <= right)
		add_text(chart, LAYOUT_STYLE_FAINT_TEXT, x_end + GAP, y, label);
	else if (x_of(chart, bar->start_us) - GAP - text_width(label) > left)
		add_text(chart, LAYOUT_STYLE_FAINT_TEXT,
			 x_of(chart, bar->start_us) - GAP - text_width(label), y, label);
}

/* The line of its running time tells it then; a oneshot is ready and ends at once. */
static bool failed_later(const struct bar *bar)
{
	return bar->failure && bar->ready_us && bar->stop_us > bar->ready_us + ONESHOT_US;
}

static enum layout_style bar_style(const struct bar *bar)
{
	if (bar->failure && !failed_later(bar))
		return LAYOUT_STYLE_FAILED;
	if (bar->stop_us && (!bar->ready_us || bar->stop_us <= bar->ready_us + ONESHOT_US))
		return LAYOUT_STYLE_FINISHED;
	return bar->ready_us ? LAYOUT_STYLE_STARTING : LAYOUT_STYLE_WAITING;
}

static void put_bar_title(struct chart *chart, const struct bar *bar)
{
	CLEANUP_STRBUF struct strbuf title = STRBUF_INIT;

	strbuf_printf(&title, "%.*s\nstarted at %.6f s", (int)bar->name_len, bar->name,
		      (double)bar->start_us / US_PER_S);
	if (bar->ready_us)
		strbuf_printf(&title, "\nready after %.6f s",
			      (double)(bar->ready_us - bar->start_us) / US_PER_S);
	if (bar->stop_us)
		strbuf_printf(&title, "\nended at %.6f s", (double)bar->stop_us / US_PER_S);
	if (bar->why && *bar->why)
		strbuf_printf(&title, "\nbecause: %s", bar->why);
	if (bar->failure)
		strbuf_printf(&title, "\nfailed: %s", bar->failure);
	if (strbuf_error(&title) == 0)
		set_title(chart, title.data);
}

static void draw_bar(struct chart *chart, const struct bar *bar, double y)
{
	bool first = true;
	uint64_t stop_us = bar->stop_us ? bar->stop_us : chart->end_us;
	uint64_t ready_us = bar->ready_us ? bar->ready_us : stop_us;
	double x = x_of(chart, bar->start_us);
	double x_ready = MAX(x_of(chart, ready_us), x + 2.0);
	double x_stop = MAX(x_of(chart, stop_us), x_ready);
	char name[NAME_MAX_CHARACTERS + 1];

	for (const struct bar *other = chart->bars; other < bar; other++)
		first &= other->row != bar->row;
	(void)snprintf(name, sizeof(name), "%.*s",
		       (int)MIN(bar->name_len, (size_t)NAME_MAX_CHARACTERS), bar->name);
	if (first)
		add_text(chart, LAYOUT_STYLE_TEXT, MARGIN, y + BAR, name);
	if (x_stop > x_ready) {
		add_rect(chart, failed_later(bar) ? LAYOUT_STYLE_FAILED : LAYOUT_STYLE_RUNNING,
			 x_ready, y + BAR + 2.0, x_stop - x_ready, 3.0);
		put_bar_title(chart, bar);
	}
	add_rect(chart, bar_style(bar), x, y + 2.0, x_ready - x, BAR - 1.0);
	put_bar_title(chart, bar);
	draw_bar_label(chart, bar, bar->ready_us ? x_ready : x_stop, y + BAR);
}

/* --- milestones --- */

struct lanes {
	double end[MAX_LANES]; /* where the last name of each lane ends */
	size_t n;
};

static size_t place(struct lanes *lanes, double x, double width)
{
	for (size_t i = 0; i < lanes->n; i++) {
		if (lanes->end[i] + GAP <= x) {
			lanes->end[i] = x + width;
			return i;
		}
	}
	if (lanes->n == MAX_LANES)
		return MAX_LANES; /* no room: the line goes without its name */
	lanes->end[lanes->n] = x + width;
	return lanes->n++;
}

static void milestone_label(const struct layout_event *event, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%.40s %.2f s", event->name, (double)event->t_us / US_PER_S);
}

/* A name near the right edge ends at its line instead of beginning there. */
static double label_x(const struct chart *chart, uint64_t t_us, double width)
{
	double x = x_of(chart, t_us);

	return x + width <= WIDTH - MARGIN ? x : WIDTH - MARGIN - width;
}

/* Of the same time the first stays the first: a start, and what came of it, may take no microsecond. */
static int compare_events(const void *a, const void *b)
{
	const struct layout_event *const *x = a;
	const struct layout_event *const *y = b;

	if ((*x)->t_us == (*y)->t_us)
		return *x < *y ? -1 : *x > *y;
	return (*x)->t_us < (*y)->t_us ? -1 : 1;
}

/* In the order of time, whatever the order in a file was. Free it; NULL without memory. */
static struct layout_event *sort_events(const struct layout_event *events, size_t n)
{
	const struct layout_event **order = calloc(n + 1, sizeof(const struct layout_event *));
	struct layout_event *sorted = calloc(n + 1, sizeof(*sorted));

	for (size_t i = 0; order && i < n; i++)
		order[i] = &events[i];
	if (order)
		qsort(order, n, sizeof(const struct layout_event *), compare_events);
	for (size_t i = 0; order && sorted && i < n; i++)
		sorted[i] = *order[i];
	if (!order) {
		free(sorted);
		sorted = NULL;
	}
	free(order);
	return sorted;
}

static void put_milestone_title(struct chart *chart, const struct layout_event *event)
{
	CLEANUP_STRBUF struct strbuf title = STRBUF_INIT;
	bool has_why = event->why && *event->why;

	strbuf_printf(&title, "%s at %.6f s%s%s", event->name, (double)event->t_us / US_PER_S,
		      has_why ? "\n" : "", has_why ? event->why : "");
	if (strbuf_error(&title) == 0)
		set_title(chart, title.data);
}

static void draw_milestones(struct chart *chart, const struct layout_event *events, size_t n,
			    double bottom, bool measure)
{
	struct lanes lanes = { .n = 0 };

	for (size_t i = 0; i < n; i++) {
		char label[64];
		double x, width;
		size_t lane;

		if (is_service(&events[i]) || events[i].t_us > chart->end_us)
			continue;
		milestone_label(&events[i], label, sizeof(label));
		width = text_width(label);
		x = label_x(chart, events[i].t_us, width);
		lane = place(&lanes, x, width);
		if (measure)
			continue;
		if (lane < MAX_LANES) {
			add_text(chart, LAYOUT_STYLE_MILESTONE, x,
				 MARGIN + (double)(lane + 1) * ROW, label);
			put_milestone_title(chart, &events[i]);
		}
		add(chart, (struct layout_item){ LAYOUT_LINE, LAYOUT_STYLE_MILESTONE,
						 x_of(chart, events[i].t_us), chart->top, 0,
						 bottom - chart->top, NULL, NULL });
		put_milestone_title(chart, &events[i]);
	}
	if (measure)
		chart->top = MARGIN + (double)lanes.n * ROW + GAP;
}

/* --- the whole --- */

/*
 * From the kernel's start to a little after "complete": what came later is no boot any more. A container is complete when it has read
 * its manifests: the chart is then about all that it did. (In older timelines of one the kernel's start may be days ago.)
 */
static void set_span(struct chart *chart, const struct layout_event *events, size_t n)
{
	uint64_t last = n > 0 ? events[n - 1].t_us : 0;
	bool has_service = false;

	chart->start_us = n > 1 && events[0].t_us > last / 2 ? events[0].t_us : 0;
	for (size_t i = 0; chart->start_us == 0 && i < n; i++) {
		has_service |= is_service(&events[i]);
		if (has_service && strcmp(events[i].name, "complete") == 0)
			last = events[i].t_us;
	}
	chart->end_us = last + (last - chart->start_us) / 20 + 1;
}

static double grid_step(uint64_t span_us)
{
	static const double steps[] = {
		0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600
	};
	double seconds = (double)span_us / US_PER_S;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		if (seconds / steps[i] <= 12)
			return steps[i];
	return seconds / 10;
}

static void draw_grid(struct chart *chart, double bottom)
{
	double step = grid_step(chart->end_us - chart->start_us);

	for (int i = 0; (double)i * step * US_PER_S <= (double)(chart->end_us - chart->start_us);
	     i++) {
		double x = x_of(chart, chart->start_us + (uint64_t)((double)i * step * US_PER_S));
		char label[32];

		(void)snprintf(label, sizeof(label), "%g s", (double)i * step);
		add(chart, (struct layout_item){ LAYOUT_LINE, LAYOUT_STYLE_GRID, x, chart->top, 0,
						 bottom - chart->top, NULL, NULL });
		if (x + text_width(label) <= WIDTH - MARGIN)
			add_text(chart, LAYOUT_STYLE_FAINT_TEXT, x, bottom + ROW - GAP / 2, label);
	}
}

/* In the column of names, left of the grid's seconds. */
static void draw_later(struct chart *chart, double bottom)
{
	char text[64];

	if (chart->n_later == 0)
		return;
	(void)snprintf(text, sizeof(text), "%zu later start%s", chart->n_later,
		       chart->n_later == 1 ? "" : "s");
	add_text(chart, LAYOUT_STYLE_FAINT_TEXT, MARGIN, bottom + ROW - GAP / 2, text);
}

/* Only what is in the chart. */
static void draw_legend(struct chart *chart, double y)
{
	static const struct {
		enum layout_style style;
		const char *text;
	} kinds[] = {
		{ LAYOUT_STYLE_STARTING, "until ready" },
		{ LAYOUT_STYLE_FINISHED, "ran and ended" },
		{ LAYOUT_STYLE_FAILED, "failed" },
		{ LAYOUT_STYLE_WAITING, "not ready" },
	};
	double x = MARGIN + NAMES_WIDTH;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		bool is_there = false;

		for (size_t k = 0; k < chart->n_bars; k++)
			is_there |= bar_style(&chart->bars[k]) == kinds[i].style ||
				    (kinds[i].style == LAYOUT_STYLE_FAILED &&
				     chart->bars[k].failure);
		if (!is_there)
			continue;
		add_rect(chart, kinds[i].style, x, y - BAR + 2.0, BAR, BAR - 1.0);
		add_text(chart, LAYOUT_STYLE_FAINT_TEXT, x + BAR + GAP / 2, y, kinds[i].text);
		x += BAR + GAP / 2 + text_width(kinds[i].text) + 2 * GAP;
	}
}

static void draw(struct chart *chart, const struct layout_event *events, size_t n)
{
	double bottom;

	set_span(chart, events, n);
	for (size_t i = 0; i < n; i++)
		if (is_service(&events[i]))
			take_service_event(chart, &events[i]);
	draw_milestones(chart, events, n, 0, true);
	bottom = chart->top + (double)chart->n_rows * ROW + GAP;
	chart->layout.width = WIDTH;
	chart->layout.height = bottom + (chart->n_bars > 0 ? 2 : 1) * ROW + MARGIN;
	add_rect(chart, LAYOUT_STYLE_BACKGROUND, 0, 0, chart->layout.width, chart->layout.height);
	draw_grid(chart, bottom);
	draw_milestones(chart, events, n, bottom, false);
	for (size_t i = 0; i < chart->n_bars; i++)
		draw_bar(chart, &chart->bars[i],
			 chart->top + GAP / 2 + (double)chart->bars[i].row * ROW);
	draw_later(chart, bottom);
	draw_legend(chart, bottom + 2 * ROW);
}

int layout_make(const struct layout_event *events, size_t n_events, struct layout *ret_layout)
{
	struct chart chart = { .end_us = 1 };
	struct layout_event *sorted = sort_events(events, n_events);

	if (!sorted)
		return -ENOMEM;
	draw(&chart, sorted, n_events);
	free(sorted);
	free(chart.bars);
	if (chart.no_memory) {
		layout_done(&chart.layout);
		return -ENOMEM;
	}
	*ret_layout = chart.layout;
	return 0;
}
