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
 */
#ifndef ASG_BASE_LOG_H
#define ASG_BASE_LOG_H

#include "base/status.h"

enum asg_log_level { ASG_LOG_DEBUG, ASG_LOG_INFO, ASG_LOG_WARN, ASG_LOG_ERROR };

/* Program name shown in each line and the lowest level written. Default "openasg",
 * info, standard error. */
void asg_log_init(const char *program, enum asg_log_level lowest);

/* "debug", "info", "warn" or "error". ASG_ERR_INVALID otherwise. */
ASG_MUST_USE enum asg_status asg_log_parse_level(const char *text,
                                                 enum asg_log_level *ret);

void asg_log_write(enum asg_log_level level, const char *room, const char *event,
                   const char *format, ...) ASG_PRINTF(4, 5);

#define asg_log_debug(...) asg_log_write(ASG_LOG_DEBUG, __VA_ARGS__)
#define asg_log_info(...)  asg_log_write(ASG_LOG_INFO, __VA_ARGS__)
#define asg_log_warn(...)  asg_log_write(ASG_LOG_WARN, __VA_ARGS__)
#define asg_log_error(...) asg_log_write(ASG_LOG_ERROR, __VA_ARGS__)

#endif
