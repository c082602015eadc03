/* run_corpus - runs a fuzz target over its kept inputs, so that every finding stays a
 * test in builds without libFuzzer. Arguments: files or folders. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) return 1;
    static uint8_t data[1 << 20];
    size_t size = fread(data, 1, sizeof data, file);
    (void)fclose(file);
    /* A copy of exactly this size, so that a sanitizer sees a read past the end. */
    uint8_t *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL) return 1;
    memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    return 0;
}

static int run_folder(const char *path, int *ran)
{
    DIR *folder = opendir(path);
    if (folder == NULL) return 1;
    struct dirent *entry;
    int failed = 0;
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.') continue;
        char name[4096];
        (void)snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        failed |= run_file(name);
        (*ran)++;
    }
    (void)closedir(folder);
    return failed;
}

int main(int argc, char **argv)
{
    int ran = 0;
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        struct stat status;
        if (stat(argv[i], &status) != 0) {
            (void)fprintf(stderr, "%s: no corpus here\n", argv[i]);
            return 1;
        }
        if (S_ISDIR(status.st_mode)) {
            failed |= run_folder(argv[i], &ran);
        } else {
            failed |= run_file(argv[i]);
            ran++;
        }
    }
    (void)printf("%d inputs\n", ran);
    return failed != 0 || ran == 0 ? 1 : 0;
}
