/* The log file for auditors: verify, tail, export, replay, as the command line does. */
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "unit/cli/log_fixture.h"

/* Change the file behind the log's back. */
static void alter(struct fixture *fixture, const char *sql)
{
    asg_log_close(&fixture->world.log);
    sqlite3 *db = NULL;
    assert_int_equal(SQLITE_OK, sqlite3_open(fixture->world.path, &db));
    char *why = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) fail_msg("%s", why);
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
}

static void test_log_verify_proves_a_good_log(void **state)
{
    struct fixture *fixture = *state;
    run(fixture, 0, "log verify %s");
    says(fixture->said.out, "verified:         yes\n");
    run(fixture, 0, "log verify %s -o json");
    says(fixture->said.out, "\"is_verified\":\ttrue");
    char last[64];
    (void)snprintf(last, sizeof last, "\"last_seq\":\t%" PRIu64,
                   asg_log_head(fixture->world.log).seq);
    says(fixture->said.out, last);
}

static void test_log_backup_copies_a_log_beside_its_writer(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(0, setenv("OPENASG_LOG", fixture->world.path, 1));
    uint64_t last = asg_log_head(fixture->world.log).seq; /* its writer is open */
    run(fixture, 0, "log backup %s.copy");
    char words[64];
    (void)snprintf(words, sizeof words, "records 1 to %" PRIu64 " ", last);
    says(fixture->said.err, words);
    says(fixture->said.err, "verified 100 %");
    run(fixture, 0, "log verify %s.copy --immutable");
    run(fixture, 1, "log backup %s.copy");
    says(fixture->said.err, "already exists");
    run(fixture, 2, "log backup");
    char copy[200];
    (void)snprintf(copy, sizeof copy, "%s.copy", fixture->world.path);
    assert_int_equal(0, unlink(copy));
    assert_int_equal(0, unsetenv("OPENASG_LOG"));
}

static void test_log_verify_names_the_altered_record(void **state)
{
    struct fixture *fixture = *state;
    alter(fixture, "UPDATE records SET note = 'nothing happened' WHERE seq = 9");
    run(fixture, 4, "log verify %s");
    says(fixture->said.err, "9");
    run(fixture, 4, "log verify %s -o json");
    says(fixture->said.out, "\"is_verified\":\tfalse");
    says(fixture->said.out, "\"bad_seq\":\t9");
}

static void test_log_verify_replays_the_state_hashes(void **state)
{
    struct fixture *fixture = *state;
    run(fixture, 0, "log verify %s --states -o json");
    assert_null(strstr(fixture->said.out, "\"state_hashes\":\t0,"));
    uint8_t hash[ASG_SHA256_BYTES] = {0};
    append_hash_of(&fixture->world, asg_core_form(), hash);
    run(fixture, 0, "log verify %s"); /* the chain is whole */
    run(fixture, 4, "log verify %s --states -o json");
    char bad[64];
    (void)snprintf(bad, sizeof bad, "\"bad_seq\":\t%" PRIu64 ",",
                   asg_log_head(fixture->world.log).seq);
    says(fixture->said.out, bad);
    says(fixture->said.out, "a replay gives another state");
}

static void test_a_signed_log_is_told_from_one_that_was_rewritten(void **state)
{
    struct fixture *fixture = *state;
    struct world *world = &fixture->world;
    char sign[256];
    char verify[400];
    const char *folder = world->folder;
    (void)snprintf(sign, sizeof sign, "log sign %%s --key %s/k --into %s/c1", folder,
                   folder);
    (void)snprintf(verify, sizeof verify,
                   "log verify %%s --key %s/k --against %s/c1,%s/c2", folder, folder,
                   folder);
    run(fixture, 0, sign);
    says(fixture->said.err, "a new key pair");
    char advice[128];
    (void)snprintf(advice, sizeof advice, "openasg log sign --key %s/k --public\n",
                   folder);
    says(fixture->said.err, advice);
    run(fixture, 1, sign); /* never over another file */
    says(fixture->said.err, "File exists");
    world->now_ms += 1000;
    order(world, (struct asg_command){.kind = ASG_COMMAND_HALT});
    sign[strlen(sign) - 1] = '2';
    run(fixture, 0, sign); /* beside its writer */
    run(fixture, 0, verify);
    says(fixture->said.out, "checkpoints:");
    /* The same beginning, another end, every hash right. */
    struct fixture other = {0};
    begin_world(&other.world);
    play_a_day(&other.world);
    run(&other, 4, verify);
    says(other.said.err, "c2: the log ends at record ");
    other.world.now_ms += 1000;
    order(&other.world, (struct asg_command){.kind = ASG_COMMAND_HALT, .group = "web"});
    run(&other, 0, "log verify %s");
    run(&other, 4, verify);
    says(other.said.err, "c2: the log was rewritten");
    says(other.said.err, "are those that were signed; what differs comes after");
    clear_said(&other.said);
    end_world(&other.world);
    run(fixture, 2, "log verify %s --against c1");
    says(fixture->said.err, "belong together");
    (void)snprintf(verify, sizeof verify,
                   "log verify %%s --from %" PRIu64 " --key %s/k --against %s/c1",
                   asg_log_head(world->log).seq, folder, folder);
    run(fixture, 2, verify); /* nobody followed the chain from c1 to there */
    says(fixture->said.err, "at the latest");
}

