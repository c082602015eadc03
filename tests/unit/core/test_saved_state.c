/* What core saves is loaded again; what is no whole state of a known form is refused in
 * words that say why. */
#include <string.h>

#include "unit/core/core_world.h"

#define MARK        "openasg state "
#define MARK_LENGTH (sizeof MARK - 1)

static void refuse(const void *data, size_t length, enum asg_status wanted,
                   const char *words)
{
    /* A copy of its own length: reading past it is found by the sanitizer. */
    uint8_t *copy = malloc(length > 0 ? length : 1);
    assert_non_null(copy);
    if (length > 0) memcpy(copy, data, length);
    struct asg_core *core = NULL;
    struct asg_error error = {""};
    assert_status(wanted, asg_core_load(copy, length, &core, &error));
    assert_null(core);
    if (strstr(error.text, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, words);
    }
    free(copy);
}

static struct asg_bytes save_group_of_three(void)
{
    make_group(3, (struct asg_group_config){.min = 1});
    struct asg_bytes saved = {0};
    asg_core_save(w.core, &saved);
    return saved;
}

static void test_a_state_begins_with_its_mark_and_form(void **state)
{
    (void)state;
    struct asg_bytes saved = save_group_of_three();
    assert_memory_equal(saved.data, MARK, MARK_LENGTH);
    assert_int_equal(asg_core_form(), saved.data[MARK_LENGTH]);
    struct asg_bytes same = {0};
    asg_core_save_as(w.core, asg_core_form(), &same);
    assert_int_equal(saved.length, same.length);
    assert_memory_equal(saved.data, same.data, saved.length);
    asg_bytes_clear(&saved);
    asg_bytes_clear(&same);
    save_and_load();
}

/* The part from `place` on without what stands before every part. */
static struct asg_bytes save_part(size_t bytes_max, struct asg_state_place *place)
{
    struct asg_bytes head = {0};
    struct asg_bytes part = {0};
    struct asg_state_place nothing = {.job_id = UINT64_MAX};
    asg_core_save_part(w.core, asg_core_form(), 1, &nothing, &head);
    asg_core_save_part(w.core, asg_core_form(), bytes_max, place, &part);
    assert_true(part.length > head.length);
    assert_memory_equal(head.data, part.data, head.length);
    part.length -= head.length;
    memmove(part.data, part.data + head.length, part.length);
    asg_bytes_clear(&head);
    return part;
}

static bool is_first(const struct asg_state_place *place)
{
    return place->group_no == 0 && place->instance_no == 0 && place->job_id == 0;
}

static void test_the_parts_of_a_state_are_all_of_it_once(void **state)
{
    (void)state;
    make_group(40, (struct asg_group_config){.min = 1, .max = 50});
    struct asg_state_place place = {0};
    struct asg_bytes whole = save_part(1 << 20, &place);
    assert_true(is_first(&place));
    const size_t sizes[] = {1, 100, 1000, whole.length - 1, whole.length};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct asg_bytes joined = {0};
        do {
            struct asg_bytes part = save_part(sizes[i], &place);
            asg_bytes_append(&joined, part.data, part.length);
            asg_bytes_clear(&part);
        } while (!is_first(&place));
        assert_int_equal(whole.length, joined.length);
        assert_memory_equal(whole.data, joined.data, whole.length);
        asg_bytes_clear(&joined);
    }
    asg_bytes_clear(&whole);
}

/* What was left out goes on where it stopped, or at the next that is still there. */
static void test_a_part_goes_on_behind_what_is_gone(void **state)
{
    (void)state;
    make_group(3, (struct asg_group_config){.min = 1});
    struct asg_state_place gone = {.group_no = 1, .instance_no = 1000};
    struct asg_bytes part = save_part(1 << 20, &gone);
    struct asg_state_place jobs = {.job_id = 1};
    struct asg_bytes same = save_part(1 << 20, &jobs);
    assert_int_equal(same.length, part.length);
    assert_memory_equal(same.data, part.data, same.length);
    asg_bytes_clear(&same);
    asg_bytes_clear(&part);
}

