#include "cli/files/compare_group.h"

#include <assert.h>
#include <string.h>

#include "model/defaults.h"
#include "model/kept.h"
#include "model/schemas.h"

#define SCHEMA (&asg_group_config_schema)

static bool has(uint64_t bits, const char *field)
{
    return asg_model_names(SCHEMA, bits, field);
}

static uint64_t bit_of(const char *name)
{
    return UINT64_C(1) << (asg_schema_find(SCHEMA, name) - SCHEMA->fields);
}

static bool is_empty(const char *text)
{
    return text == NULL || text[0] == '\0';
}

static bool is_same_text(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

/* A template by its name, by its id, or a launch configuration: naming another one
 * forgets those that are not named, and the version that was of it. */
static void forget_other_origins(const struct asg_group_config *before, uint64_t named,
                                 struct asg_group_config *ret)
{
    bool is_other =
        !is_same_text(before->template_name, ret->template_name) ||
        !is_same_text(before->template_id, ret->template_id) ||
        !is_same_text(before->launch_configuration, ret->launch_configuration);
    if (!is_other) return;
    if (!has(named, "template_name")) ret->template_name = "";
    if (!has(named, "template_id")) ret->template_id = "";
    if (!has(named, "launch_configuration")) ret->launch_configuration = "";
    if (!has(named, "template_version")) ret->template_version = "";
}

static bool has_top(const struct asg_kept_member *kept, size_t count, const char *path)
{
    size_t length = strcspn(path, ".");
    for (size_t i = 0; i < count; i++) {
        if (strcspn(kept[i].path, ".") == length &&
            strncmp(kept[i].path, path, length) == 0) {
            return true;
        }
    }
    return false;
}

/* An update replaces members by their top; those that are to be gone are named in it. */
static void say_gone_members(const struct asg_group_config *before,
                             const struct asg_group_config *config,
                             struct asg_arena *arena, struct asg_group_config *ret)
{
    struct asg_kept_member *all = asg_arena_take(
        arena, (config->kept_count + before->kept_count + 1) * sizeof *all);
    size_t count = config->kept_count;
    for (size_t i = 0; i < count; i++) {
        all[i] = config->kept[i];
    }
    for (size_t i = 0; i < before->kept_count; i++) {
        const char *path = before->kept[i].path;
        if (has_top(all, count, path)) continue;
        all[count++] = (struct asg_kept_member){
            .path = asg_arena_text_n(arena, path, strcspn(path, ".")), .value = ""};
    }
    ret->kept = all;
    ret->kept_count = count;
}

static struct asg_group_wish wish_new(const struct asg_declared_group *declared)
{
    struct asg_group_wish wish = {.config = declared->config,
                                  .named = declared->present | bit_of("desired"),
                                  .refused = ""};
    if (!has(declared->present, "desired")) wish.config.desired = wish.config.min;
    return wish;
}

static struct asg_group_wish wish_changed(const struct asg_declared_group *declared,
                                          const struct asg_group_view *view,
                                          bool sets_desired)
{
    struct asg_group_wish wish = {
        .config = *view->config, .named = declared->present, .refused = ""};
    if (!sets_desired) wish.named &= ~bit_of("desired");
    for (size_t i = 0; i < SCHEMA->field_count; i++) {
        const struct asg_field *field = &SCHEMA->fields[i];
        if ((wish.named & UINT64_C(1) << i) == 0 || field->is_made) continue;
        asg_model_take_field(field, &wish.config, &declared->config);
    }
    forget_other_origins(view->config, wish.named, &wish.config);
    return wish;
}

static uint64_t find_different(const struct asg_group_config *before,
                               const struct asg_group_config *after)
{
    uint64_t different = 0;
    for (size_t i = 0; i < SCHEMA->field_count; i++) {
        const struct asg_field *field = &SCHEMA->fields[i];
        if (field->is_made || asg_compare_is_same(field, before, after)) continue;
        different |= UINT64_C(1) << i;
    }
    return different;
}

static const char *find_refused(uint64_t different)
{
    if (has(different, "sources")) {
        return "load balancers and other sources of a group that exists are attached and "
               "detached by the API (AttachTrafficSources, DetachTrafficSources)";
    }
    if (has(different, "collected_metrics")) {
        return "the collected metrics of a group that exists are set by the API "
               "(EnableMetricsCollection, DisableMetricsCollection)";
    }
    return "";
}

struct asg_group_wish asg_group_wish_of(const struct asg_declared_group *declared,
                                        const struct asg_group_view *view,
                                        bool sets_desired, struct asg_arena *arena)
{
    struct asg_group_wish wish =
        view == NULL ? wish_new(declared) : wish_changed(declared, view, sets_desired);
    assert(!is_empty(wish.config.name));
    asg_model_fill_unset(SCHEMA, &wish.config);
    if (has(wish.named, "kept")) {
        asg_kept_merge(NULL, 0, wish.config.kept, wish.config.kept_count, arena,
                       &wish.config.kept, &wish.config.kept_count);
    }
    wish.sent = wish.config;
    if (view == NULL) return wish;
    wish.different = find_different(view->config, &wish.config);
    wish.refused = find_refused(wish.different);
    say_gone_members(view->config, &wish.config, arena, &wish.sent);
    return wish;
}
