/* ec2_query_templates - launch templates and their versions. */
#include "ec2local/ec2_query.h"

#include <string.h>

#include "ec2local/launch_xml.h"
#include "query/xml_out.h"

static void write_caller(struct asg_call *call)
{
    asg_xml_out_text(call->out, "createdBy",
                     asg_arena_format(call->arena, "arn:aws:iam::%s:root",
                                      asg_world_options(call->world)->account_id));
}

static void write_template(struct asg_call *call, const char *element,
                           const struct asg_world_template *template)
{
    struct asg_xml_out *out = call->out;
    asg_xml_out_begin(out, element);
    asg_xml_out_text(out, "launchTemplateId", template->id);
    asg_xml_out_text(out, "launchTemplateName", template->name);
    asg_xml_out_time(out, "createTime", template->at_ms);
    write_caller(call);
    asg_xml_out_number(out, "defaultVersionNumber", template->default_version);
    asg_xml_out_number(out, "latestVersionNumber", template->latest_version);
    asg_call_write_tags(out, &template->tags);
    asg_xml_out_end(out, element);
}

static void write_data(struct asg_call *call, const struct asg_world_data *data)
{
    asg_xml_out_begin(call->out, "launchTemplateData");
    asg_launch_xml_write(&data->parameters, "", call->arena, call->out);
    asg_xml_out_end(call->out, "launchTemplateData");
}

static void write_version(struct asg_call *call, const char *element,
                          const struct asg_world_template *template,
                          const struct asg_world_version *version)
{
    struct asg_xml_out *out = call->out;
    asg_xml_out_begin(out, element);
    asg_xml_out_text(out, "launchTemplateId", template->id);
    asg_xml_out_text(out, "launchTemplateName", template->name);
    asg_xml_out_number(out, "versionNumber", version->number);
    asg_xml_out_text(out, "versionDescription", version->description);
    asg_xml_out_time(out, "createTime", version->at_ms);
    write_caller(call);
    asg_xml_out_flag(out, "defaultVersion", version->number == template->default_version);
    write_data(call, &version->data);
    asg_xml_out_end(out, element);
}

static enum asg_status read_request(struct asg_call *call,
                                    struct asg_world_template_request *ret)
{
    struct asg_world_template_request request = {
        .client_token = asg_call_get(call, "ClientToken"),
        .template = asg_call_get_template(call, "", NULL),
        .source_version = asg_call_get(call, "SourceVersion"),
        .description = asg_call_get(call, "VersionDescription"),
        .tags = asg_call_get_tag_specification(call, "", "launch-template"),
    };
    request.is_dry_run = call->is_dry_run;
    enum asg_status status =
        asg_call_get_data(call, "LaunchTemplateData.", &request.data);
    if (status == ASG_OK) *ret = request;
    return status;
}

enum asg_status asg_call_do_create_launch_template(struct asg_call *call)
{
    struct asg_world_template_request request;
    enum asg_status status = read_request(call, &request);
    if (status != ASG_OK) return status;
    const struct asg_world_template *template = NULL;
    status = asg_world_create_template(call->world, &request, call->now_ms, &template,
                                       &call->refusal);
    if (status != ASG_OK) return status;
    asg_call_begin_reply(call);
    write_template(call, "launchTemplate", template);
    asg_call_end_reply(call);
    return ASG_OK;
}

enum asg_status asg_call_do_create_launch_template_version(struct asg_call *call)
{
    struct asg_world_template_request request;
    enum asg_status status = read_request(call, &request);
    if (status != ASG_OK) return status;
    const struct asg_world_template *template = NULL;
    const struct asg_world_version *version = NULL;
    status = asg_world_create_version(call->world, &request, call->now_ms, &template,
                                      &version, &call->refusal);
    if (status != ASG_OK) return status;
    asg_call_begin_reply(call);
    write_version(call, "launchTemplateVersion", template, version);
    asg_call_end_reply(call);
    return ASG_OK;
}

enum asg_status asg_call_do_modify_launch_template(struct asg_call *call)
{
    struct asg_world_template_reference reference =
        asg_call_get_template(call, "", "SetDefaultVersion");
    if (reference.version == NULL) {
        reference.version = asg_call_get(call, "DefaultVersion");
    }
    const struct asg_world_template *template = NULL;
    const struct asg_world_version *version = NULL;
    enum asg_status status = asg_world_find_template(call->world, &reference, &template,
                                                     &version, &call->refusal);
    if (status == ASG_OK && call->is_dry_run) status = asg_call_refuse_dry_run(call);
    if (status == ASG_OK) {
        status =
            asg_world_set_default(call->world, &reference, &template, &call->refusal);
    }
    if (status != ASG_OK) return status;
    asg_call_begin_reply(call);
    write_template(call, "launchTemplate", template);
    asg_call_end_reply(call);
    return ASG_OK;
}

