#include "text/options_complete.h"

#include "lib/check.h"

static const char *const form_list[] = {"table", "json"};
static const struct asg_enum forms = {"form", form_list, 2};

static int run_nothing(void *context, const struct asg_arguments *arguments)
{
    (void)context;
    return (int)arguments->values.count;
}

static const struct asg_argument group_arguments[] = {
    {.name = "GROUP", .help = "A group.", .complete = "groups"},
    {.name = "POLICY", .help = "Policies.", .complete = "policies", .is_repeated = true}};
static const struct asg_argument file_argument[] = {
    {.name = "FILE", .help = "A file.", .is_file = true}};
static const struct asg_option options[] = {
    {.name = "wait",
     .type = ASG_OPTION_DURATION,
     .value = "TIME",
     .implied = "90s",
     .help = "Wait."},
    {.name = "group",
     .type = ASG_OPTION_TEXT,
     .value = "GROUP",
     .complete = "groups",
     .help = "Which."},
    {.name = "types", .type = ASG_OPTION_TEXTS, .complete = "types", .help = "Types."},
    {.name = "file", .type = ASG_OPTION_FILE, .value = "FILE", .help = "From a file."},
    {.name = "dry", .type = ASG_OPTION_FLAG, .help = "Only look."},
};
static const struct asg_option global_options[] = {
    {.name = "output",
     .type = ASG_OPTION_WORD,
     .value = "FORM",
     .help = "Form.",
     .words = &forms,
     .letter = 'o'},
};
static const struct asg_command_entry commands[] = {
    {.name = "policy delete",
     .summary = "Delete policies",
     .arguments = group_arguments,
     .argument_count = 2,
     .options = options,
     .option_count = 5,
     .run = run_nothing},
    {.name = "policy list", .summary = "List policies", .run = run_nothing},
    {.name = "apply",
     .summary = "Apply a file",
     .arguments = file_argument,
     .argument_count = 1,
     .run = run_nothing},
    {.name = "secret", .summary = "Not shown", .run = run_nothing, .is_hidden = true},
};
static const struct asg_command_table table = {
    .program = "toy",
    .summary = "A toy",
    .commands = commands,
    .command_count = sizeof commands / sizeof commands[0],
    .options = global_options,
    .option_count = 1,
};

static struct asg_arena arena;
static struct asg_completion completion;

static int tear_down(void **state)
{
    (void)state;
    asg_completion_clear(&completion);
    asg_arena_clear(&arena);
    return 0;
}

/* `line` is cut at blanks; one at its end begins an empty word. */
static void complete(const char *line)
{
    asg_completion_clear(&completion);
    char *words[16];
    int count = 0;
    const char *at = asg_arena_format(&arena, "toy %s", line);
    for (;;) {
        size_t length = strcspn(at, " ");
        words[count++] = (char *)asg_arena_text_n(&arena, at, length);
        if (at[length] == '\0') break;
        at += length + 1;
    }
    asg_options_complete(&table, count, words, &arena, &completion);
}

static void expect(const char *line, const char *words, const char *names)
{
    complete(line);
    assert_string_equal(words, asg_bytes_text(&completion.words));
    if (names == NULL) {
        assert_null(completion.names);
    } else {
        assert_string_equal(names, completion.names);
    }
}

static void test_complete_commands_and_families(void **state)
{
    (void)state;
    expect("", "policy\napply\tApply a file\n", NULL);
    expect("po", "policy\n", NULL);
    expect("policy ", "delete\tDelete policies\nlist\tList policies\n", NULL);
    expect("policy l", "list\tList policies\n", NULL);
    expect("-o json po", "policy\n", NULL);
    expect("nosuch ", "", NULL);
    expect("sec", "", NULL);
}

