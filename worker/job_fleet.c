/* job_fleet - instances of several types, on demand and Spot: CreateFleet of type instant
 * under the job's client token.
 *
 * CreateFleet takes no user data, and the join line is this job's own. So the group's
 * template is copied into one of ours that carries it, named by the token and deleted
 * when the outcome is known (docs/decisions/0009-fleet-templates.md). The same job sent
 * twice makes the same requests byte for byte. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "model/launch_fields.h"
#include "worker/launch_parameters.h"
#include "worker/task.h"

#define TEMPLATE_NAME_MAX 128

struct fleet_state {
    const char *template_name; /* of ours; NULL: none is made */
    struct asg_ec2_tag *tags;  /* of the instances: the template's, the group's, ours */
    size_t tag_count;
    struct asg_ec2_parameter *parameters; /* of our template */
    size_t parameter_count;
    const char *user_data;
    /* how the job ends once our template is gone */
    enum asg_outcome outcome;
    const char *code;
    const char *message;
};

static bool begins(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* ---- the end ---- */

static void on_deleted(void *context, const struct asg_ec2_outcome *outcome,
                       const void *reply)
{
    (void)reply;
    struct asg_task *task = context;
    const struct fleet_state *state = task->state;
    asg_task_count(task, outcome);
    bool is_gone = outcome->class == ASG_ERROR_CLASS_NONE ||
                   outcome->class == ASG_ERROR_CLASS_NOT_FOUND;
    if (!is_gone) {
        asg_log_warn("worker", "template_left",
                     "job=%llu template=%s code=%s: left in EC2, where it does no harm; "
                     "delete it",
                     (unsigned long long)task->job->id, state->template_name,
                     outcome->code);
    }
    asg_task_end(task, state->outcome, state->code, state->message);
}

/* The same token may be sent once more, and needs the template then. */
static bool may_come_again(enum asg_outcome outcome)
{
    return outcome == ASG_OUTCOME_AMBIGUOUS || outcome == ASG_OUTCOME_THROTTLED ||
           outcome == ASG_OUTCOME_TRANSIENT || outcome == ASG_OUTCOME_CREDENTIALS;
}

static void end_fleet(struct asg_task *task, enum asg_outcome outcome, const char *code,
                      const char *message)
{
    struct fleet_state *state = task->state;
    if (state->template_name == NULL || may_come_again(outcome) ||
        asg_worker_is_halted(task->worker)) {
        asg_task_end(task, outcome, code, message);
        return;
    }
    state->outcome = outcome;
    state->code = asg_arena_text(&task->arena, code);
    state->message = asg_arena_text(&task->arena, message);
    asg_ec2_write_delete_launch_template(
        &(struct asg_ec2_delete_launch_template){.template_name = state->template_name},
        &task->worker->body);
    asg_task_call(task, &asg_ec2_delete_launch_template_action, /* is_launch */ false,
                  on_deleted);
}

/* ---- what came of it ---- */

static void add_instances(struct asg_task *task,
                          const struct asg_ec2_fleet_instances *row)
{
    const struct asg_job *job = task->job;
    for (size_t i = 0; i < row->id_count; i++) {
        struct asg_seen_instance *seen = asg_task_add_instance(task);
        seen->instance_id = asg_arena_text(&task->arena, row->instance_ids[i]);
        seen->state = ASG_EC2_PENDING;
        seen->instance_type = asg_arena_text(&task->arena, row->instance_type);
        seen->subnet_id = job->launch->subnet_id;
        seen->zone = job->launch->zone;
        seen->group = job->group;
        seen->job_id = job->id;
        seen->attempt = job->attempt;
        seen->is_spot = strcmp(row->lifecycle, "spot") == 0;
    }
}

static void add_dry_pool(struct asg_task *task, const char *type, bool is_spot,
                         const char *code)
{
    struct asg_result *result = &task->result;
    for (size_t i = 0; i < result->dry_pool_count; i++) {
        if (result->dry_pools[i].is_spot == is_spot &&
            strcmp(result->dry_pools[i].instance_type, type) == 0) {
            return;
        }
    }
    size_t most = 2 * (task->job->launch->fleet->instance_types.count + 1);
    if (result->dry_pools == NULL) {
        result->dry_pools =
            asg_arena_take(&task->arena, most * sizeof *result->dry_pools);
    }
    if (result->dry_pool_count == most) return;
    result->dry_pools[result->dry_pool_count++] =
        (struct asg_dry_pool){.instance_type = asg_arena_text(&task->arena, type),
                              .is_spot = is_spot,
                              .error_code = asg_arena_text(&task->arena, code)};
}

/* The whole call was refused for want of room: no pool it named has any. */
static void add_all_pools(struct asg_task *task, const char *code)
{
    const struct asg_fleet *fleet = task->job->launch->fleet;
    for (size_t i = 0; i < fleet->instance_types.count || i == 0; i++) {
        const char *type =
            fleet->instance_types.count > 0 ? fleet->instance_types.items[i] : "";
        if (fleet->on_demand > 0) add_dry_pool(task, type, false, code);
        if (fleet->spot > 0) add_dry_pool(task, type, true, code);
    }
}

/* What an error among a fleet's answers means when nothing was launched. The token keeps
 * this answer, so what may pass goes to a new job after a pause: for core that is no
 * capacity with another reason than a dry pool. */
static enum asg_outcome outcome_of_error(enum asg_error_class class)
{
    switch (class) {
    case ASG_ERROR_CLASS_QUOTA: return ASG_OUTCOME_QUOTA;
    case ASG_ERROR_CLASS_PERMISSION: return ASG_OUTCOME_PERMISSION;
    case ASG_ERROR_CLASS_BAD_REQUEST:
    case ASG_ERROR_CLASS_UNLISTED: return ASG_OUTCOME_BAD_REQUEST;
    default: return ASG_OUTCOME_CAPACITY;
    }
}

static void take_fleet(struct asg_task *task, const struct asg_ec2_fleet *fleet)
{
    const struct asg_ec2_fleet_error *trouble = NULL; /* the first but dry pools */
    enum asg_error_class class = ASG_ERROR_CLASS_CAPACITY;
    for (size_t i = 0; i < fleet->count; i++) {
        add_instances(task, &fleet->instances[i]);
    }
    for (size_t i = 0; i < fleet->error_count; i++) {
        const struct asg_ec2_fleet_error *error = &fleet->errors[i];
        enum asg_error_class of_this =
            asg_error_classify(error->code, error->message, 400);
        if (of_this == ASG_ERROR_CLASS_CAPACITY) {
            add_dry_pool(task, error->instance_type,
                         strcmp(error->lifecycle, "spot") == 0, error->code);
        } else if (trouble == NULL) {
            trouble = error;
            class = of_this;
        }
    }
    const char *code = trouble != NULL ? trouble->code : "";
    const char *message = trouble != NULL ? trouble->message : "";
    if (task->result.instance_count > 0) {
        end_fleet(task, ASG_OUTCOME_OK, code, message);
    } else if (fleet->error_count == 0) {
        asg_settle_launch(
            task, end_fleet, ASG_OUTCOME_CAPACITY, "OpenasgEmptyAnswer",
            "EC2 accepted the fleet and returned neither instance nor error");
    } else {
        end_fleet(task, outcome_of_error(class), code, message);
    }
}

static void create_fleet(struct asg_task *task);

static void on_fleet(void *context, const struct asg_ec2_outcome *outcome,
                     const void *reply)
{
    struct asg_task *task = context;
    asg_task_count(task, outcome);
    if (outcome->class == ASG_ERROR_CLASS_NONE) {
        take_fleet(task, reply);
        return;
    }
    bool is_missing =
        outcome->class == ASG_ERROR_CLASS_NOT_FOUND && !outcome->is_ambiguous;
    if (is_missing && asg_task_wait_for_it(task, create_fleet)) return;
    if (!asg_launch_settles(outcome) || is_missing) {
        asg_settle_launch(task, end_fleet, asg_outcome_of(ASG_JOB_FLEET, outcome),
                          outcome->code, outcome->message);
        return;
    }
    if (outcome->class == ASG_ERROR_CLASS_CAPACITY) add_all_pools(task, outcome->code);
    bool is_fine = outcome->class == ASG_ERROR_CLASS_DRY_RUN;
    end_fleet(task, asg_outcome_of(ASG_JOB_FLEET, outcome), is_fine ? "" : outcome->code,
              is_fine ? "" : outcome->message);
}

/* ---- the call ---- */

static bool is_by_priority(const struct asg_fleet *fleet)
{
    return (fleet->on_demand > 0 &&
            fleet->on_demand_strategy == ASG_ON_DEMAND_PRIORITIZED) ||
           (fleet->spot > 0 &&
            fleet->spot_strategy == ASG_SPOT_CAPACITY_OPTIMIZED_PRIORITIZED);
}

static const struct asg_ec2_fleet_override *make_overrides(struct asg_task *task,
                                                           size_t *ret_count)
{
    const struct asg_launch *launch = task->job->launch;
    const struct asg_fleet *fleet = launch->fleet;
    size_t types = fleet->instance_types.count;
    size_t count = types > 0 ? types : 1;
    struct asg_ec2_fleet_override *overrides =
        asg_arena_take(&task->arena, count * sizeof *overrides);
    for (size_t i = 0; i < count; i++) {
        overrides[i] = (struct asg_ec2_fleet_override){
            .instance_type = types > 0 ? fleet->instance_types.items[i] : "",
            .subnet_id = launch->subnet_id,
            .zone = launch->zone,
            .max_price = fleet->spot > 0 ? fleet->spot_max_price : "",
            .priority = is_by_priority(fleet) ? (uint32_t)i + 1 : 0,
        };
    }
    *ret_count = count;
    return overrides;
}

static void create_fleet(struct asg_task *task)
{
    const struct fleet_state *state = task->state;
    const struct asg_launch *launch = task->job->launch;
    const struct asg_fleet *fleet = launch->fleet;
    bool is_ours = state->template_name != NULL;
    struct asg_ec2_create_fleet params = {
        /* By name: a template that had to be made again makes the same request. */
        .template_id = is_ours ? "" : launch->template_id,
        .template_name = is_ours ? state->template_name : launch->template_name,
        .template_version = is_ours ? "1" : launch->template_version,
        .on_demand_count = fleet->on_demand,
        .spot_count = fleet->spot,
        .on_demand_strategy =
            asg_enum_word(&asg_on_demand_strategy_words, (int)fleet->on_demand_strategy),
        .spot_strategy =
            asg_enum_word(&asg_spot_strategy_words, (int)fleet->spot_strategy),
        .client_token = task->job->client_token,
        .tags = state->tags,
        .tag_count = state->tag_count,
        .is_dry_run = task->job->is_dry_run,
    };
    params.overrides = make_overrides(task, &params.override_count);
    if (fleet->spot_strategy == ASG_SPOT_LOWEST_PRICE) {
        params.spot_pools = fleet->spot_pools;
        if (params.spot_pools > params.override_count) {
            params.spot_pools = (uint32_t)params.override_count;
        }
    }
    asg_ec2_write_create_fleet(&params, &task->worker->body);
    asg_task_call(task, &asg_ec2_create_fleet_action, /* is_launch */ true, on_fleet);
}

/* ---- our template ---- */

static void on_made(void *context, const struct asg_ec2_outcome *outcome,
                    const void *reply)
{
    (void)reply;
    struct asg_task *task = context;
    asg_task_count(task, outcome);
    /* Of that name or token there is one already: this job's own, of an earlier delivery
     * (the join line may have named another address of the controller then). */
    bool is_there =
        outcome->class == ASG_ERROR_CLASS_NONE ||
        strcmp(outcome->code, "InvalidLaunchTemplateName.AlreadyExistsException") == 0 ||
        strcmp(outcome->code, "IdempotentParameterMismatch") == 0;
    if (is_there) {
        create_fleet(task);
        return;
    }
    struct asg_ec2_outcome definite = *outcome; /* nothing was launched */
    definite.is_ambiguous = false;
    asg_task_end_with(task, &definite);
}

/* "openasg-" and the token; what a name cannot have becomes "_". */
static const char *name_template(struct asg_task *task)
{
    char name[TEMPLATE_NAME_MAX + 1];
    (void)snprintf(name, sizeof name, ASG_FLEET_TEMPLATE_PREFIX "%s",
                   task->job->client_token);
    for (char *at = name; *at != '\0'; at++) {
        bool is_fit = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                      (*at >= '0' && *at <= '9') || strchr("().-/_", *at) != NULL;
        if (!is_fit) *at = '_';
    }
    return asg_arena_text(&task->arena, name);
}

static void make_template(struct asg_task *task)
{
    struct fleet_state *state = task->state;
    state->template_name = name_template(task);
    struct asg_ec2_create_launch_template params = {
        .template_name = state->template_name,
        .client_token = task->job->client_token,
        .data = {.user_data = state->user_data,
                 .parameters = state->parameters,
                 .parameter_count = state->parameter_count},
    };
    params.tags = asg_task_own_tags(task, &params.tag_count);
    asg_ec2_write_create_launch_template(&params, &task->worker->body);
    asg_task_call(task, &asg_ec2_create_launch_template_action, /* is_launch */ false,
                  on_made);
}

/* ---- what it says ---- */

/* Length of what a parameter stands or falls with: a list as a whole, else its name. */
static size_t unit_of(const char *name)
{
    size_t first = strcspn(name, ".");
    bool is_list = name[first] == '.' && name[first + 1] >= '1' && name[first + 1] <= '9';
    return is_list ? first + 1 : strlen(name) + 1; /* the zero byte counts */
}

static bool is_said_by_group(const struct asg_launch *launch, const char *name)
{
    /* Tags of a group and of a template stand side by side. */
    if (begins(name, "TagSpecification.")) return false;
    for (size_t i = 0; i < launch->parameter_count; i++) {
        const char *said = launch->parameters[i].name;
        if (strncmp(said, name, unit_of(said)) == 0) return true;
    }
    return false;
}

/* A fleet's overrides say type and subnet; a subnet in an interface would forbid that. */
static bool is_left_out(const struct asg_launch *launch, const char *name)
{
    if (begins(name, "NetworkInterface.")) {
        const char *last = strrchr(name, '.');
        return strcmp(last, ".SubnetId") == 0;
    }
    bool has_types = launch->fleet->instance_types.count > 0;
    return has_types && begins(name, "InstanceRequirements.");
}

/* The resource of the tags that "<prefix>TagSpecification.N.…" belongs to; "" : none. */
static const char *resource_of(const struct asg_ec2_parameter *all, size_t count,
                               const char *name)
{
    size_t number = strlen("TagSpecification.");
    size_t length = number + strspn(name + number, "0123456789") + 1;
    for (size_t i = 0; i < count; i++) {
        if (strncmp(all[i].name, name, length) == 0 &&
            strcmp(all[i].name + length, "ResourceType") == 0) {
            return all[i].value;
        }
    }
    return "";
}

static void add_tag(struct fleet_state *state, const char *key, const char *value)
{
    for (size_t i = 0; i < state->tag_count; i++) {
        if (strcmp(state->tags[i].key, key) != 0) continue;
        state->tags[i].value = value;
        return;
    }
    state->tags[state->tag_count++] = (struct asg_ec2_tag){key, value};
}

/* Tags of instances: the template's under the group's and ours, said by the fleet, since
 * EC2 takes no key from both. */
static void gather_tags(struct asg_task *task, const struct asg_ec2_parameter *all,
                        size_t count)
{
    struct fleet_state *state = task->state;
    size_t own = 0;
    const struct asg_ec2_tag *tags = asg_task_tags(task, &own);
    state->tags = asg_arena_take(&task->arena, (own + count) * sizeof *state->tags);
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(all[i].name);
        bool is_key = begins(all[i].name, "TagSpecification.") && length > 4 &&
                      strcmp(all[i].name + length - 4, ".Key") == 0 &&
                      strcmp(resource_of(all, count, all[i].name), "instance") == 0;
        if (!is_key) continue;
        const char *value = "";
        for (size_t j = 0; j < count; j++) {
            bool is_value = strncmp(all[j].name, all[i].name, length - 3) == 0 &&
                            strcmp(all[j].name + length - 3, "Value") == 0;
            if (is_value) value = all[j].value;
        }
        add_tag(state, all[i].value, value);
    }
    for (size_t i = 0; i < own; i++) {
        add_tag(state, tags[i].key, tags[i].value);
    }
}

