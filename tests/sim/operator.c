/* operator - somebody who gives orders, of all kinds, and takes some of them back. Which
 * kinds he gives is drawn from the seed. */
#include <inttypes.h>
#include <string.h>

#include "sim/sim.h"
#include "wire/wire.h"

/* What comes after an order, mostly to take it back: in the number of its event. */
enum undo {
    BEGIN_HALT,
    UNDO_HALT,
    UNDO_GROUP_HALT,
    UNDO_DRY_RUN,
    UNDO_SUSPENSION,
    UNDO_DELETE,
    UNDO_SUBNETS,
    UNDO_ADOPT,
    UNDO_END
};

#define BY_API       3               /* one order of so many comes by the API */
#define CALM_MEAN_US (12 * SIM_HOUR) /* between two orders in the calm days of a life */

/* After the faults he only mends, until all is well. */
static bool is_resting(void)
{
    return sim.is_quiet && !sim.is_calm;
}

static uint32_t below(uint32_t end)
{
    return (uint32_t)(sim_draw(sim_of(SIM_TOPIC_OPERATOR)) % end);
}

static int64_t some_time_us(int64_t low_s, int64_t high_s)
{
    return sim_between(sim_of(SIM_TOPIC_OPERATOR), low_s, high_s) * SIM_SECOND;
}

static void undo_later(enum undo what, const struct sim_group *group, int64_t after_us)
{
    uint64_t which = group == NULL ? 0 : (uint64_t)(group - our->groups);
    sim_put(sim.now_us + after_us, SIM_EVENT_ADMIN, SIM_ADMIN_UNDO,
            (uint64_t)what << 8 | which, NULL);
}

static void send_order(const struct asg_command *command, uint64_t request_no)
{
    const struct asg_request request = {.request_no = request_no,
                                        .query = ASG_QUERY_NONE,
                                        .command = command,
                                        .group = "",
                                        .name = ""};
    struct asg_bytes frame = {0};
    asg_wire_encode_message(ASG_MESSAGE_REQUEST, &request, &frame);
    (void)asg_bus_connection_send(our->admin, frame.data, frame.length);
    asg_bytes_clear(&frame);
}

void sim_order(struct asg_command *command)
{
    our->request_no++;
    command->actor = "operator";
    if (command->group == NULL) command->group = "";
    if (command->name == NULL) command->name = "";
    if (command->cluster_id == NULL) command->cluster_id = "";
    if (our->request_no % BY_API == 0 && !our->is_in_line) {
        sim_call(command, our->request_no);
    } else {
        sim_send_in_parts(command, our->request_no, send_order);
    }
    sim_tell("operator", "%s %s%s%s",
             asg_enum_word(&asg_command_kind_words, (int)command->kind), command->group,
             command->name[0] != '\0' ? " " : "", command->name);
}

void sim_take_answer(const struct asg_answer *answer)
{
    if (answer->is_ok) {
        law_acknowledged_survive(answer->request_no);
        return;
    }
    sim_tell("operator", "order %" PRIu64 " is refused: %s", answer->request_no,
             answer->message);
}

/* ---- groups ---- */

static struct asg_policy_config policy_of(const struct sim_group *books)
{
    const struct sim_knobs *knobs = &sim.features.knobs;
    return (struct asg_policy_config){
        .group = books->name,
        .name = SIM_POLICY,
        .kind = ASG_POLICY_TARGET_TRACKING,
        .metric = ASG_METRIC_NAME_CPU,
        .statistic = ASG_STATISTIC_MEAN,
        .target_milli = books->target_milli,
        .scale_in_permille = SIM_SCALE_IN_PERMILLE,
        .scale_out_periods = 3,
        .stabilisation_ms = books->stabilisation_ms,
        .scale_out_permille = knobs->out_permille,
        .scale_out_far_permille = knobs->far_permille,
        .counts_warming = knobs->counts_warming,
        .patience = knobs->patience,
        .saturation_milli = knobs->saturation_milli,
        .saturation_factor_milli = 2000,
        .scale_in_at_once_percent = knobs->at_once_percent,
        .scale_in_ten_minutes_percent = knobs->ten_minutes_percent,
        .periods = 1,
        .cooldown_ms = ASG_UNSET,
        .warmup_ms = ASG_UNSET,
    };
}

