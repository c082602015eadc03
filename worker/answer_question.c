/* answer_question - what the controller must know of EC2 before an order is asked here,
 * beside the jobs: it takes none of their places and waits for none of them. Nothing is
 * changed by it, so the kill switches do not stop it.
 *
 * What cannot be said is said at once, so that the controller asks another worker.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "wire/wire.h"
#include "worker/task.h"

#define QUESTIONS_MAX 64 /* at once */

struct asg_inquiry {
    struct asg_inquiry *next;
    struct asg_worker *worker;
    struct asg_arena arena; /* the question and the answer */
    struct asg_ask ask;
    const struct asg_question *question; /* = ask.question */
    struct asg_told told;
    struct asg_told_template template;
    int calls;     /* under way */
    bool is_ended; /* `told` is what will be told when no call is under way */
};

/* ---- ending ---- */

static void forget(struct asg_inquiry *inquiry)
{
    struct asg_worker *worker = inquiry->worker;
    struct asg_inquiry **link = &worker->inquiries;
    while (*link != inquiry) {
        link = &(*link)->next;
    }
    *link = inquiry->next;
    worker->inquiry_count--;
    asg_arena_clear(&inquiry->arena);
    free(inquiry);
}

void asg_drop_questions(struct asg_worker *worker)
{
    while (worker->inquiries != NULL) {
        forget(worker->inquiries);
    }
}

static void tell_if_done(struct asg_inquiry *inquiry)
{
    if (inquiry->calls > 0) return;
    const struct asg_told *told = &inquiry->told;
    if (told->outcome != ASG_TOLD_FOUND) {
        asg_log_info_rate(
            "worker", "question_refused", "about=%s outcome=%s code=%s message=\"%s\"",
            asg_enum_word(&asg_question_kind_words, (int)inquiry->question->kind),
            asg_enum_word(&asg_told_outcome_words, (int)told->outcome), told->code,
            told->message);
    }
    asg_send_told(inquiry->worker, inquiry->ask.question_no, told);
    forget(inquiry);
}

/* The first word counts: of two calls one may fail and the other then tells nothing. */
static void end(struct asg_inquiry *inquiry, enum asg_told_outcome outcome,
                const char *code, const char *message)
{
    if (inquiry->is_ended) return;
    inquiry->is_ended = true;
    inquiry->told.outcome = outcome;
    inquiry->told.code = asg_arena_text(&inquiry->arena, code);
    inquiry->told.message = asg_arena_text(&inquiry->arena, message);
}

static void end_found(struct asg_inquiry *inquiry)
{
    end(inquiry, ASG_TOLD_FOUND, "", "");
}

/* Is that EC2's last word? What has to do with this worker, its credentials or the moment
 * is not: another may know. */
static bool is_refusal(const struct asg_ec2_outcome *outcome)
{
    switch (asg_outcome_of(ASG_JOB_DESCRIBE, outcome)) {
    case ASG_OUTCOME_BAD_REQUEST:
    case ASG_OUTCOME_PERMISSION:
    case ASG_OUTCOME_NOT_FOUND:
    case ASG_OUTCOME_CONFLICT: return true;
    default: return false;
    }
}

/* One call is done. False: it failed, which is noted. Every callback begins with it. */
static bool took(struct asg_inquiry *inquiry, const struct asg_ec2_outcome *outcome)
{
    inquiry->calls--;
    if (outcome->class == ASG_ERROR_CLASS_NONE) return true;
    end(inquiry, is_refusal(outcome) ? ASG_TOLD_REFUSED : ASG_TOLD_UNAVAILABLE,
        outcome->code, outcome->message);
    return false;
}

static void call_ec2(struct asg_inquiry *inquiry, const struct asg_ec2_action *action,
                     asg_ec2_done *done)
{
    struct asg_worker *worker = inquiry->worker;
    const struct asg_ec2_call_options options = {
        .deadline_ms = inquiry->ask.time_left_ms,
        .attempts_max = worker->options.attempts,
    };
    inquiry->calls++;
    asg_ec2_call(worker->options.ec2, action, &worker->body, &options, done, inquiry);
}

static const char *keep(struct asg_inquiry *inquiry, const char *text)
{
    return asg_arena_text(&inquiry->arena, text);
}

