/* model_templates - launch templates and their versions. */
#include "ec2local/model_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MIN     3
#define NAME_MAX     128
#define VERSIONS_MAX 10000

struct asg_world_template *const *asg_world_templates(const struct asg_world *world,
                                                      size_t *ret_count)
{
    *ret_count = world->template_count;
    return world->templates;
}

static enum asg_status check_reference(
    const struct asg_world_template_reference *reference,
    struct asg_world_refusal *refusal)
{
    if (reference->id == NULL && reference->name == NULL) {
        return asg_world_refuse(refusal, 400, "MissingParameter",
                                "Either LaunchTemplateId or LaunchTemplateName must be "
                                "given");
    }
    if (reference->id != NULL && reference->name != NULL) {
        return asg_world_refuse(refusal, 400, "InvalidParameterCombination",
                                "Only one of LaunchTemplateId and LaunchTemplateName may "
                                "be given");
    }
    if (reference->id != NULL && strncmp(reference->id, "lt-", 3) != 0) {
        return asg_world_refuse(refusal, 400, "InvalidLaunchTemplateId.Malformed",
                                "Invalid id: \"%.100s\" (expecting \"lt-...\")",
                                reference->id);
    }
    return ASG_OK;
}

static struct asg_world_template *template_at(const struct asg_world *world, uint32_t at)
{
    return at == ASG_ID_MAP_NONE ? NULL : world->templates[at];
}

struct asg_world_template *asg_world_template_of_id(const struct asg_world *world,
                                                    const char *id)
{
    return template_at(world, asg_id_map_find(&world->by_template_id, id));
}

static struct asg_world_template *find_by(
    const struct asg_world *world, const struct asg_world_template_reference *reference)
{
    if (reference->id != NULL) return asg_world_template_of_id(world, reference->id);
    char key[KEY_SIZE];
    asg_world_make_key("template", reference->name, key);
    return template_at(world, asg_id_map_find(&world->by_template_name, key));
}

static enum asg_status find_live(const struct asg_world *world,
                                 const struct asg_world_template_reference *reference,
                                 struct asg_world_template **ret,
                                 struct asg_world_refusal *refusal)
{
    enum asg_status status = check_reference(reference, refusal);
    if (status != ASG_OK) return status;
    struct asg_world_template *template = find_by(world, reference);
    if (template != NULL) {
        *ret = template;
        return ASG_OK;
    }
    if (reference->id != NULL) {
        return asg_world_refuse(refusal, 400, "InvalidLaunchTemplateId.NotFound",
                                "The specified launch template, with template ID %.64s, "
                                "does not exist.",
                                reference->id);
    }
    return asg_world_refuse(refusal, 400, "InvalidLaunchTemplateName.NotFoundException",
                            "The specified launch template, with template name %.128s, "
                            "does not exist.",
                            reference->name);
}

static enum asg_status find_version(const struct asg_world_template *template,
                                    const char *text,
                                    const struct asg_world_version **ret,
                                    struct asg_world_refusal *refusal)
{
    int64_t number = 0;
    if (text == NULL || strcmp(text, "$Default") == 0) {
        number = template->default_version;
    } else if (strcmp(text, "$Latest") == 0) {
        number = template->latest_version;
    } else if (text[0] != '\0' && strspn(text, "0123456789") == strlen(text) &&
               strlen(text) <= 15) {
        number = strtoll(text, NULL, 10);
    } else {
        return asg_world_refuse(refusal, 400, "InvalidLaunchTemplateId.VersionNotFound",
                                "'%.64s' is not a version: a number, $Latest or $Default",
                                text);
    }
    for (size_t i = 0; i < template->version_count; i++) {
        if (template->versions[i]->number != number) continue;
        *ret = template->versions[i];
        return ASG_OK;
    }
    return asg_world_refuse(refusal, 400, "InvalidLaunchTemplateId.VersionNotFound",
                            "Could not find the specified version %lld for the launch "
                            "template with ID %s.",
                            (long long)number, template->id);
}