static void order_policy(const struct asg_policy_config *config)
{
    struct asg_command command = {.kind = ASG_COMMAND_POLICY_PUT,
                                  .group = config->group,
                                  .name = config->name,
                                  .policy_config = config};
    sim_order(&command);
}

void sim_order_policy(const struct sim_group *group)
{
    const struct asg_policy_config policy = policy_of(group);
    order_policy(&policy);
}

static void put_extra_policy(const struct sim_group *group, uint32_t which);

void sim_order_group(const struct sim_group *books)
{
    const struct sim_features *features = &sim.features;
    struct asg_world_subnet *const *real = asg_world_subnets(sim.world);
    struct asg_subnet subnets[ASG_WORLD_ZONES];
    for (size_t i = 0; i < ASG_WORLD_ZONES; i++) {
        subnets[i] = (struct asg_subnet){real[i]->id, real[i]->zone->name};
    }
    const char *types[] = {"t3.small", "m5.large"};
    const struct asg_mixed mixed = {
        .on_demand_base = features->on_demand_base,
        .on_demand_percent = features->on_demand_percent,
        .spot_strategy = ASG_SPOT_PRICE_CAPACITY_OPTIMIZED,
        .spot_max_price = "",
    };
    const struct asg_group_config config = {
        .name = books->name,
        .min = books->meant_min,
        .max = books->meant_max,
        .desired = books->meant_min,
        .template_id = sim.template_ids[0],
        .template_name = "",
        .template_version = features->is_latest ? "$Latest" : "1",
        .subnets = subnets,
        .subnet_count = ASG_WORLD_ZONES,
        .health_check = ASG_HEALTH_CHECK_AGENT,
        .health_grace_ms = 60000,
        .cooldown_ms = 300000,
        .warmup_ms = 2 * sim.agent_interval_ms,
        .evaluation_ms = books->evaluation_ms,
        .drain_ms = features->drain_ms,
        .launch_timeout_ms = 600000,
        .terminating_percent = features->terminating_percent,
        .terminated_percent = features->terminated_percent,
        .unhealthy_percent = features->unhealthy_percent,
        .silence_percent = 30,
        .capacity_rebalance = features->rebalances,
        .instance_types =
            features->is_mixed ? (struct asg_texts){types, 2} : (struct asg_texts){0},
        .mixed = features->is_mixed ? &mixed : NULL,
    };
    struct asg_command command = {
        .kind = ASG_COMMAND_GROUP_CREATE, .group = books->name, .group_config = &config};
    sim_order(&command);
    /* A group that asks EC2 first is there later than what the API orders meanwhile. */
    our->is_in_line = our->request_no % BY_API != 0;
    sim_order_policy(books);
    bool has_more = (features->orders >> SIM_ORDER_POLICY & 1) != 0;
    for (uint32_t which = 0; has_more && which < SIM_DRAWN_POLICIES && !is_resting();
         which++) {
        if (below(3) == 0) put_extra_policy(books, which);
    }
    our->is_in_line = false;
}

static void update_group(const struct sim_group *group,
                         const struct asg_group_config *config, uint64_t fields)
{
    struct asg_command command = {.kind = ASG_COMMAND_GROUP_UPDATE,
                                  .group = group->name,
                                  .group_config = config,
                                  .group_fields = fields,
                                  .force = true};
    sim_order(&command);
}

static void order_size(struct sim_group *group)
{
    if (below(2) == 0) {
        struct asg_command command = {.kind = ASG_COMMAND_SET_DESIRED,
                                      .group = group->name};
        command.desired = group->min + below(group->max - group->min + 1);
        command.force = below(2) == 0;
        command.honor_cooldown = below(4) == 0;
        sim_order(&command);
        return;
    }
    struct asg_group_config config = {.name = group->name};
    config.max = group->min + below(2 * group->max + 2 - group->min);
    if (config.max > group->meant_max + 40) config.max = group->meant_max + 40;
    update_group(group, &config, UINT64_C(1) << ASG_GROUP_MAX);
}

void sim_order_dry_run(const struct sim_group *group, bool is_on)
{
    const struct asg_group_config config = {.name = group->name, .dry_run = is_on};
    update_group(group, &config, UINT64_C(1) << ASG_GROUP_DRY_RUN);
}

