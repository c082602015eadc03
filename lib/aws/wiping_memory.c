#include "aws/wiping_memory.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"

void asg_wiping_free(void *block)
{
    if (block == NULL) return;
    asg_secret_wipe(block, malloc_usable_size(block));
    free(block);
}

void *asg_wiping_realloc(void *block, size_t size)
{
    if (size == 0) size = 1; /* never NULL for want of size: that would be a failure */
    if (block == NULL) return malloc(size);
    size_t old_size = malloc_usable_size(block);
    if (size <= old_size && size >= old_size / 2) return block;
    void *moved = malloc(size);
    if (moved == NULL) return NULL;
    memcpy(moved, block, old_size < size ? old_size : size);
    asg_wiping_free(block);
    return moved;
}
