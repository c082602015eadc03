/* policy - the rules that turn a metric into a wanted capacity.
 *
 * Flow:    metrics event -> [policy] -> proposal -> decision
 * Each kind is one file and one pure function of configuration, its own small state and
 * the numbers of this period (asg-semantics.md 5.2 to 5.4 has the rules and worked
 * examples, which are the tests). Nothing is formatted unless the proposal asks for a
 * change.
 * Units:   metric values in thousandths; times in milliseconds.
 */
#ifndef ASG_CORE_POLICY_H
#define ASG_CORE_POLICY_H

#include "base/arena.h"
#include "base/error.h"
#include "core/facts/policy_state.h"
#include "model/event.h"
#include "model/group.h"

struct asg_policy_input {
    int64_t now_ms;
    int64_t evaluation_ms;
    int64_t desired;
    int64_t min;
    int64_t max;
    int64_t warm;    /* in service and past warm-up: those the metric is of */
    int64_t warming; /* wanted, not warm yet */
    bool is_cooling; /* simple: in cooldown, or an activity runs */
    const struct asg_group_metric *metric; /* count 0: no data */
};

enum asg_direction {
    ASG_DIRECTION_NONE,
    ASG_DIRECTION_OUT,
    ASG_DIRECTION_IN,
    ASG_DIRECTION_NOT_READY /* no data, or the picture is not complete: blocks scale-in */
};

struct asg_proposal {
    enum asg_direction direction;
    int64_t wanted;   /* before min and max */
    const char *text; /* "cpu mean 82.5 % over 15 s, target 50 %: wants 7 (has 4)" */
};

/* Evaluate one policy for one period; *ret's text lives in `arena`. */
void asg_policy_evaluate(const struct asg_policy_config *config,
                         struct asg_policy_state *state,
                         const struct asg_policy_input *input, struct asg_arena *arena,
                         struct asg_proposal *ret);

/* What a step or simple policy does on a metric value, as ExecutePolicy asks. */
void asg_policy_execute(const struct asg_policy_config *config,
                        const struct asg_policy_input *input, int64_t value_milli,
                        int64_t threshold_milli, struct asg_arena *arena,
                        struct asg_proposal *ret);

/* The rules of PutScalingPolicy. ASG_ERR_INVALID: the text says which and what to do. */
ASG_MUST_USE enum asg_status asg_policy_validate(const struct asg_policy_config *config,
                                                 struct asg_error *error);

/* ---- for the families only ---- */

/* The statistic of one period, or of the breaching periods together. */
int64_t asg_policy_value(const struct asg_policy_config *config,
                         const struct asg_group_metric *metric);
bool asg_policy_has_data(const struct asg_policy_input *input);
/* An adjustment on `base`, by the rounding of asg-semantics.md 5.3. */
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
/* Alarm of a step or simple policy: counts breaches in a row. */
bool asg_policy_is_breaching(const struct asg_policy_config *config, int64_t value_milli,
                             int64_t threshold_milli);
const char *asg_policy_comparison_text(enum asg_comparison comparison);
void asg_policy_propose_step(const struct asg_policy_config *config,
                             const struct asg_policy_input *input, int64_t value_milli,
                             int64_t threshold_milli, struct asg_arena *arena,
                             struct asg_proposal *ret);
void asg_policy_propose_simple(const struct asg_policy_config *config,
                               const struct asg_policy_input *input, int64_t value_milli,
                               int64_t threshold_milli, struct asg_arena *arena,
                               struct asg_proposal *ret);

#endif
