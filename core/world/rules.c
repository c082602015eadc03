#include "core/world/rules.h"

#include <assert.h>
#include <stddef.h>

#include "core/world/world.h"

#define RULES_OLDEST 1 /* that this program can still decide by */

static const uint32_t numbers[] = {
#define X(number, name, words) (number),
    ASG_RULES_LIST(X)
#undef X
};

uint32_t asg_rules_newest(void)
{
    return numbers[sizeof numbers / sizeof numbers[0] - 1];
}

bool asg_rules_have(const struct asg_core *core, enum asg_rule rule)
{
    assert(rule > 0 && (uint32_t)rule <= asg_rules_newest());
    return core->rules >= (uint32_t)rule || rule <= RULES_OLDEST;
}

enum asg_status asg_rules_check(const struct asg_core *core, uint32_t rules,
                                struct asg_error *error)
{
    if (rules == 0) {
        return asg_fail(error, ASG_ERR_VERSION,
                        "an openasg from before 1.0 wrote this log: its rules have no "
                        "number, so this one cannot repeat its decisions. `openasg log "
                        "verify` still shows whether anything was altered; "
                        "docs/audit.md, \"A log from before 1.0\", says what else to do");
    }
    if (rules < RULES_OLDEST || rules > asg_rules_newest()) {
        return asg_fail(error, ASG_ERR_VERSION,
                        "rules %u decide from here on, and this openasg knows rules %d "
                        "to %u; use the release that wrote this log, or %s one. `openasg "
                        "log verify` still shows whether anything was altered",
                        rules, RULES_OLDEST, asg_rules_newest(),
                        rules < RULES_OLDEST ? "an older" : "a newer");
    }
    if (rules < core->rules) {
        return asg_fail(error, ASG_ERR_VERSION,
                        "rules %u are to decide from here on, but rules %u have decided "
                        "before: they never go back; use the release that wrote this "
                        "log, or a newer one",
                        rules, core->rules);
    }
    return ASG_OK;
}