enum asg_status asg_world_find_template(
    const struct asg_world *world, const struct asg_world_template_reference *reference,
    const struct asg_world_template **ret, const struct asg_world_version **ret_version,
    struct asg_world_refusal *refusal)
{
    struct asg_world_template *template = NULL;
    const struct asg_world_version *version = NULL;
    enum asg_status status = find_live(world, reference, &template, refusal);
    if (status == ASG_OK && ret_version != NULL) {
        status = find_version(template, reference->version, &version, refusal);
    }
    if (status != ASG_OK) return status;
    *ret = template;
    if (ret_version != NULL) *ret_version = version;
    return ASG_OK;
}

/* --- making them --- */

static const struct asg_world_version *add_version(struct asg_world_template *template,
                                                   const struct asg_world_data *data,
                                                   const char *description,
                                                   int64_t now_ms)
{
    struct asg_world_version *version = asg_alloc(1, sizeof *version);
    version->number = ++template->latest_version;
    version->at_ms = now_ms;
    version->description = asg_world_copy(description);
    asg_world_data_copy(data, &version->data);
    template->versions = asg_realloc(template->versions, template->version_count + 1,
                                     sizeof(struct asg_world_version *));
    template->versions[template->version_count++] = version;
    return version;
}

static bool is_name(const char *name)
{
    size_t length = strlen(name);
    return length >= NAME_MIN && length <= NAME_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789().-/_") == length;
}

static enum asg_status check_new(const struct asg_world *world,
                                 const struct asg_world_template_request *request,
                                 struct asg_world_refusal *refusal)
{
    const char *name = request->template.name;
    if (name == NULL) {
        return asg_world_refuse(
            refusal, 400, "MissingParameter",
            "The request must contain the parameter LaunchTemplateName");
    }
    if (!is_name(name)) {
        return asg_world_refuse(refusal, 400,
                                "InvalidLaunchTemplateName.MalformedException",
                                "A launch template name must be between 3 and 128 "
                                "characters, and may contain letters, numbers, and the "
                                "following characters: ( ) . - / _");
    }
    enum asg_status status = asg_world_tags_check(&request->tags, refusal);
    if (status == ASG_OK) status = asg_world_tags_check(&request->data.tags, refusal);
    const struct asg_world_template_reference reference = {.name = name};
    if (status == ASG_OK && find_by(world, &reference) != NULL) {
        status = asg_world_refuse(refusal, 400,
                                  "InvalidLaunchTemplateName.AlreadyExistsException",
                                  "Launch template name already in use.");
    }
    if (status == ASG_OK && request->is_dry_run) {
        status = asg_world_refuse_dry_run(refusal);
    }
    return status;
}

/* The same token and name: the template made then. NULL: a token not seen. */
static const struct asg_world_template *made_before(
    const struct asg_world *world, const struct asg_world_template_request *request)
{
    if (request->client_token == NULL || request->template.name == NULL) return NULL;
    char key[KEY_SIZE];
    asg_world_make_key("template", request->client_token, key);
    return template_at(world, asg_id_map_find(&world->by_template_token, key));
}

static struct asg_world_template *add_template(
    struct asg_world *world, const struct asg_world_template_request *request,
    int64_t now_ms)
{
    struct asg_world_template *template = asg_alloc(1, sizeof *template);
    asg_world_make_id(world, "lt-", template->id);
    template->name = asg_world_copy(request->template.name);
    template->at_ms = now_ms;
    template->default_version = 1;
    for (size_t i = 0; i < request->tags.count; i++) {
        asg_world_tags_set(&template->tags, request->tags.items[i].key,
                           request->tags.items[i].value);
    }
    (void)add_version(template, &request->data, request->description, now_ms);
    if (world->template_count == world->template_capacity) {
        world->template_capacity =
            world->template_capacity == 0 ? 16 : world->template_capacity * 2;
        world->templates = asg_realloc(world->templates, world->template_capacity,
                                       sizeof(struct asg_world_template *));
    }
    uint32_t at = (uint32_t)world->template_count;
    char key[KEY_SIZE];
    asg_id_map_put(&world->by_template_id, template->id, at);
    asg_world_make_key("template", template->name, key);
    asg_id_map_put(&world->by_template_name, key, at);
    if (request->client_token != NULL) {
        asg_world_make_key("template", request->client_token, key);
        asg_id_map_put(&world->by_template_token, key, at);
    }
    world->templates[world->template_count++] = template;
    return template;
}

