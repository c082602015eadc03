#include "agent/membership.h"

#include "unit/agent/cluster.h"
#include "unit/agent/fixture.h"

#define ME "i-0123456789abcdef0"

static struct cluster cluster;

static int start(void **state)
{
    cluster_start(&cluster);
    return fixture_start(state);
}

static int end(void **state)
{
    cluster_end(&cluster);
    return fixture_end(state);
}

static void open_in(const char *dir, const char *instance_id, const char *ca,
                    struct asg_membership *ret)
{
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_membership_open(dir, instance_id, ca, ret, &error));
}

static void open_as(const char *instance_id, struct asg_membership *ret)
{
    open_in(fixture_root, instance_id, asg_authority_fingerprint(cluster.authority), ret);
}

static void enrol(struct asg_membership *membership, const char *instance_id)
{
    struct asg_enrolled enrolled =
        cluster_enrol(&cluster, membership->tls_key, instance_id);
    asg_membership_set(membership, &enrolled, instance_id);
    assert_false(enrolled.is_set); /* handed over */
}

static int mode_of(const char *name)
{
    char path[128];
    struct stat info;
    (void)snprintf(path, sizeof path, "%s/%s", fixture_root, name);
    return stat(path, &info) == 0 ? (int)(info.st_mode & 0777) : -1;
}

static void test_keys_and_certificate_are_kept_over_restarts(void **state)
{
    (void)state;
    struct asg_membership first;
    struct asg_membership second;
    open_as(ME, &first);
    assert_false(first.enrolled.is_set);
    enrol(&first, ME);
    assert_true(first.enrolled.is_set);
    struct asg_enrolled wanted = {0};
    struct asg_bus_keys keys = first.keys;
    asg_enrolled_copy(&wanted, &first.enrolled);
    asg_membership_clear(&first);

    open_as(ME, &second);
    assert_string_equal(keys.public_key, second.keys.public_key);
    assert_true(second.enrolled.is_set);
    assert_string_equal(CLUSTER_NAME, second.enrolled.cluster);
    assert_string_equal(REPORTS_KEY, second.enrolled.reports_key);
    assert_int_equal(2, second.enrolled.report_count);
    assert_string_equal("tcp://127.0.0.1:2", second.enrolled.reports[1]);
    assert_true(second.enrolled.renew_at_ms == 1700000000123);
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes before = {0};
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes after = {0};
    asg_enrolled_write(&wanted, &before);
    asg_enrolled_write(&second.enrolled, &after);
    assert_string_equal(asg_bytes_text(&before), asg_bytes_text(&after));
    asg_enrolled_clear(&wanted);
    asg_membership_clear(&second);
    static const char *const files[] = {"agent.key", "agent-tls.key", "enrolment"};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(0600, mode_of(files[i]));
}

static void test_image_of_another_instance_gives_no_keys(void **state)
{
    (void)state;
    struct asg_membership membership;
    open_as(ME, &membership);
    enrol(&membership, ME);
    struct asg_bus_keys theirs = membership.keys;
    asg_membership_clear(&membership);
    open_as("i-0fffffffffffffff0", &membership);
    assert_string_not_equal(theirs.public_key, membership.keys.public_key);
    assert_false(membership.enrolled.is_set);
    asg_membership_clear(&membership);
}

static void test_answer_that_does_not_fit_is_forgotten(void **state)
{
    (void)state;
    static const char *const files[] = {
        "", "openasg agent enrolment 1\n", "openasg agent enrolment 2\ncluster: a\n",
        "openasg agent enrolment 1\ncluster: 0123456789abcdef0123456789abcdef\n"
        "reports_key: " REPORTS_KEY "\nreports: tcp://a:1\n"
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
        "\nauthorities:\nnone\n"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct asg_membership membership;
        open_as(ME, &membership);
        struct asg_bus_keys keys = membership.keys;
        asg_membership_clear(&membership);
        fixture_put("/enrolment", files[i]);
        open_as(ME, &membership);
        assert_false(membership.enrolled.is_set);
        assert_string_equal(keys.public_key, membership.keys.public_key);
        asg_membership_clear(&membership);
    }
}

static void test_certificate_of_another_key_or_instance_does_not_fit(void **state)
{
    (void)state;
    struct asg_membership membership;
    struct asg_tls_key *other = NULL;
    struct asg_error error = {""};
    open_as(ME, &membership);
    assert_status(ASG_OK, asg_tls_key_load_or_make("", &other, &error));
    struct asg_enrolled good = cluster_enrol(&cluster, membership.tls_key, ME);
    assert_true(asg_enrolled_fits(&good, ME, membership.tls_key_hash, &error));
    assert_false(asg_enrolled_fits(&good, "i-1", membership.tls_key_hash, &error));
    assert_non_null(strstr(error.text, "i-1"));
    struct asg_enrolled key = cluster_enrol(&cluster, other, ME);
    assert_false(asg_enrolled_fits(&key, ME, membership.tls_key_hash, &error));
    (void)snprintf(good.cluster, sizeof good.cluster, "%s", CLUSTER_OTHER);
    assert_false(asg_enrolled_fits(&good, ME, membership.tls_key_hash, &error));
    asg_enrolled_clear(&good);
    asg_enrolled_clear(&key);
    asg_tls_key_destroy(&other);
    asg_membership_clear(&membership);
}

