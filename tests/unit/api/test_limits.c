/* Every limit of the model, of every action that there is: one more than it allows, one
 * less, another word. Each is a ValidationError that names the member. */
#include "lib/check.h"

#include <stdio.h>

#include "api/door.h"
#include "base/bytes.h"
#include "query/read.h"

struct world {
    const struct asg_api_action *action;
    struct asg_bytes body;
    int tried;
};

/* "Tags.member.1.Key" as messages say it: "tags.1.member.key". */
static void say_path(const char *path, char *ret, size_t size)
{
    size_t used = 0;
    bool is_begin = true;
    for (const char *at = path; *at != '\0' && used + 10 < size; at++) {
        if (strncmp(at, "member.1", 8) == 0) {
            used += (size_t)snprintf(ret + used, size - used, "1.member");
            at += 7;
            continue;
        }
        char letter = *at;
        if (is_begin && letter >= 'A' && letter <= 'Z') letter = (char)(letter + 32);
        is_begin = *at == '.';
        ret[used++] = letter;
    }
    ret[used] = '\0';
}

/* Sent with this value the member is refused and named; among others, as what is required
 * is missing. */
static void refused(struct world *world, const char *path, const char *value)
{
    static const struct asg_query_style style = {.names_all = true};
    static char message[ASG_QUERY_MESSAGE_MAX];
    char name[300];
    char part[340];
    struct asg_arena arena = {0};
    struct asg_form form;
    struct asg_query_fault fault;
    struct asg_query_value input;
    asg_bytes_reset(&world->body);
    asg_bytes_printf(&world->body, "%s=%s", path, value);
    assert_status(ASG_OK, asg_form_read(world->body.data, world->body.length, false,
                                        &arena, &form, &fault));
    assert_status(ASG_ERR_DENIED, asg_query_read(&form, world->action->input, &style,
                                                 NULL, &arena, &input, &fault));
    asg_query_fault_message(&fault, ASG_QUERY_WORDS_AWS, message, sizeof message);
    assert_string_equal("ValidationError",
                        asg_query_fault_code(&fault, ASG_QUERY_WORDS_AWS));
    say_path(path, name, sizeof name);
    (void)snprintf(part, sizeof part, "at '%s' failed to satisfy constraint", name);
    if (strstr(message, part) == NULL) {
        fail_msg("%s: '%s' is not in: %s", world->action->name, part, message);
    }
    asg_arena_clear(&arena);
    world->tried++;
}

static void text_of(int64_t length, struct asg_bytes *ret)
{
    asg_bytes_reset(ret);
    for (int64_t i = 0; i < length; i++) {
        asg_bytes_append_byte(ret, 'x');
    }
}

static void try_lengths(struct world *world, const char *path, int64_t least,
                        int64_t most)
{
    struct asg_bytes text = {0};
    if (most > 0) {
        text_of(most + 1, &text);
        refused(world, path, asg_bytes_text(&text));
    }
    if (least > 0) {
        text_of(least - 1, &text);
        refused(world, path, asg_bytes_text(&text));
    }
    asg_bytes_clear(&text);
}

static void try_number(struct world *world, const char *path,
                       const struct asg_query_member *member)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%lld", (long long)member->max + 1);
    refused(world, path, text);
    (void)snprintf(text, sizeof text, "%lld", (long long)member->min - 1);
    refused(world, path, text);
    refused(world, path, "1.5");
    refused(world, path, "");
}

static void try_shape(struct world *world, const struct asg_query_shape *shape,
                      const char *above);

