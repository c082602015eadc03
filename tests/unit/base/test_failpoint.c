/* test_failpoint - a named place strikes at its pass, once, and only one process of
 * several. */
#define ASG_FAILPOINTS
#include "base/failpoint.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/check.h"

#define PASSES 5

static char folder[] = "/tmp/asg-failpoint-XXXXXX";
static char file_path[128];
static char fired_path[160];

/* Which of PASSES passes failed, as a mask. */
static unsigned pass_all(void)
{
    unsigned failed = 0;
    for (unsigned i = 0; i < PASSES; i++) {
        if (ASG_FAILPOINT_FAILS("test.can_fail")) failed |= 1U << i;
        ASG_FAILPOINT("test.cannot_fail");
    }
    return failed;
}

/* The points keep what they know per process: each case has one of its own. */
static int status_of_child(const char *environment, const char *file)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int nowhere = open("/dev/null", O_WRONLY);
        if (nowhere >= 0) (void)dup2(nowhere, STDERR_FILENO);
        if (environment != NULL) (void)setenv("ASG_FAILPOINT", environment, 1);
        if (file != NULL) (void)setenv("ASG_FAILPOINT_FILE", file, 1);
        _exit((int)pass_all());
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    if (WIFSTOPPED(status)) {
        assert_int_equal(WSTOPSIG(status), SIGSTOP);
        assert_int_equal(kill(pid, SIGCONT), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return 1000 + WEXITSTATUS(status);
    }
    return status;
}

static void write_file(const char *text)
{
    char fresh[160];
    (void)snprintf(fresh, sizeof fresh, "%s.new", file_path);
    FILE *file = fopen(fresh, "we");
    assert_non_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
    assert_int_equal(rename(fresh, file_path), 0);
}

static void test_failpoint_does_nothing_unless_armed(void **state)
{
    (void)state;
    int status = status_of_child(NULL, NULL);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_failpoint_fails_at_the_named_pass_and_once(void **state)
{
    (void)state;
    int status = status_of_child("test.can_fail:error@3,test.other:kill", NULL);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1U << 2);
}

static void test_failpoint_kills_and_stops(void **state)
{
    (void)state;
    int status = status_of_child("test.cannot_fail:kill@2", NULL);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
    assert_int_equal(status_of_child("test.cannot_fail:stop", NULL), 1000);
}

static void test_failpoint_refuses_a_wrong_text(void **state)
{
    (void)state;
    const char *const wrong[] = {"test.can_fail",          "test.can_fail:explode",
                                 "test.can_fail:error@0",  "test.can_fail:error@1x",
                                 "test.cannot_fail:error", "test.can_fail:kill@"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int status = status_of_child(wrong[i], NULL);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 2);
    }
}

static void test_failpoint_file_strikes_one_process_of_several(void **state)
{
    (void)state;
    write_file("test.can_fail:error@2\n");
    int status = status_of_child(NULL, file_path);
    assert_int_equal(WEXITSTATUS(status), 1U << 1);
    assert_int_equal(access(file_path, F_OK), -1);
    status = status_of_child(NULL, file_path); /* as if it had been started again */
    assert_int_equal(WEXITSTATUS(status), 0);
    char text[128] = "";
    FILE *file = fopen(fired_path, "re");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    (void)fclose(file);
    assert_non_null(strstr(text, " test.can_fail error\n"));
}

static void test_failpoint_list_tells_what_each_can_do(void **state)
{
    (void)state;
    char program[] = "program";
    char option[] = "--list-failpoints";
    char *asked[] = {program, option, NULL};
    assert_false(asg_failpoint_list(1, asked));
    int kept = dup(STDOUT_FILENO);
    FILE *file = tmpfile();
    assert_non_null(file);
    (void)fflush(stdout);
    (void)dup2(fileno(file), STDOUT_FILENO);
    bool is_listed = asg_failpoint_list(2, asked);
    (void)fflush(stdout);
    (void)dup2(kept, STDOUT_FILENO);
    (void)close(kept);
    assert_true(is_listed);
    char text[512] = "";
    rewind(file);
    assert_true(fread(text, 1, sizeof text - 1, file) > 0);
    (void)fclose(file);
    assert_non_null(strstr(text, "test.can_fail kill stop error\n"));
    assert_non_null(strstr(text, "test.cannot_fail kill stop\n"));
}

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) return -1;
    (void)snprintf(file_path, sizeof file_path, "%s/point", folder);
    (void)snprintf(fired_path, sizeof fired_path, "%s.fired", file_path);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(file_path);
    (void)unlink(fired_path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failpoint_does_nothing_unless_armed),
        cmocka_unit_test(test_failpoint_fails_at_the_named_pass_and_once),
        cmocka_unit_test(test_failpoint_kills_and_stops),
        cmocka_unit_test(test_failpoint_refuses_a_wrong_text),
        cmocka_unit_test(test_failpoint_file_strikes_one_process_of_several),
        cmocka_unit_test(test_failpoint_list_tells_what_each_can_do),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
