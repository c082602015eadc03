#include "cli/show/print_decision.h"

#include <string.h>

#include "base/escape.h"
#include "text/moment.h"
#include "text/quantity.h"

void asg_print_decision(FILE *out, int64_t time_ms, const char *group, const char *text)
{
    char when[ASG_MOMENT_TEXT_MAX];
    asg_moment_print_ms(time_ms, when);
    char name[512];
    (void)asg_escape(group, strlen(group), ASG_LAYOUT_BLANK, name, sizeof name);
    int indent = fprintf(out, "%s %s  ", when, name[0] != '\0' ? name : "-");
    for (;;) {
        size_t length = strcspn(text, "\n");
        asg_cli_write(out, text, length);
        (void)fputc('\n', out);
        if (text[length] == '\0' || text[length + 1] == '\0') return;
        text += length + 1;
        (void)fprintf(out, "%*s", indent, "");
    }
}

bool asg_read_since(const struct asg_cli *cli, const char *text, int64_t *ret)
{
    if (text == NULL) {
        *ret = 0;
        return true;
    }
    int64_t ago_ms;
    if (asg_quantity_duration(text, &ago_ms) && ago_ms >= 0) {
        int64_t now_ms = asg_clock_wall_ms(&cli->clock);
        *ret = now_ms > ago_ms ? now_ms - ago_ms : 0;
        return true;
    }
    int64_t at_ms = asg_time_parse(text);
    if (at_ms < 0) return false;
    *ret = at_ms;
    return true;
}
