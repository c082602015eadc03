#include "query/fault.h"

#include <assert.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static void copy_text(char *ret, size_t size, const char *text)
{
    size_t length = asg_utf8_cut(text, size - 1);
    memcpy(ret, text, length);
    ret[length] = '\0';
}

enum asg_status asg_query_blame(struct asg_query_fault *fault,
                                enum asg_query_trouble trouble, const char *path,
                                const char *value, const char *constraint)
{
    assert(trouble != ASG_QUERY_FINE);
    fault->trouble = trouble;
    copy_text(fault->path, sizeof fault->path, path);
    copy_text(fault->value, sizeof fault->value, value);
    copy_text(fault->constraint, sizeof fault->constraint, constraint);
    fault->more_count = 0;
    fault->more[0] = '\0';
    return ASG_ERR_DENIED;
}

static const struct {
    const char *ec2;
    const char *aws;
} codes[] = {
    [ASG_QUERY_FINE] = {"", ""},
    [ASG_QUERY_NOT_TEXT] = {"MalformedQueryString", "MalformedQueryString"},
    [ASG_QUERY_TOO_LARGE] = {"MalformedQueryString", "MalformedQueryString"},
    [ASG_QUERY_BAD_NAME] = {"MalformedQueryString", "MalformedQueryString"},
    [ASG_QUERY_TWICE] = {"MalformedQueryString", "MalformedQueryString"},
    [ASG_QUERY_BAD_INDEX] = {"InvalidParameterValue", "InvalidQueryParameter"},
    [ASG_QUERY_BAD_KIND] = {"InvalidParameterValue", "InvalidQueryParameter"},
    [ASG_QUERY_UNKNOWN] = {"UnknownParameter", "InvalidQueryParameter"},
    [ASG_QUERY_MISSING] = {"MissingParameter", "ValidationError"},
    [ASG_QUERY_BAD_VALUE] = {"InvalidParameterValue", "ValidationError"},
};

const char *asg_query_fault_code(const struct asg_query_fault *fault,
                                 enum asg_query_words words)
{
    assert(fault->trouble < sizeof codes / sizeof codes[0]);
    return words == ASG_QUERY_WORDS_EC2 ? codes[fault->trouble].ec2
                                        : codes[fault->trouble].aws;
}

/* "Tags.member.2.Key" as AWS's validator says it: "tags.2.member.key". */
static void write_member(const char *path, char *ret, size_t size)
{
    size_t used = 0;
    while (*path != '\0' && used + 1 < size) {
        size_t length = strcspn(path, ".");
        bool is_list = length == 6 && strncmp(path, "member", 6) == 0 && path[6] == '.';
        if (is_list) {
            size_t digits = strspn(path + 7, "0123456789");
            int wrote =
                snprintf(ret + used, size - used, "%.*s.member", (int)digits, path + 7);
            used += wrote > 0 ? (size_t)wrote : 0;
            length += 1 + digits;
        } else {
            int wrote =
                snprintf(ret + used, size - used, "%c%.*s",
                         tolower((unsigned char)path[0]), (int)length - 1, path + 1);
            used += length > 0 && wrote > 0 ? (size_t)wrote : 0;
        }
        path += length;
        if (*path != '.') break;
        path++;
        if (used + 1 < size) ret[used++] = '.';
    }
    ret[used < size ? used : size - 1] = '\0';
}

/* "Value 'x' at 'member' failed to satisfy constraint: ..." */
static void say_violation(const struct asg_query_fault *fault, char *ret, size_t size)
{
    char member[sizeof fault->path + 16] = "";
    write_member(fault->path, member, sizeof member);
    bool is_missing = fault->trouble == ASG_QUERY_MISSING;
    (void)snprintf(ret, size, "Value %s%s%s at '%s' failed to satisfy constraint: %s",
                   is_missing ? "" : "'", is_missing ? "null" : fault->value,
                   is_missing ? "" : "'", member,
                   is_missing ? "Member must not be null" : fault->constraint);
}

static void say_validation(const struct asg_query_fault *fault, char *ret, size_t size)
{
    char first[ASG_QUERY_MESSAGE_MAX - ASG_QUERY_FAULT_MORE - 60];
    say_violation(fault, first, sizeof first);
    uint32_t count = fault->more_count + 1;
    (void)snprintf(ret, size, "%u validation error%s detected: %s%s", count,
                   count == 1 ? "" : "s", first, fault->more);
}

void asg_query_blame_also(struct asg_query_fault *fault, enum asg_query_trouble trouble,
                          const char *path, const char *value, const char *constraint)
{
    assert(trouble == ASG_QUERY_MISSING || trouble == ASG_QUERY_BAD_VALUE);
    if (fault->trouble == ASG_QUERY_FINE) {
        (void)asg_query_blame(fault, trouble, path, value, constraint);
        return;
    }
    struct asg_query_fault other = {.trouble = trouble};
    (void)asg_query_blame(&other, trouble, path, value, constraint);
    char text[ASG_QUERY_MESSAGE_MAX - ASG_QUERY_FAULT_MORE];
    say_violation(&other, text, sizeof text);
    size_t used = strlen(fault->more);
    fault->more_count++;
    /* Whole ones only: what no longer fits is counted, not begun. */
    if (used + strlen(text) + 3 > sizeof fault->more) return;
    (void)snprintf(fault->more + used, sizeof fault->more - used, "; %s", text);
}

void asg_query_fault_message(const struct asg_query_fault *fault,
                             enum asg_query_words words, char *ret, size_t size)
{
    assert(size > 0);
    ret[0] = '\0';
    const char *path = fault->path;
    switch (fault->trouble) {
    case ASG_QUERY_FINE: return;
    case ASG_QUERY_NOT_TEXT:
        (void)snprintf(ret, size, "The request is not a form in UTF-8");
        break;
    case ASG_QUERY_TOO_LARGE:
        (void)snprintf(ret, size, "The request has too many parameters or bytes");
        break;
    case ASG_QUERY_BAD_NAME:
        (void)snprintf(ret, size, "The parameter name '%s' cannot be read", path);
        break;
    case ASG_QUERY_TWICE:
        (void)snprintf(ret, size, "The parameter %s is there more than once", path);
        break;
    case ASG_QUERY_BAD_INDEX:
        (void)snprintf(ret, size, "%s is not an item of a list: items count from 1 to %s",
                       path, fault->constraint);
        break;
    case ASG_QUERY_BAD_KIND:
        (void)snprintf(ret, size, "%s must be %s", path, fault->constraint);
        break;
    case ASG_QUERY_UNKNOWN:
        (void)snprintf(ret, size, "The parameter %s is not recognized", path);
        break;
    case ASG_QUERY_MISSING:
    case ASG_QUERY_BAD_VALUE:
        if (words == ASG_QUERY_WORDS_AWS) {
            say_validation(fault, ret, size);
        } else if (fault->trouble == ASG_QUERY_MISSING) {
            (void)snprintf(ret, size, "The request must contain the parameter %s", path);
        } else {
            (void)snprintf(ret, size, "Invalid value '%s' for %s. %s", fault->value, path,
                           fault->constraint);
        }
        break;
    }
    asg_utf8_mend(ret);
}
