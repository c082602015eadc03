/* group_places - where a group launches, and what EC2 is asked before its order. */
#include <string.h>

#include "api/do/group_draft.h"
#include "api/do/launch_draft.h"

#define SUBNETS_MAX 100

static bool has_text(const struct asg_texts *texts, const char *text)
{
    for (size_t i = 0; i < texts->count; i++) {
        if (strcmp(texts->items[i], text) == 0) return true;
    }
    return false;
}

static struct asg_texts texts_of(struct asg_api_call *call, const char *member)
{
    size_t count = 0;
    const struct asg_query_value *items = asg_value_items(&call->input, member, &count);
    struct asg_texts texts = {
        .items = asg_arena_take(&call->arena, (count + 1) * sizeof(char *))};
    for (size_t i = 0; i < count; i++) {
        if (!has_text(&texts, items[i].text)) texts.items[texts.count++] = items[i].text;
    }
    return texts;
}

/* "subnet-1,subnet-2": one text, separated by commas; blanks around them are let pass. */
static bool split_subnets(struct asg_api_call *call, const char *text,
                          struct asg_texts *ret)
{
    ret->items = asg_arena_take(&call->arena, SUBNETS_MAX * sizeof(char *));
    for (const char *at = text;;) {
        at += strspn(at, " ");
        size_t length = strcspn(at, ", ");
        const char *id = asg_arena_text_n(&call->arena, at, length);
        if (length == 0 || ret->count == SUBNETS_MAX || has_text(ret, id)) {
            asg_api_invalid(call,
                            "VPCZoneIdentifier: '%.500s' is not a list of subnets "
                            "separated by commas, each once and at most %d",
                            text, SUBNETS_MAX);
            return false;
        }
        ret->items[ret->count++] = id;
        at += length;
        at += strspn(at, " ");
        if (*at == '\0') return true;
        at += *at == ',' ? 1 : 0;
    }
}

/* The zones that were named are those of the subnets, no more and no fewer. */
static bool zones_match(const struct asg_texts *zones, const struct asg_subnet *subnets,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!has_text(zones, subnets[i].zone)) return false;
    }
    for (size_t i = 0; i < zones->count; i++) {
        size_t k = 0;
        while (k < count && strcmp(subnets[k].zone, zones->items[i]) != 0) {
            k++;
        }
        if (k == count) return false;
    }
    return true;
}

static bool refuse_zones(struct asg_api_call *call)
{
    asg_api_invalid(call, "The availability zones of the specified subnets and the Auto "
                          "Scaling group do not match");
    return false;
}

/* Zones alone, of a group that has subnets: the same ones change nothing (Nomad's
 * autoscaler sends them so with each update), others would need other subnets. */
static bool match_zones_of_group(struct asg_api_call *call, struct group_draft *draft)
{
    if (!draft->is_update || draft->subnet_ids.count > 0 || draft->zones.count == 0) {
        return true;
    }
    const struct asg_root *root = NULL;
    const struct asg_group_config *before = group_draft_before(call, &root);
    bool has_subnets = before != NULL && before->subnet_count > 0 &&
                       before->subnets[0].subnet_id[0] != '\0';
    bool is_same = before != NULL &&
                   zones_match(&draft->zones, before->subnets, before->subnet_count);
    asg_view_drop(&root);
    if (is_same) draft->zones.count = 0;
    return is_same || !has_subnets || refuse_zones(call);
}

/* Ids of zones are given back while the zones are those. */
static void keep_zone_ids(struct asg_api_call *call, struct group_draft *draft)
{
    if (!draft->has_places) return;
    bool is_kept = asg_kept_take(&draft->kept, &call->input, "AvailabilityZoneIds");
    if (!is_kept && draft->is_update) {
        asg_kept_add(&draft->kept, "AvailabilityZoneIds", "");
    }
    if (is_kept || draft->is_update) group_draft_mean(draft, ASG_GROUP_KEPT);
}

bool group_draft_take_places(struct asg_api_call *call, struct group_draft *draft)
{
    const char *subnets = asg_value_text(&call->input, "VPCZoneIdentifier", NULL);
    draft->zones = texts_of(call, "AvailabilityZones");
    draft->zone_ids = texts_of(call, "AvailabilityZoneIds");
    if (draft->zones.count > 0 && draft->zone_ids.count > 0) {
        asg_api_invalid(call, "AvailabilityZones and AvailabilityZoneIds cannot both be "
                              "given");
        return false;
    }
    if (subnets != NULL && !split_subnets(call, subnets, &draft->subnet_ids)) {
        return false;
    }
    if (!match_zones_of_group(call, draft)) return false;
    draft->has_places =
        draft->subnet_ids.count + draft->zones.count + draft->zone_ids.count > 0;
    if (!draft->has_places && !draft->is_update && draft->instance_id == NULL) {
        asg_api_invalid(call,
                        "At least one Availability Zone or VPC Subnet is required.");
        return false;
    }
    if (draft->has_places) group_draft_mean(draft, ASG_GROUP_SUBNETS);
    keep_zone_ids(call, draft);
    return true;
}

/* ---- what EC2 said ---- */

