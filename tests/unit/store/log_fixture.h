/* log_fixture - a folder of its own and small helpers for the tests of lib/store. */
#ifndef ASG_TESTS_LOG_FIXTURE_H
#define ASG_TESTS_LOG_FIXTURE_H

#include "lib/check.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/log.h"
#include "store/log_memory.h"

#define FIXTURE_TIME INT64_C(1795442400000)

struct fixture {
    char folder[64];
    char path[128];
};

static inline int fixture_set_up(void **state)
{
    struct fixture *fixture = test_calloc(1, sizeof *fixture);
    (void)snprintf(fixture->folder, sizeof fixture->folder, "/tmp/asg-store-XXXXXX");
    if (mkdtemp(fixture->folder) == NULL) return 1;
    (void)snprintf(fixture->path, sizeof fixture->path, "%s/log.db", fixture->folder);
    *state = fixture;
    return 0;
}

static inline int fixture_tear_down(void **state)
{
    struct fixture *fixture = *state;
    DIR *folder = opendir(fixture->folder);
    if (folder != NULL) {
        struct dirent *entry;
        while ((entry = readdir(folder)) != NULL) {
            char name[400];
            (void)snprintf(name, sizeof name, "%s/%s", fixture->folder, entry->d_name);
            (void)unlink(name);
        }
        (void)closedir(folder);
    }
    (void)rmdir(fixture->folder);
    test_free(fixture);
    return 0;
}

static inline struct asg_log_options options_for(const struct fixture *fixture)
{
    return (struct asg_log_options){
        .path = fixture->path, .cluster_id = "test", .now_ms = FIXTURE_TIME};
}

static inline struct asg_log *open_log(const struct fixture *fixture)
{
    struct asg_log_options options = options_for(fixture);
    struct asg_log *log = NULL;
    struct asg_error error = {""};
    enum asg_status status = asg_log_open_sqlite(&options, &log, &error);
    if (status != ASG_OK) fail_msg("open: %s: %s", asg_status_text(status), error.text);
    return log;
}

static inline struct asg_log *open_reader(const struct fixture *fixture)
{
    struct asg_log_options options = {.path = fixture->path, .is_read_only = true};
    struct asg_log *log = NULL;
    struct asg_error error = {""};
    enum asg_status status = asg_log_open_sqlite(&options, &log, &error);
    if (status != ASG_OK) fail_msg("open: %s: %s", asg_status_text(status), error.text);
    return log;
}

static inline void append_one(struct asg_log *log, const char *kind, const char *subject,
                              const char *note, const char *payload)
{
    struct asg_record record = {.time_ms =
                                    FIXTURE_TIME + (int64_t)asg_log_head(log).seq * 1000,
                                .kind = kind,
                                .subject = subject,
                                .note = note,
                                .payload = payload,
                                .payload_length = strlen(payload)};
    struct asg_error error = {""};
    enum asg_status status = asg_log_append(log, &record, 1, NULL, &error);
    if (status != ASG_OK) fail_msg("append: %s", error.text);
}

/* event, effects, decision, as a step writes them. Three records. */
static inline void append_step(struct asg_log *log, int number)
{
    char event[64];
    char effects[64];
    char note[128];
    (void)snprintf(event, sizeof event, "event number %d with its numbers", number);
    (void)snprintf(effects, sizeof effects, "effects of step %d", number);
    (void)snprintf(note, sizeof note, "cpu mean %d %%, target 50 %%: propose %d", number,
                   number + 1);
    int64_t time = FIXTURE_TIME + (int64_t)asg_log_head(log).seq * 1000;
    const struct asg_record records[] = {
        {.time_ms = time,
         .kind = "event",
         .payload = event,
         .payload_length = strlen(event)},
        {.time_ms = time,
         .kind = "effects",
         .payload = effects,
         .payload_length = strlen(effects)},
        {.time_ms = time, .kind = "decision", .subject = "web", .note = note},
    };
    uint64_t first = 0;
    struct asg_error error = {""};
    uint64_t before = asg_log_head(log).seq;
    enum asg_status status = asg_log_append(log, records, 3, &first, &error);
    if (status != ASG_OK) fail_msg("append: %s", error.text);
    assert_int_equal(before + 1, first);
}

/* Verify and expect it to be good. */
static inline struct asg_log_verdict verify_good(struct asg_log *log)
{
    struct asg_log_verdict verdict;
    struct asg_error error = {""};
    enum asg_status status = asg_log_verify(log, 0, NULL, NULL, &verdict, &error);
    if (status != ASG_OK) fail_msg("verify: %s", error.text);
    assert_int_equal(ASG_LOG_FLAW_NONE, verdict.flaw);
    return verdict;
}

static inline uint64_t count_records(struct asg_log *log,
                                     const struct asg_log_filter *filter)
{
    struct asg_log_cursor *cursor = NULL;
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_log_cursor_open(log, filter, &cursor, &error));
    struct asg_record record;
    uint64_t count = 0;
    enum asg_status status;
    while ((status = asg_log_cursor_next(cursor, &record, &error)) == ASG_OK)
        count++;
    if (status != ASG_ERR_EMPTY) fail_msg("read: %s", error.text);
    asg_log_cursor_close(&cursor);
    return count;
}

#endif
