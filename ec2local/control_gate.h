/* control_gate - who may use the control endpoint: programs of this machine that can read
 * its key, and no web page.
 *
 * The key is made anew at each start and stands in the file `control-key` of the folder,
 * readable by its owner only. A browser says from which page a request comes (Origin) and
 * by which name the page found us (Host): both are refused, so that no page can have an
 * instance killed even if it knew the key.
 * Threads: any, once it is made.
 */
#ifndef ASG_EC2LOCAL_CONTROL_GATE_H
#define ASG_EC2LOCAL_CONTROL_GATE_H

#include "base/error.h"
#include "http/server.h"

#define ASG_CONTROL_KEY_FILE   "control-key"
#define ASG_CONTROL_KEY_HEADER "X-Ec2local-Key"

struct asg_control_gate {
    char key[65]; /* hex */
    const char
        *listen; /* address that it is served at: a Host as good as loopback; lent */
};

/* Draw a key and write it into the folder. ASG_ERR_IO, ASG_ERR_DENIED. */
ASG_MUST_USE enum asg_status asg_control_gate_make(const char *folder, const char *listen,
                                                   struct asg_control_gate *ret,
                                                   struct asg_error *error);

/* NULL: it may. Else what to answer with 403. */
const char *asg_control_gate_refusal(const struct asg_control_gate *gate,
                                     const struct asg_http_request *request);

#endif
