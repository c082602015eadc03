#include "base/hang_up.h"

#include <signal.h>

#include "base/log.h"

static volatile sig_atomic_t has_come;

static void note(int signal_number)
{
    (void)signal_number;
    has_come = 1;
}

void asg_hang_up_catch(void)
{
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGHUP, &action, NULL);
}

void asg_hang_up_tell(const char *component)
{
    if (has_come == 0) return;
    has_come = 0;
    asg_hang_up_log(component);
}

void asg_hang_up_log(const char *component)
{
    asg_log_info(component, "hang_up",
                 "SIGHUP: nothing to read again; restart to change settings");
}