static const char *missing(struct asg_inquiry *inquiry, const char *format,
                           const char *id)
{
    struct asg_bytes text = {0};
    asg_bytes_printf(&text, format, id);
    const char *kept = keep(inquiry, asg_bytes_text(&text));
    asg_bytes_clear(&text);
    return kept;
}

/* ---- subnets ---- */

static struct asg_told_subnet told_subnet(struct asg_inquiry *inquiry,
                                          const struct asg_ec2_subnet *subnet)
{
    return (struct asg_told_subnet){.subnet_id = keep(inquiry, subnet->subnet_id),
                                    .zone = keep(inquiry, subnet->zone),
                                    .vpc_id = keep(inquiry, subnet->vpc_id),
                                    .state = keep(inquiry, subnet->state),
                                    .free_addresses = subnet->free_addresses,
                                    .is_default = subnet->is_default};
}

static const struct asg_ec2_subnet *find_subnet(const struct asg_ec2_subnets *subnets,
                                                const char *id)
{
    for (size_t i = 0; i < subnets->count; i++) {
        if (strcmp(subnets->subnets[i].subnet_id, id) == 0) return &subnets->subnets[i];
    }
    return NULL;
}

static void on_subnets(void *context, const struct asg_ec2_outcome *outcome,
                       const void *reply)
{
    struct asg_inquiry *inquiry = context;
    const struct asg_ec2_subnets *subnets = reply;
    const struct asg_texts *ids = &inquiry->question->ids;
    if (took(inquiry, outcome)) {
        size_t count = ids->count > 0 ? ids->count : subnets->count;
        struct asg_told_subnet *rows =
            asg_arena_take(&inquiry->arena, (count + 1) * sizeof *rows);
        for (size_t i = 0; i < count && !inquiry->is_ended; i++) {
            const struct asg_ec2_subnet *subnet =
                ids->count > 0 ? find_subnet(subnets, ids->items[i])
                               : &subnets->subnets[i];
            if (subnet == NULL) {
                end(inquiry, ASG_TOLD_REFUSED, "InvalidSubnetID.NotFound",
                    missing(inquiry, "The subnet ID '%s' does not exist", ids->items[i]));
            } else {
                rows[i] = told_subnet(inquiry, subnet);
            }
        }
        inquiry->told.subnets = rows;
        inquiry->told.subnet_count = inquiry->is_ended ? 0 : count;
        end_found(inquiry);
    }
    tell_if_done(inquiry);
}

static void ask_subnets(struct asg_inquiry *inquiry)
{
    static const char *const is_true[] = {"true"};
    static const struct asg_ec2_filter defaults = {"default-for-az", is_true, 1};
    const struct asg_texts *ids = &inquiry->question->ids;
    asg_ec2_write_describe_subnets(
        &(struct asg_ec2_describe_subnets){.subnet_ids = ids->items,
                                           .subnet_id_count = ids->count,
                                           .filters = &defaults,
                                           .filter_count = ids->count == 0},
        &inquiry->worker->body);
    call_ec2(inquiry, &asg_ec2_describe_subnets_action, on_subnets);
}

/* ---- zones ---- */

/* All of the Region are asked for: they are few, and named in two ways. */
static const struct asg_ec2_zone *find_zone(const struct asg_ec2_zones *zones,
                                            const char *name)
{
    for (size_t i = 0; i < zones->count; i++) {
        if (strcmp(zones->zones[i].name, name) == 0 ||
            strcmp(zones->zones[i].zone_id, name) == 0) {
            return &zones->zones[i];
        }
    }
    return NULL;
}

