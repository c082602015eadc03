/* launch_parameters - what a launch says over its template.
 *
 * Network interfaces are the reason why the template's own must be known: EC2 refuses a
 * subnet beside them, so a launch names them all again, each with the subnet.
 * Threads: no state.
 */
#ifndef ASG_WORKER_LAUNCH_PARAMETERS_H
#define ASG_WORKER_LAUNCH_PARAMETERS_H

#include "aws/ec2_actions.h"
#include "base/arena.h"
#include "base/error.h"
#include "model/job.h"

/* The same list for lib/aws; the texts are shared. */
const struct asg_ec2_parameter *asg_ec2_parameters_of(
    const struct asg_launch_parameter *parameters, size_t count, struct asg_arena *arena);

/* All parameters of a template's version but its user data as lines of "name=value", as a
 * template says them; in `arena`. ASG_ERR_UNSUPPORTED: it has one that openasg does not
 * know, and a copy would lack it; `error` says which. */
ASG_MUST_USE enum asg_status asg_write_parameters(
    const struct asg_ec2_template_version *version, struct asg_arena *arena,
    const char **ret, struct asg_error *error);

/* Read such lines; the list lives in `arena` and has room for `more` besides. */
struct asg_ec2_parameter *asg_read_parameters(const char *lines, size_t more,
                                              struct asg_arena *arena, size_t *ret_count);

/* The network interfaces of a template's version as lines of "name=value", as a launch
 * says them and without their subnets; "" when there are none. In `arena`. */
const char *asg_write_interfaces(const struct asg_ec2_template_version *version,
                                 struct asg_arena *arena);

/* Fill parameters, parameter_count and has_interfaces of *ret: the launch's own over
 * those lines. What the launch says of interfaces replaces the template's. */
void asg_add_launch_parameters(const struct asg_launch *launch, const char *interfaces,
                               struct asg_arena *arena,
                               struct asg_ec2_run_instances *ret);

#endif
