/* policy_patience - a stabilisation window that learns (docs/rules.md, "Target
 * tracking").
 *
 * A scale-in that this policy must take back soon came too early: the window becomes
 * three times as long, up to `patience` times as configured. After one that stands for
 * REGRET_WINDOWS windows it is a third of that again. */
#include "core/want/policy_family.h"

#include <assert.h>

#define REGRET_WINDOWS 3 /* taken back within so many: it came too early */
#define GROWTH         3 /* docs/decisions-measured.md */

int64_t asg_policy_window_ms(const struct asg_policy_config *config,
                             const struct asg_policy_state *state)
{
    assert(config->stabilisation_ms >= 0);
    /* The policy may have been given a longer one meanwhile. */
    return state->window_ms > config->stabilisation_ms ? state->window_ms
                                                       : config->stabilisation_ms;
}

void asg_policy_watch_desired(const struct asg_policy_config *config,
                              struct asg_policy_state *state,
                              const struct asg_policy_input *input)
{
    assert(input->desired >= 0);
    int64_t window_ms = asg_policy_window_ms(config, state);
    bool has_fallen = input->desired < state->desired; /* never in its first period */
    state->desired = input->desired;
    if (state->fell_ms != 0 &&
        input->now_ms - state->fell_ms > REGRET_WINDOWS * window_ms) {
        state->fell_ms = 0;
        state->window_ms = window_ms / GROWTH;
    }
    if (has_fallen) state->fell_ms = input->now_ms;
    assert(state->fell_ms <= input->now_ms);
}

void asg_policy_regret(const struct asg_policy_config *config,
                       struct asg_policy_state *state)
{
    assert(config->patience >= 1);
    if (state->fell_ms == 0) return;
    int64_t most_ms = config->stabilisation_ms * (int64_t)config->patience;
    int64_t window_ms = asg_policy_window_ms(config, state) * GROWTH;
    state->window_ms = window_ms < most_ms ? window_ms : most_ms;
    state->fell_ms = 0;
}
