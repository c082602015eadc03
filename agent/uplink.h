/* uplink - the way to the controller, as the agent needs it: one frame out, never
 * blocking. The real one is made in main.c over lib/bus; tests hand in their own.
 */
#ifndef ASG_AGENT_UPLINK_H
#define ASG_AGENT_UPLINK_H

#include <stddef.h>

#include "base/status.h"

struct asg_uplink {
    /* ASG_ERR_BUSY, ASG_ERR_CLOSED: not handed over, there is no connection now. */
    enum asg_status (*send)(void *context, const void *data, size_t length);
    void *context;
};

#endif
