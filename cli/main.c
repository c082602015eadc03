/* openasg: its parts list. */
#include <signal.h>
#include <stdio.h>

#include "cli/commands.h"

int main(int argc, char **argv)
{
    (void)signal(SIGPIPE, SIG_DFL); /* "openasg log export | head" just ends */
    struct asg_cli cli = {.table = asg_cli_table(),
                          .out = stdout,
                          .err = stderr,
                          .clock = asg_clock_real()};
    return asg_cli_run(&cli, argc, argv);
}
