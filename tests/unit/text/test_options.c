#include "text/options_complete.h"

#include "lib/check.h"

static const char *const form_list[] = {"table", "json"};
static const struct asg_enum forms = {"form", form_list, 2};

static int run_nothing(void *context, const struct asg_arguments *arguments)
{
    (void)context;
    return (int)arguments->values.count;
}

static const struct asg_argument group_argument[] = {
    {.name = "GROUP", .help = "A group."}};
static const struct asg_argument id_arguments[] = {
    {.name = "ID", .help = "Instances.", .is_repeated = true}};
static const struct asg_argument maybe_argument[] = {
    {.name = "GROUP", .help = "A group.", .is_optional = true}};
static const struct asg_option create_options[] = {
    {.name = "min",
     .type = ASG_OPTION_NUMBER,
     .value = "N",
     .help = "Least.",
     .max = 9,
     .is_required = true},
    {.name = "cooldown",
     .type = ASG_OPTION_DURATION,
     .value = "TIME",
     .help = "Pause.",
     .default_text = "5m"},
    {.name = "target", .type = ASG_OPTION_MILLI, .value = "PERCENT", .help = "Wish."},
    {.name = "types", .type = ASG_OPTION_TEXTS, .value = "LIST", .help = "Types."},
    {.name = "dry-run", .type = ASG_OPTION_FLAG, .help = "Only look."},
    {.name = "file", .type = ASG_OPTION_FILE, .value = "FILE", .help = "From a file."},
};
static const struct asg_option global_options[] = {
    {.name = "output",
     .type = ASG_OPTION_WORD,
     .value = "FORM",
     .help = "Form.",
     .words = &forms,
     .letter = 'o'},
};
static const struct asg_option list_options[] = {
    {.name = "sort", .type = ASG_OPTION_TEXT, .value = "COLUMN", .help = "Order."},
    {.name = "quiet", .type = ASG_OPTION_FLAG, .help = "Names.", .old_name = "names"},
};
static const struct asg_command_entry commands[] = {
    {.name = "group create",
     .summary = "Make a group",
     .arguments = group_argument,
     .argument_count = 1,
     .options = create_options,
     .option_count = 6,
     .examples = "toy group create web --min 1\ntoy group create db --min 2",
     .run = run_nothing},
    {.name = "group list", .summary = "List groups", .run = run_nothing, .is_list = true},
    {.name = "jobs",
     .summary = "List jobs",
     .arguments = maybe_argument,
     .argument_count = 1,
     .run = run_nothing},
    {.name = "jobs show",
     .summary = "Show one job",
     .arguments = group_argument,
     .argument_count = 1,
     .run = run_nothing},
    {.name = "terminate",
     .summary = "End instances",
     .arguments = id_arguments,
     .argument_count = 1,
     .run = run_nothing},
};
static const struct asg_exit_code codes[] = {{0, "done"}, {2, "wrong usage"}};
static const struct asg_command_table table = {
    .program = "toy",
    .summary = "A toy.",
    .commands = commands,
    .command_count = 5,
    .options = global_options,
    .option_count = 1,
    .list_options = list_options,
    .list_option_count = 2,
    .exit_codes = codes,
    .exit_code_count = 2,
    .environment = "TOY_HOME is its home.",
};

struct fixture {
    struct asg_arena arena;
    struct asg_arguments arguments;
    struct asg_error error;
};

static int set_up(void **state)
{
    *state = asg_alloc(1, sizeof(struct fixture));
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    asg_arena_clear(&fixture->arena);
    free(fixture);
    return 0;
}

/* A command line cut at blanks. */
static enum asg_status parse(struct fixture *fixture, const char *line)
{
    char *argv[32] = {(char *)(uintptr_t) "toy"};
    int argc = 1;
    char *copy = (char *)(uintptr_t)asg_arena_text(&fixture->arena, line);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
        argv[argc++] = word;
    }
    return asg_options_parse(&table, argc, argv, &fixture->arena, &fixture->arguments,
                             &fixture->error);
}

