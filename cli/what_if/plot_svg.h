/* plot_svg - a line chart of steps and areas over time, as one SVG text. */
#ifndef ASG_CLI_WHAT_IF_PLOT_SVG_H
#define ASG_CLI_WHAT_IF_PLOT_SVG_H

#include <stdbool.h>

#include "base/bytes.h"

struct asg_plot_line {
    const char *label;
    const char *colour;   /* "#1f77b4" */
    bool is_area;         /* filled down to 0, behind the lines */
    const double *values; /* one a bucket; negative: nothing there, the line breaks */
};

struct asg_plot {
    const char *title;
    const char *unit; /* of the vertical axis */
    int64_t start_ms;
    int64_t end_ms;
    size_t buckets;
    const struct asg_plot_line *lines;
    size_t line_count;
};

void asg_plot_svg(const struct asg_plot *plot, struct asg_bytes *ret);

#endif
