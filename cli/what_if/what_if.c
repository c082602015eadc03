/* what_if - what a comparison consists of, as JSON, YAML and CSV have it. */
#include "cli/what_if/what_if.h"

#define SIDE(kind, field)                                                                \
    {                                                                                    \
        .name = #field, .type = ASG_FIELD_##kind,                                        \
        .offset = offsetof(struct asg_what_if_side, field)                               \
    }
#define SIDE_OR_NULL(field) /* -1: there is none */                                      \
    {                                                                                    \
        .name = #field, .type = ASG_FIELD_I64,                                           \
        .offset = offsetof(struct asg_what_if_side, field),                              \
        .null_at = ASG_NULL_AT_MINUS_ONE                                                 \
    }
static const struct asg_field side_fields[] = {
    SIDE(TEXT, name),
    SIDE(TEXT, policies),
    SIDE(I64, instance_hours_milli),
    SIDE_OR_NULL(cost_micro),
    SIDE(I64, above_level_ms),
    SIDE(I64, worst_load_milli),
    SIDE(I64, worst_at_ms),
    SIDE(U32, scale_outs),
    SIDE(U32, scale_ins),
    SIDE(U32, instances_least),
    SIDE(U32, instances_most),
    SIDE(I64, over_an_hour_ms),
    SIDE(I64, lost_ppm),
    SIDE(I64, oracle_cost_milli),
    SIDE(I64, turns_an_hour_milli),
    SIDE(I64, evaluation_ms),
    SIDE_OR_NULL(best_permille),
    SIDE(BOOL, is_best),
    /* of all sides alike: last, so that only lists of sides alone have them */
    {.name = "metric",
     .type = ASG_FIELD_ENUM,
     .offset = offsetof(struct asg_what_if_side, metric),
     .names = &asg_metric_name_words},
    SIDE(I64, level_milli),
    SIDE(I64, model_error_milli),
};
#define COMMON_FIELDS 3
#define SIDE_FIELDS   (sizeof side_fields / sizeof side_fields[0])
static const struct asg_schema side_schema = {
    .name = "side",
    .size = sizeof(struct asg_what_if_side),
    .fields = side_fields,
    .field_count = SIDE_FIELDS - COMMON_FIELDS,
};
const struct asg_schema asg_what_if_row_schema = {
    .name = "side",
    .size = sizeof(struct asg_what_if_side),
    .fields = side_fields,
    .field_count = SIDE_FIELDS,
};

#define FIELD(kind, field)                                                               \
    {                                                                                    \
        .name = #field, .type = ASG_FIELD_##kind,                                        \
        .offset = offsetof(struct asg_what_if, field)                                    \
    }
static const struct asg_field what_if_fields[] = {
    FIELD(TEXT, log),
    FIELD(TEXT, group),
    FIELD(I64, from_ms),
    FIELD(I64, to_ms),
    FIELD(U64, periods),
    FIELD(I64, evaluation_ms),
    {.name = "metric",
     .type = ASG_FIELD_ENUM,
     .offset = offsetof(struct asg_what_if, metric),
     .names = &asg_metric_name_words},
    FIELD(I64, level_milli),
    FIELD(I64, model_error_milli),
    FIELD(I64, launch_ms),
    FIELD(I64, service_ms),
    FIELD(I64, terminate_ms),
    FIELD(U32, launches_seen),
    FIELD(U32, periods_saturated),
    FIELD(I64, saturated_ppm),
    FIELD(U32, instance_commands),
    FIELD(U32, replacements),
    FIELD(TEXT, best),
    FIELD(TEXTS, as_good),
    {.name = "confidence_permille",
     .type = ASG_FIELD_I64,
     .offset = offsetof(struct asg_what_if, confidence_permille),
     .null_at = ASG_NULL_AT_MINUS_ONE},
    FIELD(I64, block_ms),
    FIELD(U64, blocks),
    FIELD(U64, resamples),
    {.name = "sides",
     .type = ASG_FIELD_LIST,
     .offset = offsetof(struct asg_what_if, sides),
     .count_offset = offsetof(struct asg_what_if, side_count),
     .sub = &side_schema},
};
const struct asg_schema asg_what_if_schema = {
    .name = "what-if",
    .size = sizeof(struct asg_what_if),
    .fields = what_if_fields,
    .field_count = sizeof what_if_fields / sizeof what_if_fields[0],
};
