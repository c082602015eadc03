/* keys rotate: what is new, what is kept, and that every way back that it names is one.
 */
#include "cli/cli.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bus/allow_list.h"
#include "bus/keys.h"
#include "crypto/access_keys.h"
#include "crypto/certificates.h"
#include "lib/check.h"
#include "unit/cli/run_line.h"

static char folder[64];
static struct said said;
static struct asg_error error;

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/openasg-rotate-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static const char *path(const char *name)
{
    static char ret[4][160];
    static int turn;
    turn = (turn + 1) % 4;
    (void)snprintf(ret[turn], sizeof ret[turn], "%s/%s", folder, name);
    return ret[turn];
}

static int tear_down(void **state)
{
    (void)state;
    clear_said(&said);
    pid_t child = fork();
    if (child == 0) {
        (void)execl("/bin/rm", "rm", "-rf", folder, (char *)NULL);
        _exit(127);
    }
    int status = 1;
    return child < 0 || waitpid(child, &status, 0) < 0 || status != 0;
}

static void run(int code, const char *words)
{
    char line[512];
    (void)snprintf(line, sizeof line, "%s --dir %s", words, folder);
    run_line(&said, line);
    if (said.code != code) fail_msg("%s: exit %d: %s", line, said.code, said.err);
}

static void expect_mode(const char *name, mode_t mode)
{
    struct stat info;
    assert_int_equal(0, stat(path(name), &info));
    assert_int_equal(mode, info.st_mode & 07777);
}

static bool is_there(const char *name)
{
    return access(path(name), F_OK) == 0;
}

/* Do the "mv A B" of the line that begins with "undo: ". */
static void undo(void)
{
    const char *at = strstr(said.err, "undo: ");
    assert_non_null(at);
    int moves = 0;
    for (at = strstr(at, "mv "); at != NULL; at = strstr(at, "mv ")) {
        char from[160];
        char to[160];
        assert_int_equal(2, sscanf(at, "mv %159s %159[^ ;\n]", from, to));
        assert_int_equal(0, rename(from, to));
        at += 3;
        moves++;
    }
    assert_true(moves > 0);
}

/* ---- the controller's pair, the join secret ---- */

static void test_the_controllers_pair_is_replaced_and_comes_back(void **state)
{
    (void)state;
    struct asg_bus_keys before;
    struct asg_bus_keys now;
    char public_key[ASG_BUS_KEY_SIZE];
    run(1, "keys rotate controller"); /* there is none */
    assert_status(ASG_OK,
                  asg_bus_keys_load_or_make(path("controller.key"), &before, &error));
    run(0, "keys rotate controller");
    assert_status(ASG_OK,
                  asg_bus_keys_load_or_make(path("controller.key"), &now, &error));
    assert_string_not_equal(before.public_key, now.public_key);
    assert_memory_equal(now.public_key, said.out, ASG_BUS_KEY_SIZE - 1);
    assert_null(strstr(said.err, now.secret_key));
    assert_status(
        ASG_OK, asg_bus_public_key_load(path("controller.key.pub"), public_key, &error));
    assert_string_equal(now.public_key, public_key);
    expect_mode("controller.key", 0600);
    expect_mode("controller.key.old", 0600);
    assert_non_null(strstr(said.err, "restart the controller"));
    undo();
    assert_status(ASG_OK,
                  asg_bus_keys_load_or_make(path("controller.key"), &now, &error));
    assert_string_equal(before.public_key, now.public_key);
    assert_status(
        ASG_OK, asg_bus_public_key_load(path("controller.key.pub"), public_key, &error));
    assert_string_equal(before.public_key, public_key);
}

static void read_secret(uint8_t ret[32])
{
    int file = open(path("join.secret"), O_RDONLY);
    assert_true(file >= 0);
    assert_int_equal(32, read(file, ret, 32));
    assert_int_equal(0, close(file));
}

static void test_the_join_secret_is_replaced_and_comes_back(void **state)
{
    (void)state;
    uint8_t before[32];
    uint8_t now[32];
    run(1, "keys rotate join-secret");
    assert_false(is_there("join.secret"));
    memset(before, 7, sizeof before);
    int file = open(path("join.secret"), O_WRONLY | O_CREAT, 0600);
    assert_int_equal(32, write(file, before, 32));
    assert_int_equal(0, close(file));
    run(0, "keys rotate join-secret");
    read_secret(now);
    assert_memory_not_equal(before, now, 32);
    expect_mode("join.secret", 0600);
    expect_mode("join.secret.old", 0600);
    assert_string_equal("", said.out);
    undo();
    read_secret(now);
    assert_memory_equal(before, now, 32);
}

