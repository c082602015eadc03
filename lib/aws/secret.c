#include "aws/secret.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "crypto/crypto.h"

void asg_secret_set(struct asg_secret *secret, const char *text, size_t length)
{
    char *copy = asg_alloc(length + 1, 1);
    if (length > 0) memcpy(copy, text, length);
    copy[length] = '\0';
    asg_secret_clear(secret);
    secret->text = copy;
    secret->length = length;
}

void asg_secret_clear(struct asg_secret *secret)
{
    if (secret->text != NULL) {
        asg_secret_wipe(secret->text, secret->length);
        free(secret->text);
    }
    secret->text = NULL;
    secret->length = 0;
}

bool asg_secret_is_empty(const struct asg_secret *secret)
{
    return secret->length == 0;
}

const char *asg_secret_reveal(const struct asg_secret *secret)
{
    return secret->text == NULL ? "" : secret->text;
}

const char *asg_secret_shown(const struct asg_secret *secret)
{
    return secret->length == 0 ? "(none)" : "****";
}

bool asg_secret_same(const struct asg_secret *a, const struct asg_secret *b)
{
    if (a->length != b->length) return false;
    return a->length == 0 || asg_secret_equal(a->text, b->text, a->length);
}