/* A list of texts is named as a whole. */
static void try_list(struct world *world, const char *path,
                     const struct asg_query_member *member)
{
    static const struct asg_query_style style = {.names_all = true};
    bool is_bounded = member->words != NULL || member->item_max > 0;
    if (!is_bounded) return;
    struct asg_bytes text = {0};
    text_of(member->words != NULL ? 1 : member->item_max + 1, &text);
    asg_bytes_reset(&world->body);
    asg_bytes_printf(&world->body, "%s.member.1=%s", path, asg_bytes_text(&text));
    struct asg_arena arena = {0};
    struct asg_form form;
    struct asg_query_fault fault;
    struct asg_query_value input;
    static char message[ASG_QUERY_MESSAGE_MAX];
    char name[300];
    char part[340];
    assert_status(ASG_OK, asg_form_read(world->body.data, world->body.length, false,
                                        &arena, &form, &fault));
    assert_status(ASG_ERR_DENIED, asg_query_read(&form, world->action->input, &style,
                                                 NULL, &arena, &input, &fault));
    asg_query_fault_message(&fault, ASG_QUERY_WORDS_AWS, message, sizeof message);
    say_path(path, name, sizeof name);
    (void)snprintf(part, sizeof part,
                   "at '%s' failed to satisfy constraint: Member must satisfy "
                   "constraint: [",
                   name);
    assert_non_null(strstr(message, part));
    asg_arena_clear(&arena);
    asg_bytes_clear(&text);
    world->tried++;
}

static void try_member(struct world *world, const struct asg_query_member *member,
                       const char *path)
{
    char below[300];
    switch (member->kind) {
    case ASG_QUERY_TEXT:
        if (member->words != NULL) {
            refused(world, path, "no-such-word");
            refused(world, path, ""); /* empty is no word, and not "unset" */
        } else {
            try_lengths(world, path, member->min, member->max);
        }
        break;
    case ASG_QUERY_NUMBER: try_number(world, path, member); break;
    case ASG_QUERY_DECIMAL:
        refused(world, path, "many");
        if (member->is_share) refused(world, path, "-0.1");
        break;
    case ASG_QUERY_FLAG: refused(world, path, "maybe"); break;
    case ASG_QUERY_TIME: refused(world, path, "tomorrow"); break;
    case ASG_QUERY_STRUCT: try_shape(world, member->shape, path); break;
    case ASG_QUERY_STRUCTS:
        (void)snprintf(below, sizeof below, "%s.member.1", path);
        try_shape(world, member->shape, below);
        break;
    case ASG_QUERY_TEXTS: try_list(world, path, member); break;
    }
}

static void try_shape(struct world *world, const struct asg_query_shape *shape,
                      const char *above)
{
    for (size_t i = 0; i < shape->count; i++) {
        char path[300];
        (void)snprintf(path, sizeof path, "%s%s%s", above, above[0] != '\0' ? "." : "",
                       shape->members[i].name);
        /* Messages have room for paths of this length, and cut longer ones. */
        if (strlen(path) < 140) try_member(world, &shape->members[i], path);
    }
}

static void test_every_limit_names_its_member(void **state)
{
    (void)state;
    size_t count = 0;
    const struct asg_api_action *actions = asg_api_actions(&count);
    struct world world = {.tried = 0};
    for (size_t i = 0; i < count; i++) {
        world.action = &actions[i];
        try_shape(&world, actions[i].input, "");
    }
    asg_bytes_clear(&world.body);
    assert_true(world.tried > 1000);
}

/* What must be there and is not is named as well, all of it. */
static void test_what_is_required_is_named(void **state)
{
    (void)state;
    static const struct asg_query_style style = {.names_all = true};
    size_t count = 0;
    const struct asg_api_action *actions = asg_api_actions(&count);
    for (size_t i = 0; i < count; i++) {
        const struct asg_query_shape *shape = actions[i].input;
        struct asg_arena arena = {0};
        const struct asg_form form = {.count = 0};
        struct asg_query_fault fault = {.trouble = ASG_QUERY_FINE};
        struct asg_query_value input;
        enum asg_status status =
            asg_query_read(&form, shape, &style, NULL, &arena, &input, &fault);
        static char message[ASG_QUERY_MESSAGE_MAX];
        asg_query_fault_message(&fault, ASG_QUERY_WORDS_AWS, message, sizeof message);
        size_t required = 0;
        for (size_t k = 0; k < shape->count; k++) {
            if (!shape->members[k].is_required) continue;
            char name[100];
            char part[140];
            required++;
            say_path(shape->members[k].name, name, sizeof name);
            (void)snprintf(part, sizeof part, "Value null at '%s' failed", name);
            assert_non_null(strstr(message, part));
        }
        assert_status(required > 0 ? ASG_ERR_DENIED : ASG_OK, status);
        asg_arena_clear(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_limit_names_its_member),
        cmocka_unit_test(test_what_is_required_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