enum asg_status asg_call_do_delete_launch_template(struct asg_call *call)
{
    const struct asg_world_template_reference reference =
        asg_call_get_template(call, "", NULL);
    const struct asg_world_template *template = NULL;
    enum asg_status status =
        asg_world_find_template(call->world, &reference, &template, NULL, &call->refusal);
    if (status == ASG_OK && call->is_dry_run) status = asg_call_refuse_dry_run(call);
    if (status == ASG_OK) {
        status =
            asg_world_delete_template(call->world, &reference, &template, &call->refusal);
    }
    if (status != ASG_OK) return status;
    asg_call_begin_reply(call);
    write_template(call, "launchTemplate", template);
    asg_call_end_reply(call);
    return ASG_OK;
}

/* --- lists --- */

/* Each template that is named must be there. */
static enum asg_status check_named(struct asg_call *call, const struct asg_world_ids *ids,
                                   const struct asg_world_ids *names)
{
    enum asg_status status = ASG_OK;
    for (size_t i = 0; status == ASG_OK && i < ids->count + names->count; i++) {
        struct asg_world_template_reference reference = {0};
        if (i < ids->count) reference.id = ids->items[i];
        if (i >= ids->count) reference.name = names->items[i - ids->count];
        const struct asg_world_template *ignored = NULL;
        status = asg_world_find_template(call->world, &reference, &ignored, NULL,
                                         &call->refusal);
    }
    return status;
}

static enum asg_status takes_template(struct asg_call *call,
                                      const struct asg_world_query *query,
                                      const struct asg_world_ids *names,
                                      const struct asg_world_template *template,
                                      bool *ret)
{
    *ret = false;
    if (template->is_deleted) return ASG_OK;
    bool is_named = query->ids.count == 0 && names->count == 0;
    is_named = is_named ||
               (query->ids.count > 0 && asg_call_is_asked(&query->ids, template->id));
    is_named = is_named || (names->count > 0 && asg_call_is_asked(names, template->name));
    const struct asg_call_field fields[] = {
        {"launch-template-name", template->name},
        {"launch-template-id", template->id},
    };
    bool takes = false;
    enum asg_status status =
        asg_call_takes(call, query, fields, 2, &template->tags, &takes);
    *ret = takes && is_named;
    return status;
}

enum asg_status asg_call_do_describe_launch_templates(struct asg_call *call)
{
    struct asg_world_query query;
    enum asg_status status = asg_call_get_query(call, "LaunchTemplateId", 1, 200, &query);
    if (status != ASG_OK) return status;
    const struct asg_world_ids names = asg_call_get_list(call, "LaunchTemplateName");
    status = asg_world_check_pages(&query, NULL, &call->refusal);
    if (status == ASG_OK) status = check_named(call, &query.ids, &names);
    uint64_t scope = asg_world_query_scope(&query);
    uint64_t from = 0;
    if (status == ASG_OK && query.next_token != NULL) {
        status = asg_world_read_page_token(call->world, query.next_token, scope, &from,
                                           &call->refusal);
    }
    if (status != ASG_OK) return status;
    size_t count = 0;
    struct asg_world_template *const *templates =
        asg_world_templates(call->world, &count);
    size_t most = query.max_results > 0 ? (size_t)query.max_results : SIZE_MAX;
    size_t written = 0;
    const char *next = NULL;
    asg_call_begin_reply(call);
    asg_xml_out_begin(call->out, "launchTemplates");
    for (size_t i = (size_t)from; i < count && next == NULL; i++) {
        bool takes = false;
        status = takes_template(call, &query, &names, templates[i], &takes);
        if (status != ASG_OK) return status;
        if (!takes) continue;
        if (written == most) {
            next = asg_world_page_token(call->world, i, scope, call->arena);
            break;
        }
        write_template(call, "item", templates[i]);
        written++;
    }
    asg_xml_out_end(call->out, "launchTemplates");
    asg_xml_out_text(call->out, "nextToken", next);
    asg_call_end_reply(call);
    return ASG_OK;
}

/* Without a template: the $Latest or $Default of all templates, no number (API
 * reference). */
