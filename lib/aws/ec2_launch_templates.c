#include "aws/ec2_read.h"

#include <string.h>

#include "aws/query.h"
#include "base/clock.h"

static void add_template(struct asg_arena *arena, struct asg_ec2_launch_templates *reply)
{
    void *items = reply->templates;
    struct asg_ec2_launch_template *found =
        asg_ec2_add_item(arena, &items, &reply->count, &reply->capacity, sizeof *found);
    reply->templates = items;
    if (found == NULL) return;
    found->template_id = "";
    found->template_name = "";
}

static void end_template(struct asg_arena *arena, struct asg_ec2_launch_templates *reply,
                         const char *path, const char *text)
{
    if (reply->count == 0) return;
    struct asg_ec2_launch_template *found = &reply->templates[reply->count - 1];
    struct asg_ec2_tag *tag =
        found->tag_count > 0 ? &found->tags[found->tag_count - 1] : NULL;
    if (asg_ec2_is(path, "launchTemplateId")) {
        found->template_id = asg_arena_text(arena, text);
    } else if (asg_ec2_is(path, "launchTemplateName")) {
        found->template_name = asg_arena_text(arena, text);
    } else if (asg_ec2_is(path, "defaultVersionNumber")) {
        found->default_version = asg_ec2_read_number(text);
    } else if (asg_ec2_is(path, "latestVersionNumber")) {
        found->latest_version = asg_ec2_read_number(text);
    } else if (asg_ec2_is(path, "createTime")) {
        int64_t created_ms = asg_time_parse(text);
        found->created_ms = created_ms < 0 ? 0 : created_ms;
    } else if (tag != NULL && asg_ec2_is(path, "tagSet/item/key")) {
        tag->key = asg_arena_text(arena, text);
    } else if (tag != NULL && asg_ec2_is(path, "tagSet/item/value")) {
        tag->value = asg_arena_text(arena, text);
    }
}

const char *asg_ec2_template_tag(const struct asg_ec2_launch_template *template,
                                 const char *key)
{
    return asg_ec2_find_tag(template->tags, template->tag_count, key);
}

static void begin_template(struct asg_arena *arena,
                           struct asg_ec2_launch_templates *reply, const char *path)
{
    if (reply->count == 0 || !asg_ec2_is(path, "tagSet/item")) return;
    struct asg_ec2_launch_template *found = &reply->templates[reply->count - 1];
    found->tags =
        asg_ec2_add_tag(arena, found->tags, &found->tag_count, &found->tag_capacity);
}

static void begin_created(struct asg_arena *arena, void *reply, const char *path)
{
    if (asg_ec2_is(path, "launchTemplate")) add_template(arena, reply);
}

static void end_created(struct asg_arena *arena, void *reply, const char *path,
                        const char *text)
{
    const char *below = asg_ec2_below(path, "launchTemplate/");
    if (below != NULL) end_template(arena, reply, below, text);
}

static void begin_listed(struct asg_arena *arena, void *reply, const char *path)
{
    if (asg_ec2_is(path, "launchTemplates/item")) add_template(arena, reply);
    const char *below = asg_ec2_below(path, "launchTemplates/item/");
    if (below != NULL) begin_template(arena, reply, below);
}

static void end_listed(struct asg_arena *arena, void *reply, const char *path,
                       const char *text)
{
    struct asg_ec2_launch_templates *templates = reply;
    const char *below = asg_ec2_below(path, "launchTemplates/item/");
    if (below != NULL) end_template(arena, templates, below, text);
    if (asg_ec2_is(path, "nextToken")) {
        templates->next_token = asg_arena_text(arena, text);
    }
}

static void add_version(struct asg_arena *arena, struct asg_ec2_template_versions *reply)
{
    void *items = reply->versions;
    struct asg_ec2_template_version *version =
        asg_ec2_add_item(arena, &items, &reply->count, &reply->capacity, sizeof *version);
    reply->versions = items;
    if (version == NULL) return;
    version->template_id = "";
    version->template_name = "";
    version->image_id = "";
    version->instance_type = "";
    version->user_data = "";
}

/* ---- the parameters of a version ---- */

static struct asg_ec2_template_version *last_version(
    struct asg_ec2_template_versions *reply)
{
    return reply->count > 0 ? &reply->versions[reply->count - 1] : NULL;
}

/* The next element of the path: past the slash, *length bytes of it; NULL at the end. */
static const char *next_step(const char *path, size_t *length)
{
    if (*path == '\0') return NULL;
    if (*path == '/') path++;
    *length = strcspn(path, "/");
    return path;
}

static bool is_item(const char *step, size_t length)
{
    return length == 4 && strncmp(step, "item", 4) == 0;
}

