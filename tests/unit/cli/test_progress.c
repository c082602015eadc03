/* Progress on a terminal of its own, with a clock that runs as fast as it is asked. */
#include <pthread.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/show/progress.h"

#include "lib/check.h"

#define TEXT_BYTES ((size_t)1 << 20)

struct terminal {
    int ours;
    FILE *theirs;
    pthread_t reader;
    char *text;
    size_t length;
    struct asg_clock clock;
    int64_t now_us;
    int64_t step_us;
};

static int64_t pass_time(void *context)
{
    struct terminal *terminal = context;
    terminal->now_us += terminal->step_us;
    return terminal->now_us;
}

static int64_t wall_ms(void *context)
{
    const struct terminal *terminal = context;
    return INT64_C(1795444609123) + terminal->now_us / 1000;
}

static void *read_all(void *context)
{
    struct terminal *terminal = context;
    ssize_t got = 0;
    while (terminal->length + 1 < TEXT_BYTES) {
        got = read(terminal->ours, terminal->text + terminal->length,
                   TEXT_BYTES - 1 - terminal->length);
        if (got <= 0) break;
        terminal->length += (size_t)got;
    }
    return NULL;
}

static void begin(struct terminal *terminal, unsigned short columns, int64_t step_us)
{
    *terminal = (struct terminal){.step_us = step_us, .text = calloc(1, TEXT_BYTES)};
    terminal->clock = (struct asg_clock){wall_ms, pass_time, terminal};
    const struct winsize size = {.ws_row = 40, .ws_col = columns};
    int theirs = -1;
    assert_int_equal(0, openpty(&terminal->ours, &theirs, NULL, NULL, &size));
    terminal->theirs = fdopen(theirs, "w");
    assert_non_null(terminal->theirs);
    assert_int_equal(0, pthread_create(&terminal->reader, NULL, read_all, terminal));
}

static void end(struct terminal *terminal)
{
    (void)fclose(terminal->theirs);
    assert_int_equal(0, pthread_join(terminal->reader, NULL));
    (void)close(terminal->ours);
}

static void has(const struct terminal *terminal, const char *words)
{
    if (strstr(terminal->text, words) == NULL) {
        fail_msg("no \"%s\" in \"%s\"", words, terminal->text);
    }
}

static void clear(struct terminal *terminal)
{
    free(terminal->text);
}

static void test_a_bar_shows_how_much_and_how_long_and_goes_away(void **state)
{
    (void)state;
    struct terminal terminal;
    begin(&terminal, 100, 1000000); /* each look at the clock is a second later */
    struct asg_cli cli = {.err = terminal.theirs, .clock = terminal.clock};
    struct asg_progress *progress = asg_progress_new(&cli, "verifying", 4512000);
    asg_progress_step(progress, 1128000);
    asg_progress_step(progress, 9999999); /* more than there should be */
    asg_progress_end(&progress);
    assert_null(progress);
    end(&terminal);
    has(&terminal, "\r\033[Kverifying [#####               ]  25 %  1,128,000 of "
                   "4,512,000  4s left");
    has(&terminal, "[####################] 100 %");
    assert_string_equal("\r\033[K", terminal.text + terminal.length - 4);
    assert_null(strchr(terminal.text, '\n'));
    clear(&terminal);
}

static void test_it_is_drawn_ten_times_a_second_at_most(void **state)
{
    (void)state;
    struct terminal terminal;
    begin(&terminal, 100, 1000);
    struct asg_cli cli = {.err = terminal.theirs, .clock = terminal.clock};
    struct asg_progress *progress = asg_progress_new(&cli, "verifying", 5000);
    for (uint64_t i = 0; i < 2000; i++) /* two seconds of them */
        asg_progress_step(progress, i);
    asg_progress_end(&progress);
    end(&terminal);
    size_t drawn = 0;
    for (const char *at = terminal.text; (at = strchr(at, '[')) != NULL; at++)
        drawn += strncmp(at, "[#", 2) == 0 || strncmp(at, "[ ", 2) == 0;
    assert_in_range(drawn, 15, 20);
    clear(&terminal);
}

