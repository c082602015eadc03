/* fuzz_core_load - any bytes as a saved state: what loads must save, load and save
 * alike. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "core/core.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct asg_core *core = NULL;
    struct asg_error error = {""};
    if (asg_core_load(data, size, &core, &error) != ASG_OK) return 0;
    struct asg_bytes first = {0};
    struct asg_bytes again = {0};
    asg_core_save(core, &first);
    struct asg_core *back = NULL;
    enum asg_status status = asg_core_load(first.data, first.length, &back, &error);
    assert(status == ASG_OK);
    asg_core_save(back, &again);
    assert(first.length == again.length &&
           memcmp(first.data, again.data, first.length) == 0);
    asg_bytes_clear(&first);
    asg_bytes_clear(&again);
    asg_core_destroy(&core);
    asg_core_destroy(&back);
    return 0;
}