static void order_template(const struct sim_group *group)
{
    const struct asg_group_config config = {
        .name = group->name,
        .template_id = sim.template_ids[below(SIM_TEMPLATES)],
        .template_name = "",
        .template_version = below(2) == 0 ? "$Latest" : "1",
    };
    update_group(group, &config, UINT64_C(1) << ASG_GROUP_TEMPLATE);
}

/* One that openasg makes in EC2, or a further version of it; or the group is given one
 * that is there, as somebody does who has waited for it. */
static void order_own_template(const struct sim_group *group)
{
    static const char *const names[] = {"own", "own-2"};
    static const char *const types[] = {"t3.micro", "t3.small", "m5.large"};
    static const char *const versions[] = {"$Latest", "$Default", "1"};
    const char *name = names[below(2)];
    if (below(2) == 0) {
        const struct asg_template_config config = {
            .name = name,
            .image_id = asg_world_images(&(size_t){0})[0].id,
            .instance_type = types[below(3)],
            .key_name = "",
            .instance_profile = "",
            .user_data_sha256 = "",
        };
        struct asg_command command = {
            .kind = ASG_COMMAND_TEMPLATE_PUT, .name = name, .template_config = &config};
        sim_order(&command);
        return;
    }
    const struct asg_world_template_reference named = {.name = name};
    const struct asg_world_template *there = NULL;
    struct asg_world_refusal refusal = {.code = ""};
    if (asg_world_find_template(sim.world, &named, &there, NULL, &refusal) != ASG_OK) {
        return;
    }
    const struct asg_group_config config = {.name = group->name,
                                            .template_id = "",
                                            .template_name = name,
                                            .template_version = versions[below(3)]};
    update_group(group, &config, UINT64_C(1) << ASG_GROUP_TEMPLATE);
}

/* Some of the zones, or all. */
static void order_subnets(const struct sim_group *group, bool is_all)
{
    struct asg_world_subnet *const *real = asg_world_subnets(sim.world);
    struct asg_subnet subnets[ASG_WORLD_ZONES];
    size_t count = 0;
    uint32_t must = below(ASG_WORLD_ZONES);
    for (uint32_t i = 0; i < ASG_WORLD_ZONES; i++) {
        if (!is_all && i != must && below(2) == 0) continue;
        subnets[count++] = (struct asg_subnet){real[i]->id, real[i]->zone->name};
    }
    const struct asg_group_config config = {
        .name = group->name, .subnets = subnets, .subnet_count = count};
    update_group(group, &config, UINT64_C(1) << ASG_GROUP_SUBNETS);
    if (!is_all) undo_later(UNDO_SUBNETS, group, some_time_us(600, 7200));
}

static void order_shape(struct sim_group *group)
{
    switch (below(3)) {
    case 0: order_template(group); break;
    case 1: order_subnets(group, /* is_all */ false); break;
    default:
        sim_order_dry_run(group, true);
        undo_later(UNDO_DRY_RUN, group, some_time_us(60, 1800));
        break;
    }
}

static void order_deletion(struct sim_group *group)
{
    struct asg_command command = {
        .kind = ASG_COMMAND_GROUP_DELETE, .group = group->name, .force = below(4) != 0};
    sim_order(&command);
    undo_later(UNDO_DELETE, group, some_time_us(600, 7200));
}

/* ---- policies and scheduled actions ---- */

const char *const sim_extra_policies[SIM_EXTRA_POLICIES] = {
    "step-out", "step-in", "simple-out", "simple-in", "memory", "network", "load"};

bool sim_only_adds(const char *policy)
{
    return strcmp(policy, "step-out") == 0 || strcmp(policy, "simple-out") == 0;
}

bool sim_only_removes(const char *policy)
{
    return strcmp(policy, "step-in") == 0 || strcmp(policy, "simple-in") == 0;
}