static void test_line_of_another_authority_enrols_anew_with_the_same_keys(void **state)
{
    (void)state;
    struct cluster moved;
    cluster_start(&moved);
    struct asg_membership membership;
    open_as(ME, &membership);
    enrol(&membership, ME);
    struct asg_bus_keys keys = membership.keys;
    asg_membership_clear(&membership);
    open_in(fixture_root, ME, asg_authority_fingerprint(moved.authority), &membership);
    assert_false(membership.enrolled.is_set);
    assert_string_equal(keys.public_key, membership.keys.public_key);
    asg_membership_clear(&membership);
    cluster_end(&moved);
}

static void test_folder_that_cannot_be_written_leaves_keys_in_memory(void **state)
{
    (void)state;
    struct asg_membership membership;
    open_in("/proc/no-such-folder", ME, "", &membership);
    assert_string_equal("", membership.folder);
    assert_true(asg_bus_is_key(membership.keys.public_key));
    enrol(&membership, ME);
    assert_true(membership.enrolled.is_set);
    asg_membership_clear(&membership);
}

static void test_two_agents_do_not_share_a_folder(void **state)
{
    (void)state;
    struct asg_membership first;
    struct asg_membership second;
    open_as(ME, &first);
    open_as(ME, &second);
    assert_string_equal("", second.folder);
    assert_string_not_equal(first.keys.public_key, second.keys.public_key);
    asg_membership_clear(&second);
    asg_membership_clear(&first);
}

static void test_key_that_others_may_read_is_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"agent.key", "agent-tls.key"};
    for (size_t i = 0; i < 2; i++) {
        struct asg_membership membership;
        struct asg_error error = {""};
        char path[128];
        open_as(ME, &membership);
        asg_membership_clear(&membership);
        (void)snprintf(path, sizeof path, "%s/%s", fixture_root, names[i]);
        assert_int_equal(0, chmod(path, 0644));
        assert_status(ASG_ERR_DENIED,
                      asg_membership_open(fixture_root, ME, "", &membership, &error));
        assert_non_null(strstr(error.text, path));
        asg_membership_clear(&membership);
        assert_int_equal(0, chmod(path, 0600));
    }
    assert_int_equal(0, chmod(fixture_root, 0777));
    struct asg_membership membership;
    struct asg_error error = {""};
    assert_status(ASG_ERR_DENIED,
                  asg_membership_open(fixture_root, ME, "", &membership, &error));
    assert_non_null(strstr(error.text, fixture_root));
    asg_membership_clear(&membership);
}

static void test_damaged_key_is_made_anew(void **state)
{
    (void)state;
    struct asg_membership membership;
    open_as(ME, &membership);
    asg_membership_clear(&membership);
    fixture_put("/agent.key", "public: \n");
    open_as(ME, &membership);
    assert_string_not_equal("", membership.folder);
    assert_true(asg_bus_is_key(membership.keys.public_key));
    asg_membership_clear(&membership);
}

static void test_folder_is_that_of_the_service_manager(void **state)
{
    (void)state;
    struct asg_membership membership;
    char text[160];
    (void)snprintf(text, sizeof text, "%s:/elsewhere", fixture_root);
    assert_int_equal(0, setenv("STATE_DIRECTORY", text, 1));
    open_in("", ME, "", &membership);
    assert_string_equal(fixture_root, membership.folder);
    asg_membership_clear(&membership);
    assert_int_equal(0, unsetenv("STATE_DIRECTORY"));
}

#define HERE(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HERE(test_keys_and_certificate_are_kept_over_restarts),
        HERE(test_image_of_another_instance_gives_no_keys),
        HERE(test_answer_that_does_not_fit_is_forgotten),
        HERE(test_certificate_of_another_key_or_instance_does_not_fit),
        HERE(test_line_of_another_authority_enrols_anew_with_the_same_keys),
        HERE(test_folder_that_cannot_be_written_leaves_keys_in_memory),
        HERE(test_two_agents_do_not_share_a_folder),
        HERE(test_key_that_others_may_read_is_refused),
        HERE(test_damaged_key_is_made_anew),
        HERE(test_folder_is_that_of_the_service_manager),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
