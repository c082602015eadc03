#include "text/problems.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROBLEM_MAX 1024

void asg_problem_add(struct asg_problems *problems, const char *format, ...)
{
    char text[PROBLEM_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    void *items = problems->items;
    const char **item = asg_arena_push(problems->arena, &items, &problems->count,
                                       &problems->capacity, sizeof *item);
    problems->items = items;
    *item = asg_arena_text(problems->arena, text);
}

bool asg_problem_take(struct asg_problems *problems, enum asg_status status,
                      const struct asg_error *error)
{
    if (status == ASG_OK) return true;
    asg_problem_add(problems, "%s",
                    error->text[0] != '\0' ? error->text : asg_status_text(status));
    return false;
}

bool asg_problem_file(struct asg_problems *problems, const char *path,
                      const struct asg_safe_need *need)
{
    ASG_CLEANUP(asg_safe_bytes_clear) struct asg_bytes text = {0};
    struct asg_error error = {""};
    enum asg_status status = asg_safe_file_read(path, need, &text, &error);
    if (status == ASG_ERR_NOT_FOUND) return false;
    (void)asg_problem_take(problems, status, &error);
    return true;
}

void asg_problem_readable(struct asg_problems *problems, const char *setting,
                          const char *path)
{
    if (path[0] == '\0' || access(path, R_OK) == 0) return;
    asg_problem_add(problems, "%s: cannot read %s: %s", setting, path, strerror(errno));
}

/* Whether a folder could be made there: the nearest one above that is there. */
static void check_parent(struct asg_problems *problems, const char *setting,
                         const char *path)
{
    char above[ASG_SAFE_PATH_MAX];
    if (snprintf(above, sizeof above, "%s", path) >= (int)sizeof above) {
        asg_problem_add(problems, "%s: the path is too long", setting);
        return;
    }
    char *slash = strrchr(above, '/');
    if (slash == NULL) {
        (void)snprintf(above, sizeof above, ".");
    } else {
        slash[slash == above ? 1 : 0] = '\0';
    }
    if (access(above, F_OK) != 0) {
        asg_problem_add(problems,
                        "%s: %s does not exist, and neither does %s: mkdir -p %s",
                        setting, path, above, above);
    } else if (access(above, W_OK | X_OK) != 0) {
        asg_problem_add(
            problems,
            "%s: %s does not exist, and this user (uid %ld) may not create it "
            "in %s: create it with this user as its owner and mode 0700",
            setting, path, (long)geteuid(), above);
    }
}

bool asg_problem_folder(struct asg_problems *problems, const char *setting,
                        const char *path)
{
    struct asg_error error = {""};
    enum asg_status status = asg_safe_folder_check(path, &error);
    if (status == ASG_ERR_NOT_FOUND) {
        check_parent(problems, setting, path);
        return false;
    }
    if (status != ASG_OK) {
        asg_problem_add(problems, "%s: %s", setting, error.text);
        return false;
    }
    if (access(path, R_OK | W_OK | X_OK) == 0) return true;
    asg_problem_add(problems,
                    "%s: this user (uid %ld) may not read and write %s: %s; chown it",
                    setting, (long)geteuid(), path, strerror(errno));
    return false;
}

void asg_problem_address(struct asg_problems *problems, const char *setting,
                         const char *text)
{
    if (text[0] == '\0') return;
    const char *colon = strrchr(text, ':');
    char *end = NULL;
    long port = colon != NULL ? strtol(colon + 1, &end, 10) : -1;
    bool is_port = colon != NULL && colon[1] >= '0' && colon[1] <= '9' && *end == '\0' &&
                   port <= 65535;
    /* Of an address of IPv6 the brackets tell where the port begins. */
    bool is_bare_v6 =
        is_port && memchr(text, ':', (size_t)(colon - text)) != NULL && text[0] != '[';
    if (is_port && !is_bare_v6) return;
    asg_problem_add(problems,
                    "%s: \"%s\" is not an address and a port, such as 127.0.0.1:7704 or "
                    "[::1]:7704",
                    setting, text);
}

int asg_problems_print(const struct asg_problems *problems, const char *program,
                       FILE *out)
{
    for (size_t i = 0; i < problems->count; i++) {
        (void)fprintf(out, "%s: %s\n", program, problems->items[i]);
    }
    return problems->count == 0 ? 0 : 2;
}
