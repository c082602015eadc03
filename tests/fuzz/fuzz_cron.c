/* fuzz_cron - any text as a schedule: what parses runs after the moment it is asked for.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "core/values/cron.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[256];
    if (size >= sizeof text) return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    struct asg_cron cron;
    struct asg_error error = {""};
    if (asg_cron_parse(text, &cron, &error) != ASG_OK) return 0;
    static const struct asg_zone_change changes[] = {
        {.at_ms = 0, .offset_s = 3600},
        {.at_ms = INT64_C(1774746000000), .offset_s = 7200},
        {.at_ms = INT64_C(1792890000000), .offset_s = 3600}};
    const int64_t after_ms = INT64_C(1774000000000);
    assert(asg_cron_next(&cron, after_ms, changes, 3) > after_ms);
    assert(asg_cron_next(&cron, after_ms, NULL, 0) > after_ms);
    return 0;
}
