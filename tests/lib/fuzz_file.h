/* fuzz_file - an input as a file, for decoders that take a path: one file for the life of
 * the process, in memory (tmpfs), of mode 0600. */
#ifndef ASG_TESTS_FUZZ_FILE_H
#define ASG_TESTS_FUZZ_FILE_H

#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char fuzz_file_folder[64];
static char fuzz_file_path[96];

static inline void fuzz_file_remove(void)
{
    (void)unlink(fuzz_file_path);
    (void)rmdir(fuzz_file_folder);
}

/* Its path, absolute; the bytes are there until the next call. */
static inline const char *fuzz_file(const uint8_t *data, size_t size)
{
    static int file = -1;
    if (file < 0) {
        const char *memory = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
        (void)snprintf(fuzz_file_folder, sizeof fuzz_file_folder, "%s/asg-fuzz-XXXXXX",
                       memory);
        if (mkdtemp(fuzz_file_folder) == NULL) abort();
        (void)snprintf(fuzz_file_path, sizeof fuzz_file_path, "%s/input",
                       fuzz_file_folder);
        file = open(fuzz_file_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (file < 0) abort();
        (void)atexit(fuzz_file_remove);
    }
    if (ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != (ssize_t)size) abort();
    return fuzz_file_path;
}

#endif
