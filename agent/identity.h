/* identity - who this machine is and whom it should join: from the settings, and for the
 * rest from EC2's instance metadata (IMDSv2).
 *
 * Blocks for as long as the metadata service takes to answer (about a second a call).
 */
#ifndef ASG_AGENT_IDENTITY_H
#define ASG_AGENT_IDENTITY_H

#include <stdbool.h>

#include "agent/join_line.h"
#include "agent/settings.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"

struct asg_identity {
    const char *instance_id;
    const char *zone; /* "" when the metadata was not asked */
    const char *private_ip;
    struct asg_join_line join;
    bool is_bindable; /* private_ip is an address of this host: talk from it */
};

/* Texts live in `arena`. The metadata service is asked only for what the settings leave
 * open. Retryable statuses (asg_status_is_retryable) are worth another try: the network
 * may not be up yet. ASG_ERR_NOT_FOUND, ASG_ERR_MALFORMED: no usable join line. */
ASG_MUST_USE enum asg_status asg_identity_read(const struct asg_agent_settings *settings,
                                               struct asg_clock clock,
                                               struct asg_arena *arena,
                                               struct asg_identity *ret,
                                               struct asg_error *error);

/* Where to answer probes: settings->grpc_listen with the private address in front when
 * it names none. */
const char *asg_identity_listen_address(const struct asg_agent_settings *settings,
                                        const struct asg_identity *identity,
                                        struct asg_arena *arena);

/* Whether the file has a join line. Fails as asg_identity_read() does. */
ASG_MUST_USE enum asg_status asg_identity_check_join_file(const char *path,
                                                          struct asg_error *error);

#endif
