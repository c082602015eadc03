#include "text/choose.h"

#include "lib/check.h"
#include "model/schemas.h"

static struct asg_group_config configs[] = {
    {.name = "web", .min = 1, .desired = 10},
    {.name = "db", .min = 2, .desired = 9},
    {.name = "cache", .min = 2, .desired = 100},
};
static struct asg_group_view views[] = {
    {.config = &configs[0], .suspended = 33, .created_ms = 3000},
    {.config = &configs[1], .is_halted = true},
    {.config = &configs[2], .created_ms = 1000},
};

static void write_note(const void *object, struct asg_bytes *ret)
{
    const struct asg_group_view *view = object;
    asg_bytes_append_text(ret, view->is_halted ? "halted" : "-");
}

static const struct asg_render_column columns[] = {
    {"NAME", "config.name", NULL, 0},
    {"DESIRED", "config.desired", NULL, 0},
    {"IN-SERVICE", "in_service", NULL, ASG_COLUMN_WIDE},
    {"CREATED", "created_ms", NULL, 0},
    {"NOTE", NULL, write_note, 0},
};
static const struct asg_choices choices = {&asg_group_view_schema, columns, 5};

struct list {
    const void *items[3];
    struct asg_items all;
};

static void fill(struct list *list)
{
    for (size_t i = 0; i < 3; i++)
        list->items[i] = &views[i];
    list->all = (struct asg_items){list->items, 3};
}

/* "web db cache" */
static void names_are(const struct asg_items *items, const char *expected)
{
    struct asg_bytes text = {0};
    for (size_t i = 0; i < items->count; i++) {
        const struct asg_group_view *view = items->items[i];
        asg_bytes_printf(&text, "%s%s", i > 0 ? " " : "", view->config->name);
    }
    assert_string_equal(asg_bytes_text(&text), expected);
    asg_bytes_clear(&text);
}

static void sorted(const char *column, const char *expected)
{
    struct list list;
    struct asg_error error = {0};
    fill(&list);
    if (asg_choose_order(&choices, column, &list.all, &error) != ASG_OK) {
        fail_msg("%s: %s", column, error.text);
    }
    names_are(&list.all, expected);
}

static void test_order_is_by_size_or_letters_and_nothing_comes_last(void **state)
{
    (void)state;
    sorted("desired", "db web cache");
    sorted("-desired", "cache web db");
    sorted("name", "cache db web");
    sorted("-NAME", "web db cache");
    sorted("config.min", "web db cache");  /* two alike keep their order */
    sorted("-config.min", "db cache web"); /* also the other way round */
    sorted("created", "cache web db");
    sorted("-created", "web cache db");
}

static void filtered(const char *one, const char *two, const char *expected)
{
    struct list list;
    struct asg_error error = {0};
    const char *items[] = {one, two};
    struct asg_texts filters = {items, two != NULL ? 2 : 1};
    fill(&list);
    if (asg_choose_items(&choices, &filters, &list.all, &error) != ASG_OK) {
        fail_msg("%s: %s", one, error.text);
    }
    names_are(&list.all, expected);
}

static void test_filters_must_all_be_true(void **state)
{
    (void)state;
    filtered("name=db", NULL, "db");
    filtered("name!=db", NULL, "web cache");
    filtered("config.min=2", NULL, "db cache");
    filtered("config.min=2", "desired!=9", "cache");
    filtered("note=halted", NULL, "db");
    filtered("is_halted=true", NULL, "db");
    filtered("is_halted=yes", NULL, "db");
    filtered("suspended=health-check", NULL, "web");
    filtered("suspended=", NULL, "db cache");
    filtered("created_ms=1000", NULL, "cache");
    filtered("created=null", NULL, "db");
    filtered("name=nobody", NULL, "");
}

static void refused(const char *filter, const char *words)
{
    struct list list;
    struct asg_error error = {0};
    struct asg_texts filters = {&filter, 1};
    fill(&list);
    assert_int_equal(ASG_ERR_INVALID,
                     asg_choose_items(&choices, &filters, &list.all, &error));
    if (strstr(error.text, words) == NULL) fail_msg("%s", error.text);
}

static void test_what_is_no_column_names_the_nearest_and_all(void **state)
{
    (void)state;
    refused("desird=1", "no column \"desird\"; did you mean \"desired\"? There are name, "
                        "desired, in-service, created, note");
    refused("qwertz=1", "no column \"qwertz\"; there are name, desired");
    refused("name", "write KEY=VALUE");
    refused("=x", "write KEY=VALUE");
    refused("config=1", "no column \"config\"");
    refused("config.name.x=1", "no column");
}

static void test_columns_are_titles_in_any_case_and_fields(void **state)
{
    (void)state;
    struct asg_arena arena = {0};
    struct asg_error error = {0};
    struct asg_render_column chosen[ASG_RENDER_COLUMNS_MAX];
    size_t count = 0;
    const char *names[] = {"In_Service", "config.min", "note"};
    struct asg_texts texts = {names, 3};
    assert_int_equal(
        ASG_OK, asg_choose_columns(&choices, &texts, &arena, chosen, &count, &error));
    assert_int_equal(3, count);
    assert_string_equal("IN-SERVICE", chosen[0].title);
    assert_int_equal(0, chosen[0].traits & ASG_COLUMN_WIDE);
    assert_string_equal("CONFIG.MIN", chosen[1].title);
    assert_true(chosen[2].write == write_note);
    struct list list;
    fill(&list);
    struct asg_bytes text = {0};
    asg_render_csv_columns(&asg_group_view_schema, &list.all, chosen, 3, true, &text);
    assert_string_equal(
        "in_service,config.min,note\r\n0,1,\r\n0,2,\"halted\"\r\n0,2,\r\n",
        asg_bytes_text(&text));
    asg_bytes_clear(&text);
    asg_arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_is_by_size_or_letters_and_nothing_comes_last),
        cmocka_unit_test(test_filters_must_all_be_true),
        cmocka_unit_test(test_what_is_no_column_names_the_nearest_and_all),
        cmocka_unit_test(test_columns_are_titles_in_any_case_and_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