/* ---- workers and admins ---- */

static bool is_allowed(const char *allowed, const char *key)
{
    struct asg_allow_list *list;
    asg_allow_list_new(&list);
    assert_status(ASG_OK, asg_allow_list_load(list, path(allowed), &error));
    bool is_found = asg_allow_list_find(list, key, NULL);
    asg_allow_list_destroy(&list);
    return is_found;
}

static void test_an_admins_pair_is_replaced_where_it_is_and_comes_back(void **state)
{
    (void)state;
    struct asg_bus_keys before;
    struct asg_bus_keys now;
    assert_int_equal(0, mkdir(path("admins.d"), 0700));
    run(1, "keys rotate admin admin");
    assert_non_null(strstr(said.err, "is not a known admin of this controller"));
    assert_false(is_there("admin.key"));
    assert_status(ASG_OK, asg_bus_keys_load_or_make(path("admin.key"), &before, &error));
    assert_status(ASG_OK, asg_bus_public_key_save(path("admins.d/admin.pub"),
                                                  before.public_key, &error));
    run(0, "keys rotate admin admin");
    assert_status(ASG_OK, asg_bus_keys_load_or_make(path("admin.key"), &now, &error));
    assert_string_not_equal(before.public_key, now.public_key);
    assert_true(is_allowed("admins.d", now.public_key));
    assert_false(is_allowed("admins.d", before.public_key));
    undo();
    assert_true(is_allowed("admins.d", before.public_key));
    assert_false(is_allowed("admins.d", now.public_key));
    assert_status(ASG_OK, asg_bus_keys_load_or_make(path("admin.key"), &now, &error));
    assert_string_equal(before.public_key, now.public_key);
}

static void test_a_workers_private_half_need_not_travel(void **state)
{
    (void)state;
    struct asg_bus_keys before;
    struct asg_bus_keys now;
    char line[256];
    asg_bus_keys_new(&before);
    asg_bus_keys_new(&now);
    assert_int_equal(0, mkdir(path("workers.d"), 0700));
    assert_status(ASG_OK, asg_bus_public_key_save(path("workers.d/worker-1.pub"),
                                                  before.public_key, &error));
    assert_status(ASG_OK,
                  asg_bus_public_key_save(path("fresh.pub"), now.public_key, &error));
    (void)snprintf(line, sizeof line, "keys rotate worker worker-1 --public %s",
                   path("fresh.pub"));
    run(0, line);
    assert_memory_equal(now.public_key, said.out, ASG_BUS_KEY_SIZE - 1);
    assert_true(is_allowed("workers.d", now.public_key));
    assert_false(is_allowed("workers.d", before.public_key));
    run(1, line); /* it is this one already */
    (void)snprintf(line, sizeof line, "keys rotate worker worker-1 --to %s", folder);
    run(0, line);
    expect_mode("worker-1.key", 0600);
    assert_true(is_there("worker-1.key.pub"));
    assert_int_equal(0, rename(path("worker-1.key.pub"), path("worker-1.pub")));
    run(0, line); /* NAME.pub follows, and no second one is made */
    char public_key[ASG_BUS_KEY_SIZE];
    assert_status(ASG_OK,
                  asg_bus_public_key_load(path("worker-1.pub"), public_key, &error));
    assert_memory_equal(public_key, said.out, ASG_BUS_KEY_SIZE - 1);
    assert_false(is_there("worker-1.key.pub"));
    assert_false(is_allowed("workers.d", now.public_key));
}

/* ---- keys of the API ---- */

static const struct asg_access_key *find(const struct asg_access_keys *keys,
                                         const char *name)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (strcmp(keys->items[i].name, name) == 0) return &keys->items[i];
    }
    return NULL;
}

static void load(struct asg_access_keys *ret)
{
    *ret = (struct asg_access_keys){.count = 0};
    assert_status(ASG_OK, asg_access_keys_load(path("api-keys"), ret, &error));
}

