#include "ec2local/call_log.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "ec2local/json_out.h"

struct row {
    uint64_t number;
    int64_t wall_us;
    int64_t monotonic_us;
    int64_t took_us;
    int http_status;
    char action[48];
    char token[68];
    char code[64];
    char fault[32];
    char *ids; /* a JSON list */
};

struct asg_call_log {
    pthread_mutex_t lock;
    struct row *rows; /* a ring, ASG_CALL_LOG_MAX of them */
    uint64_t first;   /* number of the oldest kept */
    uint64_t next;    /* number of the next */
};

void asg_call_log_new(struct asg_call_log **ret)
{
    struct asg_call_log *log = asg_alloc(1, sizeof *log);
    (void)pthread_mutex_init(&log->lock, NULL);
    log->rows = asg_alloc(ASG_CALL_LOG_MAX, sizeof *log->rows);
    log->first = 1;
    log->next = 1;
    *ret = log;
}

static struct row *row_of(struct asg_call_log *log, uint64_t number)
{
    return &log->rows[number % ASG_CALL_LOG_MAX];
}

static void forget(struct asg_call_log *log)
{
    for (; log->first < log->next; log->first++) {
        free(row_of(log, log->first)->ids);
        row_of(log, log->first)->ids = NULL;
    }
}

void asg_call_log_destroy(struct asg_call_log **log)
{
    if (*log == NULL) return;
    forget(*log);
    free((*log)->rows);
    (void)pthread_mutex_destroy(&(*log)->lock);
    free(*log);
    *log = NULL;
}

void asg_call_log_clear(struct asg_call_log *log)
{
    (void)pthread_mutex_lock(&log->lock);
    forget(log);
    (void)pthread_mutex_unlock(&log->lock);
}

static char *print_ids(const struct asg_call_record *record)
{
    struct asg_bytes text = {0};
    asg_bytes_append_byte(&text, '[');
    for (size_t i = 0; i < record->id_count; i++) {
        if (i > 0) asg_bytes_append_byte(&text, ',');
        asg_json_out_text(&text, record->ids[i]);
    }
    asg_bytes_append_byte(&text, ']');
    (void)asg_bytes_text(&text); /* closes it with a zero */
    return (char *)text.data;
}

void asg_call_log_add(struct asg_call_log *log, const struct asg_call_record *record)
{
    char *ids = print_ids(record);
    (void)pthread_mutex_lock(&log->lock);
    if (log->next - log->first == ASG_CALL_LOG_MAX) {
        free(row_of(log, log->first)->ids);
        log->first++;
    }
    struct row *row = row_of(log, log->next);
    *row = (struct row){.number = log->next++,
                        .wall_us = record->wall_us,
                        .monotonic_us = record->monotonic_us,
                        .took_us = record->took_us,
                        .http_status = record->http_status,
                        .ids = ids};
    (void)snprintf(row->action, sizeof row->action, "%s", record->action);
    (void)snprintf(row->token, sizeof row->token, "%s", record->token);
    (void)snprintf(row->code, sizeof row->code, "%s", record->code);
    (void)snprintf(row->fault, sizeof row->fault, "%s", record->fault);
    (void)pthread_mutex_unlock(&log->lock);
}

static void print_row(const struct row *row, struct asg_bytes *out)
{
    asg_bytes_printf(
        out,
        "{\"number\":%" PRIu64 ",\"wall_us\":%" PRId64 ",\"monotonic_us\":%" PRId64
        ",\"took_us\":%" PRId64 ",\"status\":%d,\"action\":",
        row->number, row->wall_us, row->monotonic_us, row->took_us, row->http_status);
    asg_json_out_text(out, row->action);
    asg_bytes_append_text(out, ",\"token\":");
    asg_json_out_text(out, row->token);
    asg_bytes_append_text(out, ",\"code\":");
    asg_json_out_text(out, row->code);
    asg_bytes_append_text(out, ",\"fault\":");
    asg_json_out_text(out, row->fault);
    asg_bytes_printf(out, ",\"ids\":%s}", row->ids);
}

void asg_call_log_print(struct asg_call_log *log, uint64_t after, const char *action,
                        const char *token, struct asg_bytes *out)
{
    bool is_first = true;
    (void)pthread_mutex_lock(&log->lock);
    asg_bytes_append_text(out, "{\"calls\":[");
    uint64_t from = after + 1 > log->first ? after + 1 : log->first;
    for (uint64_t number = from; number < log->next; number++) {
        const struct row *row = row_of(log, number);
        if ((action[0] != '\0' && strcmp(row->action, action) != 0) ||
            (token[0] != '\0' && strcmp(row->token, token) != 0)) {
            continue;
        }
        asg_bytes_append_text(out, is_first ? "\n" : ",\n");
        print_row(row, out);
        is_first = false;
    }
    asg_bytes_printf(out, "],\"last\":%" PRIu64 "}\n", log->next - 1);
    (void)pthread_mutex_unlock(&log->lock);
}
