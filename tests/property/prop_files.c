/* prop_files - what export writes, apply reads as the same: random groups, policies and
 * scheduled actions with all their fields and texts that hurt in YAML, written to a
 * folder and to one stream, read again, compared. Nothing differs, and where nothing is
 * there the order creates what was. */
#include "lib/check.h"
#include "lib/seed.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/files/compare.h"
#include "cli/files/spell_files.h"
#include "model/defaults.h"
#include "model/equal.h"
#include "model/schemas.h"

#define NOW        INT64_C(1795442400000)
#define GROUPS_MAX 6
#define OF_A_GROUP 4
#define ROUNDS     600

struct world {
    struct seed seed;
    struct asg_arena arena;
    struct asg_present present;
    char folder[64];
    struct asg_texts files;
};

/* ---- texts ---- */

static const char *const odd[] = {
    "",
    "web",
    "yes",
    "No",
    "on",
    "y",
    "null",
    "~",
    "none",
    "unset",
    "true",
    "1e3",
    "0x1f",
    "0o7",
    "1_000",
    "12:30:45",
    "2026-11-30",
    ".inf",
    "-1",
    "- x",
    "-",
    "# no comment",
    "a # b",
    "a: b",
    ":",
    "? k",
    "{a: b}",
    "[a]",
    "*alias",
    "&anchor",
    "!tag",
    "%directive",
    "@at",
    "`tick`",
    "|",
    ">",
    "'single'",
    "\"double\"",
    "back\\slash",
    " leading",
    "trailing ",
    "---",
    "...",
    "two\nlines",
    "\n",
    "tab\there",
    "\r\n",
    "\x1b[31mred",
    "\x7f",
    "\xc2\x85",
    "gr\xc3\xbc\xc3\x9f"
    "e",
    "\xe2\x80\xa8",
    "\xe2\x80\xae",
    "\xef\xbb\xbf"
    "bom",
    "\xef\xbf\xbf",
    "\xf0\x9f\x8c\x8d",
    "a,b, c",
    "$Latest",
    "=",
    "<<",
};

static const char *any_text(struct world *w)
{
    return odd[seed_below(&w->seed, sizeof odd / sizeof odd[0])];
}

/* With something of its own behind it, for what must be told apart. */
static const char *own_text(struct world *w, size_t no)
{
    return asg_arena_format(&w->arena, "%s%zu", any_text(w), no);
}

/* A group's name: printable, no blank, no colon. */
static const char *group_name(struct world *w, size_t no)
{
    static const char *const stems[] = {"web-", "yes", "1e",  "-",  "#",  "{a}", "*",
                                        "&",    "!",   "a/b", "..", "%%", "\"",  "'"};
    return asg_arena_format(&w->arena, "%s%zu",
                            stems[seed_below(&w->seed, sizeof stems / sizeof stems[0])],
                            no);
}

/* ---- random structs ---- */

static uint64_t any_number(struct world *w)
{
    return seed_next(&w->seed) >> seed_below(&w->seed, 64);
}

static int64_t any_signed(struct world *w, const struct asg_field *field)
{
    switch (seed_below(&w->seed, 4)) {
    case 0: return field->otherwise;
    case 1: return (int64_t)any_number(w);
    case 2: return (int64_t)seed_below(&w->seed, 5000) * 1000; /* a round one */
    default: return NOW + (int64_t)seed_below(&w->seed, 1000000);
    }
}

static void fill(struct world *w, const struct asg_schema *schema, void *object);

static void fill_list(struct world *w, const struct asg_field *field, void *object)
{
    size_t count = seed_below(&w->seed, 4);
    char *items = asg_arena_take(&w->arena, (count + 1) * field->sub->size);
    for (size_t i = 0; i < count; i++) {
        char *item = items + i * field->sub->size;
        fill(w, field->sub, item);
        if (field->sub == &asg_tag_schema)
            ((struct asg_tag *)(void *)item)->key = own_text(w, i);
        if (field->sub == &asg_launch_parameter_schema)
            ((struct asg_launch_parameter *)(void *)item)->name = own_text(w, i);
        if (field->sub == &asg_source_schema)
            ((struct asg_source *)(void *)item)->identifier = own_text(w, i);
        if (field->sub == &asg_kept_member_schema)
            ((struct asg_kept_member *)(void *)item)->path =
                asg_arena_format(&w->arena, "Top%zu.%s", i, any_text(w));
    }
    *(void **)(void *)((char *)object + field->offset) = items;
    *(size_t *)(void *)((char *)object + field->count_offset) = count;
}

