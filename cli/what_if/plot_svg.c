#include "cli/what_if/plot_svg.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/escape.h"

#define WIDTH  960
#define HEIGHT 440
#define LEFT   64
#define RIGHT  24
#define TOP    84
#define BOTTOM 52
#define TICKS  6

static void text(const char *words, struct asg_bytes *ret)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes shown = {0};
    asg_escape_append(words, strlen(words), ASG_LAYOUT_BLANK, &shown);
    for (const char *at = asg_bytes_text(&shown); *at != '\0'; at++) {
        switch (*at) {
        case '<': asg_bytes_append_text(ret, "&lt;"); break;
        case '>': asg_bytes_append_text(ret, "&gt;"); break;
        case '&': asg_bytes_append_text(ret, "&amp;"); break;
        default: asg_bytes_append_byte(ret, (uint8_t)*at);
        }
    }
}

static double highest(const struct asg_plot *plot)
{
    double most = 1;
    for (size_t l = 0; l < plot->line_count; l++) {
        for (size_t i = 0; i < plot->buckets; i++) {
            if (plot->lines[l].values[i] > most) most = plot->lines[l].values[i];
        }
    }
    return most;
}

/* 1, 2 or 5 times a power of ten, so that about five of them reach the top. */
static double step_of(double most)
{
    double step = 1;
    while (most / step > 10)
        step *= 10;
    if (most / step > 5) return step * 2;
    if (most / step < 2 && step > 1) return step / 2;
    return step;
}

static double x_of(const struct asg_plot *plot, double bucket)
{
    return LEFT + (WIDTH - LEFT - RIGHT) * bucket / (double)plot->buckets;
}

static double y_of(double value, double top)
{
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top;
}

static void draw_axes(const struct asg_plot *plot, double top, double step,
                      struct asg_bytes *ret)
{
    int lines = (int)(top / step + 0.5);
    for (int i = 0; i <= lines; i++) {
        double value = step * i;
        double y = y_of(value, top);
        asg_bytes_printf(ret,
                         "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" "
                         "stroke=\"#ddd\"/>\n<text x=\"%d\" y=\"%.1f\" "
                         "text-anchor=\"end\">%.0f</text>\n",
                         LEFT, y, WIDTH - RIGHT, y, LEFT - 8, y + 4, value);
    }
    bool has_days = plot->end_ms - plot->start_ms > INT64_C(86400000);
    for (int i = 0; i <= TICKS; i++) {
        int64_t at_ms = plot->start_ms + (plot->end_ms - plot->start_ms) * i / TICKS;
        char when[ASG_TIME_TEXT_MAX];
        asg_time_format(at_ms, when); /* 2026-11-23T14:36:49.123Z */
        double x = x_of(plot, (double)plot->buckets * i / TICKS);
        const char *anchor = i == 0 ? "start" : i == TICKS ? "end" : "middle";
        asg_bytes_printf(ret,
                         "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" "
                         "stroke=\"#888\"/>\n<text x=\"%.1f\" y=\"%d\" "
                         "text-anchor=\"%s\">%.*s</text>\n",
                         x, HEIGHT - BOTTOM, x, HEIGHT - BOTTOM + 5, x,
                         HEIGHT - BOTTOM + 20, anchor, has_days ? 5 : 8,
                         when + (has_days ? 5 : 11));
        if (has_days) {
            asg_bytes_printf(ret,
                             "<text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\" "
                             "fill=\"#666\">%.5s</text>\n",
                             x, HEIGHT - BOTTOM + 36, anchor, when + 11);
        }
    }
    char day[ASG_TIME_TEXT_MAX];
    asg_time_format(plot->start_ms, day);
    asg_bytes_printf(ret,
                     "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#888\"/>\n",
                     LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM);
    if (!has_days) {
        asg_bytes_printf(ret, "<text x=\"%d\" y=\"%d\" fill=\"#666\">%.10s, UTC</text>\n",
                         LEFT, HEIGHT - 12, day);
    }
    asg_bytes_printf(ret, "<text x=\"%d\" y=\"%d\" fill=\"#666\">", LEFT - 48, TOP - 14);
    text(plot->unit, ret);
    asg_bytes_append_text(ret, "</text>\n");
}

/* Steps: each bucket is flat, as a fleet is between two decisions. */
static void draw_line(const struct asg_plot *plot, const struct asg_plot_line *line,
                      double top, struct asg_bytes *ret)
{
    asg_bytes_append_text(ret, "<path d=\"");
    bool is_down = false;
    for (size_t i = 0; i < plot->buckets; i++) {
        double value = line->values[i];
        if (value < 0) {
            if (is_down && line->is_area) {
                asg_bytes_printf(ret, "V%.1fZ", y_of(0, top));
            }
            is_down = false;
            continue;
        }
        double x = x_of(plot, (double)i);
        if (!is_down && line->is_area) {
            asg_bytes_printf(ret, "M%.1f %.1f", x, y_of(0, top));
        }
        if (is_down || line->is_area) {
            asg_bytes_printf(ret, "V%.1f", y_of(value, top));
        } else {
            asg_bytes_printf(ret, "M%.1f %.1f", x, y_of(value, top));
        }
        asg_bytes_printf(ret, "H%.1f", x_of(plot, (double)i + 1));
        is_down = true;
    }
    if (is_down && line->is_area) asg_bytes_printf(ret, "V%.1fZ", y_of(0, top));
    if (line->is_area) {
        asg_bytes_printf(ret, "\" fill=\"%s\" stroke=\"none\"/>\n", line->colour);
    } else {
        asg_bytes_printf(ret,
                         "\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\" "
                         "stroke-linejoin=\"round\"/>\n",
                         line->colour);
    }
}

static void draw_legend(const struct asg_plot *plot, struct asg_bytes *ret)
{
    int x = LEFT;
    for (size_t l = 0; l < plot->line_count; l++) {
        const struct asg_plot_line *line = &plot->lines[l];
        asg_bytes_printf(ret,
                         "<rect x=\"%d\" y=\"%d\" width=\"18\" height=\"%d\" "
                         "fill=\"%s\"/>\n<text x=\"%d\" y=\"50\">",
                         x, line->is_area ? 40 : 44, line->is_area ? 12 : 3, line->colour,
                         x + 24);
        text(line->label, ret);
        asg_bytes_append_text(ret, "</text>\n");
        x += 24 + 7 * (int)strlen(line->label) + 24;
    }
}

void asg_plot_svg(const struct asg_plot *plot, struct asg_bytes *ret)
{
    double most = highest(plot);
    double step = step_of(most);
    double top = 0;
    while (top < most)
        top += step;
    asg_bytes_printf(ret,
                     "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
                     "height=\"%d\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" "
                     "font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" "
                     "fill=\"white\"/>\n<text x=\"%d\" y=\"24\" font-size=\"16\">",
                     WIDTH, HEIGHT, WIDTH, HEIGHT, LEFT);
    text(plot->title, ret);
    asg_bytes_append_text(ret, "</text>\n");
    for (size_t l = 0; l < plot->line_count; l++) {
        if (plot->lines[l].is_area) draw_line(plot, &plot->lines[l], top, ret);
    }
    draw_axes(plot, top, step, ret);
    for (size_t l = 0; l < plot->line_count; l++) {
        if (!plot->lines[l].is_area) draw_line(plot, &plot->lines[l], top, ret);
    }
    draw_legend(plot, ret);
    asg_bytes_append_text(ret, "</svg>\n");
}
