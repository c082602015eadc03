#include "base/hang_up.h"

#include <signal.h>
#include <stdatomic.h>

#include "base/log.h"

static atomic_bool has_come; /* set in whichever thread the signal is taken */

static void note(int signal_number)
{
    (void)signal_number;
    atomic_store(&has_come, true);
}

void asg_hang_up_catch(void)
{
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGHUP, &action, NULL);
}

void asg_hang_up_tell(const char *component)
{
    if (atomic_exchange(&has_come, false)) asg_hang_up_log(component);
}

void asg_hang_up_log(const char *component)
{
    asg_log_info(component, "hang_up",
                 "SIGHUP: nothing to read again; restart to change settings");
}
