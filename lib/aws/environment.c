#include "aws/environment.h"

#include <stdlib.h>
#include <string.h>

#include "aws/secret.h"
#include "crypto/crypto.h"

static struct {
    const char *name;
    struct asg_secret value;
} hidden[] = {
    {.name = "AWS_SECRET_ACCESS_KEY"},
    {.name = "AWS_SESSION_TOKEN"},
    {.name = "AWS_CONTAINER_AUTHORIZATION_TOKEN"},
};
#define HIDDEN_COUNT (sizeof hidden / sizeof hidden[0])

void asg_environment_hide_secrets(void)
{
    for (size_t i = 0; i < HIDDEN_COUNT; i++) {
        char *value = getenv(hidden[i].name);
        if (value == NULL || value[0] == '\0') continue;
        size_t length = strlen(value);
        asg_secret_set(&hidden[i].value, value, length);
        asg_secret_wipe(value, length);
        (void)unsetenv(hidden[i].name);
    }
}

const char *asg_environment_get(const char *name)
{
    const char *value = getenv(name);
    if (value != NULL && value[0] != '\0') return value;
    for (size_t i = 0; i < HIDDEN_COUNT; i++) {
        if (strcmp(hidden[i].name, name) == 0 && !asg_secret_is_empty(&hidden[i].value)) {
            return asg_secret_reveal(&hidden[i].value);
        }
    }
    return NULL;
}

void asg_environment_forget_secrets(void)
{
    for (size_t i = 0; i < HIDDEN_COUNT; i++) {
        asg_secret_clear(&hidden[i].value);
    }
}
