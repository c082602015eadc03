/* fuzz_load_trace - any events as a log from which what-if takes its load: it is read, or
 * said in words why not. In memory, so that hashes are right whatever the events are:
 * this is the log of somebody who may write it.
 *
 * Input: events, each a length (2 bytes, big-endian) and its bytes as they stand in a
 * log.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "cli/what_if/load_trace.h"
#include "store/log_memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define EVENTS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct asg_log_options options = {.cluster_id = "fuzz", .now_ms = 1};
    struct asg_log *log = NULL;
    asg_log_open_memory(&options, &log);
    for (size_t at = 0, count = 0; at + 2 <= size && count < EVENTS_MAX; count++) {
        size_t length = (size_t)data[at] << 8 | data[at + 1];
        at += 2;
        if (length > size - at) length = size - at;
        const struct asg_record record = {.time_ms = (int64_t)count,
                                          .kind = "event",
                                          .subject = "",
                                          .note = "",
                                          .payload = data + at,
                                          .payload_length = length};
        enum asg_status status = asg_log_append(log, &record, 1, NULL, NULL);
        assert(status == ASG_OK);
        at += length;
    }
    const struct asg_trace_range range = {.group = "web"};
    struct asg_trace trace = {.group = ""};
    struct asg_error error = {""};
    if (asg_trace_load(log, &range, &trace, &error) == ASG_OK) {
        assert(trace.sample_count > 0);
        asg_trace_judge(&trace, ASG_METRIC_NAME_CPU, 50000);
    } else {
        assert(error.text[0] != '\0');
    }
    asg_trace_clear(&trace);
    asg_log_close(&log);
    return 0;
}