static void test_a_replay_may_end_at_any_record(void **state)
{
    struct fixture *fixture = *state;
    for (uint64_t last = 1; last <= 30; last++) {
        char line[64];
        (void)snprintf(line, sizeof line, "replay %%s --to %" PRIu64, last);
        run(fixture, 0, line);
        says(fixture->said.out, "identical: ");
    }
}

static void test_a_checkpoint_with_other_line_ends_is_told_from_another_form(void **state)
{
    struct fixture *fixture = *state;
    const char *folder = fixture->world.folder;
    char line[400];
    (void)snprintf(line, sizeof line, "log sign %%s --key %s/k --into %s/c", folder,
                   folder);
    run(fixture, 0, line);
    (void)snprintf(line, sizeof line, "%s/c", folder);
    FILE *file = fopen(line, "r");
    assert_non_null(file);
    char text[1024];
    size_t length = fread(text, 1, sizeof text, file);
    assert_int_equal(0, fclose(file));
    file = fopen(line, "w");
    assert_non_null(file);
    for (size_t i = 0; i < length; i++)
        (void)fprintf(file, text[i] == '\n' ? "\r%c" : "%c", text[i]);
    assert_int_equal(0, fclose(file));
    (void)snprintf(line, sizeof line, "log verify %%s --key %s/k --against %s/c", folder,
                   folder);
    run(fixture, 4, line);
    says(fixture->said.err, "lines end in CR LF");
    says(fixture->said.err, "tr -d '\\r' < FILE");
}

static void test_log_commands_refuse_what_is_no_log(void **state)
{
    struct fixture *fixture = *state;
    run(fixture, 1, "log verify %s.not-there");
    says(fixture->said.err, "not-there");
    run(fixture, 4, "log verify /proc/self/exe%.0s");
    char path[160];
    (void)snprintf(path, sizeof path, "%s/fifo", fixture->world.folder);
    assert_int_equal(0, mkfifo(path, 0600));
    char line[200];
    (void)snprintf(line, sizeof line, "log verify %s%%.0s", path);
    run(fixture, 4, line); /* and does not wait for somebody to write */
    (void)unlink(path);
}

static void test_log_tail_shows_the_newest_records(void **state)
{
    struct fixture *fixture = *state;
    run(fixture, 0, "log tail %s -n 1");
    says(fixture->said.out, "state_hash");
    run(fixture, 0, "log tail %s -n 100000");
    says(fixture->said.out, "2026-11-23T14:36:49.000Z 1 event: command\n");
    says(fixture->said.out, " web  ");
}

static void test_log_export_writes_a_line_a_record(void **state)
{
    struct fixture *fixture = *state;
    run(fixture, 0, "log export %s");
    size_t lines = 0;
    for (const char *at = fixture->said.out; *at != '\0'; at++)
        lines += *at == '\n';
    assert_int_equal(asg_log_head(fixture->world.log).seq, lines);
    says(fixture->said.out,
         "{\"seq\":1,\"epoch\":1,\"time\":\"2026-11-23T14:36:49.000Z\",");
    says(fixture->said.out, "\"kind\":\"event\",");
    says(fixture->said.out, "\"payload\":{\"time_ms\":1795444609000,\"kind\":\"command\","
                            "\"command\":{\"kind\":\"init\",");
    says(fixture->said.out, "\"closed_jobs\":");
    run(fixture, 0, "log export %s --kind decision --subject web");
    assert_null(strstr(fixture->said.out, "\"kind\":\"event\""));
    says(fixture->said.out, "\"payload\":null}\n");
    run(fixture, 0, "log export %s --from 2 --to 2 --format csv");
    says(fixture->said.out, "seq,epoch,time,time_ms,kind,subject,note,");
    says(fixture->said.out, "\r\n2,1,2026-11-23T14:36:49.000Z,1795444609000,");
}