/* Number the items of each list; one that begins numbers those within it anew. */
static void begin_parameter(struct asg_ec2_template_versions *reply, const char *path)
{
    struct asg_ec2_template_version *version = last_version(reply);
    path = asg_ec2_below(path, "launchTemplateData/");
    if (version == NULL || path == NULL) return;
    size_t depth = 0;
    size_t length = 0;
    bool is_last_item = false;
    for (const char *step = next_step(path, &length); step != NULL;
         step = next_step(step + length, &length)) {
        is_last_item = is_item(step, length);
        depth += is_last_item;
    }
    if (is_last_item && depth <= ASG_EC2_TEMPLATE_LISTS) {
        version->item_numbers[depth - 1]++;
    }
    for (size_t i = depth; i < ASG_EC2_TEMPLATE_LISTS; i++) {
        version->item_numbers[i] = 0;
    }
}

/* "networkInterfaceSet/item/groupSet/item" to "networkInterfaceSet/1/groupSet/2". */
static const char *number_items(struct asg_arena *arena,
                                const struct asg_ec2_template_version *version,
                                const char *path)
{
    const char *name = "";
    size_t depth = 0;
    size_t length = 0;
    for (const char *step = next_step(path, &length); step != NULL;
         step = next_step(step + length, &length)) {
        const char *slash = name[0] != '\0' ? "/" : "";
        if (is_item(step, length) && depth < ASG_EC2_TEMPLATE_LISTS) {
            name = asg_arena_format(arena, "%s%s%u", name, slash,
                                    version->item_numbers[depth++]);
        } else {
            name = asg_arena_format(arena, "%s%s%.*s", name, slash, (int)length, step);
        }
    }
    return name;
}

static void end_parameter(struct asg_arena *arena,
                          struct asg_ec2_template_version *version, const char *path,
                          const char *text)
{
    const char *rest = asg_ec2_below(path, "launchTemplateData/");
    if (rest == NULL) return;
    void *items = version->parameters;
    struct asg_ec2_parameter *added =
        asg_ec2_add_item(arena, &items, &version->parameter_count,
                         &version->parameter_capacity, sizeof *added);
    version->parameters = items;
    if (added == NULL) return;
    added->name = number_items(arena, version, rest);
    added->value = asg_arena_text(arena, text);
}

static void end_version(struct asg_arena *arena, struct asg_ec2_template_versions *reply,
                        const char *path, const char *text)
{
    struct asg_ec2_template_version *version = last_version(reply);
    if (version == NULL) return;
    end_parameter(arena, version, path, text);
    const struct {
        const char *path;
        const char **field;
    } fields[] = {
        {"launchTemplateId", &version->template_id},
        {"launchTemplateName", &version->template_name},
        {"launchTemplateData/imageId", &version->image_id},
        {"launchTemplateData/instanceType", &version->instance_type},
        {"launchTemplateData/userData", &version->user_data},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (!asg_ec2_is(path, fields[i].path)) continue;
        *fields[i].field = asg_arena_text(arena, text);
    }
    if (asg_ec2_is(path, "versionNumber")) version->version = asg_ec2_read_number(text);
    if (asg_ec2_is(path, "defaultVersion")) {
        version->is_default = asg_ec2_is(text, "true");
    }
}

static void begin_new_version(struct asg_arena *arena, void *reply, const char *path)
{
    if (asg_ec2_is(path, "launchTemplateVersion")) add_version(arena, reply);
}

static void end_new_version(struct asg_arena *arena, void *reply, const char *path,
                            const char *text)
{
    const char *below = asg_ec2_below(path, "launchTemplateVersion/");
    if (below != NULL) end_version(arena, reply, below, text);
}

static void begin_listed_version(struct asg_arena *arena, void *reply, const char *path)
{
    if (asg_ec2_is(path, "launchTemplateVersionSet/item")) add_version(arena, reply);
    const char *below = asg_ec2_below(path, "launchTemplateVersionSet/item/");
    if (below != NULL) begin_parameter(reply, below);
}

static void end_listed_version(struct asg_arena *arena, void *reply, const char *path,
                               const char *text)
{
    struct asg_ec2_template_versions *versions = reply;
    const char *below = asg_ec2_below(path, "launchTemplateVersionSet/item/");
    if (below != NULL) end_version(arena, versions, below, text);
    if (asg_ec2_is(path, "nextToken")) {
        versions->next_token = asg_arena_text(arena, text);
    }
}

const struct asg_ec2_action asg_ec2_create_launch_template_action = {
    .name = "CreateLaunchTemplate",
    .timeout_ms = 20000,
    .reply_size = sizeof(struct asg_ec2_launch_templates),
    .begin = begin_created,
    .end = end_created,
};

const struct asg_ec2_action asg_ec2_create_launch_template_version_action = {
    .name = "CreateLaunchTemplateVersion",
    .timeout_ms = 20000,
    .reply_size = sizeof(struct asg_ec2_template_versions),
    .begin = begin_new_version,
    .end = end_new_version,
};

