#include "text/config.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/check.h"
#include "text/config_layers.h"

enum level { LEVEL_INFO, LEVEL_DEBUG };
static const char *const level_words[] = {"info", "debug"};
static const struct asg_enum levels = {"level", level_words, 2};

struct settings {
    const char *name;
    const char *agents;
    int64_t interval_ms;
    int64_t size_bytes;
    int64_t workers;
    int level;
    bool is_plain;
    struct asg_texts hosts;
    const char *key_file;
    const char *url;
};

#define AT(field) offsetof(struct settings, field)
static const struct asg_config_key keys[] = {
    {"name", ASG_CONFIG_TEXT, AT(name), "web", 0, 0, NULL, "", "What it is called."},
    {"listen.agents", ASG_CONFIG_ENDPOINT, AT(agents), "tcp://127.0.0.1:7000", 0, 0, NULL,
     "", "Where agents connect."},
    {"interval", ASG_CONFIG_DURATION, AT(interval_ms), "1s", 200, 60000, NULL,
     "milliseconds", "Time between reports."},
    {"listen.buffer", ASG_CONFIG_SIZE, AT(size_bytes), "4k", 1, 1 << 20, NULL, "bytes",
     "Bytes of the buffer."},
    {"workers", ASG_CONFIG_NUMBER, AT(workers), "2", 1, 100, NULL, "processes",
     "How many."},
    {"log-level", ASG_CONFIG_WORD, AT(level), "info", 0, 0, &levels, "", "How much."},
    {"plaintext", ASG_CONFIG_BOOL, AT(is_plain), "false", 0, 0, NULL, "", "No CURVE."},
    {"hosts", ASG_CONFIG_TEXTS, AT(hosts), "", 0, 0, NULL, "", "Names."},
    {"key-file", ASG_CONFIG_SECRET_FILE, AT(key_file), "", 0, 0, NULL, "", "The key."},
    {"url", ASG_CONFIG_URL, AT(url), NULL, 0, 0, NULL, "", "The endpoint of EC2."},
};
static const struct asg_config_table table = {
    .program = "openasg-test",
    .prefix = "OPENASG_TEST",
    .summary = "Tests settings.",
    .keys = keys,
    .key_count = sizeof keys / sizeof keys[0],
    .size = sizeof(struct settings),
};

struct fixture {
    struct asg_arena arena;
    struct asg_config_layers layers;
    struct settings settings;
    struct asg_error error;
};

static int set_up(void **state)
{
    struct fixture *fixture = asg_alloc(1, sizeof *fixture);
    asg_config_begin(&fixture->layers, &table, &fixture->arena, &fixture->settings);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    asg_arena_clear(&fixture->arena);
    free(fixture);
    return 0;
}

static enum asg_status read_text(struct fixture *fixture, const char *text)
{
    return asg_config_read_text(&fixture->layers, "t.yaml", text, strlen(text),
                                &fixture->error);
}

static void refuses(struct fixture *fixture, const char *text, const char *words)
{
    assert_status(ASG_ERR_INVALID, read_text(fixture, text));
    if (strstr(fixture->error.text, words) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", fixture->error.text, words);
    }
}

static void test_config_starts_from_its_defaults(void **state)
{
    struct fixture *fixture = *state;
    assert_string_equal("web", fixture->settings.name);
    assert_int_equal(1000, fixture->settings.interval_ms);
    assert_int_equal(4096, fixture->settings.size_bytes);
    assert_int_equal(2, fixture->settings.workers);
    assert_int_equal(LEVEL_INFO, fixture->settings.level);
    assert_int_equal(0, fixture->settings.hosts.count);
    assert_string_equal("", fixture->settings.url);
}

static void test_config_reads_flat_and_nested_keys(void **state)
{
    struct fixture *fixture = *state;
    assert_status(ASG_OK, read_text(fixture, "name: db # a comment\n"
                                             "interval: 1.5s\n"
                                             "log-level: debug\n"
                                             "plaintext: yes\n"
                                             "listen:\n"
                                             "  agents: tcp://0.0.0.0:1\n"
                                             "  buffer: 16k\n"
                                             "hosts: [a, 'b,c']\n"));
    assert_string_equal("db", fixture->settings.name);
    assert_int_equal(1500, fixture->settings.interval_ms);
    assert_int_equal(LEVEL_DEBUG, fixture->settings.level);
    assert_true(fixture->settings.is_plain);
    assert_string_equal("tcp://0.0.0.0:1", fixture->settings.agents);
    assert_int_equal(16384, fixture->settings.size_bytes);
    assert_int_equal(2, fixture->settings.hosts.count);
    assert_string_equal("b,c", fixture->settings.hosts.items[1]);
}

