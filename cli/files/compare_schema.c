/* compare_schema - a comparison as JSON, YAML and CSV have it. */
#include "cli/files/compare.h"

static const char *const actions[] = {"created", "changed", "deleted"};
const struct asg_enum asg_difference_action_words = {"action", actions, 3};

static const char *const kinds[] = {"group", "policy", "schedule"};
const struct asg_enum asg_difference_kind_words = {"kind", kinds, 3};

#define FIELD(kind, field, ...)                                                          \
    {                                                                                    \
        .name = #field, .type = ASG_FIELD_##kind, .offset = offsetof(struct OF, field),  \
        __VA_ARGS__                                                                      \
    }
#define LIST(field, n, s)                                                                \
    FIELD(LIST, field, .count_offset = offsetof(struct OF, n), .sub = &(s))
#define TABLE(s, title)                                                                  \
    {                                                                                    \
        .name = (title), .size = sizeof(struct OF), .fields = (s),                       \
        .field_count = sizeof(s) / sizeof((s)[0])                                        \
    }

#define OF asg_field_difference
static const struct asg_field field_fields[] = {
    FIELD(TEXT, field, .limit = ASG_TEXT_MAX),
    FIELD(TEXT, from, .limit = ASG_TEXT_MAX),
    FIELD(TEXT, to, .limit = ASG_TEXT_MAX),
};
static const struct asg_schema field_schema = TABLE(field_fields, "field");
#undef OF

#define OF asg_difference
static const struct asg_field difference_fields[] = {
    FIELD(ENUM, action, .names = &asg_difference_action_words),
    FIELD(ENUM, kind, .names = &asg_difference_kind_words),
    FIELD(TEXT, group, .limit = ASG_TEXT_MAX),
    FIELD(TEXT, name, .limit = ASG_TEXT_MAX),
    FIELD(TEXT, file, .limit = ASG_TEXT_MAX, .null_at = ASG_NULL_AT_ZERO),
    FIELD(U64, line, .null_at = ASG_NULL_AT_ZERO),
    LIST(fields, field_count, field_schema),
    FIELD(TEXT, refused, .limit = ASG_TEXT_MAX, .null_at = ASG_NULL_AT_ZERO),
};
static const struct asg_schema difference_schema = TABLE(difference_fields, "difference");
#undef OF

#define OF asg_capacity_difference
static const struct asg_field capacity_fields[] = {
    FIELD(TEXT, group, .limit = ASG_TEXT_MAX), FIELD(U32, there, .limit = 0),
    FIELD(U32, desired, .limit = 0),           FIELD(U32, launch, .limit = 0),
    FIELD(U32, terminate, .limit = 0),
};
static const struct asg_schema capacity_schema = TABLE(capacity_fields, "capacity");
#undef OF

#define OF asg_differences
static const struct asg_field differences_fields[] = {
    FIELD(U64, revision, .limit = 0),
    FIELD(BOOL, is_applied, .limit = 0),
    FIELD(BOOL, is_dry_run, .limit = 0),
    FIELD(U32, created, .limit = 0),
    FIELD(U32, changed, .limit = 0),
    FIELD(U32, deleted, .limit = 0),
    FIELD(U32, unchanged, .limit = 0),
    FIELD(U32, over, .limit = 0),
    LIST(differences, difference_count, difference_schema),
    LIST(capacities, capacity_count, capacity_schema),
    FIELD(TEXT, note, .limit = 0),
};
const struct asg_schema asg_differences_schema = TABLE(differences_fields, "differences");
#undef OF