static void test_what_a_hash_names_is_saved_again(void **state)
{
    (void)state;
    make_group(40, (struct asg_group_config){.min = 1, .max = 50});
    struct asg_state_place place = {.group_no = 1, .instance_no = 7};
    const struct asg_state_hash part_said = {.form = asg_core_form(),
                                             .bytes_max = 500,
                                             .group_no = place.group_no,
                                             .instance_no = place.instance_no};
    const struct asg_state_hash whole_said = {.form = asg_core_form()};
    struct asg_bytes wanted = {0};
    struct asg_bytes given = {0};
    asg_core_save_part(w.core, asg_core_form(), 500, &place, &wanted);
    asg_core_save_hashed(w.core, &part_said, &given);
    assert_int_equal(wanted.length, given.length);
    assert_memory_equal(wanted.data, given.data, given.length);
    asg_bytes_reset(&wanted);
    asg_bytes_reset(&given);
    asg_core_save(w.core, &wanted);
    asg_core_save_hashed(w.core, &whole_said, &given);
    assert_int_equal(wanted.length, given.length);
    assert_memory_equal(wanted.data, given.data, given.length);
    asg_bytes_clear(&wanted);
    asg_bytes_clear(&given);
}

static void test_a_state_that_is_cut_anywhere_is_refused(void **state)
{
    (void)state;
    struct asg_bytes saved = save_group_of_three();
    for (size_t length = 0; length < saved.length; length++) {
        const char *words = length < MARK_LENGTH    ? "not a saved state"
                            : length == MARK_LENGTH ? "does not say which form"
                                                    : "is damaged at byte";
        refuse(saved.data, length, ASG_ERR_MALFORMED, words);
    }
    asg_bytes_clear(&saved);
}

static void test_a_state_with_more_behind_it_is_refused(void **state)
{
    (void)state;
    struct asg_bytes saved = save_group_of_three();
    asg_bytes_append(&saved, "ab", 2);
    refuse(saved.data, saved.length, ASG_ERR_MALFORMED, "and 2 more bytes follow");
    asg_bytes_clear(&saved);
}

static void test_a_state_of_a_newer_form_is_refused(void **state)
{
    (void)state;
    struct asg_bytes saved = save_group_of_three();
    saved.data[MARK_LENGTH] = (uint8_t)(asg_core_form() + 1);
    refuse(saved.data, saved.length, ASG_ERR_VERSION, "saved by a newer openasg (form ");
    saved.data[MARK_LENGTH] = 0;
    refuse(saved.data, saved.length, ASG_ERR_MALFORMED, "does not say which form");
    asg_bytes_clear(&saved);
}

static void test_a_state_from_before_the_first_release_is_refused(void **state)
{
    (void)state;
    for (uint8_t form = 1; form <= 11; form++) {
        const uint8_t bytes[] = {form, 3, 'a', 'b', 'c', 0};
        refuse(bytes, sizeof bytes, ASG_ERR_VERSION, "from before 1.0");
    }
    refuse("\x0c garbage", 9, ASG_ERR_MALFORMED, "not a saved state");
}

/* A count that the bytes left could not hold makes no room for anything. */
static void test_a_list_longer_than_the_state_is_refused(void **state)
{
    (void)state;
    struct asg_bytes saved = {0};
    asg_core_save(w.core, &saved);
    size_t refused = 0;
    for (size_t at = MARK_LENGTH + 1; at < saved.length; at++) {
        struct asg_bytes changed = {0};
        asg_bytes_append(&changed, saved.data, at);
        static const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};
        asg_bytes_append(&changed, huge, sizeof huge);
        asg_bytes_append(&changed, saved.data + at + 1, saved.length - at - 1);
        struct asg_core *core = NULL;
        struct asg_error error = {""};
        enum asg_status status =
            asg_core_load(changed.data, changed.length, &core, &error);
        refused +=
            status != ASG_OK && strstr(error.text, "longer than what is left") != NULL;
        asg_core_destroy(&core);
        asg_bytes_clear(&changed);
    }
    assert_true(refused >= 3); /* groups, jobs, templates */
    asg_bytes_clear(&saved);
}

/* The first text `from` of the state becomes `to`, of the same length. */
static void replace_text(struct asg_bytes *state, const char *from, const char *to)
{
    size_t length = strlen(from);
    assert_int_equal(length, strlen(to));
    for (size_t at = 0; at + length <= state->length; at++) {
        if (memcmp(state->data + at, from, length) != 0) continue;
        memcpy(state->data + at, to, length);
        return;
    }
    fail_msg("no %s in the state", from);
}

