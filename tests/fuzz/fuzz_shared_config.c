/* The shared AWS files: any bytes are read within their bounds and give an answer or
 * none. The file is a memory file, so that nothing is written to a disk. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "aws/shared_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int file = -1;
    if (file < 0) {
        char path[64];
        file = memfd_create("config", 0);
        assert(file >= 0);
        (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
        (void)setenv("AWS_CONFIG_FILE", path, 1);
        (void)setenv("AWS_SHARED_CREDENTIALS_FILE", path, 1); /* both kinds of sections */
        (void)unsetenv("AWS_PROFILE");
    }
    assert(ftruncate(file, 0) == 0);
    assert(pwrite(file, data, size, 0) == (ssize_t)size);
    struct asg_shared_config *config = NULL;
    const struct asg_shared_config_options options = {.profile = NULL};
    if (asg_shared_config_load(&options, &config, NULL) != ASG_OK) return 0;
    static const char *const names[] = {"region", "role_arn", "aws_access_key_id", "a",
                                        ""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = asg_shared_config_get(config, "default", names[i]);
        assert(value == NULL || (value[0] != '\0' && strchr(value, '\n') == NULL));
        value = asg_shared_config_of_service(config, "ec2", names[i]);
        assert(value == NULL || value[0] != '\0');
    }
    (void)asg_shared_config_has_profile(config, "work");
    asg_shared_config_destroy(&config);
    return 0;
}
