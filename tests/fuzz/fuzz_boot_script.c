/* fuzz_boot_script - any bytes as the user data of a pretended instance: at most sixteen
 * scripts are written, into its folder and nowhere else, or it is said why none is. */
#include <assert.h>
#include <dirent.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "crypto/crypto.h"
#include "ec2local/boot_private.h"
#include "lib/fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_script(const char *path)
{
    struct stat info;
    assert(strncmp(path, fuzz_file_folder, strlen(fuzz_file_folder)) == 0);
    assert(strchr(path + strlen(fuzz_file_folder) + 1, '/') == NULL);
    int failed = lstat(path, &info);
    assert(failed == 0 && S_ISREG(info.st_mode) && (info.st_mode & 0777) == 0700);
    (void)unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct boot_scripts scripts;
    (void)fuzz_file(data, 0); /* makes the folder */
    char *base64 = asg_alloc(4 * (size / 3 + 1) + 1, 1);
    asg_base64_encode(data, size, base64);
    struct asg_error error = {""};
    enum asg_status status =
        asg_boot_write_scripts(fuzz_file_folder, base64, &scripts, &error);
    free(base64);
    assert(scripts.count <= BOOT_SCRIPTS_MAX);
    assert(status != ASG_OK ? error.text[0] != '\0'
                            : scripts.count > 0 || scripts.why[0] != '\0');
    for (size_t i = 0; i < scripts.count; i++) {
        check_script(scripts.paths[i]);
    }
    char path[128];
    (void)snprintf(path, sizeof path, "%s/user-data", fuzz_file_folder);
    (void)unlink(path);
    return 0;
}
