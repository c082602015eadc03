#include "cli/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

size_t asg_terminal_width(FILE *file)
{
    int fd = fileno(file);
    struct winsize size = {0};
    if (fd < 0 || !isatty(fd) || ioctl(fd, TIOCGWINSZ, &size) != 0) return 0;
    return size.ws_col;
}

bool asg_terminal_can_draw(FILE *file)
{
    const char *term = getenv("TERM");
    int fd = fileno(file);
    bool is_able = term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0;
    return is_able && fd >= 0 && isatty(fd);
}

bool asg_terminal_has_colour(FILE *file, int choice)
{
    const char *denied = getenv("NO_COLOR");
    if (choice != ASG_COLOUR_AUTO) return choice == ASG_COLOUR_ALWAYS;
    bool is_denied = denied != NULL && denied[0] != '\0';
    return !is_denied && asg_terminal_can_draw(file);
}