static void on_zones(void *context, const struct asg_ec2_outcome *outcome,
                     const void *reply)
{
    struct asg_inquiry *inquiry = context;
    const struct asg_ec2_zones *zones = reply;
    const struct asg_texts *names = &inquiry->question->ids;
    if (took(inquiry, outcome)) {
        size_t count = names->count > 0 ? names->count : zones->count;
        struct asg_told_zone *rows =
            asg_arena_take(&inquiry->arena, (count + 1) * sizeof *rows);
        for (size_t i = 0; i < count && !inquiry->is_ended; i++) {
            const struct asg_ec2_zone *zone =
                names->count > 0 ? find_zone(zones, names->items[i]) : &zones->zones[i];
            if (zone == NULL) {
                end(inquiry, ASG_TOLD_REFUSED, "InvalidParameterValue",
                    missing(inquiry, "Invalid availability zone: [%s]", names->items[i]));
            } else {
                rows[i] = (struct asg_told_zone){.name = keep(inquiry, zone->name),
                                                 .zone_id = keep(inquiry, zone->zone_id),
                                                 .state = keep(inquiry, zone->state)};
            }
        }
        inquiry->told.zones = rows;
        inquiry->told.zone_count = inquiry->is_ended ? 0 : count;
        end_found(inquiry);
    }
    tell_if_done(inquiry);
}

static void ask_zones(struct asg_inquiry *inquiry)
{
    asg_ec2_write_describe_availability_zones(&inquiry->worker->body);
    call_ec2(inquiry, &asg_ec2_describe_availability_zones_action, on_zones);
}

/* ---- a launch template: the template and its version are asked for together ---- */

static void end_template(struct asg_inquiry *inquiry)
{
    if (inquiry->calls == 0) {
        inquiry->told.template = inquiry->is_ended ? NULL : &inquiry->template;
        end_found(inquiry);
    }
    tell_if_done(inquiry);
}

static void on_template(void *context, const struct asg_ec2_outcome *outcome,
                        const void *reply)
{
    struct asg_inquiry *inquiry = context;
    const struct asg_ec2_launch_templates *found = reply;
    struct asg_told_template *template = &inquiry->template;
    if (took(inquiry, outcome) && found->count != 1) {
        end(inquiry, ASG_TOLD_REFUSED, "InvalidLaunchTemplateId.NotFound",
            "EC2 shows no such launch template");
    } else if (outcome->class == ASG_ERROR_CLASS_NONE) {
        template->template_id = keep(inquiry, found->templates[0].template_id);
        template->template_name = keep(inquiry, found->templates[0].template_name);
        template->default_version = found->templates[0].default_version;
        template->latest_version = found->templates[0].latest_version;
    }
    end_template(inquiry);
}

static void on_version(void *context, const struct asg_ec2_outcome *outcome,
                       const void *reply)
{
    struct asg_inquiry *inquiry = context;
    const struct asg_ec2_template_versions *found = reply;
    struct asg_told_template *template = &inquiry->template;
    if (took(inquiry, outcome) && found->count != 1) {
        end(inquiry, ASG_TOLD_REFUSED, "InvalidLaunchTemplateId.VersionNotFound",
            "EC2 shows no such version of the launch template");
    } else if (outcome->class == ASG_ERROR_CLASS_NONE) {
        template->version = found->versions[0].version;
        template->instance_type = keep(inquiry, found->versions[0].instance_type);
        template->image_id = keep(inquiry, found->versions[0].image_id);
    }
    end_template(inquiry);
}

static void ask_template(struct asg_inquiry *inquiry)
{
    const struct asg_question *question = inquiry->question;
    const char *version = question->template_version;
    asg_ec2_write_describe_launch_templates(
        &(struct asg_ec2_describe_launch_templates){.template_id = question->template_id,
                                                    .template_name =
                                                        question->template_name},
        &inquiry->worker->body);
    call_ec2(inquiry, &asg_ec2_describe_launch_templates_action, on_template);
    asg_ec2_write_describe_launch_template_versions(
        &(struct asg_ec2_describe_launch_template_versions){
            .template_id = question->template_id,
            .template_name = question->template_name,
            .version = version[0] != '\0' ? version : "$Default"},
        &inquiry->worker->body);
    call_ec2(inquiry, &asg_ec2_describe_launch_template_versions_action, on_version);
}

/* ---- instances ---- */

static void tell_tags(struct asg_inquiry *inquiry, struct asg_told_instance *row,
                      const struct asg_ec2_whole_instance *instance)
{
    row->tags =
        asg_arena_take(&inquiry->arena, (instance->tag_count + 1) * sizeof *row->tags);
    for (size_t i = 0; i < instance->tag_count; i++) {
        row->tags[i] = (struct asg_tag){.key = keep(inquiry, instance->tags[i].key),
                                        .value = keep(inquiry, instance->tags[i].value)};
    }
    row->tag_count = instance->tag_count;
}

