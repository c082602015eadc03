/* bundle_cluster - what the controller says, by the commands that an operator would run,
 * its metrics, and the last records of the log. */
#include <string.h>
#include <unistd.h>

#include "cli/ask/fetch_page.h"
#include "cli/doctor/bundle.h"
#include "cli/doctor/run_program.h"
#include "cli/log/write_record.h"
#include "store/log.h"

#define RECORDS   1000
#define LIMIT_MS  30000
#define PART_MAX  (size_t)(64 * 1024 * 1024)
#define PAGE_MS   5000
#define WORDS_MAX 8

static const struct {
    const char *file;
    const char *words[WORDS_MAX];
} parts[] = {
    {"controller/status.json", {"status", "-o", "json"}},
    {"controller/alarms.json", {"alarm", "list", "-o", "json"}},
    {"controller/workers.json", {"worker", "list", "-o", "json"}},
    {"controller/refused.json", {"worker", "list", "--refused", "-o", "json"}},
    {"controller/group-list.json", {"group", "list", "-o", "json"}},
    {"controller/groups.yaml", {"export", "--full"}},
    {"controller/instances.json", {"instance", "list", "-o", "json"}},
    {"controller/orphans.json", {"orphan", "list", "-o", "json"}},
    {"controller/templates.json", {"template", "list", "-o", "json"}},
    {"controller/jobs.json", {"jobs", "-o", "json"}},
    {"controller/decisions.json", {"explain", "--limit", "500", "-o", "json"}},
};

/* This program with the settings in force, whatever file or variable they came from. */
static int ask(struct asg_bundle *bundle, const char *const *part, struct asg_bytes *ret)
{
    const struct asg_cli_settings *settings = &bundle->cli->settings;
    const char *words[WORDS_MAX + 12] = {"openasg"};
    size_t count = 1;
    for (size_t i = 0; i < WORDS_MAX && part[i] != NULL; i++) {
        words[count++] = part[i];
    }
    words[count++] = "--controller";
    words[count++] = settings->controller;
    words[count++] = "--dir";
    words[count++] = settings->dir;
    words[count++] = "--key-file";
    words[count++] = settings->key_file;
    bool has_key = settings->server_key[0] != '\0';
    words[count++] = has_key ? "--server-key" : "--server-key-file";
    words[count++] = has_key ? settings->server_key : settings->server_key_file;
    if (settings->allow_plaintext) words[count++] = "--allow-plaintext";
    return asg_run_program(asg_program_path("openasg", &bundle->cli->arena), words, NULL,
                           LIMIT_MS, PART_MAX, ret);
}

static void miss_said(struct asg_bundle *bundle, const char *name, struct asg_bytes *said,
                      int code)
{
    const char *text = asg_bytes_text(said);
    asg_bundle_miss(bundle, name, "exit code %d: %.*s", code, (int)strcspn(text, "\n"),
                    text);
}

/* Once it is not reached, nothing more is asked. */
static bool add_answers(struct asg_bundle *bundle)
{
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        ASG_CLEANUP(asg_bytes_clear) struct asg_bytes said = {0};
        int code = ask(bundle, parts[i].words, &said);
        if (code == ASG_EXIT_OK) {
            asg_bundle_add(bundle, parts[i].file, &said);
            continue;
        }
        miss_said(bundle, parts[i].file, &said, code);
        if (code == ASG_EXIT_UNREACHABLE || code == ASG_EXIT_USAGE) return false;
    }
    return true;
}

static void add_metrics(struct asg_bundle *bundle)
{
    static const char *const words[WORDS_MAX] = {"status", "-o", "csv"};
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes said = {0};
    if (ask(bundle, words, &said) != ASG_EXIT_OK) return;
    const char *text = asg_bytes_text(&said);
    const char *url = strstr(text, "http://");
    if (url == NULL) {
        asg_bundle_miss(bundle, "controller/metrics.txt", "the controller serves none");
        return;
    }
    url = asg_arena_text_n(&bundle->cli->arena, url, strcspn(url, "\",\r\n"));
    struct asg_page_answer page = {0};
    struct asg_error error = {""};
    if (asg_fetch_page(url, "/metrics", PAGE_MS, &page, &error) == ASG_OK) {
        asg_bundle_add(bundle, "controller/metrics.txt", &page.body);
    } else {
        asg_bundle_miss(bundle, "controller/metrics.txt", "%s: %s", url, error.text);
    }
    asg_page_answer_clear(&page);
}

static enum asg_status read_records(struct asg_log *log, struct asg_bytes *ret,
                                    struct asg_error *error)
{
    ASG_CLEANUP(asg_log_cursor_close) struct asg_log_cursor *cursor = NULL;
    uint64_t head = asg_log_head(log).seq;
    const struct asg_log_filter filter = {.from_seq =
                                              head > RECORDS ? head - RECORDS + 1 : 1};
    struct asg_arena arena = {0};
    struct asg_record record;
    enum asg_status status = asg_log_cursor_open(log, &filter, &cursor, error);
    while (status == ASG_OK && ret->length < PART_MAX) {
        status = asg_log_cursor_next(cursor, &record, error);
        if (status == ASG_OK) asg_write_record_json(&record, &arena, ret);
        asg_arena_reset(&arena);
    }
    asg_arena_clear(&arena);
    return status == ASG_ERR_EMPTY ? ASG_OK : status;
}

static void add_log(struct asg_bundle *bundle)
{
    const struct asg_log_options options = {.path = bundle->cli->settings.log,
                                            .is_read_only = true};
    struct asg_log *log = NULL;
    struct asg_error error = {""};
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes records = {0};
    enum asg_status status = asg_log_open_sqlite(&options, &log, &error);
    if (status == ASG_OK) status = read_records(log, &records, &error);
    asg_log_close(&log);
    if (records.length > 0) asg_bundle_add(bundle, "log/records.jsonl", &records);
    if (status != ASG_OK) asg_bundle_miss(bundle, "log/records.jsonl", "%s", error.text);
}

void asg_bundle_add_cluster(struct asg_bundle *bundle)
{
    if (add_answers(bundle)) add_metrics(bundle);
    add_log(bundle);
}