const struct asg_ec2_action asg_ec2_delete_launch_template_action = {
    .name = "DeleteLaunchTemplate",
    .timeout_ms = 20000,
    .reply_size = sizeof(struct asg_ec2_launch_templates),
    .begin = begin_created,
    .end = end_created,
};

const struct asg_ec2_action asg_ec2_describe_launch_templates_action = {
    .name = "DescribeLaunchTemplates",
    .timeout_ms = 20000,
    .reply_size = sizeof(struct asg_ec2_launch_templates),
    .begin = begin_listed,
    .end = end_listed,
};

const struct asg_ec2_action asg_ec2_describe_launch_template_versions_action = {
    .name = "DescribeLaunchTemplateVersions",
    .timeout_ms = 20000,
    .reply_size = sizeof(struct asg_ec2_template_versions),
    .begin = begin_listed_version,
    .end = end_listed_version,
};

static bool has(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* By id when there is one: a name may be given to another template later. */
static void write_template(struct asg_bytes *body, const char *id, const char *name)
{
    if (has(id)) {
        asg_query_text(body, "LaunchTemplateId", id);
    } else {
        asg_query_text(body, "LaunchTemplateName", name);
    }
}

static void write_data(struct asg_bytes *body, const struct asg_ec2_template_data *data)
{
    asg_query_text(body, "LaunchTemplateData.ImageId", data->image_id);
    asg_query_text(body, "LaunchTemplateData.InstanceType", data->instance_type);
    asg_query_text(body, "LaunchTemplateData.KeyName", data->key_name);
    if (has(data->instance_profile)) {
        bool is_arn = strncmp(data->instance_profile, "arn:", 4) == 0;
        asg_query_text(body,
                       is_arn ? "LaunchTemplateData.IamInstanceProfile.Arn"
                              : "LaunchTemplateData.IamInstanceProfile.Name",
                       data->instance_profile);
    }
    asg_query_list(body, "LaunchTemplateData.SecurityGroupId", data->security_group_ids,
                   data->security_group_id_count);
    asg_query_text(body, "LaunchTemplateData.UserData", data->user_data);
    asg_ec2_write_parameters(body, "LaunchTemplateData.", data->parameters,
                             data->parameter_count,
                             /* tag_shift */ 0);
}

void asg_ec2_write_create_launch_template(
    const struct asg_ec2_create_launch_template *params, struct asg_bytes *body)
{
    asg_query_begin(body, "CreateLaunchTemplate");
    asg_query_text(body, "LaunchTemplateName", params->template_name);
    asg_query_text(body, "ClientToken", params->client_token);
    write_data(body, &params->data);
    if (params->tag_count > 0) {
        asg_query_text(body, "TagSpecification.1.ResourceType", "launch-template");
        asg_ec2_write_tags(body, "TagSpecification.1", params->tags, params->tag_count);
    }
    asg_query_flag(body, "DryRun", params->is_dry_run);
}

void asg_ec2_write_create_launch_template_version(
    const struct asg_ec2_create_launch_template *params, struct asg_bytes *body)
{
    asg_query_begin(body, "CreateLaunchTemplateVersion");
    write_template(body, params->template_id, params->template_name);
    asg_query_text(body, "ClientToken", params->client_token);
    write_data(body, &params->data);
    asg_query_flag(body, "DryRun", params->is_dry_run);
}

void asg_ec2_write_delete_launch_template(
    const struct asg_ec2_delete_launch_template *params, struct asg_bytes *body)
{
    asg_query_begin(body, "DeleteLaunchTemplate");
    write_template(body, params->template_id, params->template_name);
    asg_query_flag(body, "DryRun", params->is_dry_run);
}

void asg_ec2_write_describe_launch_templates(
    const struct asg_ec2_describe_launch_templates *params, struct asg_bytes *body)
{
    asg_query_begin(body, "DescribeLaunchTemplates");
    if (has(params->template_id)) {
        asg_query_item(body, "LaunchTemplateId", 1, NULL, params->template_id);
    } else {
        asg_query_item(body, "LaunchTemplateName", 1, NULL, params->template_name);
    }
    asg_ec2_write_filters(body, params->filters, params->filter_count);
    if (params->max_results > 0) {
        asg_query_number(body, "MaxResults", params->max_results);
    }
    asg_query_text(body, "NextToken", params->next_token);
}

void asg_ec2_write_describe_launch_template_versions(
    const struct asg_ec2_describe_launch_template_versions *params,
    struct asg_bytes *body)
{
    asg_query_begin(body, "DescribeLaunchTemplateVersions");
    write_template(body, params->template_id, params->template_name);
    asg_query_item(body, "LaunchTemplateVersion", 1, NULL, params->version);
    asg_query_text(body, "NextToken", params->next_token);
}
