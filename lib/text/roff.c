#include "text/roff.h"

#include <ctype.h>
#include <stdbool.h>

void asg_roff_print(const char *text, FILE *out)
{
    bool is_line_start = true;
    for (; *text != '\0'; text++) {
        if (is_line_start && (*text == '.' || *text == '\'')) (void)fputs("\\&", out);
        if (*text == '\\') {
            (void)fputs("\\e", out);
        } else if (*text == '-') {
            (void)fputs("\\-", out);
        } else {
            (void)fputc(*text, out);
        }
        is_line_start = *text == '\n';
    }
}

void asg_roff_title(const char *page, int section, const char *summary, FILE *out)
{
    (void)fputs(".TH \"", out);
    for (const char *at = page; *at != '\0'; at++) {
        (void)fputc(toupper((unsigned char)*at), out);
    }
    (void)fprintf(out, "\" %d \"\" \"openasg %s\" \"openasg manual\"\n.nh\n.SH NAME\n",
                  section, ASG_VERSION);
    asg_roff_print(page, out);
    (void)fputs(" \\- ", out);
    asg_roff_print(summary, out);
    (void)fputc('\n', out);
}