/* Beside the one that all groups have. */
static void put_extra_policy(const struct sim_group *group, uint32_t which)
{
    struct asg_policy_config config = policy_of(group);
    struct asg_step steps[] = {
        {.has_lower = true, .has_upper = true, .upper_milli = 15000, .adjustment = 1},
        {.has_lower = true, .lower_milli = 15000, .adjustment = 2}};
    struct asg_step down = {.has_upper = true, .adjustment = -1};
    config.name = sim_extra_policies[which];
    if (which < 4 && below(2) == 0) {
        config.adjustment_type = ASG_ADJUSTMENT_PERCENT;
        steps[0].adjustment = 10 + below(40);
        steps[1].adjustment = 50 + below(50);
        down.adjustment = -10 - (int32_t)below(40);
    }
    config.periods = 1 + below(4);
    bool is_in = which == 1 || which == 3;
    config.comparison =
        is_in ? ASG_COMPARISON_LESS_OR_EQUAL : ASG_COMPARISON_GREATER_OR_EQUAL;
    /* Where one that removes rings, what is left is at the target at most. */
    int64_t low_milli = below(2) == 0 ? 20000 : group->target_milli / 2;
    config.threshold_milli = is_in ? low_milli : 70000;
    config.has_threshold = below(4) != 0; /* else it acts when it is executed */
    if (which < 2) {
        config.kind = ASG_POLICY_STEP;
        config.steps = is_in ? &down : steps;
        config.step_count = is_in ? 1 : 2;
    } else if (which < 4) {
        config.kind = ASG_POLICY_SIMPLE;
        config.adjustment = is_in ? down.adjustment : steps[0].adjustment;
        config.cooldown_ms = below(2) == 0 ? ASG_UNSET : 60000;
    } else {
        config.saturation_milli = 0;            /* only CPU has a ceiling */
        config.metric = ASG_METRIC_NAME_MEMORY; /* which stands at 30 % everywhere */
        config.target_milli = 20000 + (int64_t)below(30) * 1000;
    }
    order_policy(&config);
}

/* Ten times what an honest agent can say is too much. */
void sim_order_watch(const struct sim_group *group)
{
    struct asg_step step = {.has_lower = true, .adjustment = 1};
    struct asg_policy_config config = policy_of(group);
    config.kind = ASG_POLICY_STEP;
    config.comparison = ASG_COMPARISON_GREATER_OR_EQUAL;
    config.periods = 3;
    config.steps = &step;
    config.step_count = 1;
    config.name = sim_extra_policies[SIM_DRAWN_POLICIES];
    config.metric = ASG_METRIC_NAME_NETWORK_IN;
    config.threshold_milli = 10 * SIM_NETWORK_MILLI;
    order_policy(&config);
    config.name = sim_extra_policies[SIM_DRAWN_POLICIES + 1];
    config.metric = ASG_METRIC_NAME_LOAD;
    config.threshold_milli = 10000;
    order_policy(&config);
}

void sim_order_no_policy(const struct sim_group *group, uint32_t which)
{
    struct asg_command command = {.kind = ASG_COMMAND_POLICY_DELETE,
                                  .group = group->name,
                                  .name = sim_extra_policies[which]};
    sim_order(&command);
}

static void order_policies(const struct sim_group *group)
{
    uint32_t which = below(SIM_DRAWN_POLICIES);
    switch (below(6)) {
    case 0: sim_order_no_policy(group, which); break;
    case 1:
    case 2: {
        struct asg_command command = {.kind = ASG_COMMAND_EXECUTE_POLICY,
                                      .group = group->name,
                                      .name = sim_extra_policies[which],
                                      .honor_cooldown = below(2) == 0,
                                      .has_metric_value = true,
                                      .metric_value_milli = below(100) * 1000,
                                      .breach_threshold_milli = 50000};
        sim_order(&command);
        break;
    }
    default: put_extra_policy(group, which); break;
    }
}