static void test_config_names_the_nearest_key_of_an_unknown_one(void **state)
{
    struct fixture *fixture = *state;
    refuses(fixture, "name: a\nintervall: 5s\n",
            "t.yaml:2: unknown key \"intervall\"; did you mean \"interval\"?");
    refuses(fixture, "listen:\n  agnets: tcp://a:1\n",
            "t.yaml:2: unknown key \"listen.agnets\"; did you mean \"listen.agents\"?");
    refuses(fixture, "zzzzzzzz: 1\n", "openasg-test --help lists the keys");
}

static void test_config_says_what_to_write_instead(void **state)
{
    struct fixture *fixture = *state;
    refuses(fixture, "interval: 5\n",
            "t.yaml:1: interval cannot be \"5\": write a number");
    refuses(fixture, "interval: 100ms\n", "interval is 100ms: must be 200ms to 1m");
    refuses(fixture, "workers: 1e3\n", "write a whole number");
    refuses(fixture, "workers: 101\n", "must be 1 to 100");
    refuses(fixture, "workers: 99999999999999999999\n", "write a whole number");
    refuses(fixture, "log-level: loud\n", "write one of info, debug");
    refuses(fixture, "plaintext: 1\n", "write true or false");
    refuses(fixture, "listen: {agents: localhost}\n", "tcp://host:port");
    refuses(fixture, "url: ftp://x\n", "http://host:port");
    refuses(fixture, "name:\n", "t.yaml:1: name has no value");
    refuses(fixture, "name: [a]\n", "takes one value, not a list");
    refuses(fixture, "name: {a: b}\n", "takes one value, not a map");
    refuses(fixture, "hosts: [{a: b}]\n", "plain values");
    refuses(fixture, "- a\n", "\"key: value\" lines");
}

static void test_config_knows_an_endpoint_that_cannot_be(void **state)
{
    struct fixture *fixture = *state;
    refuses(fixture, "listen: {agents: 'tcp://127.0.0.1:99999'}\n", "tcp://host:port");
    refuses(fixture, "listen: {agents: 'tcp://127.0.0.1:http'}\n", "tcp://host:port");
    refuses(fixture, "listen: {agents: 'tcp://127.0.0.1:-1'}\n", "tcp://host:port");
    refuses(fixture, "listen: {agents: 'tcp://127.0.0.1:'}\n", "tcp://host:port");
    assert_status(ASG_OK, read_text(fixture, "listen: {agents: 'tcp://[::1]:65535'}\n"));
}

static void test_config_knows_any_port(void **state)
{
    struct fixture *fixture = *state;
    assert_status(ASG_OK, read_text(fixture, "listen: {agents: 'tcp://127.0.0.1:*'}\n"));
}

static void test_config_refuses_what_yaml_has_beyond_plain_values(void **state)
{
    struct fixture *fixture = *state;
    refuses(fixture, "name: !!int 5\n", "t.yaml:1: tags");
    refuses(fixture, "name: &a x\n", "anchors");
    refuses(fixture, "name: x\nurl: *a\n", "aliases");
    refuses(fixture, "name: a\nname: b\n", "t.yaml:2: \"name\" is here a second time");
    refuses(fixture, "name: a\n---\nname: b\n", "second document");
    refuses(fixture, "name: \"a\\0b\"\n", "zero byte");
    refuses(fixture, "name: 'a\n", "t.yaml:");
    refuses(fixture, "? [a]\n: b\n", "a key must be a word");
    assert_status(ASG_ERR_LIMIT, read_text(fixture, "hosts: [[[[a]]]]\n"));
}

static void test_config_reads_the_environment(void **state)
{
    struct fixture *fixture = *state;
    char *environment[] = {(char *)"PATH=/bin",
                           (char *)"OPENASG_TEST_LISTEN_AGENTS=tcp://1.2.3.4:5",
                           (char *)"OPENASG_TEST_INTERVAL=2s",
                           (char *)"OPENASG_TEST_LOG_LEVEL=debug",
                           (char *)"OPENASG_TEST_CONFIG=/etc/x",
                           (char *)"OPENASG_TEST_NAME=",
                           (char *)"OPENASG_TESTING=x",
                           NULL};
    assert_status(ASG_OK, asg_config_read_environment(&fixture->layers, environment, true,
                                                      &fixture->error));
    assert_string_equal("tcp://1.2.3.4:5", fixture->settings.agents);
    assert_int_equal(2000, fixture->settings.interval_ms);
    assert_int_equal(LEVEL_DEBUG, fixture->settings.level);
    assert_string_equal("web", fixture->settings.name);

    char *mistyped[] = {(char *)"OPENASG_TEST_INTERVALL=2s", NULL};
    assert_status(ASG_ERR_INVALID, asg_config_read_environment(&fixture->layers, mistyped,
                                                               true, &fixture->error));
    assert_non_null(strstr(fixture->error.text, "did you mean OPENASG_TEST_INTERVAL?"));
    assert_status(ASG_OK, asg_config_read_environment(&fixture->layers, mistyped, false,
                                                      &fixture->error));
}