static void tell_security_groups(struct asg_inquiry *inquiry,
                                 struct asg_told_instance *row,
                                 const struct asg_ec2_whole_instance *instance)
{
    size_t count = instance->security_group_id_count;
    const char **ids = asg_arena_take(&inquiry->arena, (count + 1) * sizeof *ids);
    for (size_t i = 0; i < count; i++) {
        ids[i] = keep(inquiry, instance->security_group_ids[i]);
    }
    row->security_group_ids = (struct asg_texts){.items = ids, .count = count};
}

static void tell_instance(struct asg_inquiry *inquiry, struct asg_told_instance *row,
                          const struct asg_ec2_whole_instance *instance)
{
    *row = (struct asg_told_instance){
        .instance_id = keep(inquiry, instance->instance_id),
        .state = asg_ec2_state_of(instance->state),
        .instance_type = keep(inquiry, instance->instance_type),
        .zone = keep(inquiry, instance->zone),
        .subnet_id = keep(inquiry, instance->subnet_id),
        .vpc_id = keep(inquiry, instance->vpc_id),
        .private_ip = keep(inquiry, instance->private_ip),
        .image_id = keep(inquiry, instance->image_id),
        .launched_ms = instance->launched_ms,
        .is_spot = instance->is_spot,
        .key_name = keep(inquiry, instance->key_name),
        .instance_profile = keep(inquiry, instance->instance_profile),
        .kernel_id = keep(inquiry, instance->kernel_id),
        .ramdisk_id = keep(inquiry, instance->ramdisk_id),
        .tenancy = keep(inquiry, instance->tenancy),
        .is_monitored = strcmp(instance->monitoring, "enabled") == 0,
        .is_ebs_optimized = instance->is_ebs_optimized,
        .has_public_ip = instance->public_ip[0] != '\0',
    };
    tell_tags(inquiry, row, instance);
    tell_security_groups(inquiry, row, instance);
}

static const struct asg_ec2_whole_instance *find_instance(
    const struct asg_ec2_whole_instances *found, const char *id)
{
    for (size_t i = 0; i < found->count; i++) {
        if (strcmp(found->instances[i].instance_id, id) == 0) return &found->instances[i];
    }
    return NULL;
}

static void on_instances(void *context, const struct asg_ec2_outcome *outcome,
                         const void *reply)
{
    struct asg_inquiry *inquiry = context;
    const struct asg_texts *ids = &inquiry->question->ids;
    if (took(inquiry, outcome)) {
        struct asg_told_instance *rows =
            asg_arena_take(&inquiry->arena, ids->count * sizeof *rows);
        for (size_t i = 0; i < ids->count && !inquiry->is_ended; i++) {
            const struct asg_ec2_whole_instance *instance =
                find_instance(reply, ids->items[i]);
            if (instance == NULL) {
                end(inquiry, ASG_TOLD_REFUSED, "InvalidInstanceID.NotFound",
                    missing(inquiry, "The instance ID '%s' does not exist",
                            ids->items[i]));
            } else {
                tell_instance(inquiry, &rows[i], instance);
            }
        }
        inquiry->told.instances = rows;
        inquiry->told.instance_count = inquiry->is_ended ? 0 : ids->count;
        end_found(inquiry);
    }
    tell_if_done(inquiry);
}

/* By id, not by filter: EC2's own words for one that it does not know. */
static void ask_instances(struct asg_inquiry *inquiry)
{
    const struct asg_texts *ids = &inquiry->question->ids;
    asg_ec2_write_describe_instances(
        &(struct asg_ec2_describe_instances){.instance_ids = ids->items,
                                             .instance_id_count = ids->count},
        &inquiry->worker->body);
    call_ec2(inquiry, &asg_ec2_describe_whole_instances_action, on_instances);
}

/* ---- images ---- */

static const struct asg_ec2_image *find_image(const struct asg_ec2_images *images,
                                              const char *id)
{
    for (size_t i = 0; i < images->count; i++) {
        if (strcmp(images->images[i].image_id, id) == 0) return &images->images[i];
    }
    return NULL;
}