static void test_a_key_of_the_api_gets_another_secret_and_keeps_its_rights(void **state)
{
    (void)state;
    struct asg_access_keys before;
    struct asg_access_keys now;
    run(0, "keys make-api grafana --read-only");
    run(0, "keys make-api team-a --groups team-a-*");
    load(&before);
    run(1, "keys rotate api nobody");
    run(0, "keys rotate api team-a");
    load(&now);
    assert_int_equal(3, now.count);
    const struct asg_access_key *old = find(&now, "team-a.old");
    const struct asg_access_key *fresh = find(&now, "team-a");
    const struct asg_access_key *present = find(&before, "team-a");
    assert_string_equal(present->access_key_id, old->access_key_id);
    assert_string_equal(present->secret, old->secret);
    assert_string_not_equal(present->access_key_id, fresh->access_key_id);
    assert_string_not_equal(present->secret, fresh->secret);
    assert_string_equal("team-a-*", fresh->groups[0]);
    assert_string_equal("team-a-*", old->groups[0]);
    assert_non_null(strstr(said.out, fresh->access_key_id));
    assert_non_null(strstr(said.out, fresh->secret));
    assert_null(strstr(said.err, fresh->secret));
    asg_access_keys_clear(&now);
    run(1, "keys rotate api team-a"); /* the previous one is not over */
    assert_non_null(strstr(said.err, "team-a.old"));
    run(0, "keys rotate api team-a --now --yes"); /* takes away the present one alone */
    assert_non_null(strstr(said.err, "\"team-a.old\", is still valid"));
    assert_non_null(strstr(said.err, "openasg keys remove-api team-a.old\n"));
    run(0, "keys remove-api team-a.old --yes");
    run(0, "keys rotate api team-a --now --yes");
    assert_null(strstr(said.err, "is still good"));
    load(&now);
    assert_int_equal(2, now.count);
    assert_null(find(&now, "team-a.old"));
    assert_string_equal("Describe*", find(&now, "grafana")->actions[0]);
    asg_access_keys_clear(&now);
    asg_access_keys_clear(&before);
    expect_mode("api-keys", 0600);
}

/* ---- the authority ---- */

static void sign_of(struct asg_authority *authority, struct asg_bytes *ret)
{
    const struct asg_holder holder = {
        .kind = ASG_HOLDER_INSTANCE, .cluster = "c", .instance_id = "i-1"};
    struct asg_tls_key *key = NULL;
    struct asg_bytes request = {0};
    assert_status(ASG_OK, asg_tls_key_load_or_make("", &key, &error));
    asg_certificate_request(key, &request);
    assert_status(ASG_OK, asg_authority_sign(authority, request.data, request.length,
                                             &holder, 1000, 2000, ret, NULL, &error));
    asg_bytes_clear(&request);
    asg_tls_key_destroy(&key);
}

/* A start of the controller: its fingerprint, a certificate of it, whom it believes. */
static void start(const char *certificate, bool is_believed, char ret[ASG_KEY_HASH_SIZE],
                  struct asg_bytes *ret_certificate)
{
    struct asg_authority *authority = NULL;
    struct asg_certificate_facts facts;
    assert_status(ASG_OK, asg_authority_load_or_make(folder, &authority, &error));
    (void)snprintf(ret, ASG_KEY_HASH_SIZE, "%s", asg_authority_fingerprint(authority));
    if (certificate != NULL) {
        assert_status(is_believed ? ASG_OK : ASG_ERR_DENIED,
                      asg_certificate_check(certificate, asg_authority_pem(authority),
                                            &facts, &error));
    }
    if (ret_certificate != NULL) sign_of(authority, ret_certificate);
    asg_authority_destroy(&authority);
}

/* Let a file be so old. */
static void age(const char *name, time_t age_s)
{
    const struct timespec then[2] = {{.tv_sec = time(NULL) - age_s},
                                     {.tv_sec = time(NULL) - age_s}};
    assert_int_equal(0, utimensat(AT_FDCWD, path(name), then, 0));
}