static void test_config_asks_for_what_must_be_given(void **state)
{
    struct fixture *fixture = *state;
    assert_status(ASG_ERR_INVALID, asg_config_finish(&fixture->layers, &fixture->error));
    assert_non_null(strstr(fixture->error.text, "OPENASG_TEST_URL or --url"));
    assert_status(ASG_OK, read_text(fixture, "url: http://127.0.0.1:80\n"));
    assert_status(ASG_OK, asg_config_finish(&fixture->layers, &fixture->error));
}

static void test_config_refuses_a_secret_that_others_can_read(void **state)
{
    struct fixture *fixture = *state;
    char path[] = "/tmp/openasg-key-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    (void)close(file);
    char text[128];
    (void)snprintf(text, sizeof text, "url: http://a\nkey-file: %s\n", path);
    assert_status(ASG_OK, read_text(fixture, text));
    assert_int_equal(0, chmod(path, 0644));
    assert_status(ASG_ERR_DENIED, asg_config_finish(&fixture->layers, &fixture->error));
    assert_non_null(strstr(fixture->error.text, "chmod 600"));
    assert_int_equal(0, chmod(path, 0600));
    assert_status(ASG_OK, asg_config_finish(&fixture->layers, &fixture->error));
    (void)unlink(path);
}

static enum asg_status load(struct fixture *fixture, int argc, const char *const *argv,
                            enum asg_config_act *ret)
{
    return asg_config_load(&table, argc, (char **)(uintptr_t)argv, &fixture->arena,
                           &fixture->settings, ret, &fixture->error);
}

static void test_config_takes_the_command_line_over_the_file(void **state)
{
    struct fixture *fixture = *state;
    char path[] = "/tmp/openasg-config-XXXXXX";
    int file = mkstemp(path);
    const char text[] = "name: file\nworkers: 5\nurl: http://file\n";
    assert_int_equal(sizeof text - 1, write(file, text, sizeof text - 1));
    (void)close(file);
    const char *argv[] = {"test",      "--config",    path,
                          "--workers", "7",           "--listen-agents=tcp://a:1",
                          "--hosts",   "a, b",        "--plaintext",
                          "--url",     "http://line", NULL};
    enum asg_config_act act = ASG_CONFIG_DONE;
    assert_status(ASG_OK, load(fixture, 11, argv, &act));
    assert_int_equal(ASG_CONFIG_RUN, act);
    assert_string_equal("file", fixture->settings.name);
    assert_int_equal(7, fixture->settings.workers);
    assert_string_equal("tcp://a:1", fixture->settings.agents);
    assert_string_equal("http://line", fixture->settings.url);
    assert_int_equal(2, fixture->settings.hosts.count);
    assert_string_equal("b", fixture->settings.hosts.items[1]);
    assert_true(fixture->settings.is_plain);
    (void)unlink(path);
}

static void test_config_refuses_an_unknown_option(void **state)
{
    struct fixture *fixture = *state;
    enum asg_config_act act = ASG_CONFIG_DONE;
    const char *mistyped[] = {"test", "--worker", "7", NULL};
    assert_status(ASG_ERR_INVALID, load(fixture, 3, mistyped, &act));
    assert_non_null(strstr(fixture->error.text, "did you mean --workers?"));
    const char *bare[] = {"test", "run", NULL};
    assert_status(ASG_ERR_INVALID, load(fixture, 2, bare, &act));
    const char *short_of_value[] = {"test", "--workers", NULL};
    assert_status(ASG_ERR_INVALID, load(fixture, 2, short_of_value, &act));
    assert_string_equal("--workers needs a value", fixture->error.text);
    const char *optional[] = {
        "test", "--config", "-/nowhere/x.yaml", "--url", "http://x", "--name", "a", NULL};
    assert_status(ASG_OK, load(fixture, 7, optional, &act));
    const char *no_file[] = {"test", "--config", "/nowhere/x.yaml", NULL};
    assert_status(ASG_ERR_NOT_FOUND, load(fixture, 3, no_file, &act));
    assert_non_null(strstr(fixture->error.text, "/nowhere/x.yaml"));
}

