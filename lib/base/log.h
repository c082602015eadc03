/* log - one line a happening, for programs only (libraries answer, programs log).
 *
 *   2026-11-23T14:36:49.123Z warn controller ingest report_refused status="..."
 *                            dropping it
 *
 * room and event are stable and searchable; the rest is key=value and words. A text in
 * quotes (x="%s") has its quotes and backslashes escaped; one that follows a '=' is put
 * into quotes when it needs them. So no value can pass for further fields; controls and
 * marks of direction are escaped (escape.h), and line ends blanks. Conversions are those
 * of ints, longs, sizes, doubles and texts. A failure we live with says what we do next.
 * Never pass a secret. Threads: any; a line is written with one write(2).
 * The same line can be an object of JSON, or fields of systemd's journal (log_line.h).
 */
#ifndef ASG_BASE_LOG_H
#define ASG_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

enum asg_log_level { ASG_LOG_DEBUG, ASG_LOG_INFO, ASG_LOG_WARN, ASG_LOG_ERROR };

/* Program name shown in each line and the lowest level written. Default "openasg",
 * info, standard error. */
void asg_log_init(const char *program, enum asg_log_level lowest);

/* "debug", "info", "warn" or "error". ASG_ERR_INVALID otherwise. */
ASG_MUST_USE enum asg_status asg_log_parse_level(const char *text,
                                                 enum asg_log_level *ret);

/* Where the lines go, and as what. AUTO: to the journal when standard error is its socket
 * (JOURNAL_STREAM), else as text. */
enum asg_log_format {
    ASG_LOG_FORMAT_AUTO,
    ASG_LOG_FORMAT_TEXT,
    ASG_LOG_FORMAT_JSON,
    ASG_LOG_FORMAT_JOURNAL
};

#define ASG_LOG_JOURNAL_PATH "/run/systemd/journal/socket"
#define ASG_LOG_JOURNAL_MS   100 /* a line waits so long for a journal that is busy */

/* Their words, in order: for the settings `log_format`. */
extern const char *const asg_log_formats[4];

/* Call it before other threads are made. Without a journal a line goes to standard error
 * as text; one that a journal is too busy for is lost, and "log lines_lost" counts it.
 * `journal_path` NULL: systemd's. Returns what it is from now on: never AUTO, and TEXT
 * where there is no socket to be had. */
enum asg_log_format asg_log_set_format(enum asg_log_format format,
                                       const char *journal_path);

void asg_log_write(enum asg_log_level level, const char *room, const char *event,
                   const char *format, ...) ASG_PRINTF(4, 5);

#define asg_log_debug(...) asg_log_write(ASG_LOG_DEBUG, __VA_ARGS__)
#define asg_log_info(...)  asg_log_write(ASG_LOG_INFO, __VA_ARGS__)
#define asg_log_warn(...)  asg_log_write(ASG_LOG_WARN, __VA_ARGS__)
#define asg_log_error(...) asg_log_write(ASG_LOG_ERROR, __VA_ARGS__)

/* For what somebody else can make happen as often as he likes: one warning or error, or
 * ASG_LOG_RATE_INFOS infos, of each place in the code in ASG_LOG_RATE_MS. Those beyond
 * are counted, and told as
 *
 *   ... warn controller dispatch frame_refused and 1204 more in the last 10 s
 *
 * once that time is over, by asg_log_tell_repeats() or the next line of the log, whatever
 * it is. A line that is left out costs some 30 ns. Threads: any. */
#define ASG_LOG_RATE_MS    10000
#define ASG_LOG_RATE_INFOS 20

struct asg_log_place {
    enum asg_log_level level;
    const char *room;
    const char *event;
    struct asg_log_place *next; /* of all that ever wrote; under log.c's lock */
    _Atomic int64_t until_ms;   /* its time */
    _Atomic uint32_t left;      /* lines that it may still write until then */
    _Atomic uint64_t left_out;
};

/* True: the line may be written. */
bool asg_log_place_is_due(struct asg_log_place *place);

/* Tell how many lines were left out where the time is over. For loops, about once a
 * second: after a flood nothing else may be logged for long. Blocks: on standard error.
 */
void asg_log_tell_repeats(void);

#define asg_log_rate(level_, room_, event_, ...)                                         \
    do {                                                                                 \
        static struct asg_log_place place_ = {                                           \
            .level = (level_), .room = (room_), .event = (event_)};                      \
        if (asg_log_place_is_due(&place_)) {                                             \
            asg_log_write(level_, room_, event_, __VA_ARGS__);                           \
        }                                                                                \
    } while (false)

#define asg_log_info_rate(...)  asg_log_rate(ASG_LOG_INFO, __VA_ARGS__)
#define asg_log_warn_rate(...)  asg_log_rate(ASG_LOG_WARN, __VA_ARGS__)
#define asg_log_error_rate(...) asg_log_rate(ASG_LOG_ERROR, __VA_ARGS__)

#endif