/* Give the tag specifications that stay numbers from 1 on. */
static void number_tag_specifications(struct asg_task *task)
{
    struct fleet_state *state = task->state;
    const char *seen[ASG_LAUNCH_PARAMETERS_MAX];
    size_t seen_count = 0;
    for (size_t i = 0; i < state->parameter_count; i++) {
        const char *name = state->parameters[i].name;
        if (!begins(name, "TagSpecification.")) continue;
        size_t start = strlen("TagSpecification.");
        size_t digits = strspn(name + start, "0123456789");
        size_t at = 0;
        while (at < seen_count && strncmp(seen[at], name, start + digits + 1) != 0) {
            at++;
        }
        if (at == seen_count && seen_count < ASG_LAUNCH_PARAMETERS_MAX) {
            seen[seen_count++] = name;
        }
        state->parameters[i].name = asg_arena_format(
            &task->arena, "TagSpecification.%zu%s", at + 1, name + start + digits);
    }
}

/* The template's parameters with the group's over them. The group's own tag
 * specifications are numbered behind the template's. */
static struct asg_ec2_parameter *merge(struct asg_task *task, const char *lines,
                                       size_t *ret_count)
{
    const struct asg_launch *launch = task->job->launch;
    size_t count = 0;
    struct asg_ec2_parameter *all =
        asg_read_parameters(lines, launch->parameter_count, &task->arena, &count);
    size_t kept = 0;
    unsigned long shift = 0;
    for (size_t i = 0; i < count; i++) {
        const char *name = all[i].name;
        if (begins(name, "TagSpecification.")) {
            unsigned long number = strtoul(name + strlen("TagSpecification."), NULL, 10);
            if (number > shift) shift = number;
        }
        if (!is_said_by_group(launch, name)) all[kept++] = all[i];
    }
    for (size_t i = 0; i < launch->parameter_count; i++) {
        const char *name = launch->parameters[i].name;
        if (begins(name, "TagSpecification.")) {
            const char *rest = name + strlen("TagSpecification.");
            unsigned long number = strtoul(rest, NULL, 10);
            name = asg_arena_format(&task->arena, "TagSpecification.%lu%s",
                                    number + shift, rest + strspn(rest, "0123456789"));
        }
        all[kept++] = (struct asg_ec2_parameter){name, launch->parameters[i].value};
    }
    *ret_count = kept;
    return all;
}

