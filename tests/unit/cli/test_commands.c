#include "cli/commands.h"

#include "lib/check.h"
#include "unit/cli/run_line.h"

static void test_commands_each_have_help_that_names_their_options(void **state)
{
    (void)state;
    const struct asg_command_table *table = asg_cli_table();
    assert_true(table->command_count > 35);
    struct said said = {0};
    for (size_t i = 0; i < table->command_count; i++) {
        const struct asg_command_entry *command = &table->commands[i];
        char line[128];
        (void)snprintf(line, sizeof line, "%s --help", command->name);
        run_line(&said, line);
        assert_int_equal(ASG_EXIT_OK, said.code);
        assert_string_equal("", said.err);
        assert_non_null(strstr(said.out, command->summary));
        for (size_t o = 0; o < command->option_count; o++) {
            char option[64];
            (void)snprintf(option, sizeof option, "--%s", command->options[o].name);
            if (strstr(said.out, option) == NULL) {
                fail_msg("%s --help lacks %s", command->name, option);
            }
            assert_true(strlen(command->options[o].help) > 5);
            bool has_value = command->options[o].type != ASG_OPTION_FLAG;
            assert_int_equal(has_value, command->options[o].value != NULL);
        }
    }
    clear_said(&said);
}

static void test_commands_each_have_a_man_page(void **state)
{
    (void)state;
    const struct asg_command_table *table = asg_cli_table();
    struct said said = {0};
    for (size_t i = 0; i < table->command_count; i++) {
        char line[128];
        (void)snprintf(line, sizeof line, "man %s", table->commands[i].name);
        run_line(&said, line);
        assert_int_equal(ASG_EXIT_OK, said.code);
        assert_non_null(strstr(said.out, ".TH \"OPENASG-"));
        assert_non_null(strstr(said.out, ".SH SYNOPSIS"));
        assert_non_null(strstr(said.out, ".SH OPTIONS OF EVERY COMMAND"));
    }
    run_line(&said, "man");
    assert_int_equal(ASG_EXIT_OK, said.code);
    assert_non_null(strstr(said.out, ".SH EXIT STATUS"));
    run_line(&said, "man gruop create");
    assert_int_equal(ASG_EXIT_USAGE, said.code);
    clear_said(&said);
}

static void test_commands_are_all_completed(void **state)
{
    (void)state;
    const struct asg_command_table *table = asg_cli_table();
    struct said said = {0};
    for (size_t i = 0; i < table->command_count; i++) {
        const char *name = table->commands[i].name;
        const char *last = strrchr(name, ' ') != NULL ? strrchr(name, ' ') + 1 : name;
        char line[160];
        char entry[160];
        (void)snprintf(line, sizeof line, "__complete -- %s", name);
        (void)snprintf(entry, sizeof entry, "\n%s", last);
        run_line(&said, line);
        assert_int_equal(ASG_EXIT_OK, said.code);
        assert_true((strstr(said.out, entry) != NULL) != table->commands[i].is_hidden);
    }
    const char *const shells[] = {"bash", "zsh", "fish"};
    for (size_t i = 0; i < 3; i++) {
        char line[64];
        (void)snprintf(line, sizeof line, "completion %s", shells[i]);
        run_line(&said, line);
        assert_int_equal(ASG_EXIT_OK, said.code);
        assert_non_null(strstr(said.out, "_openasg"));
        assert_non_null(strstr(said.out, "__complete -- "));
        assert_null(strstr(said.out, "{}"));
    }
    run_line(&said, "completion csh");
    assert_int_equal(ASG_EXIT_USAGE, said.code);
    clear_said(&said);
}

/* An example that does not parse teaches the wrong thing. */
static void test_commands_examples_parse_as_what_they_show(void **state)
{
    (void)state;
    const struct asg_command_table *table = asg_cli_table();
    for (size_t i = 0; i < table->command_count; i++) {
        const struct asg_command_entry *command = &table->commands[i];
        const char *examples = command->examples != NULL ? command->examples : "";
        for (const char *at = examples; *at != '\0';) {
            char line[512];
            size_t length = strcspn(at, "\n");
            (void)snprintf(line, sizeof line, "%.*s", (int)length, at);
            at += length + (at[length] == '\n');
            if (strncmp(line, "openasg ", 8) != 0) continue;
            char whole[512];
            memcpy(whole, line, sizeof whole);
            char *words[WORDS_MAX];
            int count = cut_words(line, words);
            struct asg_arena arena = {0};
            struct asg_arguments arguments;
            struct asg_error error = {0};
            if (asg_options_parse(table, count, words, &arena, &arguments, &error) !=
                ASG_OK) {
                fail_msg("%s: %s", whole, error.text);
            }
            assert_ptr_equal(command, arguments.command);
            asg_arena_clear(&arena);
        }
    }
}

static void test_commands_names_come_once(void **state)
{
    (void)state;
    const struct asg_command_table *table = asg_cli_table();
    for (size_t i = 0; i < table->command_count; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(table->commands[i].name, table->commands[j].name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands_each_have_help_that_names_their_options),
        cmocka_unit_test(test_commands_each_have_a_man_page),
        cmocka_unit_test(test_commands_are_all_completed),
        cmocka_unit_test(test_commands_examples_parse_as_what_they_show),
        cmocka_unit_test(test_commands_names_come_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
