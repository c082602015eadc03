/* policy - the rules that turn a metric into a wanted capacity.
 *
 * Flow:    metrics event -> [policy] -> proposal -> decision
 * Each kind is one file and one pure function of configuration, its own small state and
 * the numbers of this period (docs/rules.md, "Target tracking" to "Simple scaling and
 * cooldown", has the rules and worked examples, which are the tests). Nothing is
 * formatted unless the proposal asks for a change.
 * Units:   metric values in thousandths; times in milliseconds.
 */
#ifndef ASG_CORE_WANT_POLICY_H
#define ASG_CORE_WANT_POLICY_H

#include "base/arena.h"
#include "base/error.h"
#include "core/world/policy_state.h"
#include "core/want/proposal.h"
#include "model/group.h"

/* Evaluate one policy for one period; *ret's text lives in `arena`. */
void asg_policy_evaluate(const struct asg_policy_config *config,
                         struct asg_policy_state *state,
                         const struct asg_policy_input *input, struct asg_arena *arena,
                         struct asg_proposal *ret);

/* What a step or simple policy does on a metric value, as ExecutePolicy asks. *ret's text
 * also says why it wants what is desired already. */
void asg_policy_execute(const struct asg_policy_config *config,
                        const struct asg_policy_input *input, int64_t value_milli,
                        int64_t threshold_milli, struct asg_arena *arena,
                        struct asg_proposal *ret);

/* The rules of PutScalingPolicy. ASG_ERR_INVALID: the text says which and what to do. */
ASG_MUST_USE enum asg_status asg_policy_validate(const struct asg_policy_config *config,
                                                 struct asg_error *error);

#endif