static void refuses(struct fixture *fixture, const char *line, const char *words)
{
    assert_status(ASG_ERR_INVALID, parse(fixture, line));
    if (strstr(fixture->error.text, words) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", fixture->error.text, words);
    }
}

static void test_options_reads_a_command_with_its_values(void **state)
{
    struct fixture *fixture = *state;
    const struct asg_arguments *arguments = &fixture->arguments;
    assert_status(ASG_OK, parse(fixture, "-o json group create web --min 2 --target=82.5 "
                                         "--types a,b --types c --dry-run"));
    assert_string_equal("group create", arguments->command->name);
    assert_string_equal("web", asg_argument_text(arguments, 0));
    assert_null(asg_argument_text(arguments, 1));
    assert_int_equal(2, asg_option_number(arguments, "min", 7));
    assert_int_equal(82500, asg_option_number(arguments, "target", 7));
    assert_int_equal(300, asg_option_number(arguments, "cooldown", 300));
    assert_int_equal(1, asg_option_number(arguments, "output", 0));
    assert_int_equal(3, asg_option_texts(arguments, "types").count);
    assert_string_equal("c", asg_option_texts(arguments, "types").items[2]);
    assert_true(asg_option_flag(arguments, "dry-run"));
    assert_false(asg_option_is_set(arguments, "cooldown"));
    assert_status(ASG_OK, parse(fixture, "-ojson group create web --min 2"));
    assert_int_equal(1, asg_option_number(arguments, "output", 0));
    assert_status(ASG_OK, parse(fixture, "group create web --min 2 -ojson"));
    assert_int_equal(1, asg_option_number(arguments, "output", 0));
    assert_status(ASG_OK, parse(fixture, "group create web --min 2 --dry-run=false"));
    assert_false(asg_option_flag(arguments, "dry-run"));
}

static void test_options_of_lists_are_those_of_commands_that_list(void **state)
{
    struct fixture *fixture = *state;
    const struct asg_arguments *arguments = &fixture->arguments;
    assert_status(ASG_OK, parse(fixture, "group list --sort=-name --quiet -o json"));
    assert_string_equal("-name", asg_option_text(arguments, "sort"));
    assert_true(asg_option_flag(arguments, "quiet"));
    assert_int_equal(1, asg_option_number(arguments, "output", 0));
    assert_status(ASG_OK, parse(fixture, "group list --names")); /* its old name */
    assert_true(asg_option_flag(arguments, "quiet"));
    refuses(fixture, "jobs --sort name", "\"jobs\" has no option --sort");
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert_status(ASG_OK, parse(fixture, "group list --help"));
    asg_options_help(arguments, out);
    asg_options_document(&table, out);
    asg_options_man(&table, &commands[1], out);
    (void)fclose(out);
    assert_non_null(strstr(text, "options of every list:\n  --sort COLUMN\n"));
    assert_non_null(strstr(text, "## Options of every list\n"));
    assert_non_null(strstr(text, ".SH OPTIONS OF EVERY LIST\n"));
    assert_null(strstr(text, "--names"));
    free(text);
}

static void test_options_tells_commands_from_arguments(void **state)
{
    struct fixture *fixture = *state;
    const struct asg_arguments *arguments = &fixture->arguments;
    assert_status(ASG_OK, parse(fixture, "jobs"));
    assert_string_equal("jobs", arguments->command->name);
    assert_status(ASG_OK, parse(fixture, "jobs web"));
    assert_string_equal("jobs", arguments->command->name);
    assert_string_equal("web", asg_argument_text(arguments, 0));
    assert_status(ASG_OK, parse(fixture, "jobs show 5"));
    assert_string_equal("jobs show", arguments->command->name);
    assert_string_equal("5", asg_argument_text(arguments, 0));
    assert_status(ASG_OK, parse(fixture, "group -o json list"));
    assert_string_equal("group list", arguments->command->name);
    assert_status(ASG_OK, parse(fixture, "jobs show -5"));
    assert_string_equal("-5", asg_argument_text(arguments, 0));
    assert_status(ASG_OK, parse(fixture, "terminate -- -x --min"));
    assert_int_equal(2, arguments->values.count);
    assert_string_equal("--min", asg_argument_text(arguments, 1));
    assert_status(ASG_OK, parse(fixture, "group"));
    assert_null(arguments->command);
    assert_string_equal("group", arguments->family);
}

