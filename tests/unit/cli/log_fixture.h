/* log_fixture - the log of one day, and command lines run on it. */
#ifndef ASG_TESTS_LOG_FIXTURE_H
#define ASG_TESTS_LOG_FIXTURE_H

#include "lib/check.h"
#include "unit/cli/make_log.h"
#include "unit/cli/run_line.h"

struct fixture {
    struct world world;
    struct said said;
};

static inline int set_up(void **state)
{
    struct fixture *fixture = asg_alloc(1, sizeof *fixture);
    begin_world(&fixture->world);
    play_a_day(&fixture->world);
    *state = fixture;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *fixture = *state;
    clear_said(&fixture->said);
    end_world(&fixture->world);
    free(fixture);
    return 0;
}

static inline void run(struct fixture *fixture, int code, const char *format)
{
    char line[512];
    (void)snprintf(line, sizeof line, format, fixture->world.path);
    run_line(&fixture->said, line);
    if (fixture->said.code != code) {
        fail_msg("%s: exit %d\n%s%s", line, fixture->said.code, fixture->said.out,
                 fixture->said.err);
    }
}

static inline void says(const char *text, const char *words)
{
    if (strstr(text, words) == NULL) fail_msg("\"%s\" lacks \"%s\"", text, words);
}

#endif
