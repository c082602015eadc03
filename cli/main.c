/* openasg: its parts list. */
#include <signal.h>
#include <stdio.h>

#include "cli/cli.h"

int main(int argc, char **argv)
{
    (void)signal(SIGPIPE, SIG_DFL); /* "openasg log export | head" just ends */
    struct asg_cli cli = {.out = stdout, .err = stderr, .clock = asg_clock_real()};
    return asg_cli_run(&cli, argc, argv);
}
