/* policy_family - what the kinds of policy have in common, and what each does. Only for
 * policy_*.c. */
#ifndef ASG_CORE_WANT_POLICY_FAMILY_H
#define ASG_CORE_WANT_POLICY_FAMILY_H

#include "base/arena.h"
#include "core/world/policy_state.h"
#include "core/want/proposal.h"
#include "model/group.h"

/* The statistic of one period, or of the breaching periods together. */
int64_t asg_policy_value(const struct asg_policy_config *config,
                         const struct asg_group_metric *metric);
bool asg_policy_has_data(const struct asg_policy_input *input);
/* It would want so many and waits: no direction now. */
void asg_policy_wait(struct asg_proposal *ret, int64_t wanted,
                     enum asg_hold_reason reason, int64_t until_ms, int64_t count);
/* An adjustment on `base`, by the rounding of docs/rules.md, "Step scaling". */
int64_t asg_policy_adjust(const struct asg_policy_config *config, int64_t base,
                          int64_t adjustment);
void asg_policy_target(const struct asg_policy_config *config,
                       struct asg_policy_state *state,
                       const struct asg_policy_input *input, struct asg_arena *arena,
                       struct asg_proposal *ret);
void asg_policy_step(const struct asg_policy_config *config,
                     struct asg_policy_state *state, const struct asg_policy_input *input,
                     struct asg_arena *arena, struct asg_proposal *ret);
void asg_policy_simple(const struct asg_policy_config *config,
                       struct asg_policy_state *state,
                       const struct asg_policy_input *input, struct asg_arena *arena,
                       struct asg_proposal *ret);
/* How long the metric must have been low now: as configured, or longer while scale-ins
 * had to be taken back. */
int64_t asg_policy_window_ms(const struct asg_policy_config *config,
                             const struct asg_policy_state *state);
/* Once a period, before it is evaluated: a fall of desired begins its trial, and one that
 * has stood ends it. */
void asg_policy_watch_desired(const struct asg_policy_config *config,
                              struct asg_policy_state *state,
                              const struct asg_policy_input *input);
/* The policy wants out: a fall that is still on trial came too early. */
void asg_policy_regret(const struct asg_policy_config *config,
                       struct asg_policy_state *state);
/* Is the value on the wrong side of the alarm's threshold? */
bool asg_policy_is_breaching(const struct asg_policy_config *config, int64_t value_milli,
                             int64_t threshold_milli);
/* A relative step in while one before it is not carried out: the metric is still of the
 * larger group, and would ask for the same again. */
bool asg_policy_is_too_soon(const struct asg_policy_config *config,
                            const struct asg_policy_input *input,
                            const struct asg_proposal *proposal);
const char *asg_policy_comparison_text(enum asg_comparison comparison);
void asg_policy_propose_step(const struct asg_policy_config *config,
                             const struct asg_policy_input *input, int64_t value_milli,
                             int64_t threshold_milli, struct asg_arena *arena,
                             struct asg_proposal *ret);
/* Why a step policy proposes what is desired already; for who has executed it. */
const char *asg_policy_step_stays(const struct asg_policy_config *config,
                                  const struct asg_policy_input *input,
                                  int64_t value_milli, int64_t threshold_milli,
                                  struct asg_arena *arena);
void asg_policy_propose_simple(const struct asg_policy_config *config,
                               const struct asg_policy_input *input, int64_t value_milli,
                               int64_t threshold_milli, struct asg_arena *arena,
                               struct asg_proposal *ret);

/* The alarm of a step or simple policy in this period: true when it has breached for as
 * many periods in a row as it asks for; *ret_milli is then the value. */
bool asg_policy_rings(const struct asg_policy_config *config,
                      struct asg_policy_state *state,
                      const struct asg_policy_input *input, int64_t *ret_milli);

#endif