static void test_options_says_what_is_wrong(void **state)
{
    struct fixture *fixture = *state;
    refuses(fixture, "gruop list", "no command \"gruop\"; did you mean \"group\"?");
    refuses(fixture, "group lst", "did you mean \"group list\"?");
    refuses(fixture, "qqqqqqqq", "toy --help lists them");
    refuses(fixture, "group create web --mni 2", "did you mean --min?");
    refuses(fixture, "-v", "\"toy\" has no option -v; --help lists them");
    refuses(fixture, "group create web -f x", "has no option -f; did you mean --file?");
    refuses(fixture, "jobs -v", "\"jobs\" has no option -v;");
    refuses(fixture, "jobs --verbosely", "\"jobs\" has no option --verbosely;");
    refuses(fixture, "group create web --min", "--min needs a value: N");
    refuses(fixture, "group create web --min ten", "--min cannot be \"ten\"");
    refuses(fixture, "group create web --min 10", "--min is 10: must be 0 to 9");
    refuses(fixture, "group create web --min 1 --cooldown 5", "a number with its unit");
    refuses(fixture, "group create --min 1", "GROUP is missing: toy group create GROUP");
    refuses(fixture, "group create a b --min 1", "\"b\" is too much");
    refuses(fixture, "group create a", "--min is missing");
    refuses(fixture, "jobs -o xml", "write one of table, json");
    refuses(fixture, "terminate", "ID is missing");
    refuses(fixture, "group create a --min 1 --dry-run=maybe", "write true or false");
    refuses(fixture, "group create a --min 1 --no-dry-run", "write --dry-run=false");
}

static void test_options_help_needs_no_arguments(void **state)
{
    struct fixture *fixture = *state;
    assert_status(ASG_OK, parse(fixture, "help group create"));
    assert_true(fixture->arguments.wants_help);
    assert_string_equal("group create", fixture->arguments.command->name);
    assert_status(ASG_OK, parse(fixture, "group create --help"));
    assert_true(fixture->arguments.wants_help);
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    asg_options_help(&fixture->arguments, out);
    (void)fclose(out);
    assert_non_null(strstr(text, "usage: toy group create GROUP --min N [OPTIONS]\n"));
    assert_non_null(strstr(text, "Least. 0 to 9. Must be given."));
    assert_non_null(strstr(text, "Pause. Default: 5m."));
    assert_non_null(strstr(text, "-o, --output FORM"));
    assert_non_null(strstr(text, "\n  toy group create db --min 2\n"));
    free(text);
}

static void test_options_pages_name_every_command_and_option(void **state)
{
    (void)state;
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert_true(asg_options_completion_script(&table, "bash", out));
    asg_options_document(&table, out);
    for (size_t i = 0; i < table.command_count; i++) {
        asg_options_man(&table, &commands[i], out);
    }
    asg_options_man(&table, NULL, out);
    (void)fclose(out);
    for (size_t i = 0; i < table.command_count; i++) {
        assert_non_null(strstr(text, commands[i].name));
    }
    assert_non_null(strstr(text, ".TH \"TOY-GROUP-CREATE\" 1"));
    assert_non_null(strstr(text, "\\fB\\-\\-dry\\-run\\fR"));
    assert_non_null(strstr(text, "complete -F _toy toy"));
    free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_options_reads_a_command_with_its_values),
        TEST(test_options_of_lists_are_those_of_commands_that_list),
        TEST(test_options_tells_commands_from_arguments),
        TEST(test_options_says_what_is_wrong),
        TEST(test_options_help_needs_no_arguments),
        TEST(test_options_pages_name_every_command_and_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
