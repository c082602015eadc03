#include "cli/files/rules.h"

#include "model/defaults.h"
#include "model/schemas.h"

uint64_t asg_group_fields_of(uint64_t present)
{
    return asg_model_update_bits(&asg_group_config_schema, present);
}

static void take_group(const struct asg_declared *declared, struct asg_rules *ret)
{
    if (declared->group_count == 0) return;
    ret->has_group = true;
    ret->group = declared->groups[0].config;
    ret->group_present = declared->groups[0].present;
}

static void take_policies(const struct asg_declared *declared, struct asg_arena *arena,
                          struct asg_rules *ret)
{
    ret->policy_count = declared->policy_count;
    ret->policies =
        asg_arena_take(arena, (ret->policy_count + 1) * sizeof *ret->policies);
    for (size_t i = 0; i < ret->policy_count; i++) {
        ret->policies[i] = declared->policies[i].config;
    }
}

static void take_schedules(const struct asg_declared *declared, struct asg_arena *arena,
                           struct asg_rules *ret)
{
    ret->schedule_count = declared->schedule_count;
    ret->schedules =
        asg_arena_take(arena, (ret->schedule_count + 1) * sizeof *ret->schedules);
    for (size_t i = 0; i < ret->schedule_count; i++) {
        ret->schedules[i] = declared->schedules[i].config;
    }
}

enum asg_status asg_rules_read(const char *path, enum asg_rules_kind bare,
                               struct asg_arena *arena, struct asg_rules *ret,
                               struct asg_error *error)
{
    *ret = (struct asg_rules){0};
    struct asg_declared declared = {0};
    enum asg_status status = asg_declared_read_file(path, bare, arena, &declared, error);
    if (status != ASG_OK) return status;
    if (declared.group_count > 1) {
        const struct asg_place *place = &declared.groups[1].place;
        return asg_fail(error, ASG_ERR_INVALID,
                        "%s:%zu: a second group; only \"openasg apply\" and \"openasg "
                        "diff\" take several",
                        place->file, place->line);
    }
    take_group(&declared, ret);
    take_policies(&declared, arena, ret);
    take_schedules(&declared, arena, ret);
    return ASG_OK;
}