static void fill_texts(struct world *w, struct asg_texts *ret)
{
    ret->count = seed_below(&w->seed, 4);
    ret->items = asg_arena_take(&w->arena, (ret->count + 1) * sizeof *ret->items);
    for (size_t i = 0; i < ret->count; i++) {
        ret->items[i] = any_text(w);
    }
}

static void fill_field(struct world *w, const struct asg_field *field, void *object)
{
    void *place = (char *)object + field->offset;
    switch (field->type) {
    case ASG_FIELD_BOOL: *(bool *)place = seed_below(&w->seed, 2) == 1; break;
    case ASG_FIELD_U32: *(uint32_t *)place = (uint32_t)any_number(w); break;
    case ASG_FIELD_U64: *(uint64_t *)place = any_number(w); break;
    case ASG_FIELD_I64: *(int64_t *)place = any_signed(w, field); break;
    case ASG_FIELD_ENUM:
        *(int *)place = (int)seed_below(&w->seed, field->names->count);
        break;
    case ASG_FIELD_TEXT: *(const char **)place = any_text(w); break;
    case ASG_FIELD_PART:
        if (seed_below(&w->seed, 2) == 1) {
            void *part = asg_arena_take(&w->arena, field->sub->size);
            fill(w, field->sub, part);
            *(void **)place = part;
        }
        break;
    case ASG_FIELD_LIST: fill_list(w, field, object); break;
    case ASG_FIELD_TEXTS: fill_texts(w, place); break;
    default: fail_msg("no field of files: %s", field->name);
    }
}

/* A third of the fields has its default. */
static void fill(struct world *w, const struct asg_schema *schema, void *object)
{
    asg_model_set_defaults(schema, object);
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct asg_field *field = &schema->fields[i];
        if (seed_below(&w->seed, 3) > 0) fill_field(w, field, object);
    }
}

static void make_group(struct world *w, size_t no)
{
    struct asg_group_config *config = asg_arena_take(&w->arena, sizeof *config);
    fill(w, &asg_group_config_schema, config);
    asg_model_fill_unset(&asg_group_config_schema, config); /* as core does */
    config->name = group_name(w, no);
    w->present.groups[no] = (struct asg_group_view){.config = config, .revision = no};
    for (size_t i = seed_below(&w->seed, OF_A_GROUP); i > 0; i--) {
        struct asg_policy_config *policy =
            &w->present.policies[w->present.policy_count++];
        fill(w, &asg_policy_config_schema, policy);
        asg_model_fill_unset(&asg_policy_config_schema, policy);
        policy->group = config->name;
        policy->name = own_text(w, i);
    }
    for (size_t i = seed_below(&w->seed, OF_A_GROUP); i > 0; i--) {
        struct asg_schedule_config *schedule =
            &w->present.schedules[w->present.schedule_count++];
        fill(w, &asg_schedule_config_schema, schedule);
        schedule->group = config->name;
        schedule->name = own_text(w, i);
    }
}

static void make_present(struct world *w)
{
    asg_arena_reset(&w->arena);
    w->present =
        (struct asg_present){.group_count = 1 + seed_below(&w->seed, GROUPS_MAX)};
    size_t groups = w->present.group_count;
    w->present.groups = asg_arena_take(&w->arena, groups * sizeof *w->present.groups);
    w->present.policies =
        asg_arena_take(&w->arena, groups * OF_A_GROUP * sizeof *w->present.policies);
    w->present.schedules =
        asg_arena_take(&w->arena, groups * OF_A_GROUP * sizeof *w->present.schedules);
    for (size_t i = 0; i < groups; i++) {
        make_group(w, i);
    }
    asg_present_sort(&w->present);
}

/* ---- files ---- */

