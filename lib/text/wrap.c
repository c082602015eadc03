#include "text/wrap.h"

#include <string.h>

void asg_wrap_print(const char *text, size_t indent, size_t width, const char *lead,
                    FILE *out)
{
    size_t start = indent + strlen(lead);
    size_t column = 0;
    while (*text != '\0') {
        if (*text == '\n') {
            (void)fputc('\n', out);
            column = 0;
            text++;
            continue;
        }
        size_t blanks = strspn(text, " ");
        size_t length = strcspn(text + blanks, " \n");
        if (length == 0) {
            text += blanks;
            continue;
        }
        if (column > 0 && column + blanks + length > width) {
            (void)fputc('\n', out);
            column = 0;
        }
        if (column == 0) {
            (void)fprintf(out, "%*s%s", (int)indent, "", lead);
            column = start;
        } else {
            (void)fprintf(out, "%*s", (int)blanks, "");
            column += blanks;
        }
        (void)fprintf(out, "%.*s", (int)length, text + blanks);
        column += length;
        text += blanks + length;
    }
    if (column > 0) (void)fputc('\n', out);
}
