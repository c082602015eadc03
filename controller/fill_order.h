/* fill_order - what the edge adds to an operator's order, as the API's door does for its
 * clients: core draws nothing at random and knows no settings.
 *
 * Threads: any. Blocks: never.
 */
#ifndef ASG_CONTROLLER_FILL_ORDER_H
#define ASG_CONTROLLER_FILL_ORDER_H

#include "api/api.h"
#include "controller/settings.h"
#include "model/event.h"

/* What there may be of each, as the settings say: for the API's door and for the
 * operator's orders alike. */
struct asg_api_limits asg_limits_of(const struct asg_controller_settings *settings);

/* Uuids of what it creates, whatever it says (the file of another thing, say), and the
 * limits of the settings for what it adds to, whatever it brings. What the order points
 * to is copied into `arena` before it is changed. */
void asg_fill_order(const struct asg_controller_settings *settings,
                    struct asg_arena *arena, struct asg_command *order);

/* What an operator surely did not mean, though core takes it, as AWS does of the API's
 * clients: a target that its metric never exceeds. ASG_ERR_INVALID, and the text says
 * why. */
ASG_MUST_USE enum asg_status asg_check_order(const struct asg_command *order,
                                             struct asg_error *error);

#endif
