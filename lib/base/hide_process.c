#include "base/hide_process.h"

#include <sys/prctl.h>
#include <sys/resource.h>

void asg_hide_process(void)
{
    struct rlimit cores;
    if (getrlimit(RLIMIT_CORE, &cores) == 0) {
        cores.rlim_cur = 0; /* what we run may ask for them again */
        (void)setrlimit(RLIMIT_CORE, &cores);
    }
#ifndef __SANITIZE_ADDRESS__
    (void)prctl(PR_SET_DUMPABLE, 0);
#endif
}
