#include "cli/cli.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/check.h"
#include "unit/cli/run_line.h"

static void says(const char *line, int code, const char *words)
{
    struct said said = {0};
    run_line(&said, line);
    if (said.code != code || strstr(said.err, words) == NULL) {
        fail_msg("%s: exit %d (wanted %d), says: %s", line, said.code, code, said.err);
    }
    clear_said(&said);
}

static void test_cli_answers_wrong_usage_with_2(void **state)
{
    (void)state;
    says("gruop", 2, "did you mean \"group\"?");
    says("group create", 2, "GROUP is missing");
    says("group create web --mni 2", 2, "did you mean --min?");
    says("group create web --min two", 2, "--min cannot be \"two\"");
    says("group create web --min 200000", 2, "must be 0 to 100000");
    says("group create web --health-check elb", 2, "write one of ec2, agent");
    says("group create web --tag novalue", 2, "write KEY=VALUE");
    says("group", 2, "group create");
    says("", 2, "commands:");
    says("status -o xml", 2, "write one of table, json, yaml");
    says("status --config /nowhere.yaml", 2, "/nowhere.yaml");
    says("desired set web many", 2, "N cannot be \"many\"");
    says("policy put web", 2, "GROUP and NAME are missing");
    says("policy put web a --kind step --step 0-20", 2, "LOWER:UPPER:N");
    says("schedule put web a --start tomorrow", 2, "2026-11-23T09:00:00Z");
    says("suspend web lunch", 2,
         "there is no process \"lunch\" (did you mean \"launch\"?): write one of "
         "launch, ");
    says("jobs show first", 2, "ID cannot be \"first\"");
    says("wait web", 2, "nothing to wait for");
    says("explain --since yesterday", 2, "--since must be");
    says("keys make ../x", 2, "NAME cannot be");
    says("log export --since never", 2, "--since must be");
}

static void test_cli_says_which_key_it_lacks(void **state)
{
    (void)state;
    says("status --dir /nowhere", 2,
         "cannot read the admin key /nowhere/admin.key: No such file or directory");
}

static void test_cli_answers_silence_of_the_controller_with_3(void **state)
{
    (void)state;
    says("status --allow-plaintext --controller tcp://127.0.0.1:1 --request-timeout 50ms",
         3, "nothing listens at tcp://127.0.0.1:1\nStart the controller there");
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0); /* it listens, and says nothing */
    assert_int_equal(0, bind(fd, (struct sockaddr *)&address, size));
    assert_int_equal(0, listen(fd, 4));
    assert_int_equal(0, getsockname(fd, (struct sockaddr *)&address, &size));
    char silent[160];
    (void)snprintf(
        silent, sizeof silent,
        "status --allow-plaintext --controller tcp://127.0.0.1:%d --request-timeout 50ms",
        ntohs(address.sin_port));
    says(silent, 3, "within 50ms, though something listens there\nIs it a controller's");
    char folder[] = "/tmp/openasg-cli-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char line[512];
    (void)snprintf(line, sizeof line, "keys make admin --to %s", folder);
    struct said said = {0};
    run_line(&said, line);
    assert_int_equal(0, said.code);
    assert_int_equal(41, strlen(said.out)); /* the public key and a line end */
    char key[64];
    (void)snprintf(key, sizeof key, "%.40s", said.out);
    run_line(&said, line);
    assert_int_equal(1, said.code); /* a key is never overwritten */
    struct stat status;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/admin.key", folder);
    assert_int_equal(0, stat(path, &status));
    assert_int_equal(0600, status.st_mode & 0777);
    (void)snprintf(line, sizeof line, "keys show %s/admin.pub", folder);
    run_line(&said, line);
    assert_memory_equal(key, said.out, 40);
    (void)snprintf(line, sizeof line,
                   "status --dir %s --server-key-file %s/admin.pub --controller "
                   "tcp://127.0.0.1:%d --request-timeout 50ms",
                   folder, folder, ntohs(address.sin_port));
    says(line, 3, "Our server key is from");
    (void)close(fd);
    clear_said(&said);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/admin.pub", folder);
    (void)unlink(path);
    assert_int_equal(0, rmdir(folder));
}

static void test_cli_takes_settings_from_file_environment_and_options(void **state)
{
    (void)state;
    char path[] = "/tmp/openasg-cli-XXXXXX";
    int file = mkstemp(path);
    static const char text[] =
        "controller: tcp://1.1.1.1:1\noutput: json\nrequest_timeout: 3s\n";
    assert_int_equal(sizeof text - 1, write(file, text, sizeof text - 1));
    (void)close(file);
    assert_int_equal(0, setenv("OPENASG_OUTPUT", "yaml", 1));
    assert_int_equal(0, setenv("OPENASG_AGENT_INTERVAL_MS", "200", 1)); /* not ours */
    char line[256];
    (void)snprintf(line, sizeof line,
                   "--print-config --config %s --request-timeout 4s --dir /d", path);
    struct said said = {0};
    run_line(&said, line);
    (void)unsetenv("OPENASG_OUTPUT");
    (void)unsetenv("OPENASG_AGENT_INTERVAL_MS");
    (void)unlink(path);
    assert_int_equal(0, said.code);
    assert_non_null(strstr(said.out, "\ncontroller: tcp://1.1.1.1:1\n"));
    assert_non_null(strstr(said.out, "\noutput: yaml\n"));
    assert_non_null(strstr(said.out, "\nrequest_timeout: 4s\n"));
    assert_non_null(strstr(said.out, "\nkey_file: /d/admin.key\n"));
    assert_non_null(strstr(said.out, "\nlog: /d/openasg.log\n"));
    clear_said(&said);
}

static void test_cli_tells_version_and_help(void **state)
{
    (void)state;
    struct said said = {0};
    run_line(&said, "--version");
    assert_int_equal(0, said.code);
    assert_string_equal("openasg " ASG_VERSION "\n", said.out);
    run_line(&said, "--help");
    assert_int_equal(0, said.code);
    assert_non_null(strstr(said.out, "exit codes:"));
    run_line(&said, "group --help");
    assert_int_equal(0, said.code);
    assert_non_null(strstr(said.out, "group create GROUP"));
    run_line(&said, "jobs --help");
    assert_non_null(strstr(said.out, "jobs retry ID"));
    clear_said(&said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cli_answers_wrong_usage_with_2),
        cmocka_unit_test(test_cli_says_which_key_it_lacks),
        cmocka_unit_test(test_cli_answers_silence_of_the_controller_with_3),
        cmocka_unit_test(test_cli_takes_settings_from_file_environment_and_options),
        cmocka_unit_test(test_cli_tells_version_and_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