static void test_a_line_is_never_longer_than_the_terminal(void **state)
{
    (void)state;
    struct terminal terminal;
    begin(&terminal, 30, 1000000);
    struct asg_cli cli = {.err = terminal.theirs, .clock = terminal.clock};
    struct asg_progress *progress = asg_progress_new(&cli, "waiting", 0);
    asg_progress_say(progress,
                     "2 of 3 in service\n\033[2J and a lot more that is too long");
    asg_progress_step(progress, 1234567);
    asg_progress_end(&progress);
    end(&terminal);
    has(&terminal, "\r\033[Kwaiting: 2 of 3 in service ");
    has(&terminal, "\r\033[Kwaiting  1,234,567");
    assert_null(strstr(terminal.text, "\033[2J"));
    clear(&terminal);
}

static void test_nothing_is_written_where_nobody_looks(void **state)
{
    (void)state;
    struct terminal terminal;
    char *text = NULL;
    size_t length = 0;
    begin(&terminal, 100, 1000000);
    struct asg_cli cli = {.err = open_memstream(&text, &length), .clock = terminal.clock};
    struct asg_progress *progress = asg_progress_new(&cli, "verifying", 10);
    asg_progress_step(progress, 5);
    asg_progress_end(&progress);
    (void)fclose(cli.err);
    assert_int_equal(0, length);
    free(text);
    cli.err = terminal.theirs;
    cli.fails_in_json = true;
    progress = asg_progress_new(&cli, "verifying", 10);
    asg_progress_step(progress, 5);
    asg_progress_end(&progress);
    cli.fails_in_json = false;
    assert_int_equal(0, setenv("TERM", "dumb", 1));
    progress = asg_progress_new(&cli, "verifying", 10);
    asg_progress_step(progress, 5);
    asg_progress_end(&progress);
    assert_int_equal(0, setenv("TERM", "xterm", 1));
    asg_progress_step(NULL, 1);
    asg_progress_say(NULL, "");
    end(&terminal);
    assert_int_equal(0, terminal.length);
    clear(&terminal);
}

static void shows(const char *line, const char *words)
{
    struct terminal terminal;
    char copy[512];
    char *argv[16];
    int argc = 0;
    char *out = NULL;
    size_t out_length = 0;
    (void)snprintf(copy, sizeof copy, "openasg %s", line);
    for (char *word = copy; word != NULL && argc < 16;) {
        argv[argc++] = strsep(&word, " ");
    }
    begin(&terminal, 100, 50000);
    struct asg_cli cli = {.table = asg_cli_table(),
                          .out = open_memstream(&out, &out_length),
                          .err = terminal.theirs,
                          .clock = terminal.clock};
    int code = asg_cli_run(&cli, argc, argv);
    (void)fclose(cli.out);
    end(&terminal);
    bool is_read = code == ASG_EXIT_OK || code == ASG_EXIT_DIFFERS ||
                   code == ASG_EXIT_NOT_VERIFIED; /* other tests judge the log */
    if (!is_read) fail_msg("%s: exit %d\n%s", line, code, terminal.text);
    has(&terminal, words);
    free(out);
    clear(&terminal);
}

static void test_the_commands_that_take_long_show_it(void **state)
{
    (void)state;
    static const char log[] =
        ASG_SOURCE_DIR "/tests/golden/replay/rules-1/target.sqlite --immutable";
    char folder[] = "/tmp/openasg-progress-XXXXXX";
    char line[512];
    assert_non_null(mkdtemp(folder));
    (void)snprintf(line, sizeof line, "log verify --states %s", log);
    shows(line, "\r\033[Kreplaying [");
    (void)snprintf(line, sizeof line, "replay %s", log);
    shows(line, "\r\033[Kreplaying [");
    (void)snprintf(line, sizeof line, "log export %s", log);
    shows(line, "\r\033[Kexporting [");
    (void)snprintf(line, sizeof line, "log export --sqlite %s/audit.db %s", folder, log);
    shows(line, "\r\033[Kexporting [");
    (void)snprintf(line, sizeof line, "what-if %s --presets", log);
    shows(line, "\r\033[Kreading the log [");
    shows(line, "\r\033[Ktrying policies [");
    (void)snprintf(line, sizeof line, "%s/audit.db", folder);
    assert_int_equal(0, unlink(line));
    assert_int_equal(0, rmdir(folder));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_bar_shows_how_much_and_how_long_and_goes_away),
        cmocka_unit_test(test_it_is_drawn_ten_times_a_second_at_most),
        cmocka_unit_test(test_a_line_is_never_longer_than_the_terminal),
        cmocka_unit_test(test_nothing_is_written_where_nobody_looks),
        cmocka_unit_test(test_the_commands_that_take_long_show_it),
    };
    (void)setenv("TERM", "xterm", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