/* Once, or every few minutes for some hours. */
static void order_schedule(struct sim_group *group)
{
    char name[16];
    char recurrence[32] = "";
    (void)snprintf(name, sizeof name, "s%u", below(SIM_SCHEDULES));
    struct asg_schedule_config config = {.group = group->name,
                                         .name = name,
                                         .min = ASG_UNSET,
                                         .max = ASG_UNSET,
                                         .desired = ASG_UNSET,
                                         .recurrence = recurrence,
                                         .time_zone = "UTC"};
    int64_t now_ms = sim_wall_ms();
    if (below(2) == 0) {
        config.start_ms = now_ms + some_time_us(90, 7200) / 1000;
    } else {
        static const uint32_t minutes[] = {1, 5, 10, 20, 30};
        (void)snprintf(recurrence, sizeof recurrence, "*/%u * * * *", minutes[below(5)]);
        config.end_ms = now_ms + some_time_us(600, 14400) / 1000;
    }
    config.desired = (int64_t)(group->min + below(group->max - group->min + 1));
    if (below(4) == 0) {
        config.max = (int64_t)(group->max + below(3));
        config.min = (int64_t)below(group->min + 1);
    }
    struct asg_command command = {.kind = ASG_COMMAND_SCHEDULE_PUT,
                                  .group = group->name,
                                  .name = name,
                                  .schedule_config = &config};
    sim_order(&command);
}

void sim_order_no_schedule(const struct sim_group *group, const char *name)
{
    struct asg_command command = {
        .kind = ASG_COMMAND_SCHEDULE_DELETE, .group = group->name, .name = name};
    sim_order(&command);
}

/* ---- instances ---- */

static void order_instance(void)
{
    const struct sim_instance *instance = sim_any_instance(sim_of(SIM_TOPIC_OPERATOR));
    if (instance == NULL || instance->group == NULL) return;
    const char *id = instance->id;
    struct asg_command command = {.group = instance->group->name,
                                  .instance_ids = {.items = &id, .count = 1}};
    switch (below(4)) {
    case 0:
        command.kind = ASG_COMMAND_TERMINATE_INSTANCE;
        command.decrement = below(3) == 0;
        break;
    case 1:
        command.kind = ASG_COMMAND_SET_INSTANCE_HEALTH;
        command.is_healthy = below(3) == 0;
        command.respect_grace = below(2) == 0;
        break;
    default:
        command.kind = ASG_COMMAND_PROTECT_INSTANCES;
        command.is_protected = below(3) != 0;
        break;
    }
    sim_order(&command);
}

/* ---- what stops, and goes on ---- */

static void order_halt(const struct sim_group *group, bool is_halt)
{
    struct asg_command command = {.kind = is_halt ? ASG_COMMAND_HALT : ASG_COMMAND_UNHALT,
                                  .group = group == NULL ? "" : group->name};
    sim_order(&command);
}

/* When a worker has a job in hand that EC2 has just refused, or after a while. */
static void halt_at_trouble(void)
{
    bool is_trouble = below(600) == 0;
    for (uint32_t i = 0; i < our->worker_count; i++) {
        int64_t failed_us = our->workers[i].failed_us;
        is_trouble |= failed_us != 0 && sim.now_us - failed_us < SIM_SECOND;
    }
    if (!is_trouble) {
        undo_later(BEGIN_HALT, NULL, SIM_SECOND);
        return;
    }
    undo_later(UNDO_HALT, NULL, some_time_us(60, 1800));
    order_halt(NULL, true);
}

/* Everything is halted while there is something to do: no worker is there, jobs wait for
 * one; or they have it in hand. */
static void order_halt_at_work(struct sim_group *group)
{
    struct asg_command command = {.kind = ASG_COMMAND_SET_DESIRED, .group = group->name};
    bool is_in_hand = below(2) == 0;
    for (uint32_t i = 0; i < our->worker_count && !is_in_hand; i++) {
        sim_stop_worker(i);
    }
    command.desired = group->alive > group->min ? group->min : group->max;
    sim_order(&command);
    if (is_in_hand) {
        undo_later(BEGIN_HALT, NULL, SIM_SECOND);
        return;
    }
    undo_later(UNDO_HALT, NULL, some_time_us(60, 1800));
    order_halt(NULL, true);
}