static void take_subnets(struct asg_api_call *call, struct group_draft *draft,
                         const struct asg_told *told)
{
    struct asg_group_config *config = &draft->config;
    config->subnets =
        asg_arena_take(&call->arena, (told->subnet_count + 1) * sizeof *config->subnets);
    for (size_t i = 0; i < told->subnet_count; i++) {
        config->subnets[i] = (struct asg_subnet){
            .subnet_id = asg_arena_text(&call->arena, told->subnets[i].subnet_id),
            .zone = asg_arena_text(&call->arena, told->subnets[i].zone)};
    }
    config->subnet_count = told->subnet_count;
}

static void take_zones(struct asg_api_call *call, struct group_draft *draft,
                       const struct asg_told *told)
{
    struct asg_group_config *config = &draft->config;
    config->subnets =
        asg_arena_take(&call->arena, (told->zone_count + 1) * sizeof *config->subnets);
    for (size_t i = 0; i < told->zone_count; i++) {
        config->subnets[i] = (struct asg_subnet){
            .subnet_id = "", .zone = asg_arena_text(&call->arena, told->zones[i].name)};
    }
    config->subnet_count = told->zone_count;
}

static void on_zones(struct asg_api_call *call, const struct asg_told *told)
{
    struct group_draft *draft = call->state;
    const struct asg_texts *asked =
        draft->zone_ids.count > 0 ? &draft->zone_ids : &draft->zones;
    if (told->outcome != ASG_TOLD_FOUND || told->zone_count != asked->count) {
        asg_api_invalid(call, "%s",
                        told->message[0] != '\0' ? told->message
                                                 : "Invalid availability zones");
        return;
    }
    take_zones(call, draft, told);
    group_draft_order(call, draft);
}

static void on_subnets(struct asg_api_call *call, const struct asg_told *told)
{
    struct group_draft *draft = call->state;
    if (told->outcome != ASG_TOLD_FOUND) {
        asg_api_invalid(call, "%s", told->message);
        return;
    }
    take_subnets(call, draft, told);
    if (draft->zones.count > 0 &&
        !zones_match(&draft->zones, draft->config.subnets, draft->config.subnet_count)) {
        (void)refuse_zones(call);
        return;
    }
    group_draft_order(call, draft);
}

static void ask_places(struct asg_api_call *call, struct group_draft *draft)
{
    if (draft->subnet_ids.count > 0) {
        const struct asg_question question = {.kind = ASG_QUESTION_SUBNETS,
                                              .ids = draft->subnet_ids};
        asg_api_look_up(call, &question, on_subnets);
    } else if (draft->has_places) {
        const struct asg_question question = {
            .kind = ASG_QUESTION_ZONES,
            .ids = draft->zone_ids.count > 0 ? draft->zone_ids : draft->zones};
        asg_api_look_up(call, &question, on_zones);
    } else {
        group_draft_order(call, draft);
    }
}

static void on_template(struct asg_api_call *call, const struct asg_told *told)
{
    struct group_draft *draft = call->state;
    if (group_draft_found_template(call, draft, told)) ask_places(call, draft);
}

/* ---- like an instance ---- */

static void on_configuration(struct asg_api_call *call, const struct asg_effects *effects)
{
    (void)effects;
    ask_places(call, call->state);
}

/* A name that is taken is refused before the configuration is made. */
static bool is_name_free(struct asg_api_call *call)
{
    const struct asg_root *root = NULL;
    bool is_free = group_draft_before(call, &root) == NULL;
    asg_view_drop(&root);
    if (!is_free) {
        asg_api_refuse(call, 400, "AlreadyExists",
                       "AutoScalingGroup by this name already exists - A group with the "
                       "name %s already exists",
                       asg_value_text(&call->input, "AutoScalingGroupName", ""));
    }
    return is_free;
}

/* It launches where the instance is, unless places were given. */
static void on_instance(struct asg_api_call *call, const struct asg_told *told)
{
    struct group_draft *draft = call->state;
    if (told->outcome != ASG_TOLD_FOUND || told->instance_count != 1) {
        asg_api_invalid(call, "InstanceId: %s", told->message);
        return;
    }
    if (!is_name_free(call)) return;
    const struct asg_told_instance *instance = &told->instances[0];
    if (!draft->has_places) {
        struct asg_subnet *subnet = asg_arena_take(&call->arena, sizeof *subnet);
        *subnet = (struct asg_subnet){
            .subnet_id = asg_arena_text(&call->arena, instance->subnet_id),
            .zone = asg_arena_text(&call->arena, instance->zone)};
        draft->config.subnets = subnet;
        draft->config.subnet_count = 1;
    }
    struct launch_draft *launch = launch_draft_begin(call, draft->config.name);
    launch_draft_like(call, launch, instance);
    launch_draft_order(call, launch, on_configuration);
}

void group_draft_finish(struct asg_api_call *call, struct group_draft *draft)
{
    if (draft->instance_id != NULL) {
        const struct asg_question question = {
            .kind = ASG_QUESTION_INSTANCES,
            .ids = {.items = &draft->instance_id, .count = 1}};
        asg_api_look_up(call, &question, on_instance);
        return;
    }
    if (draft->template == NULL) {
        ask_places(call, draft);
        return;
    }
    const struct asg_question question = {
        .kind = ASG_QUESTION_TEMPLATE,
        .template_id = asg_value_text(draft->template, "LaunchTemplateId", ""),
        .template_name = asg_value_text(draft->template, "LaunchTemplateName", ""),
        .template_version = draft->config.template_version};
    asg_api_look_up(call, &question, on_template);
}