enum asg_status asg_world_create_template(
    struct asg_world *world, const struct asg_world_template_request *request,
    int64_t now_ms, const struct asg_world_template **ret,
    struct asg_world_refusal *refusal)
{
    const struct asg_world_template *before = made_before(world, request);
    if (before != NULL && strcmp(before->name, request->template.name) != 0) {
        return asg_world_refuse(refusal, 400, "IdempotentParameterMismatch",
                                "The client token was used before for the launch "
                                "template '%.128s'.",
                                before->name);
    }
    if (before != NULL) {
        *ret = before;
        return ASG_OK;
    }
    enum asg_status status = check_new(world, request, refusal);
    if (status != ASG_OK) return status;
    *ret = add_template(world, request, now_ms);
    return ASG_OK;
}

enum asg_status asg_world_create_version(struct asg_world *world,
                                         const struct asg_world_template_request *request,
                                         int64_t now_ms,
                                         const struct asg_world_template **ret,
                                         const struct asg_world_version **ret_version,
                                         struct asg_world_refusal *refusal)
{
    struct asg_world_template *template = NULL;
    enum asg_status status = find_live(world, &request->template, &template, refusal);
    if (status == ASG_OK) status = asg_world_tags_check(&request->data.tags, refusal);
    const struct asg_world_version *source = NULL;
    if (status != ASG_OK) return status;
    assert(template != NULL);
    if (request->source_version != NULL) {
        status = find_version(template, request->source_version, &source, refusal);
    }
    if (status == ASG_OK && template->latest_version >= VERSIONS_MAX) {
        status =
            asg_world_refuse(refusal, 400, "VersionLimitExceeded",
                             "At most %d versions of a launch template", VERSIONS_MAX);
    }
    if (status == ASG_OK && request->is_dry_run) {
        status = asg_world_refuse_dry_run(refusal);
    }
    if (status != ASG_OK) return status;
    struct asg_world_data merged;
    const struct asg_world_data nothing = {0};
    asg_world_data_merge(source != NULL ? &source->data : &nothing, &request->data,
                         &merged);
    *ret_version = add_version(template, &merged, request->description, now_ms);
    asg_world_data_clear(&merged);
    *ret = template;
    return ASG_OK;
}

enum asg_status asg_world_set_default(
    struct asg_world *world, const struct asg_world_template_reference *reference,
    const struct asg_world_template **ret, struct asg_world_refusal *refusal)
{
    struct asg_world_template *template = NULL;
    const struct asg_world_version *version = NULL;
    enum asg_status status = find_live(world, reference, &template, refusal);
    if (status != ASG_OK) return status;
    assert(template != NULL);
    status = find_version(template, reference->version, &version, refusal);
    if (status != ASG_OK) return status;
    assert(version != NULL);
    template->default_version = version->number;
    *ret = template;
    return ASG_OK;
}

enum asg_status asg_world_delete_template(
    struct asg_world *world, const struct asg_world_template_reference *reference,
    const struct asg_world_template **ret, struct asg_world_refusal *refusal)
{
    struct asg_world_template *template = NULL;
    enum asg_status status = find_live(world, reference, &template, refusal);
    if (status != ASG_OK) return status;
    assert(template != NULL);
    char key[KEY_SIZE];
    asg_world_make_key("template", template->name, key);
    asg_id_map_remove(&world->by_template_name, key);
    asg_id_map_remove(&world->by_template_id, template->id);
    template->is_deleted = true;
    *ret = template;
    return ASG_OK;
}
