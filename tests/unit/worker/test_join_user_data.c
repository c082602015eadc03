/* User data with the line by which agents join: each kind as the golden files have it. */
#include "lib/check.h"

#include <dirent.h>
#include <stdio.h>

#include "aws/ec2_actions.h"
#include "crypto/crypto.h"
#include "worker/join_user_data.h"

#define FOLDER ASG_SOURCE_DIR "/tests/golden/user_data"
#define LINE                                                                             \
    "# openasg-join: token=0a1b enrol=10.0.0.1:7708,[fd00::1]:7708 ca=2c3d job=7 "       \
    "attempt=1 incarnation=3"

static struct asg_arena arena;

static int close_arena(void **state)
{
    (void)state;
    asg_arena_clear(&arena);
    return 0;
}

static const char *encode(const void *data, size_t length)
{
    char *text = asg_arena_take(&arena, 4 * ((length + 2) / 3) + 1);
    asg_base64_encode(data, length, text);
    return text;
}

/* What a launch with this user data would send. */
static const uint8_t *join(const void *plain, size_t length, size_t *ret_length)
{
    const char *joined = NULL;
    struct asg_error error = {""};
    enum asg_status status =
        asg_user_data_join(encode(plain, length), LINE, &arena, &joined, &error);
    if (status != ASG_OK) fail_msg("%s", error.text);
    uint8_t *data = asg_arena_take(&arena, strlen(joined) + 4);
    assert_status(ASG_OK, asg_base64_decode(joined, data, ret_length));
    return data;
}

static size_t read_file(const char *name, uint8_t data[ASG_EC2_USER_DATA_MAX])
{
    char path[512];
    (void)snprintf(path, sizeof path, FOLDER "/%s", name);
    FILE *in = fopen(path, "rb");
    if (in == NULL) fail_msg("%s does not exist", path);
    size_t length = fread(data, 1, ASG_EC2_USER_DATA_MAX, in);
    (void)fclose(in);
    return length;
}

static void compare(const char *name, const uint8_t *joined, size_t length)
{
    char path[512];
    (void)snprintf(path, sizeof path, FOLDER "/%s", name);
    if (getenv("ASG_WRITE_GOLDEN") != NULL) {
        FILE *out = fopen(path, "wb");
        assert_non_null(out);
        assert_int_equal(length, fwrite(joined, 1, length, out));
        assert_int_equal(0, fclose(out));
    }
    uint8_t wanted[ASG_EC2_USER_DATA_MAX];
    size_t wanted_length = read_file(name, wanted);
    if (wanted_length != length || memcmp(wanted, joined, length) != 0) {
        fail_msg("%s: got %.*s", name, (int)length, (const char *)joined);
    }
}

static void test_each_kind_is_joined_as_the_golden_files_have_it(void **state)
{
    (void)state;
    DIR *folder = opendir(FOLDER);
    assert_non_null(folder);
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char name[256];
        (void)snprintf(name, sizeof name, "%s", entry->d_name);
        char *end = strstr(name, ".in");
        if (end == NULL || end[3] != '\0') continue;
        uint8_t plain[ASG_EC2_USER_DATA_MAX];
        size_t length = read_file(name, plain);
        size_t joined_length = 0;
        const uint8_t *joined = join(plain, length, &joined_length);
        memcpy(end, ".out", 5);
        compare(name, joined, joined_length);
        count++;
    }
    (void)closedir(folder);
    assert_true(count >= 25);
}

static void test_user_data_may_fill_the_16_kib_and_not_a_byte_more(void **state)
{
    (void)state;
    size_t room = ASG_EC2_USER_DATA_MAX - strlen(LINE "\n");
    char *plain = asg_arena_take(&arena, room + 2);
    memset(plain, 'x', room);
    plain[room - 1] = '\n';
    size_t length = 0;
    (void)join(plain, room, &length);
    assert_int_equal(ASG_EC2_USER_DATA_MAX, length);
    plain[room - 1] = 'x';
    plain[room] = '\n';
    const char *joined = "untouched";
    struct asg_error error = {""};
    assert_status(ASG_ERR_LIMIT, asg_user_data_join(encode(plain, room + 1), LINE, &arena,
                                                    &joined, &error));
    assert_non_null(strstr(error.text, "shorten it by 1"));
    assert_string_equal("untouched", joined);
}

static void test_what_cannot_carry_a_line_is_refused(void **state)
{
    (void)state;
    const char *joined = "untouched";
    struct asg_error error = {""};
    const char *json = " \n{\"ignition\": {\"version\": \"3.4.0\"}}";
    assert_status(ASG_ERR_UNSUPPORTED, asg_user_data_join(encode(json, strlen(json)),
                                                          LINE, &arena, &joined, &error));
    assert_status(ASG_ERR_MALFORMED,
                  asg_user_data_join("not base64!", LINE, &arena, &joined, &error));
    char *huge = asg_arena_take(&arena, 100001);
    memset(huge, 'A', 100000);
    assert_status(ASG_ERR_LIMIT, asg_user_data_join(huge, LINE, &arena, &joined, &error));
    assert_string_equal("untouched", joined);
}

/* Whatever the bytes are, the line stands at the start of a line, and twice the same. */
static void test_any_bytes_get_the_line_the_same_way_each_time(void **state)
{
    (void)state;
    static const char *const starts[] = {
        "#!",
        "#!/",
        "#! /usr/bin/env",
        "#!\n",
        "Content-Type:",
        "content-type: multipart/x; boundary=",
        "MIME-Version: 1.0\nContent-Type: a; boundary=\"",
        "\x1f\x8b",
        "## template: jinja",
        "#cloud-boothook\n#!",
        "a: b\nmime-version: 1.0\n\n",
        "\n\n",
        ""};
    static const uint8_t bytes[16] = {'\n', '\n', '\r', ' ', '-', '=',  ':',  ';',
                                      '"',  '#',  '!',  '/', 'a', 0x00, 0xff, 'z'};
    uint64_t random = 88172645463325252U;
    for (size_t i = 0; i < 2000; i++) {
        uint8_t data[600];
        const char *start = starts[i % (sizeof starts / sizeof starts[0])];
        size_t length = strlen(start);
        memcpy(data, start, length);
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        for (size_t more = random % 500; more > 0; more--) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            data[length++] = bytes[random >> 20 & 15];
        }
        size_t first_length = 0;
        size_t second_length = 0;
        const uint8_t *first = join(data, length, &first_length);
        const uint8_t *second = join(data, length, &second_length);
        assert_int_equal(first_length, second_length);
        assert_memory_equal(first, second, first_length);
        const uint8_t *line =
            memmem(first, first_length, "\n" LINE "\n", sizeof LINE + 1);
        if (line == NULL) fail_msg("no line in %zu bytes", first_length);
        asg_arena_clear(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_kind_is_joined_as_the_golden_files_have_it),
        cmocka_unit_test(test_user_data_may_fill_the_16_kib_and_not_a_byte_more),
        cmocka_unit_test(test_what_cannot_carry_a_line_is_refused),
        cmocka_unit_test(test_any_bytes_get_the_line_the_same_way_each_time),
    };
    return cmocka_run_group_tests(tests, NULL, close_arena);
}