static void on_images(void *context, const struct asg_ec2_outcome *outcome,
                      const void *reply)
{
    struct asg_inquiry *inquiry = context;
    const struct asg_texts *ids = &inquiry->question->ids;
    if (took(inquiry, outcome)) {
        struct asg_told_image *rows =
            asg_arena_take(&inquiry->arena, ids->count * sizeof *rows);
        for (size_t i = 0; i < ids->count && !inquiry->is_ended; i++) {
            const struct asg_ec2_image *image = find_image(reply, ids->items[i]);
            if (image == NULL) {
                end(inquiry, ASG_TOLD_REFUSED, "InvalidAMIID.NotFound",
                    missing(inquiry, "The image id '[%s]' does not exist",
                            ids->items[i]));
            } else {
                rows[i] =
                    (struct asg_told_image){.image_id = keep(inquiry, image->image_id),
                                            .state = keep(inquiry, image->state)};
            }
        }
        inquiry->told.images = rows;
        inquiry->told.image_count = inquiry->is_ended ? 0 : ids->count;
        end_found(inquiry);
    }
    tell_if_done(inquiry);
}

static void ask_images(struct asg_inquiry *inquiry)
{
    const struct asg_texts *ids = &inquiry->question->ids;
    asg_ec2_write_describe_images(ids->items, ids->count, &inquiry->worker->body);
    call_ec2(inquiry, &asg_ec2_describe_images_action, on_images);
}

/* ---- taking one ---- */

static bool is_whole(const struct asg_question *question)
{
    switch (question->kind) {
    case ASG_QUESTION_TEMPLATE:
        return question->template_id[0] != '\0' || question->template_name[0] != '\0';
    case ASG_QUESTION_INSTANCES:
    case ASG_QUESTION_IMAGES: return question->ids.count > 0;
    default: return question->kind < ASG_QUESTION_COUNT;
    }
}

static void ask_ec2(struct asg_inquiry *inquiry)
{
    switch (inquiry->question->kind) {
    case ASG_QUESTION_SUBNETS: ask_subnets(inquiry); return;
    case ASG_QUESTION_ZONES: ask_zones(inquiry); return;
    case ASG_QUESTION_TEMPLATE: ask_template(inquiry); return;
    case ASG_QUESTION_INSTANCES: ask_instances(inquiry); return;
    case ASG_QUESTION_IMAGES: ask_images(inquiry); return;
    default: return; /* refused before */
    }
}

/* NULL: it may be asked. */
static const char *reason_not_to_ask(const struct asg_worker *worker)
{
    if (worker->is_stopping) return "this worker is stopping";
    if (worker->inquiry_count > QUESTIONS_MAX) return "this worker has many questions";
    if (asg_breaker_capacity(worker) == 0) return "AWS refuses this worker's credentials";
    return NULL;
}

enum asg_status asg_take_question(struct asg_worker *worker, const void *data,
                                  size_t length)
{
    struct asg_inquiry *inquiry = asg_alloc(1, sizeof *inquiry);
    enum asg_status status = asg_wire_decode_message(data, length, ASG_MESSAGE_ASK,
                                                     &inquiry->arena, &inquiry->ask);
    inquiry->question = inquiry->ask.question;
    if (status == ASG_OK && (inquiry->question == NULL || !is_whole(inquiry->question))) {
        status = ASG_ERR_MALFORMED;
    }
    if (status != ASG_OK) {
        asg_arena_clear(&inquiry->arena);
        free(inquiry);
        return status;
    }
    inquiry->worker = worker;
    inquiry->next = worker->inquiries;
    worker->inquiries = inquiry;
    worker->inquiry_count++;
    worker->counts.questions++;
    if (inquiry->ask.time_left_ms < 1) inquiry->ask.time_left_ms = 1;
    const char *reason = reason_not_to_ask(worker);
    if (reason == NULL) {
        ask_ec2(inquiry);
    } else {
        end(inquiry, ASG_TOLD_UNAVAILABLE, "OpenasgWorkerBusy", reason);
        tell_if_done(inquiry);
    }
    return ASG_OK;
}
