#include "cli/ask/fetch_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/web.h"

#define PAGE_BYTES_MAX ((size_t)16 * 1024 * 1024)

enum asg_status asg_fetch_page(const char *endpoint, const char *path, int64_t timeout_ms,
                               struct asg_page_answer *ret, struct asg_error *error)
{
    char url[1024];
    bool is_url = strstr(endpoint, "://") != NULL;
    (void)snprintf(url, sizeof url, "%s%s%s", is_url ? "" : "http://", endpoint, path);
    struct asg_web *web = NULL;
    struct asg_web_answer answer = {0};
    enum asg_status status = asg_web_new(&web, error);
    if (status != ASG_OK) return status;
    const struct asg_web_request request = {.method = "GET",
                                            .url = url,
                                            .answer_max = PAGE_BYTES_MAX,
                                            .timeout_ms = timeout_ms,
                                            .connect_ms = timeout_ms};
    status = asg_web_ask(web, &request, &answer, error);
    if (status == ASG_OK) {
        ret->status = answer.http_status;
        ret->date_ms = answer.server_date_ms;
        asg_bytes_append(&ret->body, answer.body.data, answer.body.length);
    }
    asg_web_answer_clear(&answer);
    asg_web_destroy(&web);
    return status;
}

void asg_page_answer_clear(struct asg_page_answer *answer)
{
    asg_bytes_clear(&answer->body);
}

bool asg_page_value(const struct asg_page_answer *answer, const char *series, double *ret)
{
    struct asg_bytes *body = (struct asg_bytes *)(uintptr_t)&answer->body;
    size_t length = strlen(series);
    for (const char *line = asg_bytes_text(body); *line != '\0';) {
        if (strncmp(line, series, length) == 0 && line[length] == ' ') {
            *ret = strtod(line + length + 1, NULL);
            return true;
        }
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    return false;
}

static const char *next_line(const char *line)
{
    line += strcspn(line, "\n");
    return line + (*line == '\n');
}

const char *asg_page_next(const struct asg_page_answer *answer, const char *name,
                          const char *after, struct asg_arena *arena,
                          const char **ret_label, double *ret)
{
    struct asg_bytes *body = (struct asg_bytes *)(uintptr_t)&answer->body;
    size_t length = strlen(name);
    const char *line = after != NULL ? next_line(after) : asg_bytes_text(body);
    for (; *line != '\0'; line = next_line(line)) {
        if (strncmp(line, name, length) != 0 || line[length] != '{') continue;
        const char *open = line + length + strcspn(line + length, "\"\n");
        const char *close = *open == '"' ? strchr(open + 1, '"') : NULL;
        const char *brace = close != NULL ? strchr(close, '}') : NULL;
        if (brace == NULL) continue;
        *ret_label = asg_arena_text_n(arena, open + 1, (size_t)(close - open) - 1);
        *ret = strtod(brace + 1, NULL);
        return line;
    }
    return NULL;
}