static void test_replay_of_a_true_log_is_identical(void **state)
{
    struct fixture *fixture = *state;
    run(fixture, 0, "replay %s");
    says(fixture->said.out, "identical: ");
    run(fixture, 0, "replay %s --no-verify -o json");
    says(fixture->said.out, "\"is_identical\":\ttrue");
    assert_null(strstr(fixture->said.out, "\"decisions\":\t0,"));
    assert_null(strstr(fixture->said.out, "\"state_hashes\":\t0,"));
    says(fixture->said.out, "\"first_seq\":\t1,");
}

static void test_replay_names_the_first_decision_that_differs(void **state)
{
    struct fixture *fixture = *state;
    alter(fixture, "UPDATE records SET note = 'wants 7 (has 4)' WHERE seq = (SELECT "
                   "min(seq) FROM records WHERE kind = 'decision')");
    run(fixture, 4, "replay %s"); /* the chain is broken first of all */
    run(fixture, 5, "replay %s --no-verify");
    says(fixture->said.out, "(decision)\n  log:    wants 7 (has 4)\n  replay: ");
    says(fixture->said.out, "up to there: ");
}

static void test_replay_names_effects_that_differ_and_those_that_lack(void **state)
{
    struct fixture *fixture = *state;
    struct world *world = &fixture->world;
    struct asg_effects effects = {.next_deadline_ms = 5};
    effects.reply = (struct asg_reply){
        .is_set = true, .is_ok = true, .code = "", .message = "made up"};
    struct asg_bytes bytes = {0};
    asg_wire_encode(&asg_effects_schema, &effects, &bytes);
    append(world, "effects", "", "", bytes.data, bytes.length);
    run(fixture, 5, "replay %s");
    says(fixture->said.out, "(effects)");
    asg_bytes_reset(&bytes);
    const struct asg_command command = {.kind = ASG_COMMAND_HALT,
                                        .actor = "x",
                                        .cluster_id = "",
                                        .group = "",
                                        .name = ""};
    const struct asg_event event = {
        .time_ms = world->now_ms, .kind = ASG_EVENT_COMMAND, .command = &command};
    asg_wire_encode(&asg_event_schema, &event, &bytes);
    struct fixture other = {0};
    begin_world(&other.world);
    append(&other.world, "event", "", "", bytes.data, bytes.length);
    run(&other, 5, "replay %s");
    says(other.said.out, "(effects)\n  log:    none\n  replay: all groups halted");
    clear_said(&other.said);
    end_world(&other.world);
    asg_bytes_clear(&bytes);
}

static void test_replay_names_a_state_hash_that_differs(void **state)
{
    struct fixture *fixture = *state;
    uint8_t hash[ASG_SHA256_BYTES] = {0};
    append_hash_of(&fixture->world, asg_core_form(), hash);
    run(fixture, 5, "replay %s");
    says(fixture->said.out, "(state hash)\n  log:    0000");
}

static void test_replay_says_which_rules_decided(void **state)
{
    struct fixture *fixture = *state;
    uint64_t head = asg_log_head(fixture->world.log).seq;
    char words[96];
    run(fixture, 0, "replay %s");
    (void)snprintf(words, sizeof words, "rules %u decided records 1 to %" PRIu64 "\n",
                   asg_core_newest_rules(), head);
    says(fixture->said.out, words);
    (void)snprintf(words, sizeof words, "has form %u of the state\n", asg_core_form());
    says(fixture->said.out, words);
    run(fixture, 0, "replay %s -o json");
    (void)snprintf(words, sizeof words, "\"rules\":\t%u,", asg_core_newest_rules());
    says(fixture->said.out, words);
    (void)snprintf(words, sizeof words, "\"last_seq\":\t%" PRIu64, head);
    says(fixture->said.out, words);
}

