#include "agent/trim_memory.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A mapping as /proc/self/smaps shows it. */
struct mapping {
    uintptr_t start;
    uintptr_t end;
    bool is_file; /* and not writable */
};

/* "7f12a000-7f12b000 r-xp 00000000 fe:00 1234   /usr/lib/..." */
static bool parse_head(const char *line, struct mapping *ret)
{
    char permissions[5];
    unsigned long long inode = 0;
    uintptr_t start = 0;
    uintptr_t end = 0;
    if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %*s %*s %llu", &start, &end,
               permissions, &inode) != 4) {
        return false;
    }
    bool is_file = inode != 0 && permissions[0] == 'r' && permissions[1] == '-' &&
                   permissions[3] == 'p';
    *ret = (struct mapping){start, end, is_file};
    return true;
}

static void drop(const struct mapping *mapping)
{
    void *start = NULL;
    memcpy(&start, &mapping->start, sizeof start);
    (void)madvise(start, mapping->end - mapping->start, MADV_DONTNEED);
}

static size_t resident_after; /* bytes */

static size_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL) return 0;
    unsigned long pages = 0;
    if (fscanf(file, "%*s %lu", &pages) != 1) pages = 0;
    (void)fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

void asg_trim_memory_if_grown(void)
{
    if (resident_bytes() > resident_after + ASG_TRIM_BYTES) asg_trim_memory();
}

void asg_trim_memory(void)
{
    (void)malloc_trim(0);
    FILE *file = fopen("/proc/self/smaps", "re");
    if (file == NULL) return;
    char *line = NULL;
    size_t size = 0;
    struct mapping mapping = {0};
    while (getline(&line, &size, file) > 0) {
        unsigned long long kilobytes = 0;
        if (parse_head(line, &mapping)) continue;
        /* Pages that were changed, by relocation, would lose the change. */
        if (sscanf(line, "Anonymous: %llu kB", &kilobytes) == 1) {
            if (kilobytes == 0 && mapping.is_file) drop(&mapping);
            mapping.is_file = false;
        }
    }
    free(line);
    (void)fclose(file);
    resident_after = resident_bytes();
}
