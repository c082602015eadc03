/* fuzz_prices - any bytes as a file of prices: it gives prices that can be reckoned with,
 * or says what to write. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "cli/what_if/read_prices.h"
#include "lib/fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct asg_arena arena = {0};
    struct asg_prices prices = {.count = 0};
    struct asg_error error = {""};
    if (asg_prices_read(fuzz_file(data, size), &arena, &prices, &error) != ASG_OK) {
        assert(error.text[0] != '\0');
        asg_arena_clear(&arena);
        return 0;
    }
    assert(prices.count > 0);
    for (size_t i = 0; i < prices.count; i++) {
        assert(prices.items[i].micro >= 0);
        assert(prices.items[i].micro <= INT64_C(1000000000000));
        assert(asg_prices_find(&prices, prices.items[i].type) >= 0);
    }
    (void)asg_prices_find(&prices, "no.such");
    asg_arena_clear(&arena);
    return 0;
}
