/* Blocks keep what is in them while they are moved; that they are wiped when they are
 * given back is looked at in a worker's memory (integration/test_worker_credentials.py).
 */
#include "lib/check.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "aws/wiping_memory.h"

static void test_a_block_keeps_its_bytes_as_it_grows_and_shrinks(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 40, 4000, 3999, 90, 200000, 3};
    uint8_t *block = NULL;
    size_t before = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        block = asg_wiping_realloc(block, sizes[i]);
        assert_non_null(block);
        size_t both = before < sizes[i] ? before : sizes[i];
        for (size_t at = 0; at < both; at++) {
            assert_int_equal(at % 251, block[at]);
        }
        for (size_t at = 0; at < sizes[i]; at++) {
            block[at] = (uint8_t)(at % 251);
        }
        before = sizes[i];
    }
    asg_wiping_free(block);
}

static void test_no_bytes_are_a_block_all_the_same(void **state)
{
    (void)state;
    void *block = asg_wiping_realloc(NULL, 0);
    assert_non_null(block);
    block = asg_wiping_realloc(block, 0);
    assert_non_null(block);
    asg_wiping_free(block);
    asg_wiping_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_block_keeps_its_bytes_as_it_grows_and_shrinks),
        cmocka_unit_test(test_no_bytes_are_a_block_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