static enum asg_status write_versions_of_all(struct asg_call *call,
                                             const struct asg_world_ids *versions)
{
    static const char words[] =
        "To describe versions of all launch templates, Versions must be $Latest, "
        "$Default or both; numbers need LaunchTemplateId or LaunchTemplateName";
    if (versions->count == 0) return asg_call_refuse(call, "MissingParameter", words);
    for (size_t v = 0; v < versions->count; v++) {
        if (strcmp(versions->items[v], "$Latest") == 0 ||
            strcmp(versions->items[v], "$Default") == 0) {
            continue;
        }
        return asg_call_refuse(call, "InvalidParameterValue", words);
    }
    size_t count = 0;
    struct asg_world_template *const *templates =
        asg_world_templates(call->world, &count);
    for (size_t i = 0; i < count; i++) {
        if (templates[i]->is_deleted) continue;
        for (size_t v = 0; v < versions->count; v++) {
            const struct asg_world_template_reference reference = {
                .id = templates[i]->id, .version = versions->items[v]};
            const struct asg_world_template *template = NULL;
            const struct asg_world_version *version = NULL;
            enum asg_status status = asg_world_find_template(
                call->world, &reference, &template, &version, &call->refusal);
            if (status != ASG_OK) return status;
            write_version(call, "item", template, version);
        }
    }
    return ASG_OK;
}

static enum asg_status write_versions_named(
    struct asg_call *call, const struct asg_world_template_reference *reference,
    const struct asg_world_ids *versions)
{
    for (size_t i = 0; i < versions->count; i++) {
        struct asg_world_template_reference one = *reference;
        one.version = versions->items[i];
        const struct asg_world_template *template = NULL;
        const struct asg_world_version *version = NULL;
        enum asg_status status = asg_world_find_template(call->world, &one, &template,
                                                         &version, &call->refusal);
        if (status != ASG_OK) return status;
        write_version(call, "item", template, version);
    }
    return ASG_OK;
}

/* All versions of one template, newest first, within MinVersion and MaxVersion. */
static enum asg_status write_versions_paged(
    struct asg_call *call, const struct asg_world_template_reference *reference,
    const struct asg_world_query *query, const char **ret_next)
{
    const struct asg_world_template *template = NULL;
    int64_t lowest = 0;
    int64_t highest = INT64_MAX;
    enum asg_status status =
        asg_world_find_template(call->world, reference, &template, NULL, &call->refusal);
    if (status == ASG_OK) status = asg_call_get_number(call, "MinVersion", &lowest);
    if (status == ASG_OK) status = asg_call_get_number(call, "MaxVersion", &highest);
    uint64_t scope = asg_world_query_scope(query);
    uint64_t from = 0; /* versions given so far */
    if (status == ASG_OK && query->next_token != NULL) {
        status = asg_world_read_page_token(call->world, query->next_token, scope, &from,
                                           &call->refusal);
    }
    if (status != ASG_OK) return status;
    size_t most = query->max_results > 0 ? (size_t)query->max_results : SIZE_MAX;
    size_t written = 0;
    for (size_t i = (size_t)from; i < template->version_count; i++) {
        const struct asg_world_version *version =
            template->versions[template->version_count - 1 - i];
        if (version->number < lowest || version->number > highest) continue;
        if (written == most) {
            *ret_next = asg_world_page_token(call->world, i, scope, call->arena);
            break;
        }
        write_version(call, "item", template, version);
        written++;
    }
    return ASG_OK;
}

enum asg_status asg_call_do_describe_launch_template_versions(struct asg_call *call)
{
    struct asg_world_query query;
    enum asg_status status = asg_call_get_query(call, NULL, 1, 200, &query);
    if (status == ASG_OK) status = asg_world_check_pages(&query, NULL, &call->refusal);
    if (status != ASG_OK) return status;
    const struct asg_world_template_reference reference =
        asg_call_get_template(call, "", NULL);
    const struct asg_world_ids versions =
        asg_call_get_list(call, "LaunchTemplateVersion");
    bool names_one = reference.id != NULL || reference.name != NULL;
    const char *next = NULL;
    asg_call_begin_reply(call);
    asg_xml_out_begin(call->out, "launchTemplateVersionSet");
    if (!names_one) {
        status = write_versions_of_all(call, &versions);
    } else if (versions.count > 0) {
        status = write_versions_named(call, &reference, &versions);
    } else {
        status = write_versions_paged(call, &reference, &query, &next);
    }
    if (status != ASG_OK) return status;
    asg_xml_out_end(call->out, "launchTemplateVersionSet");
    asg_xml_out_text(call->out, "nextToken", next);
    asg_call_end_reply(call);
    return ASG_OK;
}