static void test_a_state_with_one_id_twice_is_refused(void **state)
{
    (void)state;
    struct asg_bytes saved = save_group_of_three();
    replace_text(&saved, "i-2", "i-1");
    refuse(saved.data, saved.length, ASG_ERR_MALFORMED, "two with the same name");
    asg_bytes_clear(&saved);
}

/* What an order for web's desired capacity leads to, in a world of its own. */
static char *decide(struct asg_core *core, uint32_t to, size_t *ret_jobs)
{
    struct asg_effects effects = {0};
    struct asg_bytes said = {0};
    const struct asg_command command = {.kind = ASG_COMMAND_SET_DESIRED,
                                        .group = "web",
                                        .name = "",
                                        .cluster_id = "",
                                        .actor = "ann",
                                        .desired = to};
    const struct asg_event event = {.kind = ASG_EVENT_COMMAND,
                                    .time_ms = asg_core_now_ms(core) + 1000,
                                    .command = &command};
    assert_status(ASG_OK, step_core(core, &event, &effects));
    assert_true(effects.reply.is_ok);
    for (size_t i = 0; i < effects.decision_count; i++) {
        const char *text = effects.decisions[i].text;
        asg_bytes_append(&said, text, strlen(text));
        asg_bytes_append(&said, "\n", 1);
    }
    asg_bytes_append(&said, "", 1);
    *ret_jobs = effects.job_count;
    asg_effects_clear(&effects);
    return (char *)said.data;
}

/* A group that was saved alone goes on as it would among the others. */
static void test_a_group_alone_is_what_it_was_among_others(void **state)
{
    (void)state;
    static struct asg_subnet subnet = {"subnet-2", "us-east-1b"};
    const struct asg_group_config other = {.name = "db",
                                           .max = 5,
                                           .desired = 2,
                                           .template_name = "",
                                           .template_id = "lt-0123456789abcdef0",
                                           .template_version = "1",
                                           .subnets = &subnet,
                                           .subnet_count = 1,
                                           .evaluation_ms = 1000};
    order((struct asg_command){
        .kind = ASG_COMMAND_GROUP_CREATE, .group = "db", .group_config = &other});
    make_group(3, (struct asg_group_config){.min = 1});
    struct asg_seen_instance orphan = an_orphan("i-99", 0);
    const struct asg_observed observed = {.instances = &orphan, .instance_count = 1};
    step((struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &observed});
    struct asg_bytes saved = {0};
    assert_false(asg_core_save_group(w.core, "nobody", &saved));
    assert_int_equal(0, saved.length);
    assert_true(asg_core_save_group(w.core, "web", &saved));
    struct asg_core *alone = NULL;
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_core_load(saved.data, saved.length, &alone, &error));
    if (asg_core_check(alone, &error) != ASG_OK) fail_msg("%s", error.text);
    struct asg_arena arena = {0};
    struct asg_group_view *groups = NULL;
    struct asg_orphan_view *orphans = NULL;
    size_t count = 0;
    asg_core_view_groups(alone, NULL, &arena, &groups, &count);
    assert_int_equal(1, count);
    assert_string_equal("web", groups[0].config->name);
    assert_int_equal(3, groups[0].in_service);
    asg_core_view_orphans(alone, &arena, &orphans, &count);
    assert_int_equal(0, count);
    size_t jobs = 0;
    size_t jobs_alone = 0;
    char *said_alone = decide(alone, 5, &jobs_alone);
    char *said = decide(w.core, 5, &jobs);
    assert_string_equal(said, said_alone);
    assert_non_null(strstr(said, "set desired from 3 to 5"));
    assert_int_equal(jobs, jobs_alone);
    free(said);
    free(said_alone);
    asg_arena_clear(&arena);
    asg_bytes_clear(&saved);
    asg_core_destroy(&alone);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_state_begins_with_its_mark_and_form),
        TEST(test_the_parts_of_a_state_are_all_of_it_once),
        TEST(test_a_part_goes_on_behind_what_is_gone),
        TEST(test_what_a_hash_names_is_saved_again),
        TEST(test_a_group_alone_is_what_it_was_among_others),
        TEST(test_a_state_that_is_cut_anywhere_is_refused),
        TEST(test_a_state_with_more_behind_it_is_refused),
        TEST(test_a_state_of_a_newer_form_is_refused),
        TEST(test_a_state_from_before_the_first_release_is_refused),
        TEST(test_a_list_longer_than_the_state_is_refused),
        TEST(test_a_state_with_one_id_twice_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