static void test_an_authority_is_rotated_in_three_steps(void **state)
{
    (void)state;
    char first[ASG_KEY_HASH_SIZE];
    char now[ASG_KEY_HASH_SIZE];
    struct asg_bytes old = {0};
    struct asg_bytes fresh = {0};
    run(1, "keys rotate ca"); /* there is none */
    start(NULL, false, first, &old);
    run(1, "keys rotate ca --finish");
    run(0, "keys rotate ca --forget"); /* nothing to forget */
    const char *old_pem = asg_bytes_text(&old);

    run(0, "keys rotate ca");
    expect_mode("ca.key.next", 0600);
    char next[ASG_KEY_HASH_SIZE];
    (void)snprintf(next, sizeof next, "%.64s", said.out);
    start(old_pem, true, now, NULL);
    assert_string_equal(first, now); /* signs as before */
    run(0, "keys rotate ca");        /* twice is once */
    assert_memory_equal(next, said.out, 64);
    run(1, "keys rotate ca --forget"); /* not before it signs */
    run(2, "keys rotate ca --finish --forget");

    run(1, "keys rotate ca --finish"); /* the agents do not know it yet */
    assert_non_null(strstr(said.err, "refuse the controller's probes and drains"));
    assert_non_null(strstr(said.err, "Wait 24 h 0 min more"));
    assert_true(is_there("ca.key.next"));
    start(old_pem, true, now, NULL);
    assert_string_equal(first, now);
    run(0, "keys rotate ca --finish --now --yes");
    assert_false(is_there("ca.key.next"));
    expect_mode("ca.key", 0600);
    expect_mode("ca.key.old", 0600);
    start(old_pem, true, now, &fresh);
    assert_string_equal(next, now);
    undo();
    start(asg_bytes_text(&fresh), true, now, NULL);
    assert_string_equal(first, now);
    run(0, "keys rotate ca"); /* the next one is still there */
    assert_memory_equal(next, said.out, 64);
    age("ca.key.next", 23 * 3600);
    run(1, "keys rotate ca --finish");
    assert_non_null(strstr(said.err, "Wait 1 h 0 min more"));
    age("ca.key.next", 24 * 3600);
    run(0, "keys rotate ca --finish -y");
    start(NULL, false, now, NULL);
    assert_string_equal(next, now);
    run(1, "keys rotate ca"); /* three are not trusted at once */
    asg_bytes_clear(&old);
    asg_bytes_clear(&fresh);
}

static void test_the_authority_before_is_forgotten_and_comes_back(void **state)
{
    (void)state;
    char now[ASG_KEY_HASH_SIZE];
    struct asg_bytes old = {0};
    start(NULL, false, now, &old);
    run(0, "keys rotate ca");
    run(0, "keys rotate ca --finish --now --yes");
    run(1, "keys rotate ca --forget"); /* agents have certificates of the one before */
    assert_non_null(strstr(said.err, "probes would not trust them until they renew"));
    start(asg_bytes_text(&old), true, now, NULL);
    run(0, "keys rotate ca --forget --now --yes");
    start(asg_bytes_text(&old), false, now, NULL);
    run(0, "keys rotate ca --forget");
    undo();
    start(asg_bytes_text(&old), true, now, NULL);
    age("ca.key.old", 24 * 3600);
    run(0, "keys rotate ca --forget -y");
    run(0, "keys rotate ca"); /* and another one may begin */
    asg_bytes_clear(&old);
}

/* A crash leaves one of these; the same step mends it. */
static void test_a_step_that_crashed_is_said_again(void **state)
{
    (void)state;
    char first[ASG_KEY_HASH_SIZE];
    char now[ASG_KEY_HASH_SIZE];
    struct asg_tls_key *key = NULL;
    start(NULL, false, first, NULL);
    /* The key is there, its certificate is not. */
    assert_status(ASG_OK, asg_tls_key_load_or_make(path("ca.key.next"), &key, &error));
    asg_tls_key_destroy(&key);
    start(NULL, false, now, NULL);
    assert_string_equal(first, now);
    run(0, "keys rotate ca");
    char next[ASG_KEY_HASH_SIZE];
    (void)snprintf(next, sizeof next, "%.64s", said.out);
    /* The key has its place, ca.pem has its old order, the next key is still there. */
    assert_int_equal(0, link(path("ca.key.next"), path("ca.key.tmp")));
    assert_int_equal(0, rename(path("ca.key"), path("ca.key.old")));
    assert_int_equal(0, rename(path("ca.key.tmp"), path("ca.key")));
    start(NULL, false, now, NULL);
    assert_string_equal(next, now);
    run(0, "keys rotate ca --finish --now --yes");
    assert_false(is_there("ca.key.next"));
    start(NULL, false, now, NULL);
    assert_string_equal(next, now);
}

static void test_what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    run(2, "keys rotate");
    run(2, "keys rotate tls");
    assert_non_null(strstr(said.err, "join-secret"));
    run(2, "keys rotate worker");
    run(2, "keys rotate ca worker-1");
    run(2, "keys rotate worker ../../etc");
    run(2, "keys rotate worker w --finish");
    run(2, "keys rotate ca --now");
    run(2, "keys rotate admin a --to . --public x");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_controllers_pair_is_replaced_and_comes_back),
        TEST(test_the_join_secret_is_replaced_and_comes_back),
        TEST(test_an_admins_pair_is_replaced_where_it_is_and_comes_back),
        TEST(test_a_workers_private_half_need_not_travel),
        TEST(test_a_key_of_the_api_gets_another_secret_and_keeps_its_rights),
        TEST(test_an_authority_is_rotated_in_three_steps),
        TEST(test_the_authority_before_is_forgotten_and_comes_back),
        TEST(test_a_step_that_crashed_is_said_again),
        TEST(test_what_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
