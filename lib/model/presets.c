#include "model/presets.h"

#include <assert.h>
#include <string.h>

#include "model/schemas.h"

/* docs/rules.md, "Presets", says where they come from, and has the table
 * (tests/tidy/presets_page.py --write). */
const struct asg_preset_row asg_presets[ASG_PRESET_COUNT] = {
    [ASG_PRESET_DEFAULT] = {.policy = {.scale_in_permille = 800,
                                       .scale_out_permille = 1040,
                                       .scale_out_periods = 3,
                                       .scale_in_periods = 1,
                                       .stabilisation_ms = 240000,
                                       .saturation_milli = 98000,
                                       .saturation_factor_milli = 1100,
                                       .scale_in_at_once_percent = 25,
                                       .scale_in_ten_minutes_percent = 50,
                                       .counts_warming = false,
                                       .scale_out_far_permille = 1200,
                                       .patience = 6,
                                       .warmup_otherwise_ms = 45000}},
    [ASG_PRESET_AWS] = {.policy = {.scale_in_permille = 900,
                                   .scale_out_permille = 1000,
                                   .scale_out_periods = 3,
                                   .scale_in_periods = 15,
                                   .stabilisation_ms = 0,
                                   .saturation_milli = 0,
                                   .saturation_factor_milli = 1000,
                                   .scale_in_at_once_percent = 100,
                                   .scale_in_ten_minutes_percent = 100,
                                   .counts_warming = false,
                                   .scale_out_far_permille = 0,
                                   .patience = 1,
                                   .warmup_otherwise_ms = 0}},
    [ASG_PRESET_CALM] = {.policy = {.scale_in_permille = 750,
                                    .scale_out_permille = 1080,
                                    .scale_out_periods = 4,
                                    .scale_in_periods = 1,
                                    .stabilisation_ms = 600000,
                                    .saturation_milli = 0,
                                    .saturation_factor_milli = 1000,
                                    .scale_in_at_once_percent = 25,
                                    .scale_in_ten_minutes_percent = 50,
                                    .counts_warming = false,
                                    .scale_out_far_permille = 1250,
                                    .patience = 4,
                                    .warmup_otherwise_ms = 60000}},
    [ASG_PRESET_QUICK] = {.policy = {.scale_in_permille = 800,
                                     .scale_out_permille = 1000,
                                     .scale_out_periods = 3,
                                     .scale_in_periods = 1,
                                     .stabilisation_ms = 180000,
                                     .saturation_milli = 95000,
                                     .saturation_factor_milli = 1500,
                                     .scale_in_at_once_percent = 25,
                                     .scale_in_ten_minutes_percent = 50,
                                     .counts_warming = false,
                                     .scale_out_far_permille = 1100,
                                     .patience = 6,
                                     .warmup_otherwise_ms = 30000},
                          .evaluation_ms = 1000},
};

#define FIELD(f)                                                                         \
    {                                                                                    \
#f, offsetof(struct asg_policy_config, f), sizeof asg_presets[0].policy.f        \
    }

static const struct {
    const char *name;
    size_t offset;
    size_t size;
} fields[] = {
    FIELD(scale_in_permille),
    FIELD(scale_out_permille),
    FIELD(scale_out_periods),
    FIELD(scale_in_periods),
    FIELD(stabilisation_ms),
    FIELD(saturation_milli),
    FIELD(saturation_factor_milli),
    FIELD(scale_in_at_once_percent),
    FIELD(scale_in_ten_minutes_percent),
    FIELD(counts_warming),
    FIELD(scale_out_far_permille),
    FIELD(patience),
    FIELD(warmup_otherwise_ms),
};

static bool is_given(uint64_t given, const char *name)
{
    const struct asg_field *field = asg_schema_find(&asg_policy_config_schema, name);
    assert(field != NULL); /* the row is named as the field */
    return (given & UINT64_C(1) << (field - asg_policy_config_schema.fields)) != 0;
}

void asg_preset_fill(struct asg_policy_config *ret, uint64_t given)
{
    assert(ret->preset < ASG_PRESET_COUNT);
    const struct asg_policy_config *row = &asg_presets[ret->preset].policy;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (is_given(given, fields[i].name)) continue;
        memcpy((char *)ret + fields[i].offset, (const char *)row + fields[i].offset,
               fields[i].size);
    }
    bool has_ceiling =
        ret->metric == ASG_METRIC_NAME_CPU && ret->statistic != ASG_STATISTIC_HIGHEST;
    if (!has_ceiling && !is_given(given, "saturation_milli")) ret->saturation_milli = 0;
    bool is_far_given = is_given(given, "scale_out_far_permille");
    if (!is_far_given && ret->scale_out_far_permille < ret->scale_out_permille) {
        ret->scale_out_far_permille = 0;
    }
}

int asg_preset_of_tag(const char *value)
{
    assert(value != NULL);
    return asg_enum_value(&asg_preset_words, value);
}
