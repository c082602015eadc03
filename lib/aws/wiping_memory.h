/* wiping_memory - an allocator whose blocks are wiped when they are given back, for
 * libraries through whose buffers keys and tokens pass: libcurl and expat. Like malloc(3)
 * and its family otherwise; blocks are glibc's, so free(3) takes them too.
 * Threads: any. */
#ifndef ASG_AWS_WIPING_MEMORY_H
#define ASG_AWS_WIPING_MEMORY_H

#include <stddef.h>

void asg_wiping_free(void *block);

/* The old block is wiped also when the new one lies elsewhere. */
void *asg_wiping_realloc(void *block, size_t size);

#endif