/* False: a template that no fleet can use, and the job has ended. */
static bool fill_parameters(struct asg_task *task, const char *lines)
{
    const struct asg_launch *launch = task->job->launch;
    struct fleet_state *state = task->state;
    size_t count = 0;
    struct asg_ec2_parameter *all = merge(task, lines, &count);
    gather_tags(task, all, count);
    state->parameters = asg_arena_take(&task->arena, (count + 1) * sizeof *all);
    for (size_t i = 0; i < count; i++) {
        const char *name = all[i].name;
        if (begins(name, "InstanceMarketOptions.")) {
            asg_task_end(task, ASG_OUTCOME_BAD_REQUEST, "OpenasgTemplate",
                         "the launch template says InstanceMarketOptions: in a mixed "
                         "group the on-demand base and percentage set the market");
            return false;
        }
        if (is_left_out(launch, name)) continue;
        if (begins(name, "TagSpecification.")) {
            const char *resource = resource_of(all, count, name);
            /* Spot requests cannot be tagged in a fleet that buys on demand as well. */
            if (strcmp(resource, "instance") == 0 ||
                strcmp(resource, "spot-instances-request") == 0) {
                continue;
            }
        }
        state->parameters[state->parameter_count++] = all[i];
    }
    number_tag_specifications(task);
    return true;
}

/* ---- the job ---- */

static void on_template(struct asg_task *task, const struct asg_user_data_entry *template)
{
    struct fleet_state *state = task->state;
    if (!fill_parameters(task, template->parameters)) return;
    if (task->job->is_dry_run) { /* asks, and makes nothing */
        create_fleet(task);
        return;
    }
    const char *user_data = NULL;
    if (!asg_task_join(task, template->text, &user_data)) return;
    state->user_data =
        user_data != NULL ? user_data : asg_arena_text(&task->arena, template->text);
    make_template(task);
}

void asg_run_fleet(struct asg_task *task)
{
    if (asg_task_is_above_max(task)) return;
    task->state = asg_arena_take(&task->arena, sizeof(struct fleet_state));
    asg_fetch_template(task, on_template);
}