static void order_switch(struct sim_group *group)
{
    static const enum asg_process processes[] = {ASG_PROCESS_LAUNCH,
                                                 ASG_PROCESS_TERMINATE,
                                                 ASG_PROCESS_HEALTH_CHECK,
                                                 ASG_PROCESS_REPLACE_UNHEALTHY,
                                                 ASG_PROCESS_ALARM_NOTIFICATION,
                                                 ASG_PROCESS_SCHEDULED_ACTIONS};
    struct asg_command command = {.group = group->name};
    switch (below(8)) {
    case 0:
        undo_later(UNDO_HALT, NULL, some_time_us(60, 1800));
        order_halt(NULL, true);
        return;
    case 1: order_halt(NULL, false); return;
    case 2:
        undo_later(UNDO_GROUP_HALT, group, some_time_us(60, 3600));
        order_halt(group, true);
        return;
    case 3: order_halt_at_work(group); return;
    case 4:
    case 5:
        command.kind = ASG_COMMAND_SUSPEND;
        command.processes = UINT64_C(1) << processes[below(6)];
        undo_later(UNDO_SUSPENSION, group, some_time_us(600, 14400));
        break;
    default: command.kind = ASG_COMMAND_RESUME; break;
    }
    sim_order(&command);
}

void sim_unhalt(void)
{
    order_halt(NULL, false);
}

void sim_unhalt_group(const struct sim_group *group)
{
    order_halt(group, false);
}

void sim_order_unknown(bool is_adopted)
{
    struct asg_command command = {.kind = is_adopted ? ASG_COMMAND_INSTANCE_ADOPT
                                                     : ASG_COMMAND_ORPHAN_END,
                                  .is_all = true};
    sim_order(&command);
}

/* After a look at it: all that fit are taken in, the others are ended. */
void sim_settle_unknown(void)
{
    undo_later(UNDO_ADOPT, NULL, some_time_us(1200, 3600));
    undo_later(UNDO_END, NULL, some_time_us(3600, 7200));
}

static void order_resume(const struct sim_group *group)
{
    struct asg_command command = {.kind = ASG_COMMAND_RESUME, .group = group->name};
    sim_order(&command);
}

void sim_undo(uint64_t number)
{
    struct sim_group *group = &our->groups[number & 0xff];
    switch ((enum undo)(number >> 8)) {
    case BEGIN_HALT:
        if (!is_resting()) halt_at_trouble();
        break;
    case UNDO_HALT: sim_unhalt(); break;
    case UNDO_GROUP_HALT: sim_unhalt_group(group); break;
    case UNDO_DRY_RUN: sim_order_dry_run(group, false); break;
    case UNDO_SUSPENSION: order_resume(group); break;
    case UNDO_ADOPT: sim_order_unknown(/* is_adopted */ true); break;
    case UNDO_END: sim_order_unknown(/* is_adopted */ false); break;
    case UNDO_SUBNETS: order_subnets(group, /* is_all */ true); break;
    case UNDO_DELETE:
        if (is_resting() || (group->exists && !group->is_deleting)) break;
        if (group->exists) {
            undo_later(UNDO_DELETE, group, some_time_us(600, 1800));
        } else {
            sim_order_group(group);
        }
        break;
    }
}

static void order(enum sim_order_kind kind, struct sim_group *group)
{
    switch (kind) {
    case SIM_ORDER_SIZE: order_size(group); break;
    case SIM_ORDER_INSTANCE: order_instance(); break;
    case SIM_ORDER_SWITCH: order_switch(group); break;
    case SIM_ORDER_SCHEDULE: order_schedule(group); break;
    case SIM_ORDER_POLICY: order_policies(group); break;
    case SIM_ORDER_SHAPE: order_shape(group); break;
    case SIM_ORDER_DELETION: order_deletion(group); break;
    case SIM_ORDER_TEMPLATE: order_own_template(group); break;
    case SIM_ORDER_LOOK:
    case SIM_ORDERS: {
        struct asg_command command = {.kind = ASG_COMMAND_RECONCILE};
        sim_order(&command);
        break;
    }
    }
}

void sim_operate(void)
{
    if (is_resting()) return;
    struct sim_group *group = &our->groups[below(our->group_count)];
    enum sim_order_kind kind = SIM_ORDERS;
    while (kind == SIM_ORDERS || (sim.features.orders >> kind & 1) == 0) {
        kind = (enum sim_order_kind)below(SIM_ORDERS);
    }
    order(kind, group);
    int64_t mean_us = sim.is_calm ? CALM_MEAN_US : sim.operator_mean_us;
    sim_wish(&our->order_turn,
             sim.now_us + sim_between(sim_of(SIM_TOPIC_OPERATOR), 1, 2 * mean_us),
             SIM_EVENT_ADMIN, SIM_ADMIN_ORDER);
}
