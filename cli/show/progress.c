#include "cli/show/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/escape.h"
#include "cli/cli.h"
#include "cli/terminal.h"
#include "text/quantity.h"

#define PAUSE_MS   100
#define FIRST_MS   300 /* what is over sooner needs no bar */
#define BAR        20
#define LINE_BYTES 256

struct asg_progress {
    FILE *out; /* NULL: nobody looks */
    struct asg_clock clock;
    const char *what;
    uint64_t total;
    int64_t start_ms;
    int64_t next_ms;
    size_t width; /* of the terminal */
    bool is_shown;
};

struct asg_progress *asg_progress_new(struct asg_cli *cli, const char *what,
                                      uint64_t total)
{
    struct asg_progress *progress = asg_alloc(1, sizeof *progress);
    progress->what = what;
    progress->total = total;
    progress->clock = cli->clock;
    progress->start_ms = asg_clock_monotonic_ms(&cli->clock);
    progress->next_ms = progress->start_ms + FIRST_MS;
    progress->width = asg_terminal_width(cli->err);
    if (progress->width == 0) progress->width = 80; /* a terminal that does not say */
    bool is_wanted = !cli->fails_in_json && asg_terminal_can_draw(cli->err);
    progress->out = is_wanted ? cli->err : NULL;
    return progress;
}

static void show_line(struct asg_progress *progress, const char *text)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes line = {0};
    asg_escape_append(text, strlen(text), ASG_LAYOUT_BLANK, &line);
    int width = (int)(progress->width > 1 ? progress->width - 1 : 1);
    (void)fprintf(progress->out, "\r\033[K%.*s", width, asg_bytes_text(&line));
    (void)fflush(progress->out);
    progress->is_shown = true;
}

/* 4,512,000 */
static void print_count(uint64_t count, char text[32])
{
    char plain[24];
    int length = snprintf(plain, sizeof plain, "%" PRIu64, count);
    char *to = text;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) *to++ = ',';
        *to++ = plain[i];
    }
    *to = '\0';
}

static void print_bar(char *line, size_t size, const struct asg_progress *progress,
                      uint64_t done, uint64_t took_ms)
{
    char count[32];
    char total[32];
    char left[ASG_QUANTITY_TEXT_MAX];
    print_count(done, count);
    print_count(progress->total, total);
    double part = (double)done / (double)progress->total;
    if (part > 1) part = 1;
    int full = (int)(part * BAR);
    double left_s = part > 0 ? (double)took_ms / 1000.0 * (1 - part) / part : 0;
    asg_quantity_print_duration(((int64_t)left_s + 1) * 1000, left);
    (void)snprintf(line, size, "%s [%.*s%*s] %3d %%  %s of %s  %s left", progress->what,
                   full, "####################", BAR - full, "", (int)(part * 100), count,
                   total, left);
}

void asg_progress_step(struct asg_progress *progress, uint64_t done)
{
    if (progress == NULL || progress->out == NULL) return;
    int64_t now_ms = asg_clock_monotonic_ms(&progress->clock);
    if (now_ms < progress->next_ms) return;
    progress->next_ms = now_ms + PAUSE_MS;
    char line[LINE_BYTES];
    if (progress->total > 0) {
        print_bar(line, sizeof line, progress, done,
                  (uint64_t)(now_ms - progress->start_ms));
    } else {
        char count[32];
        print_count(done, count);
        (void)snprintf(line, sizeof line, "%s  %s", progress->what, count);
    }
    show_line(progress, line);
}

void asg_progress_say(struct asg_progress *progress, const char *text)
{
    if (progress == NULL || progress->out == NULL) return;
    char line[LINE_BYTES];
    (void)snprintf(line, sizeof line, "%s: %s", progress->what, text);
    show_line(progress, line);
}

void asg_progress_end(struct asg_progress **progress)
{
    if (*progress == NULL) return;
    if ((*progress)->is_shown) {
        (void)fputs("\r\033[K", (*progress)->out);
        (void)fflush((*progress)->out);
    }
    free(*progress);
    *progress = NULL;
}