static void test_replay_refuses_rules_it_does_not_know(void **state)
{
    struct fixture *fixture = *state;
    uint64_t head = asg_log_head(fixture->world.log).seq;
    append_lead(&fixture->world, asg_core_newest_rules() + 1);
    run(fixture, 0, "log verify %s");
    run(fixture, 1, "replay %s");
    char words[96];
    (void)snprintf(words, sizeof words,
                   "record %" PRIu64 ": rules %u decide from here on", head + 1,
                   asg_core_newest_rules() + 1);
    says(fixture->said.err, words);
    says(fixture->said.err, "use the release that wrote this log, or a newer one");
    run(fixture, 1, "replay %s --at 1s");
    says(fixture->said.err, words);
}

static void test_replay_says_what_to_do_with_a_log_of_before_the_first_release(
    void **state)
{
    struct fixture *fixture = *state;
    append_lead(&fixture->world, 0);
    run(fixture, 0, "log verify %s"); /* the chain proves any log */
    run(fixture, 1, "log verify %s --states");
    says(fixture->said.err,
         "the chain is whole, but its states cannot be replayed: record");
    run(fixture, 1, "replay %s");
    says(fixture->said.err, "an openasg from before 1.0 wrote this log");
    says(fixture->said.err, "A log from before 1.0");
}

static void test_replay_refuses_a_form_of_the_state_it_does_not_know(void **state)
{
    struct fixture *fixture = *state;
    uint8_t hash[ASG_SHA256_BYTES] = {0};
    append_hash_of(&fixture->world, asg_core_form() + 1, hash);
    run(fixture, 1, "replay %s");
    char words[64];
    (void)snprintf(words, sizeof words, "has state form %u",
                   asg_core_form() + 1);
    says(fixture->said.err, words);
}

static void test_replay_refuses_an_event_it_cannot_read(void **state)
{
    struct fixture *fixture = *state;
    append(&fixture->world, "event", "", "", "\xc1garbage", 8);
    run(fixture, 1, "replay %s");
    says(fixture->said.err, "is not an event that this program understands");
}

static void test_replay_starts_at_a_snapshot_where_payloads_are_pruned(void **state)
{
    struct fixture *fixture = *state;
    struct world *world = &fixture->world;
    save_snapshot(world);
    uint64_t snapshot_seq = asg_log_head(world->log).seq;
    world->now_ms += 1000;
    order(world, (struct asg_command){.kind = ASG_COMMAND_HALT});
    append_hash(world);
    const struct asg_log_retention retention = {
        .kind = "metrics", .older_than_ms = INT64_MAX, .now_ms = world->now_ms};
    struct asg_log_pruned pruned = {0};
    struct asg_error error = {0};
    assert_status(ASG_OK, asg_log_prune(world->log, &retention, &pruned, &error));
    assert_true(pruned.records > 0);
    run(fixture, 0, "log verify %s");
    run(fixture, 0, "replay %s");
    char words[64];
    (void)snprintf(words, sizeof words, "records 1 to %" PRIu64 " are not replayed",
                   snapshot_seq);
    says(fixture->said.out, words);
    says(fixture->said.out, "identical: 1 events, 1 effects");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_log_verify_proves_a_good_log),
        TEST(test_log_backup_copies_a_log_beside_its_writer),
        TEST(test_log_verify_names_the_altered_record),
        TEST(test_log_verify_replays_the_state_hashes),
        TEST(test_a_signed_log_is_told_from_one_that_was_rewritten),
        TEST(test_a_replay_may_end_at_any_record),
        TEST(test_a_checkpoint_with_other_line_ends_is_told_from_another_form),
        TEST(test_log_commands_refuse_what_is_no_log),
        TEST(test_log_tail_shows_the_newest_records),
        TEST(test_log_export_writes_a_line_a_record),
        TEST(test_replay_of_a_true_log_is_identical),
        TEST(test_replay_names_the_first_decision_that_differs),
        TEST(test_replay_names_effects_that_differ_and_those_that_lack),
        TEST(test_replay_names_a_state_hash_that_differs),
        TEST(test_replay_refuses_an_event_it_cannot_read),
        TEST(test_replay_says_which_rules_decided),
        TEST(test_replay_refuses_rules_it_does_not_know),
        TEST(test_replay_says_what_to_do_with_a_log_of_before_the_first_release),
        TEST(test_replay_refuses_a_form_of_the_state_it_does_not_know),
        TEST(test_replay_starts_at_a_snapshot_where_payloads_are_pruned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