static void test_complete_arguments_by_their_place(void **state)
{
    (void)state;
    expect("policy delete ", "", "groups");
    expect("policy delete web ", "", "policies");
    assert_string_equal("web", completion.arguments.values.items[0]);
    expect("policy delete web cpu ", "", "policies"); /* repeated */
    expect("policy delete --dry web ", "", "policies");
    expect("policy delete --wait web ", "", "policies"); /* its value may be left out */
    expect("policy list ", "", NULL);
    complete("apply ");
    assert_true(completion.has_files);
    expect("apply one ", "", NULL);
    assert_false(completion.has_files);
    expect("policy delete -- --o", "", "groups");
}

static void test_complete_options_and_their_values(void **state)
{
    (void)state;
    expect("policy delete --d", "--dry\tOnly look.\n", NULL);
    expect("policy delete --dry --d", "", NULL); /* once is enough */
    expect("policy delete --types a --ty", "--types\tTypes.\n", NULL);
    expect("policy list --",
           "--help\tShow what it does and its options.\n--output\tForm.\n", NULL);
    expect("policy list -o ", "table\njson\n", NULL);
    expect("policy list --output j", "json\n", NULL);
    expect("policy list --output=j", "--output=json\n", NULL);
    expect("policy delete --dry=f", "--dry=false\n", NULL);
    expect("policy delete --group ", "", "groups");
    expect("policy delete --group=w", "", "groups");
    asg_completion_offer(&completion, "web", "2 in service");
    asg_completion_offer(&completion, "db", "");
    assert_string_equal("--group=web\t2 in service\n", asg_bytes_text(&completion.words));
    expect("policy delete --types a,b", "", "types");
    asg_completion_offer(&completion, "bb", "");
    assert_string_equal("a,bb\n", asg_bytes_text(&completion.words));
    complete("policy delete --file=");
    assert_true(completion.has_files);
    assert_string_equal("--file=", completion.prefix);
    expect("policy delete --nosuch=", "", NULL);
}

static void test_complete_what_is_wrong_before_does_not_matter(void **state)
{
    (void)state;
    expect("policy delete --nosuch 1 web ", "", "policies");
    expect("policy delete --wait=nonsense ", "", "groups");
    expect("policy delete -o nonsense ", "", "groups");
}

static void test_an_implied_value_is_not_the_next_word(void **state)
{
    (void)state;
    struct asg_arguments arguments;
    struct asg_error error;
    char *words[] = {"toy", "policy", "delete", "--wait", "web", "cpu", NULL};
    assert_status(ASG_OK,
                  asg_options_parse(&table, 6, words, &arena, &arguments, &error));
    assert_int_equal(90000, asg_option_number(&arguments, "wait", 0));
    assert_int_equal(2, arguments.values.count);
    words[3] = "--wait=5s";
    assert_status(ASG_OK,
                  asg_options_parse(&table, 6, words, &arena, &arguments, &error));
    assert_int_equal(5000, asg_option_number(&arguments, "wait", 0));
    words[3] = "--wait=soon";
    assert_status(ASG_ERR_INVALID,
                  asg_options_parse(&table, 6, words, &arena, &arguments, &error));
}

static void test_scripts_name_the_program(void **state)
{
    (void)state;
    const char *const shells[] = {"bash", "zsh", "fish"};
    for (size_t i = 0; i < 3; i++) {
        char *text = NULL;
        size_t length = 0;
        FILE *out = open_memstream(&text, &length);
        assert_true(asg_options_completion_script(&table, shells[i], out));
        (void)fclose(out);
        assert_non_null(strstr(text, "toy"));
        assert_null(strstr(text, "{}"));
        free(text);
    }
    assert_false(asg_options_completion_script(&table, "csh", stdout));
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_complete_commands_and_families),
        TEST(test_complete_arguments_by_their_place),
        TEST(test_complete_options_and_their_values),
        TEST(test_complete_what_is_wrong_before_does_not_matter),
        TEST(test_an_implied_value_is_not_the_next_word),
        TEST(test_scripts_name_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
