#include "cli/doctor/bundle.h"

#include <stdarg.h>
#include <string.h>

#include "crypto/crypto.h"

static const char stars[] = "****";

/* Copy with secrets taken out; true when there were any. */
static bool hide(struct asg_bundle *bundle, const struct asg_bytes *data,
                 struct asg_bytes *ret)
{
    size_t at = 0;
    size_t hidden = 0;
    while (at < data->length) {
        const uint8_t *nearest = NULL;
        size_t length = 0;
        for (size_t i = 0; i < bundle->secrets.count; i++) {
            const char *secret = bundle->secrets.items[i];
            const uint8_t *found =
                memmem(data->data + at, data->length - at, secret, strlen(secret));
            if (found == NULL || (nearest != NULL && found >= nearest)) continue;
            nearest = found;
            length = strlen(secret);
        }
        if (nearest == NULL) break;
        asg_bytes_append(ret, data->data + at, (size_t)(nearest - data->data) - at);
        asg_bytes_append_text(ret, stars);
        at = (size_t)(nearest - data->data) + length;
        hidden++;
    }
    asg_bytes_append(ret, data->data + at, data->length - at);
    bundle->hidden += hidden;
    return hidden > 0;
}

void asg_bundle_add(struct asg_bundle *bundle, const char *name,
                    const struct asg_bytes *data)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes clean = {0};
    if (data->length > 0) (void)hide(bundle, data, &clean);
    const char *path =
        asg_arena_format(&bundle->cli->arena, "%s/%s", bundle->folder, name);
    asg_tar_gz_add(bundle->tar, path, clean.data, clean.length);
    bundle->count++;
}

void asg_bundle_miss(struct asg_bundle *bundle, const char *name, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    asg_bytes_printf(&bundle->missing, "%s: %s\n", name, text);
}