static void test_config_prints_what_it_reads_back(void **state)
{
    struct fixture *fixture = *state;
    assert_status(ASG_OK,
                  read_text(fixture, "name: \"a: b # \\\"c\\\"\"\n"
                                     "interval: 45s\nhosts: ['- x', y]\n"
                                     "listen: {buffer: 2k}\nurl: http://x:1/y\n"));
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    asg_config_print(&table, &fixture->settings, out);
    (void)fclose(out);

    struct settings again;
    struct asg_config_layers layers;
    asg_config_begin(&layers, &table, &fixture->arena, &again);
    assert_status(
        ASG_OK, asg_config_read_text(&layers, "printed", text, length, &fixture->error));
    assert_string_equal("a: b # \"c\"", again.name);
    assert_int_equal(45000, again.interval_ms);
    assert_int_equal(2048, again.size_bytes);
    assert_string_equal("- x", again.hosts.items[0]);
    assert_string_equal("http://x:1/y", again.url);
    free(text);
}

/* What `print` writes, for the caller to free. */
static char *written_by(void (*print)(const void *of, FILE *out), const void *of)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    print(of, out);
    (void)fclose(out);
    return text;
}

static void print_sample(const void *layers, FILE *out)
{
    asg_config_sample(layers, out);
}

static void print_man(const void *of, FILE *out)
{
    asg_config_man(of, out);
}

static void test_config_sample_is_the_defaults_and_what_was_given(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(ASG_OK, asg_config_set(&fixture->layers, &keys[0], "db", "--name",
                                            &fixture->error));
    char *text = written_by(print_sample, &fixture->layers);
    assert_non_null(strstr(text, "\nname: db\n"));
    assert_non_null(strstr(text, "\n#interval: 1s\n"));
    assert_non_null(strstr(text, "\n#listen:\n  # Where agents connect."));
    assert_non_null(strstr(text, "\n#  agents: tcp://127.0.0.1:7000\n"));
    struct asg_config_layers layers; /* as it is, it says no more than what was given */
    struct settings settings;
    asg_config_begin(&layers, &table, &fixture->arena, &settings);
    assert_int_equal(ASG_OK, asg_config_read_text(&layers, "sample", text, strlen(text),
                                                  &fixture->error));
    assert_string_equal(settings.name, "db");
    for (size_t i = 1; i < table.key_count; i++)
        assert_false(layers.is_set[i]);
    free(text);
}

static void test_config_man_has_every_setting(void **state)
{
    (void)state;
    char *text = written_by(print_man, &table);
    assert_non_null(strstr(text, ".TH \"OPENASG-TEST\" 8 "));
    assert_non_null(strstr(text, "\\fBinterval\\fR (duration, 200ms to 1m)\n"
                                 "Time between reports.\nDefault: 1s.\n"));
    assert_non_null(strstr(text, "The endpoint of EC2.\nMust be given.\n"));
    assert_non_null(strstr(text, "\\fI/etc/openasg/test.yaml\\fR"));
    for (size_t i = 0; i < table.key_count; i++) {
        assert_non_null(strstr(text, keys[i].help));
    }
    free(text);
}

static void test_config_help_names_every_key_with_its_range(void **state)
{
    (void)state;
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    asg_config_help(&table, out);
    asg_config_document(&table, out);
    (void)fclose(out);
    for (size_t i = 0; i < table.key_count; i++) {
        char option[ASG_CONFIG_NAME_MAX];
        asg_config_spell(keys[i].name, '-', option);
        assert_non_null(strstr(text, option));
        assert_non_null(strstr(text, keys[i].help));
    }
    assert_non_null(strstr(text, "[duration, 200ms to 1m; default 1s]"));
    assert_non_null(strstr(text, "[number, 1 to 100 processes; default 2]"));
    assert_non_null(strstr(text, "[URL; must be given]"));
    assert_non_null(strstr(text, "\nlisten:\n"));
    free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_config_starts_from_its_defaults),
        TEST(test_config_reads_flat_and_nested_keys),
        TEST(test_config_names_the_nearest_key_of_an_unknown_one),
        TEST(test_config_says_what_to_write_instead),
        TEST(test_config_knows_an_endpoint_that_cannot_be),
        TEST(test_config_knows_any_port),
        TEST(test_config_refuses_what_yaml_has_beyond_plain_values),
        TEST(test_config_reads_the_environment),
        TEST(test_config_asks_for_what_must_be_given),
        TEST(test_config_refuses_a_secret_that_others_can_read),
        TEST(test_config_takes_the_command_line_over_the_file),
        TEST(test_config_refuses_an_unknown_option),
        TEST(test_config_prints_what_it_reads_back),
        TEST(test_config_sample_is_the_defaults_and_what_was_given),
        TEST(test_config_man_has_every_setting),
        TEST(test_config_help_names_every_key_with_its_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
