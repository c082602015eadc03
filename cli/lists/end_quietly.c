#include "cli/lists/end_quietly.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "cli/cli.h"

static void end(int signal_number)
{
    (void)signal_number;
    static const char line_end = '\n'; /* the prompt begins its own line */
    ssize_t unused = write(STDERR_FILENO, &line_end, isatty(STDERR_FILENO) ? 1 : 0);
    (void)unused;
    _exit(ASG_EXIT_OK);
}

void asg_end_quietly(void)
{
    struct sigaction action = {.sa_handler = end};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
}
