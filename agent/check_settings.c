#include "agent/check_settings.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "agent/identity.h"
#include "agent/membership.h"
#include "agent/settings.h"

void asg_agent_check_settings(const void *settings, struct asg_problems *problems)
{
    const struct asg_agent_settings *given = settings;
    struct asg_error error = {""};
    char folder[ASG_MEMBERSHIP_PATH_MAX];
    asg_membership_folder(given->dir, folder);
    (void)asg_problem_folder(problems, "dir", folder);
    if (given->join_file[0] != '\0') {
        (void)asg_problem_take(
            problems, asg_identity_check_join_file(given->join_file, &error), &error);
    }
    if (given->drain_script[0] != '\0' && access(given->drain_script, X_OK) != 0) {
        asg_problem_add(problems, "drain_script: cannot run %s: %s", given->drain_script,
                        strerror(errno));
    }
    asg_problem_readable(problems, "cgroup", given->cgroup);
    asg_problem_address(problems, "grpc_listen", given->grpc_listen);
    asg_problem_address(problems, "health_listen", given->health_listen);
}