static void write_file(struct world *w, const char *name, const struct asg_bytes *text)
{
    const char *path = asg_arena_format(&w->arena, "%s/%s", w->folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(text->length, fwrite(text->data, 1, text->length, file));
    assert_int_equal(0, fclose(file));
    w->files.items[w->files.count++] = path;
}

static void write_files(struct world *w, bool is_full, bool is_stream)
{
    struct asg_bytes text = {0};
    w->files.items = asg_arena_take(&w->arena, (GROUPS_MAX + 2) * sizeof *w->files.items);
    w->files.count = 0;
    for (size_t i = 0; i < w->present.group_count; i++) {
        if (!is_stream) asg_bytes_reset(&text);
        if (i > 0 && is_stream) asg_bytes_append_text(&text, "---\n");
        asg_spell_group(&w->present, i, is_full, &text);
        if (is_stream) continue;
        write_file(w, asg_spell_file_name(w->present.groups[i].config->name, &w->arena),
                   &text);
    }
    if (is_stream) write_file(w, "all.yaml", &text);
    asg_bytes_clear(&text);
}

static void remove_files(struct world *w)
{
    for (size_t i = 0; i < w->files.count; i++) {
        assert_int_equal(0, unlink(w->files.items[i]));
    }
}

/* ---- the laws ---- */

static void fail_of(const struct asg_differences *differences)
{
    for (size_t i = 0; i < differences->difference_count; i++) {
        const struct asg_difference *one = &differences->differences[i];
        print_error("%s:%lu %s/%s\n", one->file, (unsigned long)one->line, one->group,
                    one->name);
        for (size_t k = 0; k < one->field_count; k++) {
            print_error("  %s: %s -> %s\n", one->fields[k].field, one->fields[k].from,
                        one->fields[k].to);
        }
    }
    fail_msg("what was exported differs");
}

static void check_same(struct world *w, const struct asg_declared *declared)
{
    const struct asg_compare_options options = {
        .now_ms = NOW, .sets_desired = true, .prunes = true};
    struct asg_differences differences;
    struct asg_apply order;
    struct asg_error error = {""};
    if (asg_compare(declared, &w->present, &options, &w->arena, &differences, &order,
                    &error) != ASG_OK) {
        fail_msg("%s", error.text);
    }
    if (differences.difference_count > 0) fail_of(&differences);
    assert_int_equal(0, order.group_count);
    assert_int_equal(w->present.group_count + w->present.policy_count +
                         w->present.schedule_count,
                     differences.unchanged);
}

static void check_group(const struct asg_apply_group *made, const struct world *w)
{
    const struct asg_group_view *view = asg_present_find_group(&w->present, made->name);
    assert_non_null(view);
    assert_true(made->is_new);
    const struct asg_schema *schema = &asg_group_config_schema;
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct asg_field *field = &schema->fields[i];
        if (field->is_made || asg_compare_is_same(field, view->config, made->config))
            continue;
        fail_msg("%s of group %s", field->name, made->name);
    }
}

static void check_policy(const struct asg_policy_config *made, const struct world *w)
{
    for (size_t i = 0; i < w->present.policy_count; i++) {
        const struct asg_policy_config *policy = &w->present.policies[i];
        if (strcmp(policy->group, made->group) == 0 &&
            strcmp(policy->name, made->name) == 0) {
            assert_true(asg_model_equal(&asg_policy_config_schema, policy, made));
            return;
        }
    }
    fail_msg("policy %s is nobody's", made->name);
}

/* Deleted and applied again, it is what it was. */
static void check_created(struct world *w, const struct asg_declared *declared)
{
    const struct asg_present nothing = {0};
    const struct asg_compare_options options = {.now_ms = NOW};
    struct asg_differences differences;
    struct asg_apply order;
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_compare(declared, &nothing, &options, &w->arena,
                                      &differences, &order, &error));
    assert_int_equal(w->present.group_count, order.group_count);
    size_t policies = 0;
    for (size_t i = 0; i < order.group_count; i++) {
        const struct asg_apply_group *made = &order.groups[i];
        check_group(made, w);
        for (size_t k = 0; k < made->policy_count; k++) {
            check_policy(&made->policies[k], w);
        }
        policies += made->policy_count;
    }
    assert_int_equal(w->present.policy_count, policies);
}

static void check_files(struct world *w, bool is_full, bool is_stream)
{
    write_files(w, is_full, is_stream);
    const char *folder = w->folder;
    const struct asg_texts paths = {.items = &folder, .count = 1};
    struct asg_declared declared = {0};
    struct asg_error error = {""};
    if (asg_declared_read(&paths, &w->arena, &declared, &error) != ASG_OK) {
        fail_msg("%s", error.text);
    }
    check_same(w, &declared);
    check_created(w, &declared);
    remove_files(w);
}

static void test_what_is_exported_is_read_as_the_same(void **state)
{
    (void)state;
    struct world w = {.seed = seed_new("prop_files")};
    (void)snprintf(w.folder, sizeof w.folder, "/tmp/asg-files-XXXXXX");
    assert_non_null(mkdtemp(w.folder));
    for (int round = 0; round < ROUNDS; round++) {
        make_present(&w);
        check_files(&w, /* is_full */ round % 2 == 1, /* is_stream */ round % 4 > 1);
    }
    assert_int_equal(0, rmdir(w.folder));
    asg_arena_clear(&w.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_exported_is_read_as_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
